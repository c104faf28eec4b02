"""Numbers as people write them: in figures, grouped and rounded, or in words of five languages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

#: Numbers in words of English, German, French, Spanish and Italian.
IN_WORDS = {
    word: number
    for number, words in {
        1: "a an one single ein eine einem einen einer eines un une uno una",
        2: "two zwei deux dos due",
        3: "three drei trois tres tre",
        4: "four vier quatre cuatro quattro",
        5: "five fünf cinq cinco cinque",
        6: "six sechs seis sei",
        7: "seven sieben sept siete sette",
        8: "eight acht huit ocho otto",
        9: "nine neun neuf nueve nove",
        10: "ten zehn dix diez dieci",
        11: "eleven elf onze once undici",
        12: "twelve dozen zwölf douze doce dodici",
        13: "thirteen dreizehn treize trece tredici",
        14: "fourteen vierzehn quatorze catorce quattordici",
        15: "fifteen fünfzehn quinze quince quindici",
        16: "sixteen sechzehn seize dieciséis sedici",
        17: "seventeen siebzehn diecisiete diciassette",
        18: "eighteen achtzehn dieciocho diciotto",
        19: "nineteen neunzehn diecinueve diciannove",
        20: "twenty zwanzig vingt veinte venti",
        30: "thirty dreißig dreissig trente treinta trenta",
        40: "forty vierzig quarante cuarenta quaranta",
        50: "fifty fünfzig cinquante cincuenta cinquanta",
        60: "sixty sechzig soixante sesenta sessanta",
        70: "seventy siebzig setenta settanta",
        80: "eighty achtzig ochenta ottanta",
        90: "ninety neunzig noventa novanta",
        100: "hundred hundert einhundert cent cents cien cento",
        200: "zweihundert doscientos doscientas duecento",
        300: "dreihundert trescientos trescientas trecento",
        400: "vierhundert cuatrocientos cuatrocientas quattrocento",
        500: "fünfhundert quinientos quinientas cinquecento",
        1000: "thousand tausend eintausend mille mil",
    }.items()
    for word in words.split()
}
#: Ordinals and shares that are told in figures elsewhere: "the nineteenth century", "half of them".
_RELATED = {
    word: number
    for number, words in {
        10: "tenth",
        11: "eleventh",
        12: "twelfth",
        13: "thirteenth",
        14: "fourteenth",
        15: "fifteenth",
        16: "sixteenth",
        17: "seventeenth",
        18: "eighteenth",
        19: "nineteenth",
        20: "twentieth",
        25: "quarter viertel quart cuarto quarto",
        50: "half halb hälfte moitié mitad metà",
    }.items()
    for word in words.split()
}
_SCALES = {
    word: power
    for power, words in {
        3: "thousand k tausend mille mil mila",
        6: "million millions m mn mio millionen millón millones milione milioni",
        9: "billion billions b bn mrd milliarde milliarden milliard milliards miliardo miliardi",
        12: "trillion trillions tn billionen",
    }.items()
    for word in words.split()
}
#: The spaces that stand between digits.
SPACE = r" \u00a0\u202f"
_ANY = "|".join(sorted(IN_WORDS, key=len, reverse=True))
#: What a number in words looks like: "twelve", "twenty-five", "two hundred and fifty".
WORDED = rf"(?:(?:{_ANY})[\s-])?(?:hundred|thousand|cents?|mille|mil)(?:(?:\s+and)?[\s-](?:{_ANY})){{0,2}}(?!\w)"
WORDED += rf"|\w+ty[\s-](?:{_ANY})(?!\w)|(?:{_ANY})(?!\w)"
_FIGURE = re.compile(
    rf"(?P<digits>\d{{1,3}}(?:[{SPACE}'’]\d{{3}})+(?!\d)(?:[.,]\d+)?|\d+(?:[.,]\d+)*)"  # noqa: RUF001 - an apostrophe
    rf"(?:[{SPACE}-]?(?P<scale>{'|'.join(sorted(_SCALES, key=len, reverse=True))})\b)?",
    re.I,
)
_GROUPED = re.compile(
    rf"(?P<whole>\d{{1,3}}(?P<sign>[.,{SPACE}'’])\d{{3}}(?:(?P=sign)\d{{3}})*)(?:(?!(?P=sign))[.,](?P<rest>\d+))?"  # noqa: RUF001
)
_PLAIN = re.compile(r"\d+(?:[.,]\d+)?")
_AFTERNOON = re.compile(r"\b(\d{1,2})(?:[:.]\d\d)?\s?p\.?m\b", re.I)
_YEAR = re.compile(r"[12]\d{3}")
_LISTED = re.compile(r"^[\s>*+-]*\d{1,3}[.)]\s", re.M)
_TENS = re.compile(r"\b\w+ty[ -]\w+\b")


#: Characters of a number beyond which it is compared as it stands.
LONGEST = 24


class Figure(NamedTuple):
    """A number in figures: how it stands there, and what it can mean, each with the unit that it is told in."""

    said: str
    means: list[tuple[Decimal, Decimal]]


class Numbers:
    """The numbers of a text.

    Args:
        text: The text.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._known = {value for figure in _figures(text) for value, _ in figure.means} | set(_told(text))

    def lacking(self, text: str) -> list[str]:
        """Return which numbers of another text are not among these, as they stand there, in order.

        A number may be written otherwise, or be rounded: to as many decimals as it shows, and from 1000 on to as many
        digits as are no zeros, two at least, if it is no year. Whole numbers to nine are everybody's own, and so are
        the numbers of a list.
        """
        return [figure.said for figure in _figures(_LISTED.sub("", text)) if not self._has(figure)]

    def _has(self, figure: Figure) -> bool:
        if not figure.means:
            return figure.said in self._text
        if all(value < 10 and not value % 1 for value, _ in figure.means):
            return True
        return any(
            value in self._known or any(abs(one - value) * 2 <= unit for one in self._known)
            for value, unit in figure.means
        )


def count_of(said: str) -> int:
    """Return how many "12", "1,000", "1 000", "twelve" or "two hundred and fifty" are."""
    if digits := re.sub(r"\D", "", said):
        return int(digits)
    total = 0
    for number in (IN_WORDS.get(word, 0) for word in re.findall(r"\w+", said.lower())):
        total = max(total, 1) * number if number in (100, 1000) else total + number
    return total


def _figures(text: str) -> Iterator[Figure]:
    """Yield the numbers that a text has in figures, each once."""
    for digits, scale in dict.fromkeys((found["digits"], found["scale"]) for found in _FIGURE.finditer(text)):
        readings = [*_readings(digits)]
        if len(digits) > LONGEST:
            yield Figure(digits, [])
        elif readings:
            power = _SCALES[scale.lower()] if scale else 0
            exact = not scale and bool(_YEAR.fullmatch(digits))
            tens = {power, 0} if scale and len(scale) == 1 else {power}  # "5 m" may be metres
            means = [_meant(number, ten, exact=exact) for number in readings for ten in tens]
            yield Figure(f"{digits} {scale}" if scale else digits, means)
        else:  # a date, a version
            yield from (Figure(part, [_meant(part, 0, exact=True)]) for part in re.findall(r"\d+", digits))


def _readings(digits: str) -> Iterator[str]:
    """Yield what figures can mean, in Python's way of writing: 1.500 is 1500 in Rome and 1.5 in London."""
    grouped = _GROUPED.fullmatch(digits)
    if grouped:
        yield ".".join(filter(None, [re.sub(r"\D", "", grouped["whole"]), grouped["rest"]]))
    if _PLAIN.fullmatch(digits) and not (grouped and digits.endswith("000")):
        yield digits.replace(",", ".")


def _meant(number: str, power: int, *, exact: bool) -> tuple[Decimal, Decimal]:
    """Return a number, times a power of ten, and the unit that it may have been rounded to."""
    value = Decimal(number)
    digit = -len(number.partition(".")[2])
    if value.scaleb(power) >= 1000 and not exact:
        zeros = len(number) - len(number.rstrip("0")) if digit == 0 else 0
        digit = min(digit + zeros, value.adjusted() - 1)
    return value.scaleb(power), Decimal(1).scaleb(digit + power)


def _told(text: str) -> Iterator[Decimal]:
    """Yield the numbers that a text has in words, and the hours of its afternoons."""
    known = IN_WORDS | _RELATED
    lower = text.lower()
    yield from (Decimal(known[word]) for word in set(re.findall(r"[^\W\d_]+", lower)) if word in known)
    yield from (Decimal(count_of(said)) for said in set(_TENS.findall(lower)))
    yield from (Decimal(int(hour) % 12 + 12) for hour in _AFTERNOON.findall(text))
