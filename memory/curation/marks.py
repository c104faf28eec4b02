"""Marks between the parts of a transcript: the tokens of chat templates, and tags in angle or square brackets."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

from metahuman.memory.curation.prose import mostly_sentences
from metahuman.memory.curation.spans import Cut, Kind
from metahuman.memory.curation.vocabulary import BESIDE, WEAK, is_identifier, machine_of, parted, speaker_of

#: What begins at a mark. `say`: a speaker's words; `drop`: a machine's; `resume`: what stood before the machine's;
#: `end`: what is nobody's; `void`: the mark alone goes.
Act = Literal["say", "drop", "resume", "end", "void"]


class Mark(NamedTuple):
    """A mark, and what begins there.

    Args:
        start: Where the mark begins.
        end: Where it ends.
        act: What begins.
        kind: What of a machine's it is, where it drops.
        guess: Whether what is dropped may end before the next mark.
    """

    start: int
    end: int
    act: Act
    kind: Kind = "role"
    guess: bool = False


_TOKEN = re.compile(r"<[|\uff5c]([^<>|\uff5c\n]{1,60})[|\uff5c]>|<(/?(?:start_of_turn|end_of_turn|bot_end|end_code|bos|eos|s))>")
_HEADER = re.compile(r"[ \t]*([^<\n]{0,120})")
_BEGINS_TURN = frozenset("im_start start_header_id header_start start_of_role start start_of_turn role_start".split())
_VOID = frozenset("message constrain begin_of_text end_header_id header_end end_of_role bos s role_end".split())
_ENDS = re.compile(r"(?:^|[_\u2581/-])(?:end|eot|eom|eos|endoftext|stop)(?:$|[_\u2581-])|^/", re.IGNORECASE)
_TAG = re.compile(
    r"(?<![`\w])<(?P<close>/?)(?P<name>[A-Za-z][\w.:=-]{0,80})(?P<with>(?:\s[^<>]{0,2000})?)(?P<empty>/?)>"
    r"|\[(?P<shut>/?)(?P<square>[A-Z][A-Z_]{2,40})\]|<<(?P<out>/?)(?P<sys>SYS)>>"
)
_ROLE = re.compile(r"\b(?:role|from|speaker|author|sender|type)\s*=\s*[\"']?([\w-]+)")
_HTML = frozenset(
    "a abbr address article aside audio b blockquote body br button canvas caption center code col dd del details div"
    " dl dt em embed fieldset figcaption figure font footer form h1 h2 h3 h4 h5 h6 head header hr html i iframe img"
    " input ins kbd label legend li link main mark menu meta nav ol option p pre q s samp script section select small"
    " source span strong style sub summary sup svg table tbody td textarea tfoot th thead time title tr u ul var video".split()
)
_SHELLS = frozenset("bash python shell execute sql terminal".split())
_WRAPS = frozenset("conversation dialog dialogue transcript history chat thread exchange".split())

Class = Literal["say", "block", "weak", "void", "pair"]


class _Tag(NamedTuple):
    start: int
    end: int
    name: str
    closes: bool
    empty: bool
    role: str
    square: bool


def tokens_in(text: str) -> Iterator[Mark]:
    """Yield the marks of chat templates."""
    for found in _TOKEN.finditer(text):
        yield _token(found, text)


def _token(found: re.Match[str], text: str) -> Mark:
    name = (found[1] or found[2]).strip().replace("\u2581", "_").lower()
    if name in _BEGINS_TURN or name == "channel":
        header = _HEADER.match(text, found.end())
        return _turn(found.start(), header) if header else Mark(*found.span(), "void")
    if name in _VOID:
        header = _HEADER.match(text, found.end()) if name == "constrain" else None
        return Mark(found.start(), header.end() if header else found.end(), "void")
    words = parted(name)
    kind = machine_of(words)
    if _ENDS.search(name):
        return Mark(*found.span(), "resume" if kind else "end")
    if kind:
        return Mark(*found.span(), "drop", kind)
    speaks = speaker_of(word for word in words if word != "token") or "response" in words
    return Mark(*found.span(), "say" if speaks else "void")


def _turn(start: int, header: re.Match[str]) -> Mark:
    """Return the mark of a turn whose speaker is named after it."""
    words = parted(header[1])
    kind = machine_of(words)
    if kind or not (words[:1] == ["final"] or speaker_of(words[:1])):
        return Mark(start, header.end(), "drop", kind or "system prompt")
    return Mark(start, header.end(), "say")


def tags_in(text: str) -> tuple[list[Mark], list[Cut]]:
    """Return the marks that tags make, and the blocks between two of them that are a machine's."""
    tags = [tag for found in _TAG.finditer(text) if (tag := _tag(found)).name not in _HTML or tag.role]
    closing = _pairs(tags)
    marks, cuts, inside = list[Mark](), list[Cut](), -1
    for place, tag in enumerate(tags):
        if tag.start < inside:
            continue
        last = tags[closing[place]] if place in closing else None
        cut = _block(tag, last, text)
        if cut:
            cuts.append(cut)
            inside = cut.end
        else:
            marks += _mark(tag, closed=last is not None)
    return marks, cuts


def _tag(found: re.Match[str]) -> _Tag:
    name = found["name"] or found["square"] or found["sys"]
    role = _ROLE.search(found["with"] or "")
    closes = bool(found["close"] or found["shut"] or found["out"])
    said = "system" if found["sys"] else name.lower()
    square = bool(found["square"])
    return _Tag(*found.span(), said, closes, bool(found["empty"]), role[1] if role else "", square)


def _pairs(tags: list[_Tag]) -> dict[int, int]:
    """Return which tag closes which, both by their place."""
    opened, pairs = dict[str, list[int]](), dict[int, int]()
    for place, tag in enumerate(tags):
        name = tag.name.split("=")[0]
        if tag.closes and opened.get(name):
            pairs[opened[name].pop()] = place
        elif not tag.closes and not tag.empty:
            opened.setdefault(name, []).append(place)
    return pairs


def _class(tag: _Tag) -> tuple[Class, Kind]:
    """Return what a tag stands for."""
    said = parted(tag.name.rpartition(":")[2].split("=")[0])
    words = parted(tag.role) if tag.role and not machine_of(said) else said
    kind = machine_of(words)
    if tag.name == "inst" or speaker_of(words):
        return "say", "role"
    if kind or not _SHELLS.isdisjoint(words):
        return "block", kind or "tool call"
    if words and (_WRAPS & set(words) or all(word in BESIDE for word in words)):
        return "void", "role"
    if words and all(word in WEAK for word in words):
        return "weak", machine_of(words, weak=True) or "tool result"
    return "pair", "tool call"


def _block(tag: _Tag, last: _Tag | None, text: str) -> Cut | None:
    """Return what goes from a tag to the one that closes it; None where nothing does."""
    kind, what = _class(tag)
    if tag.closes or (not last and not (tag.empty and kind == "block")):
        return None
    end = last.end if last else tag.end
    named = kind == "pair" and is_identifier(tag.name) and not tag.square
    weak = kind == "weak" and not mostly_sentences(text[tag.end : last.start if last else tag.end])
    return Cut(what, tag.start, end) if kind == "block" or named or weak else None


def _mark(tag: _Tag, *, closed: bool) -> list[Mark]:
    kind, what = _class(tag)
    if kind == "say":
        ends = tag.closes and tag.name != "inst"
        return [Mark(tag.start, tag.end, "end" if ends else "say")]
    if kind == "block":
        if tag.closes:
            return [Mark(tag.start, tag.end, "resume", what, guess=what == "reasoning")]
        return [Mark(tag.start, tag.end, "drop", what, guess=True)]
    return [Mark(tag.start, tag.end, "void")] if kind == "void" or (kind == "weak" and closed) else []
