"""Numbers that stand for one person or their money, told by their layout and check digits, or by the words beside them.

The rules of each number are python-stdnum's (https://arthurdejong.org/python-stdnum/), which names its sources.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from importlib import import_module

from metahuman.state.secrets import Found

_CARD = re.compile(r"(?<![\w.,+-])(?:\d[ -]?){11,18}\d(?![\w-]|[.,]\d)")
#: What every card and every layout below holds; most texts do not, and need not be looked through for each.
_MANY = re.compile(r"\d(?:\D{0,2}\d){5}")
#: The issuers' first digits and the lengths of their cards (ISO/IEC 7812; https://en.wikipedia.org/wiki/Payment_card_number).
_ISSUER = re.compile(
    r"4\d{12}(?:\d{3}){0,2}|5[1-5]\d{14}|2[2-7]\d{14}|3[47]\d{13}|3(?:0|6|8|9)\d{12,17}|35\d{14,17}|(?:1800|2131)\d{11}"
    r"|6(?:011|4[4-9]|5|2|0)\d{11,16}|(?:50|5[6-9]|6\d)\d{10,17}|220[0-4]\d{12,15}"
)
_CARD_TOLD = re.compile(r"(?i)\b(?:card|cc|visa|mastercard|amex|maestro|karte)\b[^.!?\n]{0,30}$")
_IBAN = re.compile(r"(?i)(?<![\w-])[a-z]{2}\d{2}(?:[ -]?[a-z0-9]{4}){2,7}(?:[ -]?[a-z0-9]{1,4})?(?![\w-])")
_WALLET = re.compile(
    r"(?<!\w)(?:[13LMD][1-9A-HJ-NP-Za-km-z]{25,34}|(?:bc|ltc)1[02-9ac-hj-np-z]{11,71}|0x[0-9a-fA-F]{40}"
    r"|4[0-9AB][1-9A-HJ-NP-Za-km-z]{93})(?!\w)"
)

#: Numbers whose layout and check are seldom met by chance: kind, pattern, and the check of the library.
_SURE: tuple[tuple[str, str], ...] = (
    (r"(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}", "us.ssn"),
    (r"9\d{2}-[5-9]\d-\d{4}", "us.itin"),
    (r"\d{8}-?[A-Z]", "es.dni"),
    (r"[XYZ]-?\d{7}-?[A-Z]", "es.nie"),
    (r"[A-Z]{6}\d{2}[A-EHLMPRST]\d{2}[A-Z]\d{3}[A-Z]", "it.codicefiscale"),
    (r"[12] ?\d{2} ?\d{2} ?\d[\dAB] ?\d{3} ?\d{3} ?\d{2}", "fr.nir"),
    (r"756\.?\d{4}\.?\d{4}\.?\d{2}", "ch.ssn"),
    (r"\d{3}\.\d{3}\.\d{3}-\d{2}", "br.cpf"),
    (r"(?:19|20)?\d{6}[-+]\d{4}", "se.personnummer"),
    (r"\d{6}[-+A-FYXWVU]\d{3}[0-9A-Y]", "fi.hetu"),
    (r"\d{2}\.\d{2}\.\d{2}-\d{3}\.\d{2}", "be.nn"),
    (r"[A-Z]{4}\d{6}[HMX][A-Z]{5}[A-Z0-9]\d", "mx.curp"),
    (r"\d{1,2}\.\d{3}\.\d{3}-[\dkK]", "cl.rut"),
    (r"[1-9]\d{5}(?:18|19|20)\d{9}[\dX]", "cn.ric"),
    (r"\d{6}-[1-4]\d{6}", "kr.rrn"),
    (r"[2-9]\d{3} \d{4} \d{4}", "in_.aadhaar"),
    (r"[STFGM]\d{7}[A-Z]", ""),
    (r"(?![DFIQUV])[A-Z](?![DFIOQUV])[A-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D]", ""),
)
#: Numbers that many others look like: only with one of their names beside them, then unchecked too.
_ID_CUE = re.compile(
    r"""(?ix)\b(?P<what>
      ssn|social\s?(?:security|insurance)(?:\s?(?:number|no\.?|nr|\#))?|national\s?(?:id|insurance|identity
        |identification)|nino?|ni\snumber|tax(?:payer)?\s?(?:id(?:entification)?|file)|itin|tin|tfn|sin|nhs|medicare
        |medicaid|aadhaar|pesel|bsn|cpf|curp|rfc|dni|nie|nif
      |identity\s?(?:card|number)|id\s?(?:card|number)|identification\s?number|personal(?:ausweis|number|nummer)
        |personnummer|steuer-?id\w*|sozialversicherungsnummer|codice\sfiscale|insurance\s?(?:policy\s?)?(?:number
        |no\.?|id)|health\s?(?:card|insurance)(?:\s?(?:number|no))?
      |passport|reisepass|pasaporte|passeport
      |driv(?:er|ing|er's|ers|er\u2019s)\s?(?:'s\s)?licen[cs]e|dl|führerschein\w*|licen[cs]e\s?(?=number|no|\#|is)
      |(?:licen[cs]e|number|registration)\s?plate|plates?|kennzeichen|matr[íi]cula
      |(?:bank\s)?account|acct|sort\s?code|routing|kontonummer
      |zip(?:\s?code)?|post(?:al)?\s?code|postcode|plz)(?![A-Za-z])
    (?:\s?(?:number|numbers|no\.?|nr\.?|num|code|id|card|\#))?\s?[:=\#]?\s?(?:(?:is|was|ist|es|reads
      |number)\b\s?[:\#]?\s?)?["'“(]?
    (?P<value>(?=[A-Z\s.\-/]{0,12}\d)[A-Z0-9](?:[.\-/]?[A-Z0-9]|\s(?=[A-Z\d.\-]{0,8}\d)[A-Z0-9]
      |\s(?=[A-Z]{2}\b)[A-Z]{2}){2,24})(?![\w])
    """
)
_KINDS = (
    ("passport", r"passport|reisepass|pasaporte|passeport"),
    ("driving licence", r"driv|dl$|führer|licen[cs]e\s?$"),
    ("licence plate", r"plate|kennzeichen|matr"),
    ("bank account", r"account|acct|sort|routing|konto"),
    ("postal code", r"zip|post|plz"),
)


def numbers(text: str) -> Iterator[Found]:
    """Yield the cards, accounts, wallets and official numbers in a text."""
    if not re.search(r"\d", text):
        return
    many = bool(_MANY.search(text))
    yield from _cards(text) if many else ()
    yield from (Found("IBAN", *span) for match in _IBAN.finditer(text) if (span := _iban(match)))
    yield from (Found("wallet", *match.span()) for match in _WALLET.finditer(text) if _is_wallet(match[0]))
    for pattern, module in _compiled() if many else ():
        yield from (
            Found("national id", *m.span()) for m in pattern.finditer(text) if not module or _holds(module, m[0])
        )
    yield from (
        Found(_kind(match["what"]), *match.span("value")) for match in _ID_CUE.finditer(text) if _is_number(match)
    )


def _cards(text: str) -> Iterator[Found]:
    for match in _CARD.finditer(text):
        digits = re.sub(r"\D", "", match[0])
        told = bool(_CARD_TOLD.search(text[max(0, match.start() - 60) : match.start()]))
        if (_holds("luhn", digits) and (_ISSUER.fullmatch(digits) or told)) or (told and len(digits) > 13):
            yield Found("card", *match.span())


def _iban(match: re.Match[str]) -> tuple[int, int] | None:
    """Return where an IBAN stands: words that follow it in small groups look like more of it."""
    text = match[0]
    while len(text) > 14:
        if _holds("iban", text):
            return match.start(), match.start() + len(text)
        text = text[: max(text.rfind(" "), text.rfind("-"), 0)]
    return None


def _is_wallet(text: str) -> bool:
    return text.startswith(("0x", "4", "L", "M", "D", "ltc")) or _holds("bitcoin", text)


def _is_number(match: re.Match[str]) -> bool:
    """Tell whether what stands beside a number's name is one: a few digits, not a year and not words."""
    digits = sum(map(str.isdigit, match["value"]))
    if _kind(match["what"]) == "postal code":
        return 3 <= digits <= 9
    least = 4 if _kind(match["what"]) == "national id" else 3
    return digits >= least and len(match["value"]) >= 5 and not re.fullmatch(r"(?:19|20)\d\d", match["value"])


def _kind(what: str) -> str:
    return next((kind for kind, pattern in _KINDS if re.search(pattern, what, re.IGNORECASE)), "national id")


def _holds(module: str, number: str) -> bool:
    """Tell whether a number passes the check of one of the library's modules."""
    return bool(_check(module)(number))


@cache
def _check(module: str) -> Callable[[str], bool]:
    """Return a check of the library; each module is imported when it is first asked for."""
    check: Callable[[str], bool] = import_module(f"stdnum.{module}").is_valid
    return check


@cache
def _compiled() -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((re.compile(rf"(?<![\w.,/+-])(?:{pattern})(?![\w/-]|[.,]\d)"), module) for pattern, module in _SURE)
