"""Who and where a text is about: people, places, organisations, and what is told of somebody's age, work and days.

There is no model in it. A name is a row of words with capital letters; what it names is told by Faker's lists
(`name_lists.py`) and by the words around it (`name_words.py`). Where the whole text is in small letters, only listed
names count.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from metahuman.memory.curation import name_words as words
from metahuman.memory.curation.identifiers import DATE, identifiers_in
from metahuman.memory.curation.name_lists import Lists, lists
from metahuman.memory.curation.secrets import apart
from metahuman.state.secrets import Found

_WORD = re.compile(r"[^\W\d_](?:\w|['\u2019&\-](?=\w))*")
_SENTENCE = re.compile(r"(?:^|[.!?\n\"“”(]\s*|^\W+)$")
_OWNS = re.compile(r"['\u2019]s$")
_TIME = r"(?:\s\d{1,2}:\d{2}(?::\d{2})?(?:\s?[ap]\.?m\.?)?)?"
_DAYS = re.compile(
    rf"(?i)(?<![\w.])(?:{DATE}{_TIME}|(?:mon|tues|wednes|thurs|fri|satur|sun)day|(?<=in )(?:19|20)\d\d"
    rf"|(?<=of )(?:19|20)\d\d|(?<=\ba )(?:19|20)\d\d(?=\s[^\W\d])|\d{{1,2}}:\d{{2}}\s?[ap]\.?m\.?)(?![\w/-])"
)
_AGE = re.compile(
    r"(?i)(?:(?:turn(?:s|ed|ing)?|aged?|age\sof|(?:he|she|i)\swas|when\s(?:he|she|i)\swas|i'?m|i\sam|(?:he"
    r"|she)\sis|(?:he|she)'s)\s(?P<a>\d{1,3})(?=\W*$|[.,!?;]|\s(?:y/?o\b|years?\b|and\b|now\b|this\b|today\b|in\b"
    r"|on\b|last\b|yesterday\b))"
    r"|\b(?P<b>\d{1,3})(?=[\s-](?:years?|yrs?)[\s-]old\b|\s?y/?o\b|[\s-]year[\s-]old))"
)
_JOB_LINE = re.compile(r"(?:^|\n)(?P<name>[^\W\d_][^\n\d:@?!]{2,40})\n\n?(?P<job>[^\W\d_][^\n\d:@?!.]{2,60})(?=\n)")
_JOB_OF = re.compile(r",\s(?:the|our|my|an?)\s(?P<job>[\w' -]{3,40}?)\s?,\s(?:said|says|told|who)\b")


def names_in(text: str) -> list[Found]:
    """Return the names in a text and what is told of people, in order and apart.

    Args:
        text: Any text; English is understood best.

    Returns:
        What was found; `kind` is one of person, place, organisation, nationality, title, age and date. What
        `identifiers_in` finds is left out.

    Raises:
        SettingError: The extra `ner` is not installed.
    """
    taken = identifiers_in(text)
    found = [*_days_and_ages(text), *_titles(text, lists()), *_named(text, lists())]
    return apart([one for one in found if not any(_meet(one, other) for other in taken)])


def _meet(one: Found, other: Found) -> bool:
    return one.start < other.end and other.start < one.end


def _days_and_ages(text: str) -> Iterator[Found]:
    yield from (Found("date", *match.span()) for match in _DAYS.finditer(text))
    for match in _AGE.finditer(text):
        group = "a" if match["a"] else "b"
        if int(match[group]) <= 120:
            yield Found("age", *match.span(group))


def _titles(text: str, known: Lists) -> Iterator[Found]:
    """Yield how people are addressed, and their work where it stands under or beside their name."""
    yield from (Found("title", *match.span()) for match in words.HONORIFIC.finditer(text))
    for match in _JOB_OF.finditer(text):
        yield Found("title", *match.span("job"))
    for match in _JOB_LINE.finditer(text):
        if any(word.casefold() in known.first | known.last for word in match["name"].split()) or match.start() == 0:
            firm = len(match["job"].split()) < 2 or _is_firm(match["job"])
            yield Found("person", *match.span("name"))
            yield Found("organisation" if firm else "title", *match.span("job"))


def _is_firm(text: str) -> bool:
    return any(word in words.ORGANISATION for word in re.findall(r"\w+", text.casefold())) or " & " in text


def _named(text: str, known: Lists) -> Iterator[Found]:
    for row in filter(None, _rows(text, known)):
        begins = bool(_SENTENCE.search(text[max(0, row[0].start() - 6) : row[0].start()]))
        while row and _is_plain(row[0][0], known, begins=begins):
            row, begins = row[1:], False
        while row and _is_plain(row[-1][0], known, begins=False):
            row = row[:-1]
        if len(row) == 1 and row[0][0].islower() and not _stands_alone(row[0][0], known):
            continue
        if row and (kind := _kind(text, row, known, begins=begins)):
            yield Found(kind, row[0].start(), row[-1].end() - 2 * bool(_OWNS.search(row[-1][0])))


def _rows(text: str, known: Lists) -> Iterator[list[re.Match[str]]]:
    """Yield the words with capital letters that stand side by side, with the small ones between them."""
    row: list[re.Match[str]] = []
    small = not any(map(str.isupper, text))
    for match in _WORD.finditer(text):
        if row and (not _goes_on(text[row[-1].end() : match.start()], row[-1][0]) or _OWNS.search(row[-1][0])):
            yield _trimmed(row)
            row = []
        word = match[0]
        if _may_be_name(word, known) if small else word[0].isupper():
            row.append(match)
        elif not (row and word in words.PARTICLES):
            yield _trimmed(row)
            row = []
        else:
            row.append(match)
    yield _trimmed(row)


def _trimmed(row: list[re.Match[str]]) -> list[re.Match[str]]:
    while row and row[-1][0] in words.PARTICLES:
        row = row[:-1]
    return row


def _goes_on(gap: str, word: str) -> bool:
    """Tell whether a name may go on over what stands between two words: a space, or the point of an initial."""
    return gap in (" ", "  ", " & ") or (gap in (". ", ".") and len(word) <= 2)


def _may_be_name(word: str, known: Lists) -> bool:
    low = _OWNS.sub("", word).casefold()
    listed = low in known.first or low in known.places or low in words.NATIONS or low in known.last
    return len(low) > 2 and listed and low not in known.ordinary and low not in words.NEVER


def _stands_alone(word: str, known: Lists) -> bool:
    """Tell whether a word in small letters is a name without another beside it; family names are words too often."""
    return _OWNS.sub("", word).casefold() in known.first | known.places | words.NATIONS


def _is_plain(word: str, known: Lists, *, begins: bool) -> bool:
    """Tell whether a word only looks like a name; the first of a sentence always has a capital letter."""
    low = re.sub(r"['\u2019](?:s|ll|d|m|re|ve)$", "", word.casefold())
    if low in words.NEVER or word.casefold() in words.NEVER or low in words.DIRECTIONS:
        return True
    return begins and low in known.ordinary and low not in known.first


def _kind(text: str, row: list[re.Match[str]], known: Lists, *, begins: bool) -> str | None:
    """Return what a row of words names; None for none."""
    lows = [_OWNS.sub("", match[0]).casefold() for match in row]
    before, after = text[max(0, row[0].start() - 40) : row[0].start()], text[row[-1].end() :][:60]
    whole = " ".join(lows)
    if len(row) == 1 and lows[0] in words.NATIONS:
        return "nationality"
    if lows[-1] in words.THINGS or (len(row) > 1 and before.endswith(('"', "“")) and after.startswith(('"', "”"))):
        return None
    if lows[-1] in words.ORGANISATION or whole in words.KNOWN_FIRMS or words.AFTER_FIRM.match(after):
        return "organisation"
    person = _is_listed(lows, known) and not (len(row) == 1 and lows[0] in known.ordinary)
    if whole in known.places and not (person and not words.BEFORE_PLACE.search(before)):
        return "place"
    return _by_context(before, after, row, person=person, begins=begins, known=known)


def _is_listed(lows: list[str], known: Lists) -> bool:
    return any(low in known.first for low in lows) or (lows[-1] in known.last and len(lows[-1]) > 2)


def _by_context(
    before: str, after: str, row: list[re.Match[str]], *, person: bool, begins: bool, known: Lists
) -> str | None:
    """Return what a name names that no list decides alone."""
    if words.BEFORE_FIRM.search(before):
        return "organisation"
    if words.AFTER_PLACE.match(after) and not person:
        return "place"
    if person:
        return "person" if not begins or len(row) > 1 or _is_first(row[0][0], known) else None
    told = words.BEFORE_PERSON.search(before) or words.AFTER_PERSON.match(after)
    if begins:
        ordinary = any(match[0].casefold() in known.ordinary for match in row)
        return "person" if not ordinary and (len(row) in (2, 3) or told) and not _is_shout(row) else None
    if words.BEFORE_PLACE.search(before) and not re.search(r"(?i)\bto\s$", before):
        return "place"
    if _is_shout(row):
        return "place" if words.BEFORE_PLACE.search(before) else None
    return "person" if len(row) <= 3 else "organisation"


def _is_first(word: str, known: Lists) -> bool:
    low = _OWNS.sub("", word).casefold()
    return low in known.first and low not in known.ordinary


def _is_shout(row: list[re.Match[str]]) -> bool:
    return all(match[0].isupper() for match in row) and len(row[0][0]) > 1
