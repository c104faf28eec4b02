"""Memories as runs of telling words: what themes are made of."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from metahuman.memory.digest.everyday import BEFORE_NOUNS, BEFORE_VERBS, EVERYDAY
from metahuman.memory.recall.words import Stem, fold, told_stems

#: Words of a term at the most.
LONGEST = 3
#: Shorter words are particles in scripts that put blanks between words.
SHORTEST = 3
_WORD = re.compile(r"[^\W_]+")

#: The stems of some words in a row.
Term = tuple[str, ...]


def is_telling(word: Stem) -> bool:
    """Tell whether a word can be part of what somebody is about."""
    short = len(word.word) < SHORTEST and word.word.isascii()
    return word.telling and not short and word.word not in EVERYDAY and not word.word[0].isdigit()


def telling_stems(text: str) -> frozenset[str]:
    """Return the stems of a text's telling words."""
    return frozenset(word.stem for word in told_stems(text) if is_telling(word))


@dataclass
class Terms:
    """The terms of some texts, each text counted once.

    Args:
        texts: The texts.
    """

    texts: Iterable[str]
    #: In which texts a term stands, by their places.
    places: dict[Term, set[int]] = field(default_factory=lambda: defaultdict(set), init=False)
    #: The stems of each text's telling words.
    stems: list[frozenset[str]] = field(default_factory=list, init=False)
    _nouns: Counter[str] = field(default_factory=Counter, init=False)
    _verbs: Counter[str] = field(default_factory=Counter, init=False)
    _forms: dict[Term, Counter[Term]] = field(default_factory=lambda: defaultdict(Counter), init=False)
    _written: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter), init=False)

    def __post_init__(self) -> None:
        for place, text in enumerate(self.texts):
            self._take(place, text)

    def noun_share(self, term: Term) -> float:
        """Return how far a term's last word is used as a noun, 0 to 1: told by what stands before it."""
        nouns, verbs = self._nouns[term[-1]], self._verbs[term[-1]]
        return (nouns + 1) / (nouns + verbs + 2)

    def name(self, term: Term) -> str:
        """Return a term as it is mostly written."""
        forms = self._forms.get(term)
        folded = max(forms.items(), key=lambda form: (form[1], form[0]))[0] if forms else term
        return " ".join(self._as_written(word) for word in folded)

    def _as_written(self, word: str) -> str:
        """Return how a folded word is written; in small letters if it ever is, for capitals begin sentences too."""
        forms = self._written.get(word) or Counter({word: 1})
        small = [form for form in forms if form == form.lower()]
        return max(small or forms, key=lambda form: (forms[form], form))

    def _take(self, place: int, text: str) -> None:
        found = told_stems(text)
        for written in _WORD.findall(text):
            self._written[fold(written)][written] += 1
        self.stems.append(frozenset(word.stem for word in found if is_telling(word)))
        for before, run in _runs(found):
            self._note_use(before, run)
            for some in _parts(run):
                term = tuple(word.stem for word in some)
                self.places[term].add(place)
                self._forms[term][tuple(word.word for word in some)] += 1

    def _note_use(self, before: str, run: Sequence[Stem]) -> None:
        if before in BEFORE_VERBS:
            self._verbs[run[0].stem] += 1
        elif before in BEFORE_NOUNS or len(run) > 1:
            self._nouns[run[-1].stem] += 1


def _runs(words: Sequence[Stem]) -> Iterator[tuple[str, list[Stem]]]:
    """Yield the telling words that stand in a row, each time with the word before them."""
    run, before, last = list[Stem](), "", ""
    for word in words:
        if is_telling(word):
            before = before if run else last
            run.append(word)
        elif run:
            yield before, run
            run = []
        last = word.word
    if run:
        yield before, run


def _parts(run: Sequence[Stem]) -> Iterator[Sequence[Stem]]:
    """Yield every one, two and three words in a row, none of them twice; scripts without blanks word by word."""
    spaced = all(word.word[0].isascii() or len(word.word) > 2 for word in run)
    for length in range(1, (LONGEST if spaced else 1) + 1):
        for start in range(len(run) - length + 1):
            part = run[start : start + length]
            if len({word.stem for word in part}) == length:
                yield part
