"""What a person is asked before a call is made, and what they may answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from typing_extensions import TypedDict

from metahuman.state.acting import Approval, Call, Ruling

YES = frozenset({"yes", "y", "approve", "approved", "ok", "true"})
NO = frozenset({"no", "n", "refuse", "refused", "false"})
ALWAYS = frozenset({"always"})
HUMAN, EXPIRED = "human", "expired"


class Ask(TypedDict):
    """A call that waits for a person's word: what it is, why they are asked, and what it would do."""

    call: Call
    ruling: Ruling
    preview: str
    thread: str | None
    turn: str


def answer_of(value: Any, call: Call) -> Approval:
    """Return the answer that a person's value means; what cannot be understood is a refusal.

    Args:
        value: True or False; "yes", "no" or "always"; another text, which refuses and says why; or an object with
            `approved` and, if wanted, `arguments`, `why`, `always` and `by`, as LangGraph Studio and servers send it.
        call: The call that was asked about.
    """
    if isinstance(value, Mapping):
        return _of_object(value, call)
    word = str(value).strip().lower()
    if word in YES | ALWAYS:
        return approve(call, always=word in ALWAYS)
    return refuse(call, "" if word in NO else f"the answer was {str(value)[:200]!r}")


def approve(call: Call, arguments: Mapping[str, Any] | None = None, *, always: bool = False) -> Approval:
    """Return an approval of a call, with arguments edited where they are given."""
    chosen = dict(call["arguments"] if arguments is None else arguments)
    return Approval(approved=True, arguments=chosen, by=HUMAN, why=None, always=always)


def refuse(call: Call, why: str = "", by: str = HUMAN) -> Approval:
    """Return a refusal, and why."""
    return Approval(approved=False, arguments=call["arguments"], by=by, why=why or None, always=False)


def _of_object(value: Mapping[str, Any], call: Call) -> Approval:
    why, arguments = value.get("why"), value.get("arguments")
    if value.get("approved") is not True:
        by = EXPIRED if value.get("by") == EXPIRED else HUMAN
        return refuse(call, why if isinstance(why, str) else "", by)
    if arguments is not None and not isinstance(arguments, Mapping):
        return refuse(call, "the edited arguments are no object")
    return approve(call, arguments, always=value.get("always") is True)
