"""How much a pair of question and answer teaches of its speaker: five scores from 0 to 1, each a count of words.

They say nothing of truth. They tell a message that only this person could have written from one that everybody does,
and every refusal names what was missing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from metahuman.memory.curation.stripping import strip
from metahuman.memory.curation.vocabulary import words_of
from metahuman.memory.hygiene.boilerplate import says_nothing
from metahuman.memory.hygiene.niceties import is_nicety
from metahuman.memory.hygiene.wording import plain, sentences, words

#: Words of what a person said, and of what was answered: shorter teaches nothing, longer is a document.
SHORTEST, LONGEST = 3, 400
SHORTEST_ANSWER, LONGEST_ANSWER = 3, 600
#: What each score has to reach, and their mean.
LEAST = {"authentic": 0.5, "specific": 0.15, "consistent": 0.5, "behavioural": 0.1, "dense": 0.3}
LEAST_MEAN = 0.4
#: What a score that is too low says, in plain words.
WANTING = {
    "authentic": "too much of it is what tools or models write for everybody",
    "specific": "too little in it is particular: names, numbers, rare words",
    "consistent": "the answer hardly takes up what was said",
    "behavioural": "nobody does, wants or feels much in it",
    "dense": "too few of its words carry anything, or they repeat",
}
#: So many own words of a kind, for each ten words of a text, are as many as there can be.
FULL = 3.0

_OWN = re.compile(r"(?<!^)(?<![.!?] )\b(?!I\b)[A-Z][^\W\d_]+|\b\d[\d.,:/]*\b|\"[^\"]{2,60}\"")
_PERSON = words_of("i me my mine myself we us our ours you your yours ich mir mein meine wir yo mi je mon nous")
_BEHAVIOUR = words_of(
    "like likes love hate prefer enjoy want wish hope plan think believe feel felt decide decided choose chose always"
    " never usually often sometimes because since rather tend try tried learn learned work worked made make went go"
    " started stopped bought wrote called told asked helped visit visited need afraid glad sad happy angry worried"
    " miss remember promised promise use used live lived grew moved mag liebe hasse glaube denke immer nie weil"
    " gusta odio siempre nunca porque aime toujours jamais parce"
)
_EMPTY = words_of(
    "a an the and or but of to in on at for with by from as is are was were be been am do does did have has had will"
    " would can could it its that this these those there then so very really just quite also too not no yes if than"
    " what which who how when where all any some more most much many thing things stuff something anything"
)


@dataclass(frozen=True)
class Scores:
    """What a message shows of its speaker, each from 0 to 1.

    Args:
        authentic: How much of the text people wrote: what is left without tool syntax and without the sentences that
            models say to everybody.
        specific: Names, numbers and quotations, and long words beside common ones: three for each ten words are full.
        consistent: How well the answer belongs to what was said: the share of its sentences that speak of the same
            matter, or to the same person; 1 where there is no answer.
        behavioural: Whether somebody does, prefers, feels or gives a reason: three such words for each ten are full.
        dense: The share of words that carry something and are not said twice.
    """

    authentic: float
    specific: float
    consistent: float
    behavioural: float
    dense: float

    @property
    def mean(self) -> float:
        """The mean of the five."""
        return sum(self.named().values()) / len(LEAST)

    def named(self) -> dict[str, float]:
        """Return the scores by their names."""
        return {name: getattr(self, name) for name in LEAST}


@dataclass(frozen=True)
class Judged:
    """Whether a pair is suited to learn from.

    Args:
        scores: Its scores.
        reasons: Why it is not, in plain words; none where it is.
    """

    scores: Scores
    reasons: tuple[str, ...]

    @property
    def suitable(self) -> bool:
        """Whether nothing speaks against it."""
        return not self.reasons


def judged(message: str, answer: str | None = None, *, stripped: bool = False) -> Judged:
    """Return the scores of what was said and answered, and every reason to refuse it.

    Args:
        message: What a person said.
        answer: What was answered; None where nothing was.
        stripped: Whether tool syntax was taken out already.
    """
    scores = scores_of(message, answer, stripped=stripped)
    return Judged(scores, tuple(_reasons(scores, message, answer)))


def scores_of(message: str, answer: str | None = None, *, stripped: bool = False) -> Scores:
    """Return the scores alone; see `judged`."""
    texts = [message] if answer is None else [message, answer]
    return Scores(
        authentic=min(_authentic(text, stripped=stripped) for text in texts),
        specific=_best(_specific, texts),
        consistent=1.0 if answer is None else _consistent(message, answer),
        behavioural=_best(_behavioural, texts),
        dense=min(map(_dense, texts)),
    )


def failings(scores: Scores, of: Sequence[str] = tuple(LEAST)) -> list[str]:
    """Return what scores are too low for, in plain words, each with its figure.

    Args:
        scores: The scores.
        of: Those that count; of all five, their mean does too.
    """
    named = scores.named()
    low = [name for name in of if named[name] < LEAST[name]]
    found = [f"{WANTING[name]}: {named[name]:.2f}, and {LEAST[name]} is the least" for name in low]
    if len(of) == len(LEAST) and scores.mean < LEAST_MEAN:
        found.append(f"it says too little of its speaker: {scores.mean:.2f} over all, and {LEAST_MEAN} is the least")
    return found


def _reasons(scores: Scores, message: str, answer: str | None) -> list[str]:
    found = _lengths("message", message, SHORTEST, LONGEST)
    if answer is not None:
        found += _lengths("answer", answer, SHORTEST_ANSWER, LONGEST_ANSWER)
    if is_nicety(message):
        found.append("the message is a greeting, a thank-you or a nod")
    return [*found, *failings(scores)]


def _lengths(what: str, text: str, least: int, most: int) -> list[str]:
    size = len(words(text))
    if size < least:
        return [f"the {what} has {size} words, fewer than {least}"]
    return [f"the {what} has {size} words, more than {most}"] if size > most else []


def _best(score: Callable[[str], float], texts: Sequence[str]) -> float:
    return max(score(text) for text in texts)


def _full(count: float, size: int) -> float:
    return round(min(count * 10 / (FULL * max(size, 1)), 1.0), 4)


def _authentic(text: str, *, stripped: bool) -> float:
    size = len(words(text))
    said = [line for line in sentences(text if stripped else strip(text).text) if not says_nothing(line)]
    return round(min(sum(len(words(line)) for line in said) / size, 1.0), 4) if size else 0.0


def _specific(text: str) -> float:
    said = words(text)
    long = sum(len(word) > 7 and word.isalpha() for word in said)
    return _full(len(_OWN.findall(plain(text))) + long / 3, len(said))


def _behavioural(text: str) -> float:
    said = words(text)
    return _full(sum(word in _BEHAVIOUR for word in said) + sum(word in _PERSON for word in said) / 4, len(said))


def _dense(text: str) -> float:
    said = words(text)
    return round(len({word for word in said if word not in _EMPTY}) / len(said), 4) if said else 0.0


def _consistent(message: str, answer: str) -> float:
    matter = {word for word in words(message) if word not in _EMPTY}
    lines = [set(words(line)) for line in sentences(answer)]
    if not lines:
        return 0.0
    known, held = set(matter), 0
    for line in lines:  # a sentence may take up what the one before has brought in
        if line & (known | _PERSON):
            held += 1
            known |= line - _EMPTY
    return round(held / len(lines), 4)
