"""Whether a message that a model says it took from a source is in that source.

Words are compared as stems, in the order they stand in. A model may drop fillers, turn "I" into "you" and write short
forms out; it may not bring in names, numbers, dates or negations, nor words that the source does not have.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, NamedTuple

import snowballstemmer

from metahuman.memory.curation.vocabulary import words_of
from metahuman.memory.hygiene.wording import LIGHT, plain

Why = Literal["name", "number", "date", "negation", "words"]

#: Words of a message that stand beside each other in the source so often, at least, that it counts as taken from it.
GROUNDED, STRICTLY = 0.75, 0.9
#: Words in a row that the source lacks, before they are an invention and no paraphrase.
IN_A_ROW, IN_A_ROW_STRICTLY = 3, 2
#: How much a word of the source counts that stands there without the word before it.
OUT_OF_PLACE = 0.6
#: What tells a day of a month from a number.
_DAY = "."
#: Words between two that still count as neighbours.
NEAR = 10

_TOKEN = re.compile(r"\d+(?:[.,:/-]\d+)*(?:st|nd|rd|th|%)?|[^\W\d_]+(?:'[^\W\d_]+)?")
_DATE = re.compile(r"\d[/:-]\d|\d\.$")
_SENTENCE_END = re.compile(r"[.!?\u2026:\n\"]\s*[\"'(*-]*\s*$")
_NOT = words_of("not never no none nobody nothing neither nor without hardly barely cannot nicht kein keine nie")
_SHORT = {"can't": "can not", "won't": "will not", "cannot": "can not", "i'm": "i am", "let's": "let us"}
_ENDS = {"n't": " not", "'re": " are", "'ve": " have", "'ll": " will", "'d": " would", "'s": "", "'m": " am"}
#: Persons, articles and fillers: a change of these is a light edit.
_FREE = LIGHT | words_of(
    "i you he she it we they me him her us them my your his its our their mine yours am is are was were be been being"
    " do does did have has had will would can could of to in on at for with by and or but so that this there then"
    " well um uh hmm oh yeah like okay ok please kind sort basically actually just also too about as if"
)
#: What questions are made of.
_ASKING = words_of(
    "what when where who whom whose which why how did do does think feel felt happen happened tell describe remember"
    " mean know like say more go went make made see saw day spend spent learn find found come came any much many"
)
_NUMBERS = {
    word: str(place)
    for place, word in enumerate(
        [
            "zero",
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
            "thirteen",
            "fourteen",
            "fifteen",
            "sixteen",
            "seventeen",
            "eighteen",
            "nineteen",
            "twenty",
        ]
    )
}
_DATES = words_of(
    "january february march april may june july august september october november december monday tuesday wednesday"
    " thursday friday saturday sunday today yesterday tomorrow"
)


class Unsupported(NamedTuple):
    """A stretch of a message that its source does not have.

    Args:
        why: What makes it an invention.
        start: Where it begins, in characters of the message.
        end: Where it ends.
    """

    why: Why
    start: int
    end: int


@dataclass(frozen=True)
class Grounding:
    """How far a message comes from its source.

    Args:
        score: The share of its words that do, from 0 to 1; of a word that is there, but not where its neighbours
            are, a part counts.
        unsupported: What does not, in order.
        grounded: Whether the score is high enough and nothing was invented.
    """

    score: float
    unsupported: tuple[Unsupported, ...]
    grounded: bool


class _Word(NamedTuple):
    said: str
    stem: str
    start: int
    end: int
    name: bool


def grounded(message: str, source: str, *, strict: bool = False) -> Grounding:
    """Return how far a message comes from a source, and what of it does not.

    Args:
        message: What a model distilled.
        source: The text that it had.
        strict: Whether it was to quote, so that even two new words in a row are an invention.
    """
    mine, theirs = _words(message), _words(source)
    heavy = [word for word in mine if word.said not in _FREE]
    if not mine:
        return Grounding(0.0, (), grounded=False)
    weights = _weights(heavy, theirs)
    score = sum(weights) / len(heavy) if heavy else float({word.stem for word in mine} <= {w.stem for w in theirs})
    found = [*_invented(mine, theirs), *_negated(mine, theirs), *_runs(heavy, weights, strict=strict)]
    unsupported = _apart(found)
    return Grounding(round(score, 4), unsupported, not unsupported and score >= (STRICTLY if strict else GROUNDED))


def names_new(question: str, source: str) -> bool:
    """Tell whether a question speaks of anything that its source does not have, but for words that only ask.

    Args:
        question: What a model would ask.
        source: The text that is to answer it.
    """
    theirs = {word.stem for word in _words(source)}
    return any(word.stem not in theirs for word in _words(question) if word.said not in _FREE | _ASKING)


def _words(text: str) -> list[_Word]:
    """Return the words of a text, short forms written out and number words as digits."""
    text = plain(text)
    found: list[_Word] = []
    for each in _TOKEN.finditer(text):
        first = not found or bool(_SENTENCE_END.search(text[max(each.start() - 6, 0) : each.start()]))
        for said in _written_out(each[0].lower()).split():
            name = each[0][0].isupper() and not first and said not in _FREE
            stem = _number(said) or _stem(said)
            found.append(_Word(said, stem, *each.span(), name))
    return [_day(found, place) for place in range(len(found))]


@lru_cache(1 << 16)
def _stem(said: str) -> str:
    """Return the stem of a word; a stemmer of its own for each new one, for it works on a field of its own."""
    return str(snowballstemmer.stemmer("english").stemWord(said))


def _number(said: str) -> str:
    """Return a number in one way of writing it: "1,000" is 1000, "two" is 2, "3rd" a day; "" for a word."""
    if said in _NUMBERS:
        return _NUMBERS[said]
    ordinal = said[:1].isdigit() and said[-2:] in ("st", "nd", "rd", "th")
    return said[:-2] + _DAY if ordinal else said.replace(",", "").rstrip("%") if said[:1].isdigit() else ""


def _day(words: list[_Word], place: int) -> _Word:
    """Return a word, as a day where it is a number beside a month: "May 3" is "the 3rd of May"."""
    word = words[place]
    beside = {words[other].said for other in (place - 1, place + 1) if 0 <= other < len(words)}
    return word._replace(stem=word.stem + _DAY) if word.stem.isdigit() and beside & _DATES else word


def _written_out(word: str) -> str:
    if word in _SHORT:
        return _SHORT[word]
    ending = next((end for end in _ENDS if word.endswith(end)), "")
    return word.removesuffix(ending) + _ENDS[ending] if ending else word


def _weights(heavy: list[_Word], theirs: list[_Word]) -> list[float]:
    """Return for each word whether the source has it: 1 where it stands there near the word before or after it."""
    places: dict[str, list[int]] = {}
    for place, word in enumerate(theirs):
        places.setdefault(word.stem, []).append(place)
    kept = [places.get(word.stem, []) for word in heavy]
    return [_weight(kept, place) for place in range(len(kept))]


def _weight(kept: list[list[int]], place: int) -> float:
    if not kept[place]:
        return 0.0
    beside = [kept[other] for other in (place - 1, place + 1) if 0 <= other < len(kept)]
    if not beside or any(_near(kept[place], other) for other in beside):
        return 1.0
    return OUT_OF_PLACE


def _near(one: list[int], other: list[int]) -> bool:
    """Tell whether two words stand near each other somewhere; both lists are in order."""
    left = right = 0
    while left < len(one) and right < len(other):
        if abs(one[left] - other[right]) <= NEAR:
            return True
        left, right = (left + 1, right) if one[left] < other[right] else (left, right + 1)
    return False


def _invented(mine: list[_Word], theirs: list[_Word]) -> list[Unsupported]:
    """Return the names, numbers and dates that the source does not have, and numbers that it has of something else."""
    places: dict[str, list[int]] = {}
    for place, word in enumerate(theirs):
        places.setdefault(word.stem, []).append(place)
    known = places.keys() | {word.said for word in theirs}
    found: list[Unsupported] = []
    for place, word in enumerate(mine):
        why = _telling(word)
        counted = next((other.stem for other in mine[place + 1 : place + 3] if other.said not in _FREE), "")
        moved = why == "number" and counted in places and not _near(places.get(word.stem, []), places[counted])
        if why and (moved or (word.stem not in known and word.said not in known)):
            found.append(Unsupported(why, word.start, word.end))
    return found


def _telling(word: _Word) -> Why | None:
    """Return what a word is that nobody may bring in; None for an ordinary one."""
    if (word.said in _DATES and (word.name or word.said != "may")) or _DATE.search(word.stem):
        return "date"
    return "number" if word.stem[0].isdigit() else "name" if word.name else None


def _negated(mine: list[_Word], theirs: list[_Word]) -> list[Unsupported]:
    """Return the words that are negated in one text and said plainly in the other."""
    ours, others = _under_not(mine), _under_not(theirs)
    said = {word.stem for word in theirs}
    found: list[Unsupported] = []
    for word in mine:
        if word.said in _FREE or word.said in _NOT or word.stem not in said:
            continue
        turned = ours[word.stem] != others[word.stem] and len(ours[word.stem]) == len(others[word.stem]) == 1
        if turned:
            found.append(Unsupported("negation", word.start, word.end))
    return found


def _under_not(words: list[_Word]) -> dict[str, set[bool]]:
    """Return for each stem whether a "not" stands close before it: sometimes, always or never."""
    found: dict[str, set[bool]] = {}
    since = 9
    last = 0
    for word in words:
        since = 0 if word.said in _NOT else 9 if word.start - last > 2 else since + (word.said not in _FREE)
        last = word.end
        found.setdefault(word.stem, set()).add(0 < since <= 1)
    return found


def _runs(heavy: list[_Word], weights: list[float], *, strict: bool) -> list[Unsupported]:
    """Return the stretches in which so many words in a row are not the source's."""
    longest = IN_A_ROW_STRICTLY if strict else IN_A_ROW
    found, begun = list[Unsupported](), 0
    for place, weight in enumerate([*weights, 1.0]):
        if weight:
            if place - begun >= longest:
                found.append(Unsupported("words", heavy[begun].start, heavy[place - 1].end))
            begun = place + 1
    return found


def _apart(found: list[Unsupported]) -> tuple[Unsupported, ...]:
    """Return the findings in order, each place once."""
    kept: list[Unsupported] = []
    for one in sorted(found, key=lambda each: (each.start, each.why == "words", each.end)):
        if not kept or one.start >= kept[-1].end:
            kept.append(one)
    return tuple(kept)
