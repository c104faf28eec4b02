"""Labelled messages: the lines that the classifier is made from, and that it is measured with."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from metahuman.state.errors import StoreError
from metahuman.state.files import whole
from metahuman.state.parts import DESTINATIONS, URGENCIES, Destination, Task, Urgency
from metahuman.state.routing import LAST_MESSAGES, Said, Situation


@dataclass(frozen=True)
class Example:
    """A message in its situation, and where it ought to go.

    Args:
        situation: The message and what went before.
        tasks: Its destinations, each with its own words; one task with the whole message for a single wish.
        urgency: How soon it has to be done.
        group: Examples of one group are alike, and never stand on both sides of a measurement.
        own: Whether the owner said so: such an example weighs more.
    """

    situation: Situation
    tasks: tuple[Task, ...]
    urgency: Urgency = "normal"
    group: str = ""
    own: bool = False

    @property
    def destinations(self) -> tuple[Destination, ...]:
        """Where it goes, each named once, in the order it is asked for."""
        return tuple(dict.fromkeys(task["destination"] for task in self.tasks))

    @property
    def label(self) -> Destination:
        """Where it goes first."""
        return self.tasks[0]["destination"]


def read_examples(path: Path) -> list[Example]:
    """Return the examples of a JSONL file: `text` with `to` or `tasks`, and if need be what went before.

    Args:
        path: One object a line: `text`; `to` (a destination) or `tasks` (a list of `destination` and `task`); and,
            optional, `earlier` (texts that start with "owner: " or "twin: "), `tools`, `focus`, `active`, `urgency`,
            `dialogue`.

    Raises:
        StoreError: If a line is not such an object; the error names the line.
    """
    try:
        lines = path.read_text(encoding="utf-8").split("\n")  # `splitlines` cuts at U+2028, which JSON may hold
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise StoreError(path, f"cannot be read: {reason}", "give a JSONL file") from error
    return list(_parsed(path, lines))


def _parsed(path: Path, lines: Iterable[str]) -> Iterator[Example]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            yield example_of(whole(json.loads(line)), path.stem)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            told = f"lacks {error}" if isinstance(error, KeyError) else str(error)
            raise StoreError(path, f"line {number}: {told}", f"`to` is one of {', '.join(DESTINATIONS)}") from error


def example_of(row: Mapping[str, Any], source: str) -> Example:
    """Return the example that one line of a file tells.

    Raises:
        ValueError, TypeError, KeyError: If it tells none.
    """
    text = _text(row["text"])
    tasks = row.get("tasks") or [{"destination": row["to"], "task": text}]
    group = f"{source} {row['dialogue']}" if "dialogue" in row else f"{source} {text[:24].casefold()}"
    return Example(
        situation=Situation(
            message=text,
            earlier=tuple(map(_said, row.get("earlier", [])[-LAST_MESSAGES:])),
            tools=tuple(map(_text, row.get("tools", []))),
            focus=_text(row.get("focus", "")),
            active=tuple(map(_text, row.get("active", []))),
        ),
        tasks=tuple(Task(destination=_destination(task["destination"]), task=_text(task["task"])) for task in tasks),
        urgency=cast(Urgency, _one_of(URGENCIES, row.get("urgency", "normal"), "urgency")),
        group=_text(row.get("group", group)),
        own=bool(row.get("own", False)),
    )


def as_row(example: Example) -> dict[str, Any]:
    """Return an example as a line of a file, without what went before it; `example_of` reads it back."""
    row: dict[str, Any] = {"text": example.situation.message, "group": example.group}
    if len(example.tasks) > 1 or example.tasks[0]["task"] != example.situation.message:
        row["tasks"] = [dict(task) for task in example.tasks]
    else:
        row["to"] = example.label
    return (
        row
        | ({"urgency": example.urgency} if example.urgency != "normal" else {})
        | ({"own": True} if example.own else {})
    )


def singles(examples: Iterable[Example]) -> list[Example]:
    """Return the examples, with each task of those that ask for several things as one more, on its own."""
    found = []
    for example in examples:
        found.append(example)
        if len(example.tasks) > 1:
            found += [Example(Situation(task["task"]), (task,), group=example.group) for task in example.tasks]
    return found


def _said(line: Any) -> Said:
    who, _, text = _text(line).partition(": ")
    return Said("twin" if _one_of(("owner", "twin"), who, "earlier") == "twin" else "owner", text)


def _destination(value: Any) -> Destination:
    return cast(Destination, _one_of(DESTINATIONS, value, "destination"))


def _one_of(known: Sequence[str], value: Any, name: str) -> str:
    if value not in known:
        raise ValueError(f"{name} {value!r} is none of {', '.join(known)}")
    return str(value)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value
