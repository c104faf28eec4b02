"""Whose idea a call is: the owner's, or that of a text the operator has read.

Files, web pages, mails and memories may hold instructions of others, and a model may obey them. So once such a text
was read, what a call aims at has to stand in the owner's own words; otherwise the call is tainted, and a person is
asked. Nothing is guessed from what a text means: values are looked up, letter by letter, in any language.

The idea is that of information flow control: what is trusted may steer, what is not may only fill in (Debenedetti et
al., "Defeating Prompt Injections by Design", 2025; Costa et al., "Securing AI Agents with Information-Flow Control",
2025). Both follow values through a plan; here they are compared, which needs no plan, and asks more often.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, time
from enum import Enum
from functools import lru_cache
from typing import Any, Literal, TypeVar, get_args, get_origin

from pydantic import BaseModel

from metahuman.state.acting import Acting
from metahuman.tools.tool import Arguments, Tool, exactly

A = TypeVar("A", bound=Arguments)

#: A date or a time of day: the owner says "tomorrow", and the model works it out.
_MOMENT = re.compile(r"(\d{4}-\d{2}-\d{2})?([T ]?\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?)?(Z|[+-]\d{2}:?\d{2})?")
_NUMBER = re.compile(r"\d+(?:[.,'\u2019]\d{3})*(?:[.,]\d+)?")
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://")
#: So many words in a row are no chance.
ROW = 3
_MARKS = ".,;:!?()[]\"'"
#: What holds the parts of an address, a path or a number together.
_JOINS = frozenset("._-@/\\+~%&=#")
#: From this character on, many scripts write words without spaces between them.
_UNSPACED = 0x0E00


def taint(tool: Tool[A], arguments: A, acting: Acting) -> str | None:
    """Tell why a call may follow from words that are not the owner's.

    Reading is never tainted: what may be read is for the paths and hosts of the policy to say. A call that writes is
    judged by what it aims at (a path, an id, a name): what it puts there may be made of anything, since "summarise this
    into notes.md" is just that. If it is of low risk, such as a task of the owner's own list, it may also aim at words
    that the model found, unless they were copied. A call that runs or sends something is judged by every argument,
    since its text may carry off what was read. A call with nothing of the owner's in it is tainted too.

    Args:
        tool: What is called.
        arguments: With what.
        acting: What the owner said, and what was read in this turn.

    Returns:
        A sentence that names the argument and where it is from, never its value; None where all is the owner's.
    """
    sends = bool(tool.hosts(arguments))
    if not acting.seen or (tool.effect == "read" and not sends):
        return None
    owner, others = _Words(acting.said), _Words(acting.seen)
    paths = {touch.path for touch in tool.touches(arguments)}
    steering = [
        (name, value)
        for name, given in _counted(tool, arguments, paths, whole=sends or tool.effect != "write").items()
        for value in _leaves(given)
        if not _says_nothing(value)
    ]
    mild = tool.risk == "low" and tool.effect == "write" and not sends
    for name, value in steering:
        if mild and isinstance(value, str) and not _copied(value, owner, others):
            continue
        if not _owners(value, owner, others, is_path=value in paths):
            return _reason(name, others.where(value))
    return None if steering else "nothing in this call stands in your words, and texts of others were read before"


def _reason(name: str, where: int | None) -> str:
    if where is None:
        return f"{name} does not stand in your words, and texts of others were read before"
    return f"{name} stands in a text that was read ({where + 1}. of this turn), not in your words"


def _counted(tool: Tool[A], arguments: A, paths: set[str], *, whole: bool) -> Mapping[str, Any]:
    """Return the arguments that steer: all of them, or the targets where the tool names any."""
    other = arguments.model_dump(mode="json", exclude_defaults=True)
    given = {name: value for name, value in arguments if name in other and not _is_closed(arguments, name)}
    if whole:
        return given
    named = set() if tool.pattern is exactly else set(tool.pattern(arguments))
    targets = {name: value for name, value in given.items() if name in named or paths & set(map(str, _leaves(value)))}
    return targets or given


def _is_closed(arguments: Arguments, name: str) -> bool:
    """Tell whether an argument is one of few values that its tool lists."""
    field = type(arguments).model_fields.get(name)
    kinds = {field.annotation, *get_args(field.annotation)} if field else set()
    return any(get_origin(kind) is Literal or (isinstance(kind, type) and issubclass(kind, Enum)) for kind in kinds)


def _leaves(value: Any) -> Iterator[Any]:
    """Yield the texts and numbers within a value; keys too, where it is the model who makes them up."""
    if isinstance(value, BaseModel):
        for _, item in value:
            yield from _leaves(item)
    elif isinstance(value, Mapping):
        yield from value
        for item in value.values():
            yield from _leaves(item)
    elif isinstance(value, (list, tuple, set, frozenset)):
        for item in value:
            yield from _leaves(item)
    else:
        yield value


def _says_nothing(value: Any) -> bool:
    """Tell whether a value says nothing by itself: yes, no, nothing at all, one of a list, a date."""
    if isinstance(value, str):
        return bool(_MOMENT.fullmatch(value.strip()))
    return value is None or isinstance(value, (bool, Enum, date, time))


def _copied(text: str, owner: _Words, others: _Words) -> bool:
    """Tell whether words in a row, or all if they are few, stand in others' texts and not in the owner's words."""
    words = text.split()
    ends = range(min(ROW, len(words)), len(words) + 1)
    rows = [" ".join(words[max(end - ROW, 0) : end]).strip(_MARKS) for end in ends]
    return any(others.where(row) is not None and owner.where(row) is None for row in rows)


def _owners(value: Any, owner: _Words, others: _Words, *, is_path: bool) -> bool:
    """Tell whether a value is the owner's: said as it is, or a path to what was said that nobody else named."""
    if owner.where(value) is not None:
        return True
    return is_path and others.where(value) is None and _leads_to(str(value), owner, others)


def _leads_to(path: str, owner: _Words, others: _Words) -> bool:
    """Tell whether a path ends at a name that was said, or at one of nobody's in a folder that was said."""
    *above, name = [part for part in re.split(r"[/\\]", path) if part not in ("", ".", "..", "~")] or [""]
    if owner.where(name) is not None:
        return True
    return others.where(name) is None and any(owner.where(folder) is not None for folder in above[-1:])


class _Words:
    """Texts in which values are looked up.

    Args:
        texts: As they were said or read.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = [_plain(text) for text in texts]

    def where(self, value: Any) -> int | None:
        """Return the number, from 0, of the first text that a value stands in."""
        if isinstance(value, (int, float)):
            return self._first(lambda text: abs(value) in _numbers(text))
        wanted = _address(_plain(str(value)))
        return self._first(lambda text: bool(wanted) and _stands(wanted, text))

    def _first(self, fits: Callable[[str], bool]) -> int | None:
        return next((number for number, text in enumerate(self._texts) if fits(text)), None)


@lru_cache(maxsize=64)
def _plain(text: str) -> str:
    """Return a text without what makes no difference: forms of letters, capitals, how long a blank is."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _address(text: str) -> str:
    """Return an address as people write it: without its scheme and the slash at its end; other texts as they are."""
    short = _ADDRESS.sub("", text, count=1).rstrip("/") if _ADDRESS.match(text) else text.removeprefix("./")
    return short or text


def _numbers(text: str) -> set[float]:
    """Return the numbers in a text, read both ways: 1,200.50 and 1.200,50."""
    digits = [re.sub(r"[^\d.,]", "", found) for found in _NUMBER.findall(text)]
    ways = [way for one in digits for way in (one.replace(",", ""), one.replace(".", "").replace(",", "."))]
    return {float(way) for way in ways if way.count(".") <= 1}


def _stands(wanted: str, text: str) -> bool:
    """Tell whether a value stands in a text by itself: not as a part of a longer word, address or path."""
    start = text.find(wanted)
    while start >= 0:
        before, after = text[max(start - 2, 0) : start], text[start + len(wanted) :][:2]
        if not (_joined(before[::-1], wanted[0]) or _joined(after, wanted[-1])):
            return True
        start = text.find(wanted, start + 1)
    return False


def _joined(beside: str, edge: str) -> bool:
    """Tell whether a value's first or last character goes on in the two beside it, the nearest first."""
    if not beside:
        return False
    if beside[0] in _JOINS:
        return beside[1:].isalnum()
    return beside[0].isalnum() and edge.isalnum() and max(ord(beside[0]), ord(edge)) < _UNSPACED
