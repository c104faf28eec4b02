"""How long a text is to be, as people ask for it, and whether it is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Literal

from metahuman.state.numbers import SPACE, WORDED, count_of
from metahuman.state.sentences import sentences

Unit = Literal["words", "sentences", "lines", "paragraphs", "characters"]
#: How far a text may be from the length that was asked for.
TOLERANCE = 0.15
#: Characters at either end of a task in which a length is looked for; between them stands what was pasted.
ENDS = 300
#: What a summary may have where nobody says: a third of its source, within these bounds, in words.
FEWEST, MOST = 30, 200

_UNITS: dict[Unit, str] = {
    "words": r"words?|w[oö]rtern?|worte?n?|mots?|palabras?|parol[ae]",
    "sentences": r"sentences?|s[aä]tzen?|satz|phrases?|frases?|fras[ei]|oraci(?:ón|ones)",
    "lines": r"lines?|bullets?(?:[ -]points?)?|points?|zeilen?|stichpunkten?|punkten?|punkt|aufzählungspunkten?"
    r"|lignes?|puces?|l[ií]neas?|puntos?|viñetas?|rig(?:a|he)|punt[oi]",
    "paragraphs": r"paragraphs?|abs[aä]tzen?|absatz|paragraphes?|p[aá]rrafos?|paragraf[oi]",
    "characters": r"characters?|chars?|zeichen|caract[eè]res?|caratter[ei]",
}
_AT_MOST = (
    r"at (?:the )?most|(?:no|not) (?:more|longer) than|max(?:imum|imal)?\.?(?: of)?|up to|under|within|below"
    r"|(?:less|fewer|shorter) than|<=?|≤"
    r"|höchstens|maximal|bis zu|nicht (?:mehr|länger) als|weniger als|unter"
    r"|au (?:plus|maximum)|(?:moins|pas plus) de|jusqu'à"
    r"|(?:como )?máximo(?: de)?|a lo sumo|(?:no más|menos) de|hasta"
    r"|al massimo|massimo|(?:meno|non più) di|fino a|entro"
)
_AT_LEAST = (
    r"at (?:the )?least|(?:no|not) (?:less|fewer|shorter) than|(?:more|longer) than|over|above"
    r"|min(?:imum|imal|destens)?\.?(?: of)?|mehr als|au (?:moins|minimum)|(?:plus|pas moins) de"
    r"|al menos|(?:como )?mínimo(?: de)?|más de|almeno|minimo|più di"
)
_LESS = (
    r"(?:or|and|oder|ou|y|o)\s+(?:less|fewer|under|below|weniger|moins|menos|meno)|max(?:imum|imal)?"
    r"|at (?:the )?most|tops|höchstens|au (?:plus|maximum)|como máximo|máximo|al massimo|massimo"
)
_ABOUT = (
    r"about|around|roughly|approximately|approx\.?|some|exactly|just|only|~|circa|ca\.|etwa|ungefähr|rund|genau|nur"
    r"|environ|exactement|unos|unas|aproximadamente|exactamente|esattamente"
)
_SUCH = (
    r"(?:(?:very |sehr )?(?:short|brief|concise|simple|key|main|clear|crisp|plain|full|complete|single"
    r"|(?:kurz|knapp|klar|einfach|vollständig|ganz|wichtigst)e[nrs]?|court[es]*|brèves?|bref|cortas?|breves?|brev[ei])[\s-]+)?"
)
_NUMBER = rf"\d{{1,3}}(?:[.,{SPACE}]\d{{3}})+|\d{{1,6}}|{WORDED}"
#: What a length stands after, when it is one and no more than a remark on the text.
_LEAD = (
    r"\b(?:in|into|to|as|with|within|using|on|than|auf|als|mit|en|dans|con|su|como"
    r"|(?:summary|abstract|précis|tl;dr|length|zusammenfassung|résumé|resumen|riassunto)\s+(?:of|de|von|di|mit|with))"
)
#: What stands before a number that says how long the text is already, or where in it to look.
_NOT_ASKED = (
    r"\b(?:the|these|those|this|that|first|last|next|following|previous|all|both|has|have|is|are|contains|diese[nr]?|die"
    r"|den|der|ersten?|letzten?|nächsten|folgenden|hat|enthält|les|ces|premi[eè]re?s|derni[eè]re?s|las|los|est[oa]s"
    r"|primer[oa]s|últim[oa]s|tiene|i|le|gli|quest[ei]|prim[ei]|ultim[ei])\s+$"
)
#: Words for one that say no more than "some".
_ARTICLES = frozenset("a an ein eine einem einen einer eines un une uno una".split())  # noqa: SIM905
_WORD = re.compile(r"\w+(?:[-'’.,]\w+)*")  # noqa: RUF001 - an apostrophe


@dataclass(frozen=True)
class Length:
    """A length that was asked for.

    Args:
        count: How many.
        unit: Of what.
        at_most: Whether less will do.
        fewest: How many there must be where that is another number: "3 to 5 sentences".
    """

    count: int
    unit: Unit
    at_most: bool = False
    fewest: int | None = None

    def __str__(self) -> str:
        fewest = f"{self.fewest} to " if self.fewest else ""
        return f"{'at most ' if self.at_most else ''}{fewest}{_counted(self.count, self.unit)}"

    def objection(self, text: str) -> str | None:
        """Return by how much a text misses the length, for whoever wrote it; None if it does not.

        Args:
            text: The text. `TOLERANCE` more or less is what people mean by a number.
        """
        has = measure(text, self.unit)
        low = 0 if self.at_most else self.fewest or self.count
        # Rounded, for 1.15 * 20 is a little less than 23.
        if round((1 - TOLERANCE) * low, 6) <= has <= round((1 + TOLERANCE) * self.count, 6):
            return None
        return f"it has {_counted(has, self.unit)}, and {self} {'is' if self.count == 1 else 'are'} wanted"

    def measures_less_than(self, source: str) -> bool:
        """Tell whether this is less than half of a text: one can then be condensed to it."""
        return self.count * 2 <= measure(source, self.unit)


def asked_length(task: str) -> Length | None:
    """Return the length that a task asks for: "in three sentences", "at most 200 words"; None if it names none.

    Of several, what follows on "in" or its like is meant, else the first. "At least 100 words" are 100 to 200.
    """
    ends = task if len(task) <= 2 * ENDS else f"{task[:ENDS]}\n{task[-ENDS:]}"
    found = [one for one in _asked().finditer(ends) if _is_asked(ends, one)]
    best = next((one for one in found if one["lead"] or one["most"] or one["least"]), found[0] if found else None)
    return _length(best) if best else None


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
            return sum(1 for _ in _WORD.finditer(text))
        case "sentences":
            return len(sentences(text))
        case "lines":
            return sum(1 for line in text.splitlines() if line.strip())
        case "paragraphs":
            return len(re.split(r"\n\s*\n", text))
        case "characters":
            return len(text)


def _counted(count: int, unit: Unit) -> str:
    return f"{count} {unit.removesuffix('s') if count == 1 else unit}"


@cache
def _asked() -> re.Pattern[str]:
    """Return what a length looks like; to compile that takes a while, and most programs never ask."""
    return re.compile(
        rf"(?:(?P<lead>{_LEAD})\s+)?(?:(?:between|zwischen|entre|tra|fra|von|from|de|da)\s+)?"
        rf"(?:(?P<most>(?<!\w)(?:{_AT_MOST}))\s*|(?P<least>(?<!\w)(?:{_AT_LEAST}))\s*)?(?:(?:{_ABOUT})\s*)?"
        rf"(?<![\w.,-])(?:(?P<fewest>{_NUMBER})\s*(?:-|–|—|to|or|and|bis|und|oder|à|a|et|ou|y|e|o)\s*)?"  # noqa: RUF001
        rf"(?P<number>{_NUMBER})(?P<hyphen>[\s\u2011-]+){_SUCH}"
        rf"(?:{'|'.join(f'(?P<{unit}>{words})' for unit, words in _UNITS.items())})(?!\w)"
        rf"(?P<less>\s*,?\s*\(?(?:{_LESS})(?!\w))?(?P<each>\s+(?:each|per|apiece|jeweils|pro|chacune?|cada|ciascun[oa])\b)?",
        re.I,
    )


def _is_asked(task: str, found: re.Match[str]) -> bool:
    """Tell whether a number of words or the like is a length that is asked for."""
    if found["each"] or not count_of(found["number"]):
        return False
    if found["number"].lower() in _ARTICLES and found["hyphen"].isspace() and not (found["lead"] or found["most"]):
        return False  # "a point" is mostly no more than what somebody makes
    start = found.start("fewest") if found["fewest"] else found.start("number")
    return not re.search(_NOT_ASKED, task[:start], re.I)


def _length(found: re.Match[str]) -> Length:
    count, fewest = count_of(found["number"]), count_of(found["fewest"] or "")
    if fewest >= count and not found["fewest"][0].isdigit():  # "twenty-five", "two hundred and fifty"
        count, fewest = count_of(found.string[found.start("fewest") : found.end("number")]), 0
    unit = next(unit for unit in _UNITS if found[unit])
    if found["least"]:
        return Length(2 * count, unit, fewest=count)
    if 0 < fewest < count:
        return Length(count, unit, fewest=fewest)
    return Length(count, unit, at_most=bool(found["most"] or found["less"]))
