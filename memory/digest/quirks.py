"""Quirks: habits of language and behaviour that can be counted, and only those."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import NamedTuple

from metahuman.memory.digest.spread import apart
from metahuman.memory.hygiene.wording import plain
from metahuman.memory.recall.languages import language_of
from metahuman.memory.recall.words import fold
from metahuman.state.digesting import Noted

#: What shows in a share of the messages is told by at least so many of them.
MESSAGES = 8
#: Words from which on a message is long, up to which it is short, and from which on it says how somebody writes.
LONG, SHORT, SOME = 120, 6, 4
_WORD = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)*")
_EMOJI = re.compile(r"[\U0001f300-\U0001faff\u2600-\u27bf]|(?<!\w)[:;]-?[)(DP](?!\w)")
_CODE = re.compile(r"[{}<>\\]|```|\w\(|://")


class Quirk(NamedTuple):
    """A habit.

    Args:
        text: What is said of it.
        shows: Tells whether a message shows it.
        counts: Tells whether a message could have shown it.
        share: Of the messages that could, this share has to; 0 where it is enough that some are apart.
    """

    text: str
    shows: Callable[[str], bool]
    counts: Callable[[str], bool]
    share: float


def quirks(noted: Sequence[Noted]) -> list[tuple[str, list[int]]]:
    """Return the owner's habits, and the places of the memories in which each shows.

    Args:
        noted: The memories, oldest first.
    """
    own = [(place, one["said"]) for place, one in enumerate(noted) if one["own"] and one["said"]]
    found = list[tuple[str, list[int]]]()
    for quirk in QUIRKS:
        chances = [(place, text) for place, text in own if quirk.counts(text)]
        shown = [place for place, text in chances if quirk.shows(text)]
        enough = len(chances) >= MESSAGES and len(shown) >= quirk.share * len(chances)
        if apart(noted, shown) and (enough or not quirk.share):
            found.append((quirk.text, shown))
    _language.cache_clear()  # it holds what was said
    return found


def _any(_text: str) -> bool:
    return True


def _is_prose(text: str) -> bool:
    """Tell whether a message is a sentence or more, and no code: its spelling is its writer's own."""
    return _length(text) >= SOME and not _CODE.search(text)


def _has_case(text: str) -> bool:
    return _is_prose(text) and text.upper() != text.lower()


def _length(text: str) -> int:
    return len(_WORD.findall(text))


def _asks(pattern: str) -> Callable[[str], bool]:
    found = re.compile(pattern, re.IGNORECASE)
    return lambda text: bool(found.search(plain(text)))


def _in(language: str) -> Callable[[str], bool]:
    return lambda text: _language(text) == language


@lru_cache(maxsize=50_000)
def _language(text: str) -> str:
    return language_of([fold(word) for word in _WORD.findall(text)])


_BRIEF = (
    r"\b(?:keep (?:it|this|that|your answers?) (?:short|brief|concise|simple)|be (?:brief|concise|quick)"
    r"|in (?:brief|short)"
    r"|(?:short|brief|concise|quick|one[- ](?:line|sentence|word)) (?:answer|version|summary|reply|response)"
    r"|(?:answer|reply|explain|say it|summari[sz]e)(?: \w+){0,3} (?:briefly|shortly)|in (?:a|one|two|a single|a few)"
    r" (?:sentence|sentences|line|lines|words|word)|tl;?dr|no (?:long|lengthy) (?:answer|explanation|text)s?"
    r"|kurz(?:e antwort|fassung)?(?: bitte)?|fass dich kurz|breve|en (?:pocas palabras|bref)|sois bref)\b"
)
_DETAILED = (
    r"\b(?:in (?:more |full |great )?detail|more details?|detailed (?:answer|explanation|version)|be thorough"
    r"|(?:explain|go) (?:\w+ ){0,2}deeper|ausführlich(?:er)?|en (?:más )?detalle|en détail)\b"
)
_STEPS = r"\b(?:step[- ]by[- ]step|one step at a time|schritt für schritt|paso a paso|étape par étape)\b"
_EXAMPLES = (
    r"\b(?:(?:give|show)(?: \w+){0,2} (?:an? |some |more )?examples?|with (?:an? |some )?examples?"
    r"|for example\?|zum beispiel\?|mit beispiel(?:en)?|con (?:un )?ejemplos?|avec (?:un |des )?exemples?)"
)
_SOURCES = (
    r"\b(?:(?:your|the|any|with|cite|give) sources?|source\?|citations?|how do you know|where did you (?:read|get))\b"
)
_LISTS = (
    r"\b(?:bullet(?:ed)? (?:points?|list)|as a list|in a (?:list|table)|as a table|stichpunkt\w*|als liste|en lista)\b"
)
_SIMPLE = r"\b(?:in (?:simple|plain|layman'?s) (?:words|terms|english)|like i'?m (?:five|5)|eli5|einfach erklärt)\b"
_PLEASE = r"\b(?:please|pls|plz|bitte|por favor|s'il (?:te|vous) plaît)\b"
_THANKS = r"\b(?:thanks|thank you|thx|danke|gracias|merci)\b"
_REQUEST = (
    r"\b(?:can|could|would|will) you\b|^\W*(?:please |bitte )?(?:write|translate|explain|summari[sz]e|give|show"
    r"|make|create"
    r"|fix|list|find|add|help|tell|check|remind|open|send|schreib|erklär|zeig|gib|mach)\w*\b|\b(?:please|bitte)\b"
)

QUIRKS = (
    Quirk("writes without capital letters", lambda text: text == text.lower(), _has_case, 0.8),
    Quirk("writes in capital letters", lambda text: text == text.upper(), _has_case, 0.5),
    Quirk("uses emoji", lambda text: bool(_EMOJI.search(text)), _any, 0.3),
    Quirk("uses exclamation marks", lambda text: "!" in text, _is_prose, 0.5),
    Quirk("trails off with dots", lambda text: bool(re.search(r"(?:\.\.\.|\u2026)(?:\s|$)", text)), _is_prose, 0.3),
    Quirk("writes in a few words", lambda text: _length(text) <= SHORT, _any, 0.8),
    Quirk("writes long messages", lambda text: _length(text) >= LONG, _any, 0.5),
    Quirk("says please", _asks(_PLEASE), _asks(_REQUEST), 0.6),
    Quirk("says thank you", _asks(_THANKS), _any, 0.3),
    Quirk("asks for short answers", _asks(_BRIEF), _any, 0),
    Quirk("asks for detail", _asks(_DETAILED), _any, 0),
    Quirk("asks for one step at a time", _asks(_STEPS), _any, 0),
    Quirk("asks for examples", _asks(_EXAMPLES), _any, 0),
    Quirk("asks where things are from", _asks(_SOURCES), _any, 0),
    Quirk("asks for lists and tables", _asks(_LISTS), _any, 0),
    Quirk("asks for simple words", _asks(_SIMPLE), _any, 0),
    *(
        Quirk(f"writes in {language.capitalize()}", _in(language), _is_prose, 0.3)
        for language in ("german", "french", "spanish", "italian", "portuguese", "dutch")
    ),
)
