"""Summaries of a given text: its pieces where it is too long for a prompt, and what of a summary it bears out."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import accumulate
from math import log

from metahuman.state.artifacts import Condensed, Pointer, named
from metahuman.state.lengths import Length, measure
from metahuman.state.numbers import Numbers
from metahuman.state.sentences import sentences

#: The share of what a sentence says, its rare words counting most, that one place of the source must say too.
BORNE_OUT = 0.35
#: Sentences of the source that one sentence of a summary may draw together.
TOGETHER = 2
#: Letters of a word that are compared: they outlive most inflection.
BEGINNING = 5
#: Numbers of nobody's that a model is told of.
NAMED = 5

_WORD = re.compile(r"[^\W\d_]{3,}|\d+(?:[.,]\d+)*")
_PARAGRAPH = re.compile(r"\n\s*\n")


def pieces(text: str, tokens: int) -> list[tuple[int, int]]:
    """Return where a long text is cut, in characters: between sentences, into pieces of `tokens` tokens at most.

    A sentence that is longer than that is cut where it must be, between words if it can be. The pieces are about
    equally long. Only a single character may have more tokens than asked.
    """
    weights = [0, *accumulate(map(_weight, text))]
    most, start, found = 4 * max(tokens, 1) - 1, 0, list[tuple[int, int]]()
    ends = [*(end for _, end in sentences(text)[:-1]), len(text)]
    while start < len(text) - 1 and weights[-1] - weights[start] > most:
        left = weights[-1] - weights[start]
        share = weights[start] + left / -(-left // most)
        room = bisect_right(weights, weights[start] + most) - 1
        # Of the ends of sentences that the piece has room for, the one that is nearest to its share.
        after = ends[bisect_right(ends, start) : bisect_right(ends, room)]
        cut = min(after, key=lambda end: abs(weights[end] - share), default=_cut_within(text, start, room))
        found.append((start, cut))
        start = cut
    return [*found, (start, len(text))]


def as_summary(text: str, source: str, length: Length, task: str) -> Condensed:
    """Return what a model wrote as a summary, with pointers into its source, and what is wrong with it.

    Args:
        text: What it wrote.
        source: The whole text that it is a summary of.
        length: How long it was to be.
        task: What was asked for.
    """
    text = text.strip()
    problem = length.objection(text)
    made_up = Numbers(source).lacking(text)[:NAMED]
    return Condensed(
        kind="summary",
        name=named(task, ".md"),
        text=text + "\n",
        words=measure(text, "words"),
        asked=str(length),
        pointers=pointers(text, source),
        problem=problem or (f"the text has no {', '.join(made_up)}" if made_up else None),
    )


def shortened_to(text: str, source: str, length: Length) -> str:
    """Return a summary without the sentences that it must not have: those with numbers of nobody's, then too many.

    Of too many, those go first that the source does not bear out, then the last.

    Args:
        text: What a model wrote, twice.
        source: The text that it is a summary of.
        length: How long it was to be.
    """
    known = Numbers(source)
    spans = [
        (pointer["start"] is None, start, end)
        for pointer, (start, end) in zip(pointers(text, source), sentences(text), strict=True)
        if not known.lacking(text[start:end])
    ]
    # The last of these goes first.
    spans.sort()
    while spans:
        left = _joined(text, sorted((start, end) for _, start, end in spans))
        if replace(length, at_most=True).objection(left) is None:
            return left
        spans.pop()
    return ""


def pointers(text: str, source: str) -> list[Pointer]:
    """Return for each sentence of a summary where in the source it is from.

    A place is up to `TOGETHER` sentences that stand beside each other. Words weigh by how rare they are in the source
    (inverse sentence frequency, after K. Spärck Jones, 1972); one that the source does not have weighs most.
    """
    places = sentences(source)
    words = [_words(source[start:end]) for start, end in places]
    spread = Counter(word for each in words for word in each)
    weight = defaultdict(lambda: log(1 + len(places)), {w: log(1 + len(places) / n) for w, n in spread.items()})
    holding = defaultdict[str, list[int]](list)
    for place, each in enumerate(words):
        for word in each:
            holding[word].append(place)
    return [_pointer(text, sentence, places, words, weight, holding) for sentence in sentences(text)]


def _pointer(
    text: str,
    sentence: tuple[int, int],
    places: Sequence[tuple[int, int]],
    words: Sequence[set[str]],
    weight: dict[str, float],
    holding: dict[str, list[int]],
) -> Pointer:
    says = _words(text[slice(*sentence)])
    whole = sum(weight[word] for word in says)
    best, first, last = 0.0, 0, 0
    for place in {place for word in says for place in holding.get(word, ())}:
        heard = set[str]()
        for end in range(place, min(place + TOGETHER, len(places))):
            heard |= words[end]
            # Of two places that say as much, the shorter is the place.
            score = sum(weight[word] for word in says & heard) - 1e-9 * (end - place)
            if (score, -place) > (best, -first):
                best, first, last = score, place, end
    if not whole or best < BORNE_OUT * whole:
        return Pointer(sentence=list(sentence), start=None, end=None)
    return Pointer(sentence=list(sentence), start=places[first][0], end=places[last][1])


def _joined(text: str, spans: Iterable[tuple[int, int]]) -> str:
    """Return parts of a text in one, on lines and in paragraphs of their own where they stood so."""
    told, before = "", 0
    for start, end in spans:
        between = text[before:start]
        gap = "\n\n" if _PARAGRAPH.search(between) else "\n" if "\n" in between else " "
        told += f"{gap if told else ''}{text[start:end]}"
        before = end
    return told


def _words(text: str) -> set[str]:
    return {word[:BEGINNING] for word in _WORD.findall(text.casefold())}


def _weight(sign: str) -> int:
    """Return what a character weighs, in quarters of a token; see `estimate_tokens`."""
    return 1 if sign.isascii() else 4 * len(sign.encode(errors="surrogatepass"))


def _cut_within(text: str, start: int, room: int) -> int:
    """Return where a sentence that is too long for one piece is cut: after a space, if there is one."""
    space = max(text.rfind(" ", start, room), text.rfind("\n", start, room)) + 1
    return max(space if space > start else room, start + 1)
