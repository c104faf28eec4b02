"""Reads `etc/agents.json`, the owner's over the shipped one, and switches agents on and off in the owner's."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from metahuman.agents.settings import Agent, AgentsFile, agents_of, triggers
from metahuman.home import Home
from metahuman.state.errors import BadChoice, SettingError
from metahuman.state.files import read_json, update_json
from metahuman.state.shipped import SHIPPED

NAME = "agents.json"
#: What MetaHuman OS calls some keys, so that both names of one do not stand side by side.
ALIASES = {"concurrency": "maxConcurrentAgents", "retries": "maxRetries"}


@dataclass(frozen=True)
class Agents:
    """The agents of a home.

    Args:
        known: Those that this program has, by name.
        others: The names of those that the owner's file has besides.
        concurrency: How many run at once.
        paused: Whether none begins.
    """

    known: dict[str, Agent]
    others: list[str]
    concurrency: int
    paused: bool


def load_agents(home: Home, known: Collection[str]) -> Agents:
    """Read the agents of a home.

    Args:
        home: The home.
        known: The names of those that this program has.

    Raises:
        SettingError: If a file is wrong; the error names the key.
        StoreError: If it cannot be read.
    """
    own = home.root / "etc" / NAME
    said = read_json(own) if own.exists() else {}
    shipped = read_json(SHIPPED / NAME)
    merged = _merged(shipped, said)
    others: list[str] = []
    if isinstance(merged["agents"], dict):  # what is another program's is not for this one to find fault with
        others = sorted(said.get("agents", {}).keys() - known)
        merged["agents"] = {name: one for name, one in merged["agents"].items() if name in known}
    try:
        file = AgentsFile.model_validate(merged)
    except ValidationError as error:
        raise _told(own if own.exists() else SHIPPED / NAME, error) from None
    everybody = file.global_settings
    return Agents(agents_of(file), others, everybody.concurrency, everybody.pause_all)


def named(home: Home, names: Sequence[str], known: Collection[str]) -> list[Agent]:
    """Return the agents of those names.

    Raises:
        BadChoice: If there is no such agent.
        SettingError: If a file is wrong.
        StoreError: If it cannot be read.
    """
    agents = load_agents(home, known).known
    for name in names:
        if name not in agents:
            raise BadChoice(f"no agent is called {name!r}; there are {', '.join(agents)}")
    return [agents[name] for name in names]


def switch(home: Home, name: str, known: Collection[str], *, on: bool) -> bool:
    """Switch an agent on or off in the owner's file; return whether that changed anything. Errors as for `named`.

    Raises:
        StoreError: If the file cannot be written.
    """
    (agent,) = named(home, [name], known)
    if agent.settings.enabled == on:
        return False
    with update_json(home.root / "etc" / NAME) as file:
        file.setdefault("agents", {}).setdefault(name, {})["enabled"] = on
    return True


def _merged(shipped: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """Lay the owner's file over the shipped one, key by key; what is of another shape stands as it is, to be told."""
    merged = {**shipped, **own}
    for key in ("globalSettings", "agents"):
        if isinstance(own.get(key, {}), Mapping):
            merged[key] = _over(shipped.get(key, {}), own.get(key, {}))
    if isinstance(merged["agents"], dict):
        agents = merged["agents"]
        merged["agents"] = {name: _agent(shipped["agents"].get(name, {}), said) for name, said in agents.items()}
    return merged


def _agent(shipped: dict[str, Any], own: Any) -> Any:
    if not isinstance(own, Mapping):
        return own
    if triggers() & own.keys() or "type" in own:  # the owner says when: nothing of the shipped times is left
        shipped = {key: said for key, said in shipped.items() if key not in triggers()}
    return _over(shipped, own)


def _over(shipped: dict[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    return {key: said for key, said in shipped.items() if ALIASES.get(key) not in own} | dict(own)


def _told(path: Path, error: ValidationError) -> SettingError:
    """Return the first problem of a file in one line."""
    problem = error.errors(include_url=False, include_context=False)[0]
    # Where several shapes are allowed, pydantic names the one it tried as if it were a key.
    keys = [str(part) for part in problem["loc"] if not str(part)[:1].isupper() and "[" not in str(part)]
    told = problem["msg"].removeprefix("Value error, ")
    return SettingError(path, ".".join(keys), told, "see docs/agents.md, or delete that key")
