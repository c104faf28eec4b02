"""How long a text is to be, as people ask for it, and whether it is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Unit = Literal["words", "sentences", "lines", "paragraphs", "characters"]
#: How far a text may be from the length that was asked for.
TOLERANCE = 0.15
#: Characters at either end of a task in which a length is looked for; between them stands what was pasted.
ENDS = 300
#: What a summary may have where nobody says: a third of its source, within these bounds, in words.
FEWEST, MOST = 30, 200

_NUMBERS = {
    word: number
    for number, words in enumerate(
        (
            "a an one single ein eine einem einen un une uno una",
            "two zwei deux dos due",
            "three drei trois tres tre",
            "four vier quatre cuatro quattro",
            "five fünf cinq cinco cinque",
            "six sechs seis sei",
            "seven sieben sept siete sette",
            "eight acht huit ocho otto",
            "nine neun neuf nueve nove",
            "ten zehn dix diez dieci",
        ),
        1,
    )
    for word in words.split()
}
_UNITS: dict[Unit, str] = {
    "words": r"words?|w[oö]rtern?|worte?n?|mots?|palabras?|parole",
    "sentences": r"sentences?|s[aä]tzen?|satz|phrases?|frases?|frasi|oraciones",
    "lines": r"lines?|bullets?(?: points?)?|points?|zeilen?|stichpunkten?|lignes?|l[ií]neas?|righe",
    "paragraphs": r"paragraphs?|abs[aä]tzen?|absatz|paragraphes?|p[aá]rrafos?|paragrafi",
    "characters": r"characters?|chars?|zeichen|caract[eè]res?|caracteres|caratteri",
}
_AT_MOST = r"at most|no more than|not more than|max(?:imum|imal)?(?: of)?|up to|under|within|less than|fewer than"
_AT_MOST += r"|below|höchstens|unter|au plus|moins de|máximo|menos de|al massimo|meno di"
_NUMBER = rf"\d{{1,3}}(?:[.,]\d{{3}})+|\d{{1,6}}|{'|'.join(sorted(_NUMBERS, key=len, reverse=True))}"
_ASKED = re.compile(
    rf"(?:(?P<most>{_AT_MOST})\s+)?(?:(?:about|around|roughly|exactly|~|circa|etwa|ungefähr|environ|unos)\s*)?"
    rf"\b(?P<number>{_NUMBER})[\s-]+(?:short |brief |kurzen |simple )?"
    rf"(?:{'|'.join(f'(?P<{unit}>{words})' for unit, words in _UNITS.items())})\b(?P<less>\s+(?:or less|max|at most))?",
    re.I,
)
_SENTENCE_END = re.compile(r"(?<=[.!?…])[\"'”’)\]]*\s+(?=\S)|(?<=[。！？])")  # noqa: RUF001 - Chinese and Japanese stops
_WORD = re.compile(r"\w+(?:[-'’.,]\w+)*")  # noqa: RUF001 - an apostrophe


@dataclass(frozen=True)
class Length:
    """A length that was asked for.

    Args:
        count: How many.
        unit: Of what.
        at_most: Whether less will do.
    """

    count: int
    unit: Unit
    at_most: bool = False

    def __str__(self) -> str:
        unit = self.unit.removesuffix("s") if self.count == 1 else self.unit
        return f"{'at most ' if self.at_most else ''}{self.count} {unit}"

    def objection(self, text: str) -> str | None:
        """Return by how much a text misses the length, for whoever wrote it; None if it does not.

        Args:
            text: The text. `TOLERANCE` more or less is what people mean by a number.
        """
        has = measure(text, self.unit)
        low, high = (1 - TOLERANCE) * self.count, (1 + TOLERANCE) * self.count
        if has <= high and (self.at_most or has >= low):
            return None
        return f"it has {has} {self.unit}, and {self} {'is' if self.count == 1 else 'are'} wanted"

    def measures_less_than(self, source: str) -> bool:
        """Tell whether this is less than half of a text: one can then be condensed to it."""
        return self.count * 2 <= measure(source, self.unit)


def asked_length(task: str) -> Length | None:
    """Return the length that a task asks for: "in three sentences", "at most 200 words"; None if it names none."""
    found = _ASKED.search(task if len(task) <= 2 * ENDS else f"{task[:ENDS]}\n{task[-ENDS:]}")
    if not found:
        return None
    said = found["number"].lower()
    count = _NUMBERS.get(said) or int(re.sub(r"[.,]", "", said))
    unit = next(unit for unit in _UNITS if found[unit])
    return Length(count, unit, bool(found["most"] or found["less"])) if count else None


def usual_length(source: str) -> Length:
    """Return how long a summary of `source` may be where nobody says."""
    third = measure(source, "words") // 3
    return Length(min(MOST, max(FEWEST, third)), "words", at_most=True)


def measure(text: str, unit: Unit) -> int:
    """Return how many words, sentences, lines, paragraphs or characters a text has."""
    text = text.strip()
    if not text:
        return 0
    match unit:
        case "words":
            return len(_WORD.findall(text))
        case "sentences":
            return len(sentences(text))
        case "lines":
            return sum(1 for line in text.splitlines() if line.strip())
        case "paragraphs":
            return len(re.split(r"\n\s*\n", text))
        case "characters":
            return len(text)


def sentences(text: str) -> list[tuple[int, int]]:
    """Return where the sentences of a text begin and end, in characters; a line's end also ends one."""
    found = list[tuple[int, int]]()
    for line in re.finditer(r"[^\n]+", text):
        starts = [0, *(end.end() for end in _SENTENCE_END.finditer(line[0]))]
        for start, end in zip(starts, [*starts[1:], len(line[0])], strict=True):
            part = line[0][start:end]
            if part.strip():
                lead = len(part) - len(part.lstrip())
                found.append((line.start() + start + lead, line.start() + start + len(part.rstrip())))
    return found
