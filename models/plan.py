"""Whether the models of a registry fit into this machine's memory, and what to change where they do not.

Pure but for `weigh`: what the models take up and what the machine has comes in, a plan comes out.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Literal
from urllib.parse import urlsplit

from metahuman.models.fitting import Change, Loaded, Room, Verdict, changes, judge
from metahuman.models.keepers import Footprint, Keeper, open_keeper
from metahuman.models.machine import Machine
from metahuman.models.registry import Registry
from metahuman.models.residency import instance_of
from metahuman.models.resolved import ResolvedModel, distinct
from metahuman.models.schema import EMBEDDER
from metahuman.state.errors import ModelError

Place = Literal["gpu", "ram", "elsewhere", "unknown"]
#: What is known of each model by its id: what it takes up, or why nobody knows.
Weights = Mapping[str, Footprint | str]


@dataclass(frozen=True)
class Planned:
    """A model of the registry in a plan.

    Args:
        model: The model.
        asked_as: The roles it may be asked as, each with its place in the role's hierarchy, from 1.
        place: Where it runs.
        footprint: What it takes up; None if that is not known, or it runs elsewhere.
        shares_with: The ids that are the same model in memory, counted once.
        why: Why nobody knows what it takes up.
    """

    model: ResolvedModel
    asked_as: Mapping[str, int]
    place: Place
    footprint: Footprint | None = None
    shares_with: tuple[str, ...] = ()
    why: str | None = None


@dataclass(frozen=True)
class Plan:
    """What the models of a mode take up, and how they get along.

    Args:
        machine: What there is to run in.
        reserve: The share of the memory that is to be kept free.
        models: Every model that a role may ask, those that are one in memory side by side.
        verdict: How they fit; it holds for those whose size is known.
        staying: The ids that can stay in memory, where not all can.
        too_big: The ids that do not fit even alone, and the largest context window in tokens at which each would.
        changes: The lines of the registry to change to get there.
    """

    machine: Machine
    reserve: float
    models: tuple[Planned, ...]
    verdict: Verdict
    staying: tuple[str, ...]
    too_big: Mapping[str, int | None]
    changes: tuple[Change, ...]

    @property
    def unknown(self) -> dict[str, str]:
        """The models whose size nobody knows, and why."""
        return {one.model.model_id: one.why for one in self.models if one.why}


def places_of(model_id: str, roles: Mapping[str, Iterable[ResolvedModel]]) -> dict[str, int]:
    """Return the roles that a model may be asked as, each with its place in the role's hierarchy, from 1."""
    return {
        role: place
        for role, models in roles.items()
        for place, model in enumerate(models, start=1)
        if model.model_id == model_id
    }


def runs_here(model: ResolvedModel) -> bool:
    """Tell whether a model runs on this machine."""
    if model.kind == "local":
        return True
    host = urlsplit(model.address).hostname or ""
    try:
        address = ip_address(host)
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
    return address.is_loopback or address.is_unspecified


async def weigh(
    models: Iterable[ResolvedModel], keepers: Callable[[str], Keeper | None] = open_keeper
) -> dict[str, Footprint | str]:
    """Return what each model that runs here takes up, or why nobody knows, by id; all are asked at once.

    Args:
        models: The models.
        keepers: Finds who can weigh the models of a provider type.
    """

    async def weight(model: ResolvedModel) -> Footprint | str:
        if (keeper := keepers(model.kind)) is None:
            return f"the server at {model.address} does not say what its models take up"
        try:
            return await keeper.footprint(model)
        except ModelError as error:
            return str(error)

    here = [model for model in models if runs_here(model)]
    found = await asyncio.gather(*(weight(model) for model in here))
    return {model.model_id: one for model, one in zip(here, found, strict=True)}


def make_plan(registry: Registry, mode: str | None, weights: Weights, machine: Machine) -> Plan:
    """Return how the models that the roles of `mode` may ask fit into `machine`.

    Args:
        registry: The registry.
        mode: The cognitive mode.
        weights: What the models take up, as `weigh` returns it.
        machine: What there is to run in.
    """
    roles, reserve = registry.asked(mode), registry.file.global_settings.memory_reserve
    room = Room(gpu=int(machine.gpu * (1 - reserve)), ram=int(machine.ram * (1 - reserve)))
    rows = [_planned(model, roles, weights, room) for model in distinct(roles)]
    loaded = _loaded(rows)
    firsts = {role: models[0].model_id for role, models in roles.items() if models}
    layout = judge(loaded, firsts, room)
    return Plan(
        machine=machine,
        reserve=reserve,
        models=tuple(_side_by_side(rows, loaded)),
        verdict=layout.verdict,
        staying=tuple(model_id for one in layout.staying for model_id in one.ids),
        too_big={model_id: window for one, window in layout.too_big for model_id in one.ids},
        changes=tuple(dict.fromkeys(changes(registry.file, layout, firsts))),
    )


def _planned(model: ResolvedModel, roles: Mapping[str, list[ResolvedModel]], weights: Weights, room: Room) -> Planned:
    known, asked_as = weights.get(model.model_id, "it was not weighed"), places_of(model.model_id, roles)
    if not runs_here(model):
        return Planned(model, asked_as, "elsewhere")
    if isinstance(known, str):
        return Planned(model, asked_as, "unknown", why=known)
    if not known.total:  # a server here hands it on
        return Planned(model, asked_as, "elsewhere")
    # What only makes embeddings is run in RAM: the graphics memory is for those who chat.
    place = "ram" if asked_as.keys() == {EMBEDDER} else room.place(model.kind, known.total)
    return Planned(model, asked_as, place, known)


def _loaded(rows: Iterable[Planned]) -> list[Loaded]:
    """Return what is in memory when all are, models that are one there counted once."""
    found: dict[object, Loaded] = {}
    for row in rows:
        if row.footprint and (row.place == "gpu" or row.place == "ram"):
            key = instance_of(row.model)
            before = found.get(key)
            models = (*before.models, row.model) if before else (row.model,)
            found[key] = Loaded(models, row.footprint, row.place)
    return list(found.values())


def _side_by_side(rows: list[Planned], loaded: Iterable[Loaded]) -> Iterable[Planned]:
    """Yield the rows anew, each with the ids it shares its memory with, and next to them."""
    by_id, done = {row.model.model_id: row for row in rows}, set[str]()
    sharing = {model_id: one.ids for one in loaded for model_id in one.ids}
    for row in rows:
        for model_id in sharing.get(row.model.model_id, (row.model.model_id,)):
            if model_id not in done:
                done.add(model_id)
                one = by_id[model_id]
                others = tuple(other for other in sharing.get(model_id, ()) if other != model_id)
                yield Planned(one.model, one.asked_as, one.place, one.footprint, others, one.why)
