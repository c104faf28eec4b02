"""Where the sentences of a text begin and end, in languages of Europe and in Chinese and Japanese."""

from __future__ import annotations

import re
from collections.abc import Iterator

#: Characters from which on a line that ends without a stop was wrapped, and goes on in the next.
WRAPPED = 50

_STOP = re.compile(
    r"[.!?…]+[\"'”’»)\]*_]*\s+(?=\S)|[。！？]+[」』”’)]*\s*"  # noqa: RUF001 - the stops of Chinese and Japanese
)
#: Characters before a stop that are looked at, and the two words in them that tell whether it ends a sentence.
BEFORE = 40
_WORDS = re.compile(r"[^\W_]+(?:\.[^\W\d_]+)*")
#: Short forms that a name follows, and those that a number follows: their stop ends no sentence.
_TITLES = frozenset(
    """
    dr mr mrs ms mx prof rev hon st gen col capt lt sgt sen rep gov pres vs cf hr fr bzw evtl ggf inkl sog vgl mme mlle
    sr sra srta ud uds sig dott ing avv
    """.split()  # noqa: SIM905 - a list of words is read as a text
)
_COUNTED = frozenset("no nr nos vol fig eq p pp art ch sec par approx ca est ext tel núm pág".split())  # noqa: SIM905
#: Words of German before an ordinal: "am 3. Mai".
_BEFORE_ORDINAL = frozenset("am vom zum bis der den dem des die das im ab seit beim".split())  # noqa: SIM905
#: Short forms with stops inside them that may well be a sentence's last word.
_MAY_END = frozenset({"a.m", "p.m"})
#: What a line begins with that does not go on from the line before: a mark of a list, a heading, who speaks.
_ANEW = re.compile(r"\s*(?:[^\w\s\"'“„«(]|\d+[.)]\s|\w+:\s)")


def sentences(text: str) -> list[tuple[int, int]]:
    """Return where the sentences of a text begin and end, in characters.

    The end of a line ends one too, unless the line was wrapped.
    """
    found = list[tuple[int, int]]()
    for first, beyond in _lines(text):
        line = text[first:beyond]
        small = line == line.lower()  # written by somebody who uses no capitals
        starts = [0, *(stop.end() for stop in _STOP.finditer(line) if _ends(line, stop, small=small))]
        for start, end in zip(starts, [*starts[1:], len(line)], strict=True):
            part = line[start:end]
            if part.strip():
                lead = len(part) - len(part.lstrip())
                found.append((first + start + lead, first + start + len(part.rstrip())))
    return found


def _lines(text: str) -> Iterator[tuple[int, int]]:
    """Yield where the lines of a text begin and end, those that were wrapped taken together."""
    start, before = 0, None
    for line in re.finditer(r"[^\r\n]+", text):
        if before and not _wrapped(before[0], text[before.end() : line.start()], line[0]):
            yield start, before.end()
            before = None
        start, before = (start if before else line.start()), line
    if before:
        yield start, before.end()


def _wrapped(line: str, gap: str, after: str) -> bool:
    """Tell whether a line goes on in the one after it."""
    unfinished = len(line) >= WRAPPED and line.rstrip()[-1:] not in ".!?…:;。！？"  # noqa: RUF001
    return unfinished and gap in ("\n", "\r\n", "\r") and bool(after.strip()) and not _ANEW.match(after)


def _ends(line: str, stop: re.Match[str], *, small: bool) -> bool:
    """Tell whether a sentence ends at a stop, and not just a short form."""
    after = line[stop.end() : stop.end() + 1]
    if after.islower() and not small:
        return False
    words = _WORDS.findall(line[max(0, stop.start() - BEFORE) : stop.start()])
    if stop[0][0] != "." or not words:
        return True
    word, lower = words[-1], words[-1].lower()
    before = words[-2] if len(words) > 1 else ""
    if word.isdigit():
        return bool(before or stop.start() > BEFORE) and not (len(word) < 3 and before.lower() in _BEFORE_ORDINAL)
    if "." in word:
        return lower in _MAY_END
    if len(word) == 1 and word != "I":  # J. R. Tolkien, z. B., but: vitamin C.
        return word.isupper() and len(before) > 1 and not before[0].isupper()
    return not (lower in _TITLES or (lower in _COUNTED and after.isdigit()))
