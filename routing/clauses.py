"""Cuts a message into the things it asks for."""

from __future__ import annotations

import re

#: Longer messages are pastes, whose sentences are no wishes of their own.
LONGEST = 1200
#: More clauses than a person asks at once; those beyond stay with the last.
MOST = 6
#: A piece with fewer letters ("also", "ok") belongs to what follows.
SHORTEST = 6

# A line of a list, a sentence, or what follows a word that joins two wishes. The same words join the things of one wish
# ("milk and eggs"): whether a cut was right is judged by where the pieces would go.
_THEN = r"(?:then|also|afterwards|after that|when that's done|besides|plus|dann|danach|ensuite|puis|luego|después|poi)"
_AND = r"(?:and|&|but|plus|und|et|och|ve|(?-i:y|и))"
# A run of spaces is looked at from its start only, or a thousand of them would take a thousand looks each.
_GAP = r"(?<!\s)\s"
_JOINTS = (
    rf"{_GAP}*\n\s*|(?<=[.!?;])\s+|(?<=[\u3002\uff01\uff1f])"
    rf"|(?:,\s|{_GAP})\s*{_AND}\s+(?:{_THEN}\b,?\s+)?|,\s+{_THEN}\b,?\s+|{_GAP}+then\s+"
)
_PLAIN = re.compile(_JOINTS, re.IGNORECASE)
_NUMBERED = re.compile(rf"{_GAP}+(?=\d{{1,2}}[.)]\s)|{_JOINTS}", re.IGNORECASE)
# A list within a line; "wake me at 7. Then make tea" is none.
_COUNTS = re.compile(r"(?:^|\s)1([.)])\s.*\s2\1\s", re.DOTALL)
_MARK = re.compile(r"^\s*(?:[-*•]|\d{1,2}[.)])\s+")
_FIRST = re.compile(rf"^{_THEN}\b,?\s+", re.IGNORECASE)
_NUMBER = re.compile(rf"^\s*\d{{1,2}}[.)]$|{_MARK.pattern}")


def clauses(message: str) -> list[str]:
    """Return the pieces of a message that may each be a wish of their own, in their order; one if it is one."""
    if len(message) > LONGEST:
        return [message]
    found: list[str] = []
    carried: list[str] = []
    letters = 0
    joints, mark = (_NUMBERED, _NUMBER) if _COUNTS.search(message) else (_PLAIN, _MARK)
    for piece in joints.split(message):
        told = _FIRST.sub("", mark.sub("", piece).strip())
        carried += [told] if told else []
        letters += sum(letter.isalnum() for letter in told)
        if letters >= SHORTEST:
            found.append(" ".join(carried))
            carried, letters = [], 0
    if len(found) < 2:
        return [message.strip()]
    found[-1] = " ".join([found[-1], *carried])
    return [*found[: MOST - 1], " ".join(found[MOST - 1 :])] if len(found) > MOST else found


def rejoined(message: str, first: str, last: str) -> str:
    """Return two pieces that follow each other as one, with what stands between them in the message."""
    start = message.find(first)
    end = message.find(last, start + len(first)) if start >= 0 else -1
    return message[start : end + len(last)] if end >= 0 else f"{first} {last}"
