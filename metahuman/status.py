"""How the twin stands: who answers for which role, whether they can right now, and how they did lately."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from metahuman.audit.reader import Reader
from metahuman.database import database_of, open_threads
from metahuman.home import Home
from metahuman.models.live import LiveRegistry
from metahuman.models.providers import open_provider
from metahuman.models.resolved import ResolvedModel, distinct
from metahuman.opening import live_registry, open_memory
from metahuman.state.context import Mode
from metahuman.state.errors import ModelError
from metahuman.voice.standing import Tainted, tainted

#: How many of the latest model calls are looked through for each role's last.
LATEST_CALLS = 200


@dataclass(frozen=True)
class RoleStatus:
    """Who answers for a role.

    Args:
        first: The model that the registry names first; None where the mode switches the role off.
        answering: The first model of the hierarchy that can answer now; None if none can.
        problems: Why those before it cannot, by model id.
        last_call: The role's latest model call, as the audit has it.
    """

    first: ResolvedModel | None
    answering: ResolvedModel | None
    problems: dict[str, str]
    last_call: dict[str, Any] | None


@dataclass(frozen=True)
class Status:
    """How a home stands."""

    home: str
    version: str
    registry: str
    registry_version: str
    #: What is wrong with the registry's file as it is now, while what was read before stays in force.
    registry_problem: str | None
    mode: Mode
    roles: dict[str, RoleStatus]
    memories: int
    threads: int
    #: Voices that the registry names though memories they were trained on are forgotten.
    tainted: list[Tainted]

    def as_json(self) -> dict[str, Any]:
        """Return the status in the words of the plan's `/api/status`."""
        return {
            "home": self.home,
            "version": self.version,
            "registry": self.registry,
            "registryVersion": self.registry_version,
            "registryProblem": self.registry_problem,
            "mode": self.mode,
            "modelRoles": {role: _role_json(status) for role, status in self.roles.items()},
            "memories": self.memories,
            "threads": self.threads,
            "taintedVoices": [voice.as_json() for voice in self.tainted],
        }


async def collect(home: Home, live: LiveRegistry | None = None) -> Status:
    """Return how `home` stands; every model that a role may ask is looked for, none is asked to speak.

    Args:
        home: The home.
        live: The registry that a running program follows; without one, the file is read.

    Raises:
        SettingError: If the registry cannot be used.
        StoreError: If the home cannot be read.
    """
    live, memory = live or live_registry(home), open_memory(home)
    registry, problem = live(), live.problem
    mode = await memory.current_mode()
    asked = registry.asked(mode)
    problems = await problems_of(distinct(asked))
    calls = await asyncio.to_thread(_last_calls, home)
    return Status(
        home=str(home.root),
        version=version("metahuman"),
        registry=str(registry.path),
        registry_version=registry.version,
        registry_problem=str(problem) if problem else None,
        mode=mode,
        roles={role: _role(models, problems, calls.get(role)) for role, models in asked.items()},
        memories=await asyncio.to_thread(memory.keeper.count),
        threads=await _threads(home),
        tainted=await asyncio.to_thread(tainted, registry),
    )


async def problems_of(models: list[ResolvedModel]) -> dict[str, str]:
    """Return what keeps each model from answering, by model id; all are looked for at once, none is asked to speak."""

    async def problem(model: ResolvedModel) -> str | None:
        try:
            await open_provider(model.kind).check(model)
        except ModelError as error:
            return str(error)
        return None

    found = await asyncio.gather(*map(problem, models))
    return {model.model_id: told for model, told in zip(models, found, strict=True) if told}


def _role(models: list[ResolvedModel], problems: dict[str, str], last_call: dict[str, Any] | None) -> RoleStatus:
    answering = next((model for model in models if model.model_id not in problems), None)
    before = models[: models.index(answering)] if answering else models
    return RoleStatus(
        first=models[0] if models else None,
        answering=answering,
        problems={model.model_id: problems[model.model_id] for model in before},
        last_call=last_call,
    )


def _last_calls(home: Home) -> dict[str, dict[str, Any]]:
    calls = Reader(home.audit, event="llm_call").tail(LATEST_CALLS)
    return {str(call.details.get("role")): {**call.details, "timestamp": call.get("timestamp")} for call in calls}


async def _threads(home: Home) -> int:
    database = database_of(home)
    if database is None and not await asyncio.to_thread(home.checkpoints.exists):
        return 0
    async with open_threads(home, database) as saver:  # waits for LangGraph
        return len(await saver.threads())


def _role_json(status: RoleStatus) -> dict[str, Any]:
    return {
        **model_json(status.first),
        "answering": status.answering.model_id if status.answering else None,
        "fallback": status.answering is not None and status.answering is not status.first,
        "problems": status.problems,
        "lastCall": status.last_call,
    }


def model_json(model: ResolvedModel | None) -> dict[str, Any]:
    """Return a model in the words of the plan's `/api/status`; nulls where a mode switches the role off."""
    if model is None:
        return {"modelId": None, "provider": None, "model": None, "adapters": []}
    return {
        "modelId": model.model_id,
        "provider": model.provider,
        "model": model.model,
        "adapters": [str(adapter) for adapter in model.adapters],
    }
