"""Texts that are judged: in units, with the conversation that each is from, and cut into words and marks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from metahuman.state.files import store_errors

#: Passages of other authors, each with its source and licence in the first line.
OTHERS = Path(__file__).parent / "others"
#: A word, a number, or one mark.
_TOKEN = re.compile(r"[^\W\d_]+(?:['-][^\W\d_]+)*|\d+|[^\w\s]")
#: Programs put these in by themselves: they are no one's voice.
_PLAIN = str.maketrans(
    {"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u2013": "-", "\u2014": "-", "\u2026": "..."}
)


class Token(NamedTuple):
    """A word or a mark, in small letters, and where it stands."""

    text: str
    start: int
    end: int

    @property
    def is_word(self) -> bool:
        """Whether it is a word or a number."""
        return self.text[0].isalnum()


@dataclass(frozen=True)
class Unit:
    """An answer, or a passage.

    Args:
        text: What it says.
        group: The conversation it is from: what is drawn as a whole.
    """

    text: str
    group: str = ""

    @cached_property
    def tokens(self) -> list[Token]:
        """Its words and marks."""
        return tokens_of(self.text)

    @cached_property
    def words(self) -> int:
        """How many words it has."""
        return sum(token.is_word for token in self.tokens)


def unit(text: str, group: str = "") -> Unit:
    """Return a text as a unit, with quotation marks and dashes as on a typewriter."""
    return Unit(" ".join(text.translate(_PLAIN).split()), group)


def tokens_of(text: str) -> list[Token]:
    """Return the words and marks of a text."""
    return [Token(found[0].lower(), *found.span()) for found in _TOKEN.finditer(text)]


def words_of(text: str) -> list[str]:
    """Return the words of a text, in small letters and without marks."""
    return [token.text for token in tokens_of(text.translate(_PLAIN)) if token.is_word]


def word_count(units: Iterable[Unit]) -> int:
    """Return how many words units have together."""
    return sum(one.words for one in units)


def authors(*folders: Path) -> dict[str, list[Unit]]:
    """Return other authors' passages by the names of their files; a folder hides those before it if it has any.

    Args:
        folders: Folders of text files: lines that begin with # tell the source, empty lines part the passages.

    Raises:
        StoreError: If one cannot be read.
    """
    found = next((files for folder in reversed(folders) if (files := sorted(folder.glob("*.txt")))), [])
    return {path.stem: list(_passages(path)) for path in found}


def _passages(path: Path) -> Iterator[Unit]:
    with store_errors(path, "check that it can be read"):
        text = path.read_bytes().decode("utf-8", "replace")
    kept = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    yield from (unit(part, path.stem) for part in re.split(r"\n\s*\n", kept) if part.strip())


def groups_of(units: Sequence[Unit]) -> list[list[int]]:
    """Return the places of units, by their group."""
    found: dict[str, list[int]] = {}
    for place, one in enumerate(units):
        found.setdefault(one.group, []).append(place)
    return list(found.values())
