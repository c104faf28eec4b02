"""Marks between the parts of a transcript: the tokens of chat templates, and tags in angle or square brackets."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

from metahuman.memory.curation.prose import mostly_sentences
from metahuman.memory.curation.spans import Cut, Kind
from metahuman.memory.curation.vocabulary import BESIDE, WEAK, is_identifier, machine_of, parted, speaker_of, words_of

#: What begins at a mark. `say`: a speaker's words; `drop`: a machine's; `resume`: what stood before the machine's;
#: `end`: what is nobody's; `void`: the mark alone goes.
Act = Literal["say", "drop", "resume", "end", "void"]
#: Characters of a line before a mark in which a backtick is looked for.
QUOTED = 200


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


_TOKEN = re.compile(
    r"<[|\uff5c]([^<>|\uff5c\n]{1,60})[|\uff5c]>|<(/?(?:start_of_turn|end_of_turn|bot_end|end_code|bos|eos|sop|s))>"
)
_HEADER = re.compile(r"[ \t]*([^<\n]{0,120})")
_NAMED = re.compile(r"[a-z_]{1,20}(?=<[|\uff5c])")
_BEGINS_TURN = words_of("im_start start_header_id header_start start_of_role start start_of_turn role_start from")
_VOID = words_of("message content constrain begin_of_text end_header_id header_end end_of_role bos s sop role_end")
_ENDS = re.compile(r"(?:^|[_\u2581/-])(?:end|eot|eom|eos|endoftext|stop)(?:$|[_\u2581-])|^/", re.IGNORECASE)
_TAG = re.compile(
    r"(?:(?<![`\w])|(?=</))<(?P<close>/?)(?P<name>[A-Za-z][\w.:=-]{0,80})(?P<with>(?:\s[^<>]{0,2000})?)(?P<empty>/?)>"
    r"|\[(?P<shut>/?)(?P<square>[A-Z][A-Z_]{2,40})\]|<<(?P<out>/?)(?P<sys>SYS)>>"
)
_ROLE = re.compile(r"\b(?:role|from|speaker|author|sender|type)\s*=\s*[\"']?([\w-]+)")
_HTML = words_of(
    "a abbr address article aside audio b blockquote body br button canvas caption center code col dd del div"
    " dl dt em embed fieldset figcaption figure font footer form h1 h2 h3 h4 h5 h6 head header hr html i iframe img"
    " input ins kbd label legend li link main mark menu meta nav ol option p pre q s samp script section select small"
    " source span strong style sub summary sup svg table tbody td textarea tfoot th thead time title tr u ul var video"
)
#: Names in angle brackets that are HTML's, or a chat template's.
_NO_TAGS = _HTML | {"start_of_turn", "end_of_turn", "bot_end", "end_code", "bos", "eos", "sop"}
_SUMMARY = re.compile(r"\s{0,8}<summary>([^<]{0,200})</summary>")
_SHELLS = words_of("bash python shell execute sql terminal")
_WRAPS = words_of("conversation dialog dialogue transcript history chat thread exchange")

Class = Literal["say", "block", "weak", "void", "pair"]


class _Tag(NamedTuple):
    start: int
    end: int
    name: str
    closes: bool
    empty: bool
    role: str
    square: bool
    first: bool


def tokens_in(text: str) -> Iterator[Mark]:
    """Yield the marks of chat templates."""
    for found in _TOKEN.finditer(text):
        if not _quoted(found, text):
            yield _token(found, text)


def _quoted(found: re.Match[str], text: str) -> bool:
    """Tell whether a mark stands between backticks: then a person speaks of it."""
    first = max(text.rfind("\n", max(found.start() - QUOTED, 0), found.start()) + 1, found.start() - QUOTED, 0)
    last = text.find("\n", found.end(), found.end() + QUOTED)
    before = text.count("`", first, found.start())
    return before % 2 == 1 and "`" in text[found.end() : last if last >= 0 else found.end() + QUOTED]


def _token(found: re.Match[str], text: str) -> Mark:
    name = (found[1] or found[2]).strip().replace("\u2581", "_").lower()
    if name in _BEGINS_TURN or name == "channel":
        header = _HEADER.match(text, found.end())
        return _turn(found.start(), header) if header else Mark(*found.span(), "void")
    if name == "recipient":
        header = _HEADER.match(text, found.end())
        to = header[1].strip().lower() if header else ""
        everybody = to in ("all", "user", "assistant", "")
        return Mark(
            found.start(), header.end() if header else found.end(), "void" if everybody else "drop", "tool call"
        )
    if name in _VOID:
        header = _HEADER.match(text, found.end()) if name == "constrain" else None
        return Mark(found.start(), header.end() if header else found.end(), "void")
    words = parted(name)
    kind = machine_of(words)
    if _ENDS.search(name):
        return Mark(*found.span(), "resume" if kind else "end")
    if kind:
        return Mark(*found.span(), "drop", kind)
    speaks = speaker_of(word for word in words if word not in ("token", "im")) or "response" in words
    named = _NAMED.match(text, found.end()) if speaks else None
    return Mark(found.start(), named.end() if named else found.end(), "say" if speaks else "void")


def _turn(start: int, header: re.Match[str]) -> Mark:
    """Return the mark of a turn whose speaker is named after it."""
    words = parted(header[1])
    kind = machine_of(words)
    if kind or not (words[:1] == ["final"] or speaker_of(words[:1])):
        return Mark(start, header.end(), "drop", kind or "system prompt")
    return Mark(start, header.end(), "say")


def tags_in(text: str) -> tuple[list[Mark], list[Cut]]:
    """Return the marks that tags make, and the blocks between two of them that are a machine's."""
    found = [each for each in _TAG.finditer(text) if not _quoted(each, text)]
    tags = [tag for each in found if (tag := _tag(each, text)).name not in _NO_TAGS or tag.role]
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


def _tag(found: re.Match[str], text: str) -> _Tag:
    name = found["name"] or found["square"] or found["sys"]
    role = _ROLE.search(found["with"] or "")
    closes = bool(found["close"] or found["shut"] or found["out"])
    said = "system" if found["sys"] else name.lower()
    square = bool(found["square"])
    first = not text[
        max(text.rfind("\n", max(found.start() - 8, 0), found.start()) + 1, found.start() - 8, 0) : found.start()
    ].strip()
    return _Tag(*found.span(), said, closes, bool(found["empty"]), role[1] if role else "", square, first)


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
    if tag.name == "details":
        return "weak", "role"
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
    if tag.name == "details":
        summary = _SUMMARY.match(text, tag.end)
        what = machine_of(parted(summary[1])) or what if summary else what
        return Cut(what, tag.start, last.end) if last and summary and machine_of(parted(summary[1])) else None
    if tag.closes or (not last and not (tag.empty and kind == "block")):
        return None
    end = last.end if last else tag.end
    named = kind == "pair" and is_identifier(tag.name) and not tag.square
    weak = kind == "weak" and not mostly_sentences(text[tag.end : last.start if last else tag.end])
    return Cut(what, tag.start, end) if kind == "block" or named or weak else None


def _mark(tag: _Tag, *, closed: bool) -> list[Mark]:
    """Return the mark that a tag makes; none for a word in brackets that stands in a sentence."""
    kind, what = _class(tag)
    paired = closed or tag.closes
    if kind == "say" and (paired or tag.name == "inst" or tag.first):
        ends = tag.closes and tag.name != "inst"
        return [Mark(tag.start, tag.end, "end" if ends else "say")]
    if kind == "block" and tag.closes:
        return [Mark(tag.start, tag.end, "resume", what, guess=what == "reasoning")]
    if kind == "block" and (tag.first or tag.square):
        return [Mark(tag.start, tag.end, "drop", what, guess=True)]
    return [Mark(tag.start, tag.end, "void")] if paired and kind in ("void", "weak") else []
