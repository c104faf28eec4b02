"""The form of answers: calls of tools that nobody asked for, nothing at all, and turning in circles."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

from metahuman.training.proof.figures import rounded
from metahuman.training.proof.texts import words_of

#: Ways in which models write that they call a tool: fences, tags, JSON, the steps of ReAct, tokens of templates.
_TOOLS = re.compile(
    r"```|~~~"
    r"|</?(?:tool|function|invoke|parameter|arg)[\w:-]*[\s=>]"
    r"|<\|[\w-]+\|>|\[/?(?:TOOL_CALLS?|TOOL_RESULTS|AVAILABLE_TOOLS|INST)\]"
    r'|\{\s*"[\w-]+"\s*:'
    r"|^\s*(?:Thought|Action|Action Input|Observation|Tool|Function)\s*:"
    r"|\b(?:tool_calls?|function_call|search_files|arguments)\b\s*[:=(]",
    re.IGNORECASE | re.MULTILINE,
)
#: Words of a run, and how often it must stand in one answer to be a circle.
RUN, CIRCLES = 4, 3
EXAMPLES = 3


def has_tool_syntax(text: str) -> bool:
    """Tell whether an answer holds something that is written for a program."""
    return bool(_TOOLS.search(text))


def circles(text: str) -> bool:
    """Tell whether an answer says the same again and again."""
    words = words_of(text)
    runs = Counter(tuple(words[start : start + RUN]) for start in range(len(words) - RUN + 1))
    return max(runs.values(), default=0) >= CIRCLES


def form_of(answers: Sequence[str]) -> dict[str, Any]:
    """Return how a model's answers look: shares of them, and how many words they have on average."""
    count = max(1, len(answers))
    tools = [text for text in answers if has_tool_syntax(text)]
    return {
        "answers": len(answers),
        "toolSyntax": rounded(len(tools) / count),
        "empty": rounded(sum(not text.strip() for text in answers) / count),
        "loops": rounded(sum(map(circles, answers)) / count),
        "words": rounded(sum(len(words_of(text)) for text in answers) / count),
        "examples": tools[:EXAMPLES],
    }
