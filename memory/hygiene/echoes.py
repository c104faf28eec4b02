"""What memory brought up, said once more: saved again, it would be recalled twice as often, and never grow old."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from metahuman.memory.hygiene.wording import LIGHT, opened, plain, sentences, words

#: Words in a row that two texts must share to be the same passage.
SHINGLE = 3
#: Nobody types so many words of a memory again by chance; fewer are an owner who says a thing again.
PASSAGE_WORDS = 25
#: What share of a text must stand in what was recalled; where two memories meet, no passage of either does.
MOSTLY = 0.8

_OPENS = re.compile(
    r"<(evidence|memor(?:y|ies)|(?:relevant|recalled|retrieved|user|past)[-_ ]?memor(?:y|ies)|memory[-_]context|recall"
    r"|context)\b[^>]{0,200}>",
    re.IGNORECASE,
)
_LIST = re.compile(
    r"^[#*\[\s]*(?:(?:here are |these are )?(?:some |the )?(?:relevant|recalled|retrieved|related|long[- ]term|stored"
    r"|past) (?:user )?memor(?:y|ies)|memory context|what (?:i|you) remember"
    r"|context from memory)[^\n]{0,60}[:\]]\**[ \t]*\n(?:[ \t]*[-*\u2022\d\[].*(?:\n|$))+",
    re.IGNORECASE | re.MULTILINE,
)
_QUOTING = re.compile(
    r"(?:>|(?:you (?:said|told me|mentioned|noted|wrote|remembered)|according to (?:my|your) (?:memory|memories|notes)"
    r"|from (?:my|your) (?:memory|memories|notes)|(?:i|you) remember(?:ed)?(?: that)?|my memory says)\b[:, ]*)",
    re.IGNORECASE,
)
_FRAME = re.compile(r"\b(?:they said|you answered):|\s/\s", re.IGNORECASE)
#: Words by which an answer turns a memory round: "I live" becomes "you live".
_TURNED = LIGHT.union(
    word
    for line in (
        "i you he she it we they me him her us them my your his its our their mine yours am is are was were be",
        "been being do does did have has had to of in on at for from with by as and or but that this there here",
        "then what which who when where why how said told mentioned remember remembered according memory memories",
        "know yes no not if so about into lives works likes loves",
    )
    for word in line.split()
)


def without_context(text: str) -> str:
    """Return a text without the blocks of memories that a program put before it."""
    if "memor" not in text.casefold() and "<" not in text:
        return text
    return _LIST.sub("", _without_blocks(text)).strip()


def _without_blocks(text: str) -> str:
    """Return a text without its marked blocks; what is opened and never closed stays."""
    parts, done, unclosed = list[str](), 0, set[str]()
    for found in _OPENS.finditer(text):
        tag = found[1].casefold()
        if found.start() < done or tag in unclosed:
            continue
        closing = re.compile(f"</{re.escape(tag)}>", re.IGNORECASE).search(text, found.end())
        if closing:
            parts.append(text[done : found.start()])
            done = closing.end()
        else:
            unclosed.add(tag)
    return "".join([*parts, text[done:]])


def is_passage(text: str, recalled: Sequence[str]) -> bool:
    """Tell whether a text is almost only what was recalled: pasted, quoted, or several memories at once.

    A short sentence that also stands in one memory is not: an owner who says a thing again means it.
    """
    lines = [line for line in sentences(plain(text)) if line]
    quoted = bool(lines) and all(_QUOTING.match(opened(line).lstrip()) for line in lines)
    said = words(_QUOTING.sub("", opened(plain(text)), count=1))
    if not recalled or len(said) < SHINGLE or not (quoted or len(said) >= PASSAGE_WORDS):
        return False
    known = {shingle for one in recalled for shingle in _shingles(words(_FRAME.sub(" ", plain(one))))}
    mine = list(_shingles(said))
    return sum(shingle in known for shingle in mine) >= MOSTLY * len(mine)


def repeats(answer: str, asked: str, recalled: Iterable[str]) -> bool:
    """Tell whether an answer has hardly a word that was not recalled or asked; it stays beside its question, unindexed.

    Where the memory it tells from is superseded one day, the answer must not go on saying what no longer holds.
    """
    known = {word for text in recalled for word in words(plain(text))}
    if not known:
        return False
    known |= set(words(asked))
    mine = [word for word in words(answer) if word not in _TURNED]
    return sum(word in known or _base(word) in known for word in mine) >= MOSTLY * len(mine)


def _base(word: str) -> str:
    return word.removesuffix("'s").removesuffix("s")


def _shingles(said: list[str]) -> Iterable[tuple[str, ...]]:
    return (tuple(said[place : place + SHINGLE]) for place in range(max(len(said) - SHINGLE + 1, 0)))
