"""Summaries of a given text: its pieces where it is too long for a prompt, and what of a summary it bears out."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from math import log

from metahuman.state.artifacts import Condensed, Pointer, named
from metahuman.state.lengths import Length, measure, sentences
from metahuman.state.tokens import estimate_tokens

#: The share of what a sentence says, its rare words counting most, that one place of the source must say too.
BORNE_OUT = 0.35
#: Sentences of the source that one sentence of a summary may draw together.
TOGETHER = 2
#: Letters of a word that are compared: they outlive most inflection.
BEGINNING = 5

_WORD = re.compile(r"[^\W\d_]{3,}|\d+(?:[.,]\d+)*")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")


def pieces(text: str, tokens: int) -> list[tuple[int, int]]:
    """Return where a long text is cut, in characters: between sentences, into pieces of `tokens` tokens at most.

    A sentence that is longer than that is cut where it must be. The pieces are about equally long.
    """
    count = -(-estimate_tokens(text) // max(tokens, 1))
    cut, start, found = 0, 0, list[tuple[int, int]]()
    room = max(len(text) // max(count, 1), 1)
    for end in _ends(text, room):
        if end - start > room and cut > start:
            found.append((start, cut))
            start = cut
        cut = end
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
    problem = length.objection(text) if text else "it is empty"
    return Condensed(
        kind="summary",
        name=named(task, ".md"),
        text=text + "\n",
        words=measure(text, "words"),
        asked=str(length),
        pointers=pointers(text, source),
        problem=problem or _made_up(text, source),
    )


def shortened_to(text: str, source: str, length: Length) -> str:
    """Return a summary without the sentences that it must not have: those with numbers of nobody's, then too many.

    Of too many, those go first that the source does not bear out, then the last.

    Args:
        text: What a model wrote, twice.
        source: The text that it is a summary of.
        length: How long it was to be.
    """
    borne_out = [pointer["start"] is not None for pointer in pointers(text, source)]
    spans = [span for span in enumerate(sentences(text)) if not _made_up(text[slice(*span[1])], source)]
    # The last of these goes first.
    spans.sort(key=lambda span: (not borne_out[span[0]], span[0]))
    while spans:
        left = _joined(text, sorted(span for _, span in spans))
        if Length(length.count, length.unit, at_most=True).objection(left) is None:
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
    """Return parts of a text in one, on lines of their own where they stood so."""
    told, before = "", 0
    for start, end in spans:
        gap = "\n" if "\n" in text[before:start] else " "
        told += f"{gap if told else ''}{text[start:end]}"
        before = end
    return told


def _made_up(text: str, source: str) -> str | None:
    """Return which numbers of a summary its source does not have; counting to nine is everybody's own."""
    known = set(_NUMBER.findall(source))
    new = sorted(number for number in set(_NUMBER.findall(text)) - known if len(number) > 1)
    return f"the text has no {', '.join(new[:5])}" if new else None


def _words(text: str) -> set[str]:
    return {word[:BEGINNING] for word in _WORD.findall(text.casefold())}


def _ends(text: str, room: int) -> Iterator[int]:
    """Yield where a text may be cut, in order, the last being its end: after each sentence, and within a long one."""
    before = 0
    for end in [*(end for _, end in sentences(text)[:-1]), len(text)]:
        yield from range(before + room, end, room)
        yield end
        before = end
