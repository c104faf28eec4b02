"""What a tool is: typed arguments, a description that a model reads, what it touches, and what it may spoil."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Generic, Literal, NamedTuple, TypeVar

from pydantic import BaseModel, ConfigDict

from metahuman.state.acting import Effect, Offer, Output, Risk
from metahuman.tools.desk import Desk


class Arguments(BaseModel):
    """The arguments of a tool; its docstring is the description that the model reads."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=False)


class Touch(NamedTuple):
    """A file or folder that a call would read, or write, as the call names it."""

    path: str
    how: Literal["read", "write"]


A = TypeVar("A", bound=Arguments)


def touches_nothing(_: Arguments) -> Sequence[Touch]:
    """Return no files: for tools that have nothing to do with them."""
    return ()


def exactly(arguments: Arguments) -> Mapping[str, str]:
    """Return a pattern that only the same arguments meet."""
    return {name: str(value) for name, value in arguments.model_dump(mode="json", exclude_defaults=True).items()}


@dataclass(frozen=True)
class Tool(Generic[A]):
    """A tool.

    Args:
        name: Its name, as models call it.
        arguments: What it is called with; the class's docstring is what a model is told.
        run: Does it. Raises `ToolError` where it cannot; is cancelled when its time is over.
        risk: What a call may spoil.
        effect: What a call does at worst.
        touches: The files and folders that a call would read or write; the policy resolves and judges each of them.
        hosts: The hosts that a call would tell something to, as the call names them.
        pattern: What "always" means when a person approves such calls: a glob for each argument that counts.
        preview: What a call would do, for the person who is asked: a diff, say. None: its arguments tell.
        seconds: How long it may take.
    """

    name: str
    arguments: type[A]
    run: Callable[[A, Desk], Awaitable[Output]]
    risk: Risk = "low"
    effect: Effect = "read"
    touches: Callable[[A], Sequence[Touch]] = touches_nothing
    hosts: Callable[[A], Sequence[str]] = lambda _: ()
    pattern: Callable[[A], Mapping[str, str]] = exactly
    preview: Callable[[A, Desk], Awaitable[str]] | None = None
    seconds: float = 30.0

    def offer(self) -> Offer:
        """Return the tool as a model is told of it."""
        return _offer(self.name, self.arguments)


@cache
def _offer(name: str, arguments: type[Arguments]) -> Offer:
    # A schema takes milliseconds to make, and every step of the operator offers all tools.
    schema: dict[str, Any] = arguments.model_json_schema()
    description = schema.pop("description", name)
    schema.pop("title", None)
    return Offer(name, description, schema)


def place(path: str, base: Path) -> Path:
    """Return the place that a call names: absolute, or in `base`; nothing is resolved yet."""
    return base / Path(path).expanduser() if path else base
