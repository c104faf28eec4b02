"""What the operator does: calls of tools, what the policy rules on them, and what became of them.

TypedDicts and literals are what a checkpoint, an interrupt or an audit event holds; dataclasses live for one call.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from typing_extensions import TypedDict

from metahuman.state.context import Mode, Trust

#: How much a call may spoil: nothing, something that can be put right, something that cannot.
Risk = Literal["low", "medium", "high"]
Verdict = Literal["allow", "ask", "refuse"]
#: What a call does at worst: it reads, changes the owner's data, runs a program, or tells something to another machine.
Effect = Literal["read", "write", "run", "send"]
RISKS: tuple[Risk, ...] = get_args(Risk)
#: What became of a call. "unknown": it was begun, and the program died before it could tell.
Ended = Literal["done", "failed", "refused", "unknown"]


class Call(TypedDict):
    """What the operator's model wants done. `id` is unique in its thread."""

    id: str
    tool: str
    arguments: dict[str, Any]


class Ruling(TypedDict):
    """What the policy says to a call: the verdict, the name of the rule that decided, and why in plain words."""

    verdict: Verdict
    rule: str
    why: str
    risk: Risk


class Approval(TypedDict):
    """What a person answered when asked. `arguments` are those approved, edited or not; `by` is who answered."""

    approved: bool
    arguments: dict[str, Any]
    by: str
    why: str | None
    always: bool


class Step(TypedDict):
    """A call that has ended; `turn` is the id of the message it serves.

    `output` is what the tool brought, bounded, "" if nothing; `trusted` is False for words of others; `sources` name
    where it is from: paths, addresses, memory ids.
    """

    turn: str
    call: Call
    ruling: Ruling
    approvedBy: str | None
    ended: Ended
    output: str
    error: str | None
    sources: list[str]
    trusted: bool
    latencyMs: float


@dataclass(frozen=True)
class Acting:
    """For whom, and amid what, a call is made.

    Args:
        turn: The id of the message that the turn answers.
        thread: The conversation, if any.
        mode: The cognitive mode; emulation has no tools.
        trust: The trust level chosen for this run; None for the owner's own.
        said: What the owner said in this conversation, word for word: what a call may rest on.
        seen: What the operator has read in this turn that others may have written: tool outputs, memories.
        made: What specialists made in this conversation, by name.
    """

    turn: str
    thread: str | None
    mode: Mode
    trust: Trust | None = None
    said: Sequence[str] = ()
    seen: Sequence[str] = ()
    made: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Offer:
    """A tool as a model is told of it: its name, what it does, and a JSON schema of its arguments."""

    name: str
    description: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True)
class Output:
    """What a tool brought.

    Args:
        text: In plain words, for a model and a person.
        sources: Where it is from: paths, addresses, memory ids.
        trusted: Whether the owner or this program wrote it; False for files' contents, web pages, other programs.
    """

    text: str
    sources: tuple[str, ...] = ()
    trusted: bool = False


@dataclass(frozen=True)
class Outcome:
    """What became of a call.

    Args:
        ruling: What the policy said.
        ended: How it ended.
        output: What the tool brought; None unless it is done.
        error: Why it is not done, in one line.
        approved_by: Who let it happen: "policy", or who was asked; None if nobody did.
    """

    ruling: Ruling
    ended: Ended
    output: Output | None = None
    error: str | None = None
    approved_by: str | None = None
