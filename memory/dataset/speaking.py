"""Whether a passage lets its owner's voice be heard: who speaks, and whether there is enough to learn from."""

from __future__ import annotations

import re

from metahuman.memory.curation.rubric import failings, scores_of
from metahuman.memory.curation.vocabulary import words_of
from metahuman.memory.hygiene.wording import plain, words

#: Words for each of which, at the most, the writer says "I" or "we" once.
EACH = 45
#: What of the rubric counts: a voice is in the plain sentences of a day as well, where nothing much is named or felt.
SCORES = ("authentic", "dense")
#: The share of a passage that may be quoted, asked, or stand in a list.
MOST = 0.5
_FIRST = words_of(
    "i me my mine myself we us our ours ourselves ich mich mir mein meine meinen meiner wir uns unser unsere"
    " yo me mi mis nosotros nos nuestra nuestro je moi mon ma mes nous notre nos io mio mia noi eu meu minha ik mij"
)
_QUOTED = re.compile(r"\"[^\"]*\"")
_LISTED = re.compile(r"\s*(?:[-*+\u2022]|\d{1,3}[.)]|\[[ xX]\])\s+\S")
_LETTER = re.compile(r"(?im)^\s*(?:>|(?:from|to|cc|subject|sent|von|an|betreff|de|para|asunto)\s*:\s*\S)")
_ASKED = re.compile(r"[^.!?\u2026\n]*\?")


def not_in_their_voice(text: str, *, to_twin: bool = False) -> str | None:
    """Return why a passage says little of how its owner speaks; None if it does.

    Args:
        text: The passage.
        to_twin: Whether it was said to the twin in a chat: then what only asks for something teaches nothing.
    """
    if _share(_LISTED, text, by_line=True) > MOST:
        return "it is a list"
    if _share(_LETTER, text, by_line=True) > MOST or _share(_QUOTED, plain(text)) > MOST:
        return "most of it is quoted"
    if to_twin and _share(_ASKED, text) > MOST:
        return "it only asks for something"
    said = words(text)
    if sum(word in _FIRST for word in said) * EACH < len(said):
        return "its writer does not speak of themselves"
    return next(iter(failings(scores_of(text, stripped=True), SCORES)), None)


def _share(pattern: re.Pattern[str], text: str, *, by_line: bool = False) -> float:
    """Return the share of a text that a pattern finds: of its lines, or of its characters."""
    if by_line:
        lines = [line for line in text.splitlines() if line.strip()]
        return sum(bool(pattern.match(line)) for line in lines) / max(len(lines), 1)
    return sum(len(found[0]) for found in pattern.finditer(text)) / max(len(text), 1)
