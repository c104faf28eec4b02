"""Personal data with a form of its own: what names one person, or leads to them, whatever the text is about."""

from __future__ import annotations

import re
from collections.abc import Iterator

from metahuman.memory.curation.addresses import addresses
from metahuman.memory.curation.contacts import contacts
from metahuman.memory.curation.numbers import numbers
from metahuman.memory.curation.secrets import apart
from metahuman.state.secrets import Found

_MONTH = (
    r"(?:jan(?:uary|uar)?|feb(?:ruary|ruar)?|mar(?:ch)?|märz|apr(?:il)?|may|mai|june?|juni|july?|juli|aug(?:ust)?"
    r"|sep(?:t(?:ember)?)?|o[ck]t(?:ober)?|nov(?:ember)?|de[cz](?:ember)?)"
)
DATE = (
    rf"(?:\d{{1,2}}[./-]\d{{1,2}}[./-](?:\d{{4}}|\d{{2}})|\d{{4}}[./-]\d{{1,2}}[./-]\d{{1,2}}"
    rf"|{_MONTH}\.?\s\d{{1,2}}(?:st|nd|rd|th)?(?:,?\s\d{{4}})?"
    rf"|\d{{1,2}}(?:st|nd|rd|th|\.)?\s(?:of\s)?{_MONTH}\.?(?:,?\s\d{{4}})?)"
)
_BIRTH = re.compile(
    rf"(?i)\b(?:born(?:\s(?:on|in))?|birth\s?-?(?:day|date)|date\sof\sbirth|d\.?o\.?b\.?|geboren(?:\sam)?"
    rf"|geburtsdatum|geburtstag|née?\sle|nacid[oa]\sel)\b[^.!?\n\d]{{0,25}}?(?P<date>{DATE}|(?<=in )(?:19"
    rf"|20)\d\d)(?!\w)"
)
_POINT = re.compile(
    r"(?<![\w.])[-+]?(?:[0-8]?\d|90)\.\d{3,10}°?\s?[NS]?\s?[,;]\s?[-+]?(?:1[0-7]\d|180"
    r"|\d?\d)\.\d{3,10}°?\s?[EWO]?(?![\w.])"
    r"|\d{1,2}°\s?\d{1,2}['\u2032]\s?(?:\d{1,2}(?:\.\d+)?[\"\u2033]\s?)?[NS][,\s]{1,3}\d{1,3}°\s?\d{1,2}['\u2032]\s?(?:\d{1,2}(?:\.\d+)?[\"\u2033]\s?)?[EWO]"
)


def identifiers_in(text: str) -> list[Found]:
    """Return the personal data in a text that shows by its form, in order and apart.

    Args:
        text: Any text.

    Returns:
        What was found; `kind` is one of email, phone, web address, IP address, MAC address, card, IBAN, bank account,
        wallet, national id, passport, driving licence, licence plate, birth date, coordinates, street address and
        postal code.
    """
    taken = list(numbers(text))
    return apart([*taken, *_without_numbers(text, taken)])


def _without_numbers(text: str, taken: list[Found]) -> Iterator[Found]:
    yield from (one for one in contacts(text) if one.kind != "phone" or not any(_meet(one, other) for other in taken))
    yield from (Found("birth date", *match.span("date")) for match in _BIRTH.finditer(text))
    yield from (Found("coordinates", *match.span()) for match in _POINT.finditer(text))
    yield from addresses(text)


def _meet(one: Found, other: Found) -> bool:
    return one.start < other.end and other.start < one.end
