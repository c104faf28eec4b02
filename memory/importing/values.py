"""Reading values of which nothing is known: a wrong one counts as none, and never stops an import."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, TextIO

from metahuman.state.files import whole

#: Characters that one conversation may take up: some hundred times the longest that people have had.
LONGEST = 64 * 2**20
#: Characters that are read at once.
STEP = 2**20
#: What can name a memory's file.
SAFE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,120}")
#: Years that a memory can be of: four digits, and room for a time zone on either side.
YEARS = range(1000, 9999)
#: What is said of an array that breaks off.
TAKEN = "; what came before was taken"
_DECODER = json.JSONDecoder()
_NOT_BLANK = re.compile(r"\S")


class BadJsonError(ValueError):
    """A file is not the JSON it seems to be."""


def elements(text: TextIO) -> Iterator[Any]:
    """Yield the elements of a JSON array one by one, each as it is read; of a file that is one object, the object.

    Holds one element at a time, and a little of the next. What comes before a mistake is yielded all the same.

    Raises:
        BadJsonError: Where the file is cut short, no JSON, or holds an element that is too long.
    """
    buffer = _Buffer(text)
    if buffer.sign() != "[":
        yield buffer.value()
        return
    buffer.drop()
    while buffer.sign() != "]":
        yield buffer.value()
        if buffer.sign() == ",":
            buffer.drop()
        elif buffer.sign() != "]":
            raise BadJsonError(f"two elements without a comma between them{TAKEN}")


class _Buffer:
    """The part of a text that is not used up yet."""

    def __init__(self, text: TextIO) -> None:
        self._text, self._held, self._at, self._ended = text, "", 0, False

    def sign(self) -> str:
        """Return the next character that is not blank."""
        while True:
            found = _NOT_BLANK.search(self._held, self._at)
            if found:
                self._at = found.start()
                return found[0]
            self._at = len(self._held)
            if self._ended:
                raise BadJsonError(f"cut short{TAKEN}")
            self._more(STEP)

    def drop(self) -> None:
        """Use up the next character."""
        self._at += 1

    def value(self) -> Any:
        """Use up the next value, and return it.

        Whether a value is wrong or merely not all there can not be told apart, so more is read until it fits: twice as
        much each time, so that a long one is not tried at every step.
        """
        self.sign()
        while True:
            try:
                value, end = _DECODER.raw_decode(self._held, self._at)
            except (ValueError, RecursionError) as error:
                self._read_on(error)
                continue
            if end < len(self._held) or self._ended:
                self._at = end
                return value
            self._more(STEP)  # a number may go on

    def _read_on(self, error: Exception) -> None:
        left = len(self._held) - self._at
        if isinstance(error, RecursionError):
            raise BadJsonError(f"nested too deeply{TAKEN}") from error
        if self._ended:
            raise BadJsonError(f"cut short, or no JSON{TAKEN}") from error
        if left > LONGEST:
            raise BadJsonError(f"no JSON, or one element longer than {LONGEST:,} characters{TAKEN}") from error
        self._more(max(STEP, left))

    def _more(self, count: int) -> None:
        read = self._text.read(count)
        self._ended = not read
        self._held, self._at = self._held[self._at :] + read, 0


def loads(text: str) -> Any:
    """Return the value that a text holds as JSON, whole characters only.

    Raises:
        BadJsonError: If it holds none.
    """
    try:
        return whole(json.loads(text))
    except RecursionError as error:
        raise BadJsonError("nested too deeply") from error
    except ValueError as error:  # Python reads numbers of up to 4,300 digits
        raise BadJsonError("not JSON") from error


def as_dict(value: object) -> dict[str, Any]:
    """Return an object, or an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def as_list(value: object) -> list[Any]:
    """Return a list, or an empty one for anything else."""
    return value if isinstance(value, list) else []


def as_text(value: object) -> str:
    """Return a text without blanks around it, and without halves of characters; an empty one for anything else."""
    return str(whole(value)).strip() if isinstance(value, str) else ""


def moment(value: object) -> datetime | None:
    """Return the moment that a value names: ISO 8601, or seconds or milliseconds since the epoch; None for none.

    What names no time zone is UTC.
    """
    try:
        found = _moment(value)
    except (ValueError, OverflowError, OSError):
        return None
    if found is None or found.year not in YEARS:
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found


def _moment(value: object) -> datetime | None:
    if isinstance(value, str):
        text = value.strip().removesuffix(" UTC")
        number = re.fullmatch(r"\d{9,}(\.\d+)?", text)
        return _moment(float(text)) if number else datetime.fromisoformat(text)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    seconds = value / 1000 if abs(value) > 1e11 else value  # 1e11 seconds are in the year 5138
    return datetime.fromtimestamp(seconds, UTC)


def own_id(value: object) -> str:
    """Return an id of the source's own, if it can name a memory's file; else ""."""
    return value if isinstance(value, str) and SAFE_ID.fullmatch(value) else ""


def name_of(source: str, day: str, *keys: str) -> str:
    """Return the id of an imported memory: the same whenever the same thing is imported.

    Args:
        source: Where it comes from, in a word.
        day: A day that the source itself tells; "" for none.
        keys: What tells it from all others of the source.
    """
    digest = hashlib.sha256("\0".join(keys).encode(errors="replace")).hexdigest()
    return "-".join(part for part in (source, day, digest[:20]) if part)
