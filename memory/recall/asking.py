"""What a message looks for in memory: words, times, and kinds of memories."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from metahuman.memory.index import Where
from metahuman.memory.recall.times import Span, times_in
from metahuman.memory.recall.words import told_stems
from metahuman.state.memories import SPOKEN_OF

#: Turns before the message that explain it when it cannot stand alone.
EARLIER_TURNS = 2
#: A message with fewer telling words cannot stand alone.
FEW_WORDS = 2
#: Characters at either end of a long message in which it says what it is about.
ENDS = 1_000

# Words that point at what was said before.
_POINTING = re.compile(
    r"\b(?:he|she|it|they|him|them|his|her|hers|their|theirs|its|that|those|there|then|one|ones|else|too|"
    r"er|ihm|ihn|ihr|ihre[rnms]?|sein|seine[rnms]?|dort|davon|dazu|damit)\b"
    r"|^\W*(?:and|or|what about|how about|und|oder)\b",
    re.IGNORECASE,
)
# Inner life is drawn on only when it is asked for.
_INNER = {
    "dream": re.compile(
        r"\b(?:dreams?\s+(?:did|do|have|had|about|last)|(?:you|i|we)\s+(?:\w+\s+)?(?:dream|dreamt|dreamed)|"
        r"(?:your|my|what|which|any|had|have|the|last)\s+(?:\w+\s+)?dreams?\b(?!\s+\w+\s+(?:is|was|would)\b)|"
        r"(?:ge)?träum(?:st|test|t|te)?|träume|traum)\b(?!\s+(?:job|house|home|car|vacation|holiday|trip|team|wedding))",
        re.IGNORECASE,
    ),
    "reflection": re.compile(r"\b(?:reflections?|reflected|reflect(?:ing)?\s+on)\b", re.IGNORECASE),
    "inner_dialogue": re.compile(
        r"\b(?:inner\s+(?:dialogue|monologue|voice|thoughts)|been\s+thinking|your\s+thoughts)\b", re.I
    ),
}
# A question about what held once may be answered by what no longer holds.
_ONCE = re.compile(
    r"\b(?:used\s+to|previous(?:ly)?|former(?:ly)?|before|earlier|old|originally|in\s+the\s+past|ex|früher|vorher|alte[nrsm]?)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Asked:
    """A message as memory sees it.

    Args:
        words: The word of each telling stem, by stem.
        earlier: The same, of the turns before that explain the message; those of the message itself are left out.
        spans: When it is about.
        where: Which memories may answer it.
    """

    words: dict[str, str]
    earlier: dict[str, str]
    spans: tuple[Span, ...]
    where: Where


def asked(text: str, now: datetime, earlier: Sequence[str], types: Collection[str] | None) -> Asked:
    """Return what a message looks for.

    Args:
        text: The message.
        now: When it is asked.
        earlier: What was said before it in the conversation, the latest last.
        types: The kinds of memories that may answer; None leaves it to the message.
    """
    text = _ends(text)
    times = times_in(text, now)
    words = _telling(times.rest)
    needs_more = len(words) < FEW_WORDS or _POINTING.search(text)
    before = [_telling(_ends(turn)) for turn in reversed(earlier[-EARLIER_TURNS:])] if needs_more else []
    explaining = {stem: word for turn in before for stem, word in turn.items() if stem not in words}
    where = Where(types=_types(text) if types is None else types, current=not _ONCE.search(text))
    return Asked(words, explaining if words or not times.spans else {}, times.spans, where)


def _ends(text: str) -> str:
    return text if len(text) <= 2 * ENDS else f"{text[:ENDS]}\n{text[-ENDS:]}"


def _telling(text: str) -> dict[str, str]:
    words: dict[str, str] = {}
    for one in told_stems(text):
        if one.telling:
            words.setdefault(one.stem, one.word)
    return words


def _types(text: str) -> tuple[str, ...]:
    return (*SPOKEN_OF, *(kind for kind, pattern in _INNER.items() if pattern.search(text)))
