"""Tool syntax taken out of a text: what remains is what people and their twin said.

Formats are read, not matched: values by a reader of JSON and of Python's literals, tags and tokens by the pairs they
make, headings by the words they are made of. What is no known format is judged by what it looks like: a tool that is
named like a tool, and what stands between its name and the next sentence, goes. The work grows with the length of a
text and no faster, and no text makes it fail.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from metahuman.memory.curation.fences import Fence, fences_in
from metahuman.memory.curation.inline import noise_in
from metahuman.memory.curation.labels import Known, labels_in
from metahuman.memory.curation.literals import CALLED, Literally, literals_in
from metahuman.memory.curation.marks import Mark, tags_in, tokens_in
from metahuman.memory.curation.messages import spoken, tool_of
from metahuman.memory.curation.outputs import outputs_in
from metahuman.memory.curation.prose import mostly_sentences
from metahuman.memory.curation.sections import Sections
from metahuman.memory.curation.spans import Cut, Kind, lines_of, merged, without
from metahuman.memory.curation.tables import document_of
from metahuman.memory.curation.vocabulary import is_named

_WORD = re.compile(r"[\w./-]*\w")
_NAME = re.compile(r"(?:^|[\n>\]])[ \t]*([a-z_][\w.-]{1,60}):?[ \t]*\n?[ \t]*\Z")
#: Transcripts may hold messages that hold transcripts, so deep.
DEEPEST = 4


@dataclass(frozen=True)
class Removed:
    """A stretch that was taken out.

    Args:
        kind: What it was.
        start: Where it began, in characters of the text as it came.
        end: Where it ended.
    """

    kind: Kind
    start: int
    end: int


@dataclass(frozen=True)
class Stripped:
    """A text without tool syntax.

    Args:
        text: What people and their twin said. Where nothing was taken out, the text as it came.
        removed: What was taken out, in order. Messages that were written down as data are one stretch, of which what
            was said is in `text`.
    """

    text: str
    removed: tuple[Removed, ...]


def strip(text: str) -> Stripped:
    """Return a text without what tools were asked and answered, and without what else no person wrote."""
    cuts = _cuts(text, 0)
    return Stripped(without(text, cuts), tuple(Removed(cut.kind, cut.start, cut.end) for cut in cuts))


def _stripped(text: str, depth: int) -> str:
    return without(text, _cuts(text, depth)) if depth < DEEPEST else text


def _joined(texts: list[str], depth: int) -> str:
    return "\n\n".join(said for text in texts if (said := _stripped(text, depth + 1).strip()))


def _cuts(text: str, depth: int) -> list[Cut]:
    """Return what goes from a text, in order."""
    said = spoken(document_of(text))
    if said is not None:
        return [Cut("data", 0, len(text), _joined(said, depth))]
    values = literals_in(text)
    fences = fences_in(text)
    cuts = merged([*_parts(text, values, fences), *noise_in(text)])
    cuts = _with(cuts, _fenced(text, fences, depth))
    cuts = _with(cuts, _data(text, values, depth))
    for _ in range(2):  # what a machine printed may stand beside what has just gone
        cuts = _with(cuts, outputs_in(list(lines_of(text, cuts))))
    return cuts


def _with(cuts: list[Cut], more: Iterator[Cut] | list[Cut]) -> list[Cut]:
    """Return the cuts and those of `more`; of one that begins inside a cut, what lies behind it and says nothing."""
    covered = _Covered([(cut.start, cut.end) for cut in cuts])
    found = list(cuts)
    for cut in list(more):
        free = covered.free_from(cut.start)
        if free == cut.start:
            found.append(cut)
        elif free < cut.end:
            found.append(cut._replace(start=free, kept=""))
    return merged(found)


class _Covered:
    """Stretches of a text, in order, none overlapping another."""

    def __init__(self, stretches: list[tuple[int, int]]) -> None:
        self._stretches = stretches
        self._starts = [start for start, _ in stretches]

    def has(self, place: int) -> bool:
        """Tell whether a place lies in one of them."""
        return self.free_from(place) > place

    def free_from(self, place: int) -> int:
        """Return a place, or where the stretch ends that it lies in."""
        found = bisect_right(self._starts, place) - 1
        return max(place, self._stretches[found][1]) if found >= 0 else place


def _parts(text: str, values: list[Literally], fences: list[Fence]) -> list[Cut]:
    """Return the parts of a transcript that are not somebody's words."""
    solid = _union([(value.start, value.end) for value in values], [(fence.start, fence.end) for fence in fences])
    covered = _Covered(solid)
    marks, blocks = tags_in(text)
    blocks = [block for block in blocks if not covered.has(block.start)]
    inside = _Covered([(block.start, block.end) for block in merged(blocks)])
    headings, both = labels_in(text, _known(values, _union(solid, [(block.start, block.end) for block in blocks])))
    found = [mark for mark in [*marks, *tokens_in(text), *headings] if not covered.has(mark.start)]
    ordered = sorted(mark for mark in found if not inside.has(mark.start))
    return [*blocks, *Sections(text, solid, both=both).cuts(_apart(ordered))]


def _known(values: list[Literally], covered: list[tuple[int, int]]) -> Known:
    tools = frozenset(name for value in values if (name := tool_of(value.value)))
    return Known(covered, frozenset(value.start for value in values), tools)


def _apart(marks: list[Mark]) -> list[Mark]:
    """Return the marks without those that begin inside another."""
    found: list[Mark] = []
    for mark in marks:
        if not found or mark.start >= found[-1].end:
            found.append(mark)
    return found


def _union(one: list[tuple[int, int]], other: list[tuple[int, int]]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for start, end in sorted([*one, *other]):
        if found and start < found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found


def _fenced(text: str, fences: list[Fence], depth: int) -> Iterator[Cut]:
    """Yield the fenced blocks; what people said in one of them stays, unless it answers the block before."""
    answers = 0
    for fence in fences:
        inner = text[fence.inside : fence.inside_end]
        messages = any(spoken(value.value) for value in literals_in(inner))
        words = fence.of_words and mostly_sentences(inner) and bool(text[answers : fence.start].strip() or not answers)
        yield Cut("code", fence.start, fence.end, _stripped(inner, depth + 1).strip() if messages or words else "")
        answers = 0 if messages or words else fence.end


def _data(text: str, values: list[Literally], depth: int) -> Iterator[Cut]:
    for value in values:
        said = spoken(value.value)
        if said is not None:
            yield Cut("data", value.start, value.end, _joined(said, depth))
        elif _goes(text, value):
            yield Cut("tool call" if _called(value.value) else "data", _data_start(text, value.start), value.end)


def _goes(text: str, value: Literally) -> bool:
    """Tell whether a value is no part of a sentence."""
    name = _called(value.value)
    if isinstance(value.value, dict) and value.value and not name:
        return True
    alone = _alone(text, value)
    if not value.value:
        return alone and value.end > value.start + 1
    if name:
        return alone and _is_tool_call(name, value.value)
    inner = value.value if isinstance(value.value, list) else []
    return any(isinstance(item, dict | list) and item for item in inner) or (alone and len(inner) > 1)


def _is_tool_call(name: str, value: dict[Any, Any]) -> bool:
    """Tell whether a call is given named values, as tools are, and not only what functions in a text are."""
    given = value.get("args", [])
    named = len(value) > 1 + ("args" in value)
    return named or (
        bool(given) and ("_" in name or any(isinstance(item, dict) and not _called(item) for item in given))
    )


def _called(value: Any) -> str:
    return str(value.get(CALLED, "")) if isinstance(value, dict) else ""


def _alone(text: str, value: Literally) -> bool:
    """Tell whether a value has its lines to itself, but for names, headings and signs."""
    begin = text.rfind("\n", max(value.start - 80, 0), value.start) + 1
    end = text.find("\n", value.end, value.end + 80)
    before = _WORD.findall(text[begin or max(value.start - 80, 0) : value.start])
    after = text[value.end : end if end >= 0 else value.end + 80]
    return not _WORD.search(after.partition("<")[0]) and (len(before) <= 1 or all(map(is_named, before)))


def _data_start(text: str, start: int) -> int:
    """Return where a value begins, with the name that stands alone before it."""
    named = _NAME.search(text, max(start - 80, 0), start)
    return named.start(1) if named else start
