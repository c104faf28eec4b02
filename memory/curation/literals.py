"""Values written down in a text: JSON, the literals and calls of Python, and what is almost one of these.

One pass from left to right. Where a value breaks off, its whole parts are found all the same, and reading goes on
from there: no text costs more than a few looks at each of its characters.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

#: The key under which a call keeps the name of what it calls: `f(x=1)` is read as `{"()": "f", "x": 1}`.
CALLED = "()"
#: Values may lie in one another so deep; what is deeper is no message.
DEEPEST = 200
#: So often JSON is looked for where there is none. The library counts the lines before each such place.
FAILURES = 200


class Literally(NamedTuple):
    """A value and where it stands.

    Args:
        start: Where it begins, in characters of the text.
        end: Where it ends; the character there is not of it.
        value: Dictionaries, lists, texts and scalars.
    """

    start: int
    end: int
    value: Any


_BEGINS = re.compile(r"[{\[]|(?<![\w.])[A-Za-z_][\w.]{0,80}\((?=\s*[\w\"'{\[)-])")
_TOKEN = re.compile(
    r"""\s*+(?:
      (?P<open>[{\[(]) | (?P<close>[}\])]) | (?P<comma>,) | (?P<colon>:)
    | (?P<string>[rbu]?"(?:[^"\\]++|\\.)*+"|[rbu]?'(?:[^'\\]++|\\.)*+')
    | (?P<number>-?\d[\d_]*+(?:\.\d++)?(?:[eE][+-]?\d++)?)
    | (?P<key>[A-Za-z_]\w*+\s*+=(?!=)) | (?P<call>[A-Za-z_][\w.]*+\() | (?P<word>[A-Za-z_$][\w$.-]*+)
    )""",
    re.VERBOSE | re.DOTALL,
)
_WORDS = {"true": True, "True": True, "false": False, "False": False, "null": None, "None": None, "NaN": None}
_CLOSES = {"{": "}", "[": "]", "(": ")"}
_ESCAPE = re.compile(r"\\(?:(?P<code>u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2})|(?P<sign>.))", re.DOTALL)
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "b": "", "f": "", "0": "", "\n": ""}
_DECODER = json.JSONDecoder(strict=False)

Awaits = Literal["item", "colon", "value", "comma"]


@dataclass
class _Frame:
    """A value that is open: what it holds so far, and what may come next."""

    start: int
    opener: str
    called: str = ""
    items: list[Any] = field(default_factory=list)
    pairs: dict[Any, Any] = field(default_factory=dict)
    whole: list[Literally] = field(default_factory=list)
    key: Any = None
    awaits: Awaits = "item"

    def take(self, value: Any) -> bool:
        """Put a value in; False where none may stand."""
        if self.opener == "{" and self.awaits == "item":
            self.key, self.awaits = value if isinstance(value, str | int | float) else None, "colon"
            return self.key is not None
        if self.awaits not in ("item", "value"):
            return False
        if self.awaits == "value":
            self.pairs[self.key] = value
        else:
            self.items.append(value)
        self.awaits = "comma"
        return True

    def value(self) -> Any:
        if self.called:
            return {CALLED: self.called, **self.pairs, **({"args": self.items} if self.items else {})}
        return self.pairs if self.opener == "{" else self.items


def literals_in(text: str) -> list[Literally]:
    """Return the dictionaries, lists and calls in a text, in order; none lies in another."""
    found, at, failed = list[Literally](), 0, 0
    while begin := _BEGINS.search(text, at):
        start = begin.start()
        strict = _strictly(text, start) if text[start] in "{[" and failed < FAILURES else None
        failed += strict is None
        values, at = ([strict], strict.end) if strict else _loosely(text, start)
        found += values
    return found


def _strictly(text: str, start: int) -> Literally | None:
    """Return the JSON that begins at a place; None where it is none."""
    try:
        value, end = _DECODER.raw_decode(text, start)
    except (ValueError, RecursionError):
        return None
    return Literally(start, end, value)


def _loosely(text: str, start: int) -> tuple[list[Literally], int]:
    """Return the values that begin at a place and are no strict JSON, and where to look for more."""
    frames, at = list[_Frame](), start
    while token := _TOKEN.match(text, at):
        kind, at = str(token.lastgroup), token.end()
        if not _step(frames, kind, token):
            break
        if frames and frames[-1].opener == "done":
            done = frames.pop()
            value = Literally(done.start, at, done.items[0])
            if not frames:
                return [value], at
            if not frames[-1].take(value.value):
                break
            frames[-1].whole.append(value)
        if len(frames) > DEEPEST:
            break
    parts = [value for frame in frames for value in frame.whole]
    return parts, max(at if not token else token.start(kind), start + 1)


def _step(frames: list[_Frame], kind: str, token: re.Match[str]) -> bool:
    """Take one token; False where it cannot stand. A frame that it closes is left as one that is done."""
    said, top = token[kind], frames[-1] if frames else None
    if kind in ("open", "call"):
        frames.append(_Frame(token.start(kind), said[-1], said[:-1]))
        return top is None or top.awaits in ("item", "value")
    if top is None:
        return False
    if kind == "close":
        return _close(frames, said)
    if kind == "key":
        good, top.key, top.awaits = bool(top.called) and top.awaits == "item", said.rstrip("= \t\n"), "value"
        return good
    if kind in ("colon", "comma"):
        good = top.awaits == kind and (kind == "comma" or top.opener == "{")
        top.awaits = "value" if kind == "colon" else "item"
        return good
    good, value = _scalar(kind, said, key=top.opener == "{" and top.awaits == "item")
    return good and top.take(value)


def _close(frames: list[_Frame], closer: str) -> bool:
    frame = frames[-1]
    if _CLOSES[frame.opener] != closer or frame.awaits in ("colon", "value"):
        return False
    frame.items, frame.opener = [frame.value()], "done"
    return True


def _scalar(kind: str, said: str, *, key: bool) -> tuple[bool, Any]:
    """Return whether a token is a value, and which."""
    if kind == "word":
        return key or said in _WORDS, said if key else _WORDS.get(said)
    if kind == "number":
        return True, float(said.replace("_", "")) if len(said) < 300 else 0.0
    return True, _string(said)


def _string(said: str) -> str:
    """Return what a quoted text says, by the escapes that JSON and Python share."""
    return _ESCAPE.sub(_unescaped, said[said.index(said[-1]) + 1 : -1])


def _unescaped(found: re.Match[str]) -> str:
    code = found["code"]
    return chr(int(code[1:], 16)) if code else _ESCAPED.get(found["sign"], found["sign"])
