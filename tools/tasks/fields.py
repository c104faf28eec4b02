"""What the tools of tasks are told alike: titles, priorities, due dates."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from metahuman.tools.own.when import when
from metahuman.tools.tasks.task import Priority

_URGENCIES = {"urgent": "P1", "high": "P1", "normal": "P2", "medium": "P2", "low": "P3"}
#: What takes a due date away.
NO_DATE = ("none", "never", "")


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    if not line:
        raise ValueError("a title has at least a word")
    return line


def _as_priority(value: object) -> object:
    """Take the words that models use instead."""
    return _URGENCIES.get(value.casefold(), value.upper()) if isinstance(value, str) else value


def _tags(tags: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(tag for tag in (" ".join(tag.split()).lstrip("#") for tag in tags) if tag))


Title = Annotated[str, Field(max_length=300), AfterValidator(_one_line)]
Description = Annotated[str, Field(max_length=8_000)]
Urgency = Annotated[Priority, BeforeValidator(_as_priority)]
Tags = Annotated[tuple[Annotated[str, Field(max_length=60)], ...], Field(max_length=20), AfterValidator(_tags)]
Due = Annotated[str, Field(max_length=100)]
Name = Annotated[str, Field(max_length=300)]
Start = Annotated[int, Field(ge=0, description="How many to pass over, to read on in a long list.")]
Limit = Annotated[int, Field(ge=1, le=100, description="How many at most.")]


def due_date(text: str, now: datetime) -> str | None:
    """Return a due date as files hold it; None for "none".

    Raises:
        ToolError: If it cannot be understood.
    """
    return None if text.strip().casefold() in NO_DATE else when(text, now).written()
