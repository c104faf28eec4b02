"""What the policy says to a call: one question after the other, and the first that has an answer decides."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from metahuman.state.acting import RISKS, Acting, Risk, Ruling, Verdict
from metahuman.state.context import Trust
from metahuman.state.errors import ToolError
from metahuman.tools.policy.paths import How, hidden, resolve, secret
from metahuman.tools.policy.patterns import meets
from metahuman.tools.policy.settings import Override, TrustInForce
from metahuman.tools.policy.trust import lowest, verdict_of
from metahuman.tools.tool import Arguments, Tool
from metahuman.tools.world.hosts import names_of
from metahuman.tools.world.secrets import secret_in


class Answer(NamedTuple):
    """A verdict, the short name of the rule behind it, and why, in plain words."""

    verdict: Verdict
    rule: str
    why: str


class Place(NamedTuple):
    """Where a path of a call leads, and what would be done there."""

    path: Path
    how: How


@dataclass(frozen=True)
class Case:
    """A call that is judged.

    Args:
        tool: What is called.
        arguments: With what.
        acting: For whom, and amid what.
        trust: What the owner's files say.
        tainted: Why the call seems to follow from words that are not the owner's; None if it does not.
    """

    tool: Tool[Any]
    arguments: Arguments
    acting: Acting
    trust: TrustInForce
    tainted: str | None

    @cached_property
    def places(self) -> Mapping[str, Place]:
        """Where its paths lead, by what the call names them.

        Raises:
            ToolError: If one may not be used.
        """
        trust, touched = self.trust, self.tool.touches(self.arguments)
        folders = {"read": trust.readable, "write": trust.writable}
        return {  # of a path that is read and written, the writing counts
            path: Place(resolve(path, trust.base, folders[how], how, home=trust.home), how)
            for path, how in sorted(touched, key=lambda touch: touch.how)
        }

    @property
    def said(self) -> Override:
        """What the owner says about the tool."""
        return self.trust.settings.tools.get(self.tool.name, Override())

    @property
    def owned(self) -> bool:
        """Whether the owner said it, and not the shipped settings."""
        return self.tool.name in self.trust.owned

    @property
    def level(self) -> Trust:
        """The trust level of the call."""
        chosen: Trust = self.acting.trust or getattr(self.trust.settings.trust, self.acting.mode)
        return lowest([chosen, self.trust.rules.ceiling or chosen])

    @property
    def risk(self) -> Risk:
        """What the call may spoil; only the owner makes it less than the tool says."""
        said = self.said.risk or self.tool.risk
        return said if self.owned else max(said, self.tool.risk, key=RISKS.index)


def decide(
    tool: Tool[Any], arguments: Arguments, acting: Acting, trust: TrustInForce, tainted: str | None = None
) -> Ruling:
    """Return what the policy says to a call. Nothing is run, and nothing is changed.

    Args:
        tool: What is called.
        arguments: With what; validated.
        acting: For whom, and amid what.
        trust: What the owner's files say.
        tainted: Why the call seems to follow from words that are not the owner's; None if it does not.
    """
    case = Case(tool, arguments, acting, trust, tainted)
    found = next(answer for question in QUESTIONS if (answer := question(case)))
    risk: Risk = "high" if found.rule in RISKY else case.risk
    return Ruling(verdict=found.verdict, rule=found.rule, why=found.why, risk=risk)


def possible(tool: Tool[Any], acting: Acting, trust: TrustInForce) -> bool:
    """Tell whether a tool can be called at all: with whatever arguments, calls of others are refused.

    Args:
        tool: The tool.
        acting: For whom, and amid what.
        trust: What the owner's files say.
    """
    case = Case(tool, Arguments(), acting, trust, None)
    return not any(question(case) for question in (_mode, _refused, _observed))


def places_of(tool: Tool[Any], arguments: Arguments, acting: Acting, trust: TrustInForce) -> dict[str, Path]:
    """Return where the paths of a call lead, by what the call names them.

    Raises:
        ToolError: If one may not be used.
    """
    return {named: place.path for named, place in Case(tool, arguments, acting, trust, None).places.items()}


def _mode(case: Case) -> Answer | None:
    if case.acting.mode == "emulation":
        return Answer("refuse", "hard.mode", "in emulation mode there are no tools")
    return None


def _paths(case: Case) -> Answer | None:
    try:
        _ = case.places
    except ToolError as error:
        return Answer("refuse", "hard.paths", str(error))
    return None


def _leak(case: Case) -> Answer | None:
    if case.tool.effect != "send" and not case.tool.hosts(case.arguments):
        return None
    kind = next((kind for text in _texts(case.arguments.model_dump(mode="json")) if (kind := secret_in(text))), None)
    why = f"its arguments hold what looks like {kind}, and {case.tool.name} leaves this machine"
    return Answer("refuse", "hard.secret", why) if kind else None


def _hosts(case: Case) -> Answer | None:
    allowed = names_of(case.trust.part(case.tool.name))
    for host in case.tool.hosts(case.arguments):
        if not any(fnmatchcase(host.lower(), pattern) for pattern in allowed):
            remedy = f'the owner can add it to "{case.tool.name}.hosts" in etc/trust.json'
            return Answer("refuse", "owner.hosts", f"{host[:200]} is none of the hosts that are allowed; {remedy}")
    return None


def _refused(case: Case) -> Answer | None:
    if case.said.verdict == "refuse":
        return Answer("refuse", "owner.tool", f"the owner does not let {case.tool.name} be used (etc/trust.json)")
    if case.trust.rules.tools.get(case.tool.name) == "refuse":
        why = f"the owner does not let {case.tool.name} be used (persona/decision-rules.json)"
        return Answer("refuse", "owner.rule", why)
    return None


def _observed(case: Case) -> Answer | None:
    if verdict_of(case.level, case.risk, case.tool.effect) != "refuse":
        return None
    why = f"at the trust level {case.level} one only looks, and {case.tool.name} does more"
    return Answer("refuse", f"trust.{case.level}.{case.risk}", why)


def _tainted(case: Case) -> Answer | None:
    return Answer("ask", "taint", case.tainted) if case.tainted else None


def _secrets(case: Case) -> Answer | None:
    for path, how in case.places.values():
        if secret(path, case.trust.home):
            return Answer("ask", "paths.secret", f"{path} may hold keys or passwords")
        if how == "write" and hidden(path, case.trust.writable):
            return Answer("ask", "paths.hidden", f"{path} is hidden, and other programs may run or obey what is in it")
    return None


def _asked(case: Case) -> Answer | None:
    if case.said.verdict == "ask":
        return Answer("ask", "owner.tool", f"the owner wants to be asked about {case.tool.name} (etc/trust.json)")
    if case.trust.rules.tools.get(case.tool.name) == "ask":
        why = f"the owner wants to be asked about {case.tool.name} (persona/decision-rules.json)"
        return Answer("ask", "owner.rule", why)
    return None


def _always(case: Case) -> Answer | None:
    known = [entry.pattern for entry in case.trust.settings.always if entry.tool == case.tool.name]
    places = {named: place.path for named, place in case.places.items()}
    if any(meets(case.tool, case.arguments, places, pattern) for pattern in known):
        return Answer("allow", "always", f"the owner approved such calls of {case.tool.name} for good")
    return None


def _allowed(case: Case) -> Answer | None:
    if case.said.verdict == "allow" and (case.owned or case.risk != "high"):
        return Answer("allow", "owner.tool", f"the owner lets {case.tool.name} be used (etc/trust.json)")
    return None


def _level(case: Case) -> Answer:
    verdict = verdict_of(case.level, case.risk, case.tool.effect)
    does = "is done without asking" if verdict == "allow" else "is asked about"
    why = f"{case.tool.name} is of {case.risk} risk, which at the trust level {case.level} {does}"
    return Answer(verdict, f"trust.{case.level}.{case.risk}", why)


#: In the order in which they are asked. What refuses comes first, so that nothing the owner allows can undo it;
#: then what asks whatever else was said; then what the owner said about the tool; then the trust level.
QUESTIONS: tuple[Callable[[Case], Answer | None], ...] = (
    _mode, _paths, _leak, _hosts, _refused, _observed, _tainted, _secrets, _asked, _always, _allowed, _level,
)  # fmt: skip
#: Rules whose calls are of high risk, whatever the tool is.
RISKY = frozenset({"paths.secret", "paths.hidden", "hard.secret"})


def _texts(value: Any) -> Iterator[str]:
    """Yield the texts within a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield str(key)
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
