"""A call brought before the policy: its tool found, its arguments checked, the owner's settings read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from metahuman.state.acting import Acting, Call, Ruling
from metahuman.state.errors import MetaHumanError, ToolError
from metahuman.tools.begun import hash_of
from metahuman.tools.policy.deciding import decide
from metahuman.tools.policy.settings import TrustFiles, TrustInForce
from metahuman.tools.tool import Arguments, Tool
from metahuman.tools.toolbox import Toolbox

#: Says why a call seems to follow from words that are not the owner's; None if it does not.
Taint = Callable[[Tool[Any], Any, Acting], str | None]
#: Problems of arguments that are told at once.
_PROBLEMS = 5


@dataclass(frozen=True)
class Fit:
    """A call that could be made, with what it takes."""

    tool: Tool[Any]
    arguments: Arguments
    trust: TrustInForce

    @property
    def hash(self) -> str:
        """The SHA-256 of the arguments."""
        return hash_of(self.arguments.model_dump(mode="json"))


@dataclass(frozen=True)
class Judged:
    """What the policy says to a call.

    Args:
        ruling: What it says.
        fit: What the call takes; None where it could not be made anyhow: no such tool, arguments that do not fit.
        tool: Its tool, if there is one.
    """

    ruling: Ruling
    fit: Fit | None = None
    tool: Tool[Any] | None = None


def judge(call: Call, acting: Acting, toolbox: Toolbox, files: TrustFiles, taint: Taint) -> Judged:
    """Return what the policy says to a call. Nothing is run, and nothing is changed.

    Args:
        call: The call.
        acting: For whom, and amid what.
        toolbox: The tools there are.
        files: The owner's settings.
        taint: Says why a call seems to follow from words that are not the owner's.
    """
    try:
        tool = toolbox.get(call["tool"])
    except ToolError as error:
        return Judged(_never("hard.tool", str(error)))
    try:
        arguments = tool.arguments.model_validate(call["arguments"])
    except ValidationError as error:
        return Judged(_never("hard.arguments", f"{tool.name}: {_problems(error)}"), tool=tool)
    try:
        trust = files.read()
    except MetaHumanError as error:
        return Judged(_never("hard.settings", str(error)), tool=tool)
    ruling = decide(tool, arguments, acting, trust, taint(tool, arguments, acting))
    return Judged(ruling, Fit(tool, arguments, trust), tool)


def _never(rule: str, why: str) -> Ruling:
    return Ruling(verdict="refuse", rule=rule, why=why, risk="high")


def _problems(error: ValidationError) -> str:
    """Return in one line what is wrong with arguments."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    told = [f"{'.'.join(map(str, one['loc'])) or 'arguments'}: {one['msg'][:200].lower()}" for one in found[:_PROBLEMS]]
    more = [f"and {len(found) - _PROBLEMS} more"] if len(found) > _PROBLEMS else []
    return "; ".join([*told, *more])
