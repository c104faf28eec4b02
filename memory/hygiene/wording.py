"""Texts taken apart for the rules of hygiene: plain letters, sentences, words."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_PLAIN = str.maketrans(
    {"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u201e": '"', "\u00ab": '"', "\u00bb": '"'}
)
#: A full stop after a title ends no sentence.
_END = re.compile(r"(?<=[.!?\u2026])(?<!\bDr\.)(?<!\bMr\.)(?<!\bMs\.)(?<!\bSt\.)(?<!\bMrs\.)(?<!\bProf\.)\s+|\n+")
_WORD = re.compile(r"[^\W_]+(?:['.@:+/-][^\W_]+)*")
_SHORT = {
    "i'm": "i am", "im": "i am", "i've": "i have", "i'd": "i would", "i'll": "i will",
    "you're": "you are", "you've": "you have", "we're": "we are", "we've": "we have", "they're": "they are",
    "he's": "he is", "she's": "she is", "it's": "it is", "that's": "that is", "what's": "what is",
    "isn't": "is not", "aren't": "are not", "wasn't": "was not", "weren't": "were not",
    "don't": "do not", "dont": "do not", "doesn't": "does not", "didn't": "did not",
    "can't": "can not", "cannot": "can not", "won't": "will not", "haven't": "have not", "hasn't": "has not",
}  # fmt: skip
_WRITTEN_OUT = {word: tuple(written.split()) for word, written in _SHORT.items()}
#: Texts whose words are kept in mind: whoever judges one asks for them again and again.
RECENT = 64
#: Words whose presence changes nothing of what a sentence says.
LIGHT = frozenset(
    word
    for words_of_a_language in (
        "a an the really very so just quite totally truly honestly actually basically simply absolutely still",
        "der die das ein eine einen wirklich sehr",
        "el la los las un una muy le les une très",
    )
    for word in words_of_a_language.split()
)
_OPENS = (
    r"ok|okay|oh|hey|hi|hello|well|so|yeah|actually|btw|fyi|anyway|honestly|and|but|by the way|just so you know"
    r"|just to let you know|for the record|for your information|(?:please )?remember(?: that)?|please note(?: that)?"
    r"|to be clear|as you know|(?:as|like) (?:i|we) (?:said|told you|mentioned)(?: before| already)?|übrigens|ach ja"
    r"|por cierto|au fait|currently|now|nowadays|these days|right now|at the moment|from now on|as of (?:today|now)"
)
_OPENS_WITH_COMMA = (
    r"yes|no|nope|look|listen|also|again|note|sorry|update|correction|guess what|(?:good|great|big) news|bueno|bon"
)
#: What people begin with before they come to the matter.
_OPENING = re.compile(
    rf"(?:(?:{_OPENS})(?:\s*[,:;.!\u2026-]+\s*|\s+)|(?:{_OPENS_WITH_COMMA})\s*[,:;.!\u2026-]+\s*)+", re.IGNORECASE
)


def plain(text: str) -> str:
    """Return `text` with straight quotes and composed letters, as the rules are written."""
    return unicodedata.normalize("NFC", text).translate(_PLAIN)


def sentences(text: str) -> list[str]:
    """Return the sentences of a text; a new line ends one too."""
    return [part for part in (piece.strip() for piece in _END.split(text)) if part]


def opened(text: str) -> str:
    """Return a text from where it comes to the matter."""
    found = _OPENING.match(text)
    return text[found.end() :] if found else text


def words(text: str) -> list[str]:
    """Return the words of a text in lower case, its short forms written out."""
    return list(_words(text))


@lru_cache(RECENT)
def _words(text: str) -> tuple[str, ...]:
    found = _WORD.findall(plain(text).casefold())
    return tuple(word for each in found for word in _WRITTEN_OUT.get(each) or (each,))


def weighty(text: str) -> list[str]:
    """Return the words of a text that say something, in order; what it opens with is left out."""
    return [word for word in words(opened(plain(text))) if word not in LIGHT]
