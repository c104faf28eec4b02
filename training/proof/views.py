"""Three ways to see how much a text is like its author's others, none of which looks at what it is about.

words    which words that everybody uses, and which marks, how often: the cosine of Burrows's Delta.
build    how they follow each other, what the text is about being masked.
letters  how words are made and joined, by the letter.

Burrows 2002, "Delta", Literary and Linguistic Computing 17(3); with the cosine, Smith and Aldridge 2011, "Improving
authorship attribution", and Evert et al. 2017, "Understanding and explaining Delta measures", Digital Scholarship in
the Humanities 32(suppl. 2). Likelihoods of two authors as a measure: Mosteller and Wallace 1964, "Inference and
Disputed Authorship". Masking: Stamatatos 2018, "Masking topic-related information", JASIST 69(3).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from metahuman.training.proof.ngrams import NGrams
from metahuman.training.proof.texts import Unit, word_count

VIEWS = ("words", "build", "letters")
#: Words and marks that everybody uses: the most frequent ones that this share of the authors has.
COMMON, SHARED = 150, 0.6
#: Symbols of a run, and how many different ones there may be, of words and of letters.
WORD_ORDER, LETTER_ORDER, LETTERS = 3, 5, 256
MASK = "*"
#: Words are written as characters of their own, from Unicode's private use area.
FIRST_SIGN = 0xE000
#: Words of each side that its model learns from, at most.
LEARNED = 20_000

Vector = NDArray[np.float64]


@dataclass(frozen=True)
class Seen:
    """A source, unit by unit, as the views need it; what they say of a choice of units is a sum over these.

    Args:
        words: How many words each unit has.
        counts: How often each has each common word: units x words.
        bits: How many bits less it costs who knows the owner than who knows others, by view.
        size: How many symbols it has, by view.
    """

    words: Vector
    counts: Vector
    bits: Mapping[str, Vector]
    size: Mapping[str, Vector]


class Views:
    """What is known of the owner and of others, to see texts by.

    Args:
        owner: The owner's training texts.
        others: Other authors' texts, by name.
    """

    def __init__(self, owner: Sequence[Unit], others: Mapping[str, Sequence[Unit]]) -> None:
        self._owner, self._others = owner, others
        self.common = _common([owner, *others.values()])
        self._sign = {word: chr(FIRST_SIGN + number) for number, word in enumerate(self.common)}
        profiles = np.stack([self._frequencies(self._counts(units).sum(0)) for units in (owner, *others.values())])
        self._mean, self._deviation = profiles.mean(0), profiles.std(0) + 1e-9
        self._profile = (profiles[0] - self._mean) / self._deviation
        self._mine = {view: self._model(view, owner) for view in VIEWS[1:]}
        self._theirs: dict[tuple[str, str], NGrams] = {}

    def see(self, units: Sequence[Unit], name: str = "") -> Seen:
        """Return a source as the views see it.

        Args:
            units: Its units.
            name: Whose it is, if it is one of the others: they are then judged beside the rest.
        """
        bits, size = dict[str, Vector](), dict[str, Vector]()
        for view in VIEWS[1:]:
            symbols = [self._symbols(view, one) for one in units]
            mine, theirs = self._mine[view], self._reference(view, name)
            bits[view] = np.array([theirs.bits(one) - mine.bits(one) for one in symbols])
            size[view] = np.array([float(len(one)) for one in symbols])
        return Seen(np.array([float(one.words) for one in units]), self._counts(units), bits, size)

    def likeness(self, seen: Seen, chosen: Any) -> Vector:
        """Return how like the owner's texts some units are, by each view.

        Args:
            seen: The source.
            chosen: The places of the units.

        Returns:
            The cosine of Delta; and for the others the bits a symbol that knowing the owner spares.
        """
        found = (self._frequencies(seen.counts[chosen].sum(0)) - self._mean) / self._deviation
        cosine = found @ self._profile / (np.linalg.norm(found) * np.linalg.norm(self._profile) + 1e-12)
        spared = [seen.bits[view][chosen].sum() / max(1.0, seen.size[view][chosen].sum()) for view in VIEWS[1:]]
        return np.array([cosine, *spared])

    def order(self, units: Sequence[Unit], random: np.random.Generator) -> float:
        """Return the bits a word that the order of words tells who knows how people write; shuffled words tell none."""
        texts = [self._symbols("build", one) for one in units]
        models = [self._mine["build"], self._reference("build", "")]
        shuffled = ["".join(random.permutation(list(symbols))) for symbols in texts]
        spared = [
            model.bits(other) - model.bits(one) for model in models for one, other in zip(texts, shuffled, strict=True)
        ]
        return sum(spared) / max(1, len(models) * sum(map(len, texts)))

    def _reference(self, view: str, name: str) -> NGrams:
        if (view, name) not in self._theirs:
            units = [one for other, found in self._others.items() if other != name for one in found]
            self._theirs[view, name] = self._model(view, units)
        return self._theirs[view, name]

    def _model(self, view: str, units: Sequence[Unit]) -> NGrams:
        """Return a model of one side; both learn from as many words, so that neither is the better for it."""
        room = min(LEARNED, word_count(self._owner), sum(map(word_count, self._others.values())))
        order, alphabet = (WORD_ORDER, COMMON + 1) if view == "build" else (LETTER_ORDER, LETTERS)
        return NGrams(order, alphabet, (self._symbols(view, one) for one in _up_to(units, room)))

    def _symbols(self, view: str, one: Unit) -> str:
        """Return a text as the view sees it, a character for each letter or word."""
        if view == "letters":
            return one.text.lower()
        return "".join(self._sign.get(token.text, MASK) for token in one.tokens)

    def _counts(self, units: Sequence[Unit]) -> Vector:
        place = {word: number for number, word in enumerate(self.common)}
        counts = np.zeros((len(units), len(place)))
        for row, one in enumerate(units):
            for token in one.tokens:
                if token.text in place:
                    counts[row, place[token.text]] += 1
        return counts

    @staticmethod
    def _frequencies(counts: Vector) -> Vector:
        found: Vector = counts / max(1.0, counts.sum())
        return found


def _common(sources: Iterable[Sequence[Unit]]) -> list[str]:
    """Return the words and marks that most of the authors use, the most frequent first, each author counting alike."""
    counts = [Counter(token.text for one in units for token in one.tokens) for units in sources]
    used = Counter(word for one in counts for word in one)
    shared = [word for word, authors in used.items() if authors >= SHARED * len(counts)]
    shares = {word: sum(one[word] / (one.total() or 1) for one in counts) for word in shared}
    return sorted(shared, key=lambda word: (-shares[word], word))[:COMMON]


def _up_to(units: Sequence[Unit], words: int) -> list[Unit]:
    """Return the first units that have so many words together, spread over all of them."""
    order = sorted(range(len(units)), key=lambda place: (place * 2654435761) % 2**32)
    chosen, total = list[int](), 0
    for place in order:
        if total >= words:
            break
        chosen.append(place)
        total += units[place].words
    return [units[place] for place in sorted(chosen)]
