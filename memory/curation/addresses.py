"""Street addresses, told by what stands in them: a kind of street, a house's number, a box, an apartment, a code.

The words are those of the countries' own address formats (https://en.wikipedia.org/wiki/Address).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from metahuman.state.secrets import Found

_UPPER = "A-ZÀ-ÖØ-ÞĀĂĄĆČĎĐĒĖĘĚĞĢĪĮİĶĹĻŁŃŅŇŌŐŒŘŚŞŠŢŤŪŮŰŲŹŻŽΆ-ΏΑ-ΫЀ-Я"
_NAME = rf"[{_UPPER}][\w'\u2019\-]*\.?"
_SMALL = (
    r"(?:de|del|della|delle|dei|di|da|do|dos|du|des|la|le|les|los|las|el|den|der|dem|van|von|zum|zur|am|an|auf|im"
    r"|of|the|and|y|e|na|nad|pod|d'|l')"
)
_NAMES = rf"{_NAME}(?:[ ](?:{_SMALL}[ ]){{0,2}}{_NAME}){{0,3}}"
_HOUSE = r"\d{1,6}[A-Za-z]?(?:[\-/]\d{1,4}[A-Za-z]?)?"

#: Words that stand after a street's name, before it, and at its end.
_AFTER = (
    "street|st|avenue|ave|road|rd|boulevard|blvd|lane|ln|drive|dr|way|court|ct|place|pl|square|sq|terrace|ter"
    "|crescent|cres|close|highway|hwy|parkway|pkwy|turnpike|alley|gardens|grove|mews|hill|row|walk|route|trail"
    "|circle|cir|loop|rapids"
    "|heights|meadows|landing|crossing|plaza|park|parks|square|quay|wharf|bypass|esplanade|parade|flat|coves?"
    "|isle|ridge|green|freeway|expressway|junction|corners?|mount|view|viaduct|track|tunnel|union|village|ulica"
    "|utca|út|útja|tér|sokak|caddesi"
)
_BEFORE = (
    "rue|avenue|boulevard|chemin|place|allée|allee|impasse|quai|cours|route|via|viale|piazza|corso|vicolo|largo"
    "|calle|c/|avenida|avda\\.?|plaza|paseo|carrer|rúa|camino|rua|travessa|praça|estrada|ulica|ul\\.|trg|cesta"
    "|rruga|jalan|jl\\.|am|an der|auf der|im|zum"
)
_END = (
    "straße|strasse|str\\.|gasse|weg|platz|allee|ufer|damm|graben|gade|vej|vænget|stræde|gata|gatan|vägen|väg"
    "|gränd|veien|vegen|vei|braut|stígur|vegur|katu|kuja|tie|tee|straat|laan|plein|gracht|kade|dijk|steeg"
    "|ova|ská|ého|ova ulica|utca"
)
_MONTH = (
    r"(?:Jan|Feb|Mar|Apr|May|June?|July?|Aug|Sep|Sept|Oct|Nov|Dec|January|February|March|April|August|September"
    r"|October|November|December)"
)
_UNIT = (
    r"(?i:(?:apt|apartment|suite|ste|unit|flat|room|floor|fl|bldg|building|box|wohnung|app?t"
    r"|lägenhet)\.?[ ]?\#?[ ]?\d{1,5}[A-Za-z]?)"
)
_BOX = r"(?i:p\.?[ ]?o\.?[ ]?box|post(?:office)?[ ]?box|postfach|casella postale|apartado|boîte postale)[ ]?\#?\d{1,6}"
_FIELD_POST = (
    rf"(?:(?:USNS|USS|USNV|USCGC)[ ]{_NAMES}|PSC[ ]\d{{1,5}},[ ]Box[ ]\d{{1,5}}"
    rf"|Unit[ ]\d{{1,5}}[ ]Box[ ]\d{{1,5}})?[\s,]{{0,2}}(?:APO|FPO|DPO)[ ](?:AA|AE|AP)[ ]\d{{5}}"
)

_STREET = re.compile(
    rf"""
      (?<![\w.,/:\#$€£]) (?:
        {_FIELD_POST}
      | (?:{_HOUSE}[ ])?{_BOX}
      | (?i:(?:the[ ])?corner[ ]of)[ ](?:{_HOUSE}[ ])?{_NAMES}(?:[ ]{_HOUSE})?[ ](?:and
        |&)[ ](?:{_HOUSE}[ ])?(?:{_NAMES}|\w+(?:[ ]{_NAME})+)(?:[ ]{_HOUSE})?
      | (?:{_HOUSE}[ ]){{1,2}}(?:{_NAMES}[ ])?{_NAME}[ ](?i:{_AFTER})\b\.?(?:[ ](?:{_HOUSE}|North|South|East|West
        |[NSEW]{{1,2}}\b))?
      | (?:{_HOUSE},?[ ]){{1,2}}(?:(?i:bis|ter)[ ])?(?i:{_BEFORE})[ ](?:{_SMALL}[ ]
        |[dl]['\u2019]){{0,2}}{_NAMES}(?:,?[ ]{_HOUSE})?
      | (?:{_HOUSE}[ ])?(?i:{_BEFORE})[ ](?:{_SMALL}[ ]|[dl]['\u2019]){{0,2}}{_NAMES},?[ ]{_HOUSE}
      | (?:{_HOUSE}[ ])?(?:{_NAME}[ ]){{0,3}}[{_UPPER}][\w\-]{{2,30}}(?:{_END}),?[ ]{_HOUSE}
      | \d{{2,6}}[ ](?!{_MONTH}\b){_NAMES}[ ]{_HOUSE}(?=[ ]?(?i:st(?:reet|\.)|apt|suite)|[,\n]|\.?$)
      | (?:{_HOUSE}[ ]){{1,2}}(?:[\w'\u2019.\-]+[ ]){{1,4}}?(?:{_HOUSE}[ ])?(?:{_UNIT})
      | (?:{_HOUSE}[ ]){{1,2}}(?:[\w'\u2019.\-]+[ ]){{1,3}}?(?i:street|avenue|road|boulevard|lane)\b
      )
    """,
    re.VERBOSE,
)
_STATE = r"[A-Z]{2,4}\b"
_CODE = (
    r"(?:\d{3}[ ]\d{2}\b|\d{4,6}(?:-\d{3,4})?(?:[ ][A-Z]{2}\b)?|[A-Z]{1,2}\d[A-Z\d]?[ ]?\d[A-Z]{2}\b"
    r"|[A-Z]\d[A-Z][ ]?\d[A-Z]\d\b|\d{3}[ ]?\d{2}\b)"
)
#: What goes on after a street: the apartment, the town, its code, the state.
_REST = re.compile(
    rf"""
    (?:[ ]*[,\n]+[\s,?]{{0,6}}|[ ]{{1,3}}|,)(?:{_UNIT}|{_BOX}|{_CODE}|nan\b|{_STATE}
      |{_NAMES}(?:[ ]\([{_UPPER}][\w ]+\))?|(?i:st\.?|street)(?!\w))(?=[\s,.;:!?)\n]|$)
    """,
    re.VERBOSE,
)
#: What ends an address although it begins with a capital letter.
_NEXT = re.compile(
    r"\W*(?:(?:I|I'm|We|You|He|She|It|They|The|This|That|My|Our|Please|And|But|So|In|On|If|When|Mobile|Desk|Fax"
    r"|Phone|Tel|Email|E-mail|Office|Home|Website|Name|Date|Call|Thanks|Regards)\b|\S+@)"
)
_MOST_PARTS = 8


def addresses(text: str) -> Iterator[Found]:
    """Yield the street addresses in a text, with the town, the state and the code that follow.

    Args:
        text: Any text.
    """
    if not re.search(r"\d", text):
        return
    for match in _STREET.finditer(text):
        yield Found("street address", match.start(), _end(text, match.end()))


def _end(text: str, end: int) -> int:
    """Return where an address ends whose street ends at `end`."""
    for _ in range(_MOST_PARTS):
        rest = _REST.match(text, end)
        if rest is None or _NEXT.match(rest[0]):
            break
        end = rest.end()
    return end - len(text[:end]) + len(text[:end].rstrip(" ,.\n"))
