"""Memories as clauses of plain words, in which phrases are counted literally."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from typing import NamedTuple

from metahuman.memory.hygiene.wording import plain

#: What ends a clause that no phrase goes over; and what may stand inside of one.
_BREAK = re.compile(r"[.!?;:\n\u2026\u2014\u2013|()\[\]{}\"*]+|(?<=\s)-+(?=\s)")
_WORD = re.compile(r"[^\W_]+(?:['.@&/+-][^\W_]+)*")

#: The words of a phrase, in lower case.
Phrase = tuple[str, ...]


class Clause(NamedTuple):
    """What is said in one go.

    Args:
        words: Its words in lower case.
        written: The same as they are written.
        asks: Whether a question mark follows it.
        comma_before: For each word, whether it begins the clause or a comma stands before it.
    """

    words: Phrase
    written: tuple[str, ...]
    asks: bool
    comma_before: tuple[bool, ...]

    def text(self, start: int, end: int) -> str:
        """Return some of its words as they are written, with the commas between them."""
        marks = [", " if comma else " " for comma in self.comma_before[start + 1 : end]]
        return "".join(word + mark for word, mark in zip(self.written[start:end], [*marks, ""], strict=True))

    def begins(self, start: int) -> bool:
        """Tell whether something begins at a word."""
        return self.comma_before[start]

    def ends(self, end: int) -> bool:
        """Tell whether something ends before the word at `end`."""
        return end == len(self.words) or self.comma_before[end]


def clauses(text: str) -> list[Clause]:
    """Return the clauses of a text."""
    text = plain(text)
    found, at = list[Clause](), 0
    for mark in [*_BREAK.finditer(text), None]:
        end = mark.start() if mark else len(text)
        clause = _clause(text[at:end], asks=bool(mark and "?" in mark[0]))
        if clause.words:
            found.append(clause)
        at = mark.end() if mark else end
    return found


def words_of(phrase: str) -> Phrase:
    """Return the words of a phrase as they are looked for."""
    return tuple(word for clause in clauses(phrase) for word in clause.words)


def stands_in(phrase: Phrase, found: Sequence[Clause]) -> bool:
    """Tell whether a phrase stands, word for word, in one of some clauses."""
    size = len(phrase)
    return bool(phrase) and any(
        clause.words[start : start + size] == phrase
        for clause in found
        for start in range(len(clause.words) - size + 1)
    )


def _clause(text: str, *, asks: bool) -> Clause:
    found = list(_WORD.finditer(text))
    before = [True] + ["," in text[one.end() : two.start()] for one, two in itertools.pairwise(found)]
    written = tuple(one[0] for one in found)
    return Clause(tuple(word.casefold() for word in written), written, asks, tuple(before[: len(found)]))
