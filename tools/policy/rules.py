"""`persona/decision-rules.json` of a MetaHuman OS folder: what the owner said there about what may be done.

Only the owner writes it; keys that mean nothing here are left as they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

from metahuman.state.context import TRUSTS, Trust
from metahuman.state.files import read_json

#: What a rule about a tool can say: none of them allows what would otherwise not be allowed.
Strict = Literal["ask", "refuse"]
#: Levels that other versions of such folders know, as the nearest that allows no more.
_OTHER_LEVELS: Mapping[str, Trust] = {"trusted": "suggest", "adaptive_auto": "bounded_auto"}
#: Where a rule that is an object has its words.
_WORDS = ("rule", "description", "text", "name", "id")


@dataclass(frozen=True)
class OwnersRules:
    """What can be understood of the file.

    Args:
        ceiling: The most that the operator is trusted, in every mode and run; None: the file does not say.
        tools: For a tool's name, whether its calls are asked about or refused.
        words: Rules that only a reader understands: a model can be told of them, the policy cannot hold to them.
        remarks: A line for each thing in the file that the policy does not hold to, and why.
    """

    ceiling: Trust | None = None
    tools: Mapping[str, Strict] = field(default_factory=dict)
    words: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


def read_rules(path: Path) -> OwnersRules:
    """Read the file; without one there are no rules.

    Raises:
        SettingError: If it holds no JSON object.
        StoreError: If it cannot be read.
    """
    if not path.exists():
        return OwnersRules()
    content = read_json(path)
    rules = [rule for rule in _listed(content.get("hardRules")) if _in_force(rule)]
    of_tools = sorted(filter(_of_tool, rules), key=lambda rule: get_args(Strict).index(rule["verdict"]))
    tools = {rule["tool"]: rule["verdict"] for rule in of_tools}  # of two rules for one tool, the stricter
    words = tuple(_words(rule) for rule in rules if not _of_tool(rule))
    ceiling, remark = _ceiling(content.get("trustLevel"))
    remarks = [f"hardRules: {rule!r} is in words; to enforce it, name its tool and verdict" for rule in words]
    return OwnersRules(ceiling, tools, words, tuple(f"{path}: {one}" for one in [*remark, *remarks]))


def _ceiling(level: object) -> tuple[Trust | None, list[str]]:
    """Return the level, and what there is to remark on it; one that is unknown allows the least."""
    if level is None:
        return None, []
    taken = next((known for known in TRUSTS if known == level), None)
    taken = taken or (_OTHER_LEVELS.get(level) if isinstance(level, str) else None) or TRUSTS[0]
    if taken == level:
        return taken, []
    return taken, [f"trustLevel: {level!r} is taken for {taken}; write one of {', '.join(TRUSTS)}"]


def _listed(rules: object) -> Sequence[Any]:
    if isinstance(rules, Mapping):
        return [rule if isinstance(rule, Mapping) else f"{name}: {rule}" for name, rule in rules.items()]
    return rules if isinstance(rules, list) else []


def _in_force(rule: object) -> bool:
    if isinstance(rule, Mapping):
        return rule.get("enforced", True) is not False and bool(_words(rule) or _of_tool(rule))
    return isinstance(rule, str) and bool(rule.strip())


def _of_tool(rule: Any) -> bool:
    """Tell whether a rule is one that the policy can hold to: it names a tool, and what becomes of its calls."""
    return isinstance(rule, Mapping) and isinstance(rule.get("tool"), str) and rule.get("verdict") in get_args(Strict)


def _words(rule: object) -> str:
    if isinstance(rule, Mapping):
        rule = next((rule[key] for key in _WORDS if isinstance(rule.get(key), str)), "")
    return " ".join(str(rule).split())
