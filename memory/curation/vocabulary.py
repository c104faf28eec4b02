"""The words by which transcripts name who speaks, what a tool is asked, and what it answers."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal

from metahuman.memory.curation.spans import Kind


def words_of(text: str) -> frozenset[str]:
    """Return the words of a list that is written as a line."""
    return frozenset(text.split())


Speaker = Literal["user", "assistant"]

USER = words_of("user human customer client you me owner caller enduser")
ASSISTANT = words_of(
    "assistant ai bot agent model chatgpt gpt claude gemini llama mistral qwen copilot chatbot twin metahuman"
)
#: What may stand beside a speaker's name and changes nothing.
BESIDE = words_of(
    "message messages said says turn input query response output reply text content final answer begin start end"
    " the of to from for with by in on and a an new role step chat iteration round value event added memory last"
    " snippet"
)


def _kinds(*lines: tuple[Kind, str]) -> dict[str, Kind]:
    return {word: kind for kind, line in lines for word in line.split()}


#: A heading with one of these is a machine's, whoever else it names.
MACHINE = _kinds(
    ("tool call", "tool tools toolcall toolcalls function functions action actions plugin plugins api mcp skill"),
    ("tool call", "invoke invoking invocation execute executing exec recipient calling called call calls suggested"),
    ("tool result", "observation observations ipython toolresult toolresults toolresponse tooloutput toolmessage"),
    ("tool result", "environment interpreter functionresult"),
    ("system prompt", "system developer sys instructions preamble"),
    ("reasoning", "think thinking thought thoughts thoughtful reasoning reason scratchpad reflection analysis plan"),
    ("reasoning", "commentary monologue cot rationale"),
)
#: A heading of these alone is a machine's where a machine has spoken already.
WEAK = _kinds(
    (
        "tool call",
        "args arguments argument parameters parameter params param request requesting running using used code",
    ),
    ("tool call", "command cmd kwargs payload query queries id ids name number bash shell python terminal search sql"),
    ("tool call", "json requesting running using used code"),
    ("tool result", "result results output outputs return returned returns response responses stdout stderr status"),
    ("tool result", "error errors exit logs log console got data exception traceback execution"),
)
RESULTS = words_of("result results response responses output outputs returned return reply message got")

_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_WORD = re.compile(r"[A-Za-z]+")
_IDENTIFIER = re.compile(
    r"[A-Za-z]\w*(?:[._/:]\w+)+|[A-Za-z]+_\w*|[a-z]+(?:[A-Z]\w*)+|(?:[A-Z][a-z]+){2,}|\w*\d\w*|[0-9a-f-]{8,}"
)


def parted(name: str) -> list[str]:
    """Return the words of a name such as `ToolMessage`, `tool_call` or "Tool call", in lower case."""
    spaced = _CAMEL.sub(" ", name.replace("\u2581", " "))
    return [word.lower() for word in _WORD.findall(spaced)]


def is_identifier(word: str) -> bool:
    """Tell whether a word is a name that programs use: `get_user`, `functions.search`, `getUser`, `call_9f3`."""
    return bool(_IDENTIFIER.fullmatch(word))


def is_named(word: str) -> bool:
    """Tell whether a word is a program's name, or names a speaker or a part of a machine's in headings."""
    said = word.lower()
    return is_identifier(word) or said in MACHINE or said in WEAK or said in USER or said in ASSISTANT


def is_technical(word: str) -> bool:
    """Tell whether a word is one of these, or stands beside them."""
    return is_named(word) or word.lower() in BESIDE


def speaker_of(words: Iterable[str]) -> Speaker | None:
    """Return who speaks after a heading; None where it names nobody, or more than that."""
    said = [word for word in words if word not in BESIDE]
    if said and all(word in USER for word in said):
        return "user"
    return "assistant" if said and all(word in ASSISTANT for word in said) else None


def machine_of(words: Iterable[str], *, weak: bool = False) -> Kind | None:
    """Return what part of a machine's a heading announces; None for none.

    Args:
        words: The heading's words, in lower case.
        weak: Whether "result" or "arguments" alone is enough.
    """
    said = list(words)
    strong = next((MACHINE[word] for word in said if word in MACHINE), None)
    if strong == "tool call" and not RESULTS.isdisjoint(said):
        return "tool result"
    return strong or (next((WEAK[word] for word in said if word in WEAK), None) if weak else None)
