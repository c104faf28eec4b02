"""Texts as the stems that memories are found by: the same word in its other forms has the same stem."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from threading import Lock
from typing import NamedTuple

import snowballstemmer

from metahuman.memory.recall.languages import is_common, language_of

#: Stands among the stems for a question mark: what follows a question is often its answer.
# It is a letter, so that no index drops it: a glottal stop.
ASKED = "ʔ"  # noqa: RUF001
#: Longer words are codes and addresses; so many characters tell them apart.
LONGEST = 40
#: Words of a language whose stem is kept in mind: more than the vocabulary of a long life.
KEPT = 1 << 17

# Scripts that put no blanks between words: each two characters in a row count as a word.
_UNSPACED = re.compile(
    r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+"
)
_WORD = re.compile(r"[^\W_]+")
_ASKING = re.compile(r"[?？⸮]")  # noqa: RUF001
# What English leaves of "is", "have", "not" and the like after an apostrophe, and its possessive.
_CLIPPED = re.compile(r"(?<=\w)['’](?:s|d|m|t|ll|re|ve)\b")  # noqa: RUF001
# Accents of Latin, Greek and Cyrillic letters; those of other scripts are letters in their own right.
_ACCENTS = re.compile(r"[\u0300-\u036f]+")


class Stem(NamedTuple):
    """A word of a text: as it is written there, its stem, and whether it says what the text is about."""

    word: str
    stem: str
    telling: bool


def stems(text: str) -> list[str]:
    """Return the stems of a text's words in order, with `ASKED` for question marks."""
    words = _words(text)
    return list(map(_stems_in(language_of(words)).__getitem__, words)) if words else []


def told_stems(text: str) -> list[Stem]:
    """Return the stems of a text's words in order, each with its word; question marks are left out."""
    words = _words(text)
    language = language_of(words)
    known = _stems_in(language)
    return [Stem(word, known[word], not is_common(word, language)) for word in words if word != ASKED]


def fold(text: str) -> str:
    """Return a text in small letters without accents, so that spellings of one word are one."""
    if text.isascii():
        return text.lower()
    bare = _ACCENTS.sub("", unicodedata.normalize("NFKD", text.casefold()))
    return unicodedata.normalize("NFKC", bare).casefold()


def _words(text: str) -> list[str]:
    """Return the words of a text, folded; marks of questions are words too."""
    folded = fold(text)
    if "'" in folded or "’" in folded:  # noqa: RUF001
        folded = _CLIPPED.sub("", folded)
    plain = folded.isascii()
    if "?" in folded or not plain:
        folded = _ASKING.sub(f" {ASKED} ", folded)
    if plain or not _UNSPACED.search(folded):
        return _WORD.findall(folded)
    return [part for word in _WORD.findall(_UNSPACED.sub(r" \g<0> ", folded)) for part in _parts(word)]


def _parts(word: str) -> list[str]:
    """Return each two characters in a row of a word whose script puts no blanks between words, else the word."""
    return [word[at : at + 2] for at in range(max(1, len(word) - 1))] if _UNSPACED.match(word) else [word]


class _Stems(dict[str, str]):
    """The stems of the words of one language, kept as they are met."""

    def __init__(self, language: str) -> None:
        self._stemmer, self._lock = snowballstemmer.stemmer(language), Lock()

    def __missing__(self, word: str) -> str:
        with self._lock:  # a stemmer works on a field of its own
            stem = str(self._stemmer.stemWord(word[:LONGEST]))
        if len(self) >= KEPT:
            self.clear()
        self[word] = stem
        return stem


@lru_cache
def _stems_in(language: str) -> _Stems:
    return _Stems(language)
