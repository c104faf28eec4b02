"""Where somebody is reached: mail, telephone, pages of their own, and the addresses of their machines."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator

from metahuman.state.secrets import Found

_MAIL = re.compile(r"(?<![\w.+%-])[\w.+%'-]{1,64}@(?:[\w-]{1,63}\.)+[A-Za-z]{2,24}(?![\w-]|\.\w)")
_MAIL_IN_WORDS = re.compile(
    r"(?i)\b[a-z0-9][\w.+-]{1,40}\s?[\[(]\s?at\s?[\])]\s?[\w-]{2,40}(?:\s?(?:[\[(]\s?dot\s?[\])]"
    r"|\.)\s?[a-z]{2,12}){1,3}\b"
)
_PAGE = re.compile(r"(?i)\b(?:https?://|ftp://|www\.)(?:[\w-]{1,63}\.)+[a-z]{2,24}(?::\d{2,5})?(?:[/?#][^\s<>\"'“”]*)?")
_OCTET = r"(?:25[0-5]|2[0-4]\d|1?\d?\d)"
_IPV4 = re.compile(rf"(?<![\w.])(?:{_OCTET}\.){{3}}{_OCTET}(?!\w|\.\d|-\w)")
_IPV6 = re.compile(r"(?<![\w:.])(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4}(?![\w:])")
_VERSION = re.compile(r"(?i)(?:\bv|version|release|build|section|chapter|rev)\W{0,3}$")
_MAC = re.compile(r"(?<![\w:-])(?:[0-9A-Fa-f]{2}([:-]))(?:[0-9A-Fa-f]{2}\1){4}[0-9A-Fa-f]{2}(?![\w:-])")

#: Groups of digits as telephone numbers are written, perhaps with an extension.
_NUMBER = re.compile(
    r"""
    (?<![\w.,/:=\#@-]) (?<![$€£]\s)
    (?P<number>\+?\(?\d(?:[ \u00a0.\-/()]{0,3}\d){5,16})
    (?:\s?(?:x|ext\.?|extension|poste|durchwahl)\s?\d{1,6})?
    (?![\w@%°€$]|[.,:/-]\d)
    """,
    re.VERBOSE | re.IGNORECASE,
)
#: Layouts that nothing but a telephone number has.
_SURE = re.compile(
    r"(?:\+|00)[1-9][\s.\-/()]{0,2}\d[\d\s.\-/()]{6,}|\(\d{2,5}\)\s?\d[\d\s.\-]{4,}"
    r"|1?[\s.\-]?\d{3}([.\-\s])\d{3}\1\d{4}"
    r"|0\d{1,4}(?:[\s.\-/]\d{2,4}){2,5}|0\d{2,4}[\s\-/]\d{6,8}"
)
_CUE = re.compile(
    r"""(?ix)
    \b(?:(?:tele)?phones?(?:\s?(?:number|no\.?|nr))?|tel|telefon\w*|téléphone|teléfono|fax|mobile|mobil|móvil
      |handy(?:nummer)?|cell(?:phone)?|whats-?app|signal|sms|landline|hotline|extension|desk|office|home|work
      |call(?:ed|ing)?|ring|dial(?:led|ing)?|text(?:ed|ing|s)?|reach(?:ed)?|contact(?:ed)?|answer\w*|messages?
        |pager?|(?:my|your|his|her|our|their)\s(?:\w+\s)?number(?=\W|\sis\b)|nummer|número|numéro|registered|urgent\w*
        |emergency)\b
    (?:[^.!?\n]|\.(?!\s)|\.\s?(?=:|\+|\(|\d)){0,40}$
    """
)
_CUE_AFTER = re.compile(
    r"(?i)^\s?[(,:\u2013-]?\s?(?:\(?(?:office|fax|mobile|home|cell|work|phone|tel|desk|direct)\b|is\s(?:my|his|her|our"
    r"|their)\s(?:\w+\s)?number)"
)
#: What a number beside such a word counts instead.
_OTHER = re.compile(
    r"(?i)(?:\b(?:card|cc|iban|account|acct|order|invoice|ticket|case|ref(?:erence)?|id|ssn|zip|postal\s?code|isbn"
    r"|serial|tracking|model|version|room|page|year|years|flight|bus|apt|suite|unit|box"
    r"|date|born|licen[cs]e|passport|policy|security|tax)\b(?:\s(?:number|no|nr|id|code))?[^\w\n]{0,6}(?:(?:is"
    r"|was)\s)?)$"
)
#: A house's number stands before the name of its street.
_STREET = re.compile(r" [^\W\d_]*[A-ZÀ-Þ]\w{3}")
_DATE = re.compile(
    r"(?:19|20)\d\d([-./\s])\d{1,2}\1\d{1,2}|\d{1,2}([-./])\d{1,2}\2(?:19|20)?\d\d|(?:19|20)\d\d\s?[-\u2013/]\s?(?:19"
    r"|20)?\d\d"
)
_LOCAL = frozenset({"127.0.0.1", "0.0.0.0", "255.255.255.255", "255.255.255.0", "8.8.8.8", "8.8.4.4"})  # noqa: S104


def contacts(text: str) -> Iterator[Found]:
    """Yield the addresses and numbers in a text under which a person, or a machine of theirs, is reached."""
    if "@" in text:
        yield from (Found("email", *match.span()) for match in _MAIL.finditer(text))
    yield from (Found("email", *match.span()) for match in _MAIL_IN_WORDS.finditer(text))
    yield from (Found("web address", match.start(), _page_end(match)) for match in _PAGE.finditer(text))
    yield from _machines(text)
    yield from _phones(text)


def _page_end(match: re.Match[str]) -> int:
    """Return where an address ends: the sentence's own signs do not belong to it."""
    return match.start() + len(match[0].rstrip(".,;:!?)]}"))


def _machines(text: str) -> Iterator[Found]:
    for match in _IPV4.finditer(text):
        if match[0] not in _LOCAL and not _VERSION.search(text[: match.start()][-12:]):
            yield Found("IP address", *match.span())
    for match in _IPV6.finditer(text) if text.count(":") > 1 else ():
        if _is_ipv6(match[0]):
            yield Found("IP address", *match.span())
    yield from (Found("MAC address", *match.span()) for match in _MAC.finditer(text))


def _is_ipv6(text: str) -> bool:
    try:
        address = ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return len(text) > 6 and not (address.is_loopback or address.is_unspecified)


def _phones(text: str) -> Iterator[Found]:
    for match in _NUMBER.finditer(text):
        if _is_phone(text, match, match["number"]):
            yield Found("phone", *match.span())


def _is_phone(text: str, match: re.Match[str], number: str) -> bool:
    """Tell whether groups of digits are a telephone number: by their layout, or by the words around them."""
    digits = re.sub(r"\D", "", number)
    before = text[max(0, match.start() - 60) : match.start()]
    if not 6 <= len(digits) <= 15 or len(set(digits)) < 2 or _DATE.fullmatch(number) or _OTHER.search(before):
        return False
    if _SURE.fullmatch(number) and len(digits) >= 8:
        return True
    after = text[match.end() : match.end() + 30]
    if _STREET.match(after):
        return False
    return len(digits) <= 13 and bool(_CUE.search(before) or _CUE_AFTER.match(after))
