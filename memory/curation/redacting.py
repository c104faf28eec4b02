"""Findings taken out of a text: each becomes a word in brackets that says what stood there, `[email]`, `[email 2]`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import accumulate

from metahuman.memory.curation.secrets import apart
from metahuman.state.secrets import Found

Finder = Callable[[str], list[Found]]

#: Characters of a value that is taken out wherever it stands, not only where it was found.
SHORTEST_VALUE = 4
#: How often a text is looked through again, because what was taken out may have brought other things together.
MOST_PASSES = 8
_PLACEHOLDER = re.compile(r"\[[A-Za-z][A-Za-z0-9 .'\u2019-]*\]")


@dataclass(frozen=True)
class Redacted:
    """A text without what was found in it.

    Args:
        text: The text, with placeholders.
        found: What was taken out, in order and apart; the offsets are the old text's.
        placed: Where the placeholder of each stands in the new text: its start and its end.
    """

    text: str
    found: tuple[Found, ...]
    placed: tuple[tuple[int, int], ...]

    def at(self, offset: int) -> int:
        """Return where a character of the old text stands in the new one; inside a finding, its placeholder's start.

        Args:
            offset: From 0 to the length of the old text.
        """
        moved = 0
        for one, (start, end) in zip(self.found, self.placed, strict=True):
            if offset < one.start:
                break
            if offset < one.end:
                return start
            moved = end - one.end
        return offset + moved


def redact(text: str, found: Iterable[Found]) -> str:
    """Return a text with placeholders for what was found in it; see `redacted`."""
    return redacted(text, found).text


def redacted(text: str, found: Iterable[Found]) -> Redacted:
    """Take findings out of a text, and their values wherever else they stand in it as whole words.

    Args:
        text: The text.
        found: What was found in it, in any order. Findings that overlap become one; what stands inside a placeholder
            stays.

    Returns:
        The new text. The same value has the same placeholder throughout.
    """
    places = _open(text, apart([*found]))
    places = _open(text, apart([*places, *_elsewhere(text, places)]))
    names = _names(text, places)
    cuts = [(one.start, one.end, names[one.kind, _value(text, one)]) for one in places]
    grown = accumulate((len(name) - (end - start) for start, end, name in cuts), initial=0)
    placed = tuple((start + by, start + by + len(name)) for (start, _, name), by in zip(cuts, grown, strict=False))
    return Redacted(_replaced(text, cuts), tuple(places), placed)


def scrub(text: str, finders: Iterable[Finder]) -> str:
    """Return a text in which none of the finders finds anything more; again over the result, it changes nothing.

    Args:
        text: The text.
        finders: Such as `secrets_in` and `identifiers_in`.
    """
    finders = tuple(finders)
    for _ in range(MOST_PASSES):
        cleaner = redact(text, [one for find in finders for one in find(text)])
        if cleaner == text:
            break
        text = cleaner
    return text


def _open(text: str, found: list[Found]) -> list[Found]:
    """Return the findings that do not stand inside a placeholder."""
    closed = [match.span() for match in _PLACEHOLDER.finditer(text)]
    return [one for one in found if one.start < one.end and not any(a <= one.start and one.end <= b for a, b in closed)]


def _elsewhere(text: str, places: list[Found]) -> Iterator[Found]:
    """Yield the other places where a found value stands as whole words."""
    values = {text[one.start : one.end]: one.kind for one in places if one.end - one.start >= SHORTEST_VALUE}
    for value, kind in values.items():
        begin, end = (r"(?<!\w)" if value[0].isalnum() else ""), (r"(?!\w)" if value[-1].isalnum() else "")
        for match in re.finditer(begin + re.escape(value) + end, text):
            yield Found(kind, *match.span())


def _value(text: str, one: Found) -> str:
    return " ".join(text[one.start : one.end].casefold().split())


def _names(text: str, places: list[Found]) -> dict[tuple[str, str], str]:
    """Return the placeholder of each kind and value: numbered from the second on, after those that stand already."""
    used = {match[0] for match in _PLACEHOLDER.finditer(text)}
    names: dict[tuple[str, str], str] = {}
    for one in places:
        key = (one.kind, _value(text, one))
        if key not in names:
            names[key] = next(name for name in _numbered(one.kind) if name not in used)
            used.add(names[key])
    return names


def _numbered(kind: str) -> Iterator[str]:
    yield f"[{kind}]"
    number = 2
    while True:
        yield f"[{kind} {number}]"
        number += 1


def _replaced(text: str, cuts: list[tuple[int, int, str]]) -> str:
    parts, last = [], 0
    for start, end, name in cuts:
        parts += [text[last:start], name]
        last = end
    return "".join([*parts, text[last:]])
