"""How models share a machine's memory: which can be there at once, and what to change so that they get along."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

from metahuman.models.keepers import Footprint
from metahuman.models.providers.local import DEFAULT_WINDOW
from metahuman.models.resolved import ResolvedModel
from metahuman.models.schema import ModelEntry, RegistryFile

#: From best to worst: everything fits at once; the required roles' models stay and the others come in turn beside
#: them; some have to share the persona's base; each fits alone only; some do not fit even alone.
Verdict = Literal["together", "in_turn", "one_base", "one_by_one", "too_big"]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
#: The smallest context window that the registry takes, in tokens.
LEAST_WINDOW = 256
#: How Ollama is told to keep a model for no time, and for ever.
NO_TIME, FOR_EVER = "0", -1


@dataclass(frozen=True)
class Loaded:
    """One model in memory, whichever ids of the registry use it.

    Args:
        models: The ids' models.
        footprint: What it takes up.
        place: Where it is.
    """

    models: tuple[ResolvedModel, ...]
    footprint: Footprint
    place: Literal["gpu", "ram"]

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of the registry that use it."""
        return tuple(model.model_id for model in self.models)

    @property
    def kind(self) -> str:
        """What sort of provider runs it."""
        return self.models[0].kind

    @property
    def window(self) -> int:
        """The context window it is loaded with, in tokens."""
        return self.models[0].window or DEFAULT_WINDOW


@dataclass(frozen=True)
class Room:
    """The bytes that models may take up, what is to be kept free taken off."""

    gpu: int
    ram: int

    def place(self, kind: str, size: int) -> Literal["gpu", "ram"]:
        """Return where a model of so many bytes runs: Ollama's on the graphics cards, if it fits there."""
        return "gpu" if kind == "ollama" and size <= self.gpu else "ram"

    def holds(self, loaded: Iterable[Loaded]) -> bool:
        """Tell whether all of these can be in memory at once."""
        sizes = {"gpu": 0, "ram": 0}
        for one in loaded:
            sizes[one.place] += one.footprint.total
        return sizes["gpu"] <= self.gpu and sizes["ram"] <= self.ram

    def widest(self, one: Loaded) -> int | None:
        """Return the largest context window in tokens at which a model fits alone; None if its weights do not."""
        most = max(self.gpu, self.ram) if one.kind == "ollama" else self.ram
        spare = most - one.footprint.weights - one.footprint.adapters
        window = spare * one.window // max(one.footprint.kv, 1)
        # A window that an answer fills leaves no room for a question.
        least = max(LEAST_WINDOW, *((model.options.max_tokens or 0) + 1 for model in one.models))
        return window if one.footprint.kv and window >= least else None


@dataclass(frozen=True)
class Layout:
    """How models get along in a room.

    Args:
        verdict: In a word.
        staying: Those that stay in memory, of the required roles; widened where others share them.
        coming: Those that come in turn.
        guests: Those that should share the persona's base, and the base.
        too_big: Those that do not fit even alone, each with the window at which it would.
    """

    verdict: Verdict
    staying: tuple[Loaded, ...] = ()
    coming: tuple[Loaded, ...] = ()
    guests: tuple[Loaded, ...] = ()
    too_big: tuple[tuple[Loaded, int | None], ...] = ()


@dataclass(frozen=True)
class Change:
    """A line of the registry to change.

    Args:
        path: The keys that lead to it.
        value: What it should be.
    """

    path: tuple[str, ...]
    value: bool | int | float | str | tuple[str, ...] | None

    @property
    def key(self) -> str:
        """The dotted key."""
        return ".".join(self.path)


def nested(lines: Iterable[Change]) -> dict[str, Any]:
    """Return changes as the registry has them, to be merged into it."""
    whole: dict[str, Any] = {}
    for line in lines:
        inner = whole
        for key in line.path[:-1]:
            inner = inner.setdefault(key, {})
        inner[line.path[-1]] = list(line.value) if isinstance(line.value, tuple) else line.value
    return whole


def judge(loaded: Sequence[Loaded], firsts: Mapping[str, str], room: Room) -> Layout:
    """Return how models get along.

    A model that no role asks first only has to fit alone: it is loaded when another one fails.

    Args:
        loaded: Every model that may be in memory.
        firsts: Which id each role asks first.
        room: What they have.
    """
    if big := [(one, room.widest(one)) for one in loaded if not room.holds([one])]:
        return Layout("too_big", too_big=tuple(big))
    working = [one for one in loaded if set(one.ids) & set(firsts.values())]
    staying = [one for one in working if {firsts.get("orchestrator"), firsts.get("persona")} & set(one.ids)]
    others = [one for one in working if one not in staying]
    if room.holds(working):
        return Layout("together", tuple(staying))
    if staying and all(room.holds([*staying, other]) for other in others):
        return Layout("in_turn", tuple(staying), tuple(one for one in loaded if one not in staying))
    return _shared(loaded, working, firsts, room) or Layout("one_by_one", coming=tuple(loaded))


def _shared(
    loaded: Sequence[Loaded], working: Sequence[Loaded], firsts: Mapping[str, str], room: Room
) -> Layout | None:
    """Return a layout in which whatever does not fit beside the persona shares its base; None if it cannot."""
    base, orchestrator = _of(working, firsts.get("persona")), _of(working, firsts.get("orchestrator"))
    if base is None:
        return None
    guests: list[Loaded] = []
    while True:
        host = _widened(base, guests, room)
        if not room.holds([host]):
            return None
        staying = [host]
        if orchestrator and orchestrator not in (base, *guests) and room.holds([host, orchestrator]):
            staying.append(orchestrator)
        # With each guest the base grows by the guest's window, so that another one may no longer fit beside it.
        others = [one for one in working if one not in (base, *guests, *staying)]
        crowded = [one for one in others if not room.holds([*staying, one])]
        if not crowded:
            rest = (
                []
                if room.holds([*staying, *others])
                else [one for one in loaded if one not in (base, *guests, *staying)]
            )
            return Layout("one_base", tuple(staying), tuple(rest), tuple(guests))
        guests += crowded


def _of(loaded: Iterable[Loaded], model_id: str | None) -> Loaded | None:
    return next((one for one in loaded if model_id in one.ids), None)


def _widened(base: Loaded, guests: Iterable[Loaded], room: Room) -> Loaded:
    """Return a base as it is when `guests` share it: with the widest window that anyone asks for."""
    window = max(base.window, *(guest.window for guest in guests), 0)
    kv = base.footprint.kv * window // base.window
    footprint = replace(base.footprint, kv=kv)
    return replace(base, footprint=footprint, place=room.place(base.kind, footprint.total))


def changes(file: RegistryFile, layout: Layout, firsts: Mapping[str, str]) -> Iterator[Change]:
    """Yield the lines in which a registry differs from a layout.

    Args:
        file: The registry.
        layout: How its models could get along.
        firsts: Which id each role asks first.
    """
    for one, window in layout.too_big:
        if window is not None:
            yield from _narrower(file, one, window)
    for guest in layout.guests:
        yield from _moved(file, guest, layout.staying[0].kind, file.models[firsts["persona"]])
    required = {firsts.get("orchestrator"), firsts.get("persona")}
    for model in _models((*layout.staying, *layout.guests)):
        yield from _kept(model.model_id, file.models[model.model_id], required=model.model_id in required)
    for model in _models(layout.coming):
        yield from _let_go(model, file.models[model.model_id])


def _models(loaded: Iterable[Loaded]) -> Iterator[ResolvedModel]:
    for one in loaded:
        yield from one.models


def _kept(model_id: str, entry: ModelEntry, *, required: bool) -> Iterator[Change]:
    """Yield what keeps a model in memory."""
    if required and not entry.always_loaded:
        yield Change(("models", model_id, "metadata", "alwaysLoaded"), value=True)
    if _leaves(entry):
        yield Change(("models", model_id, "options", "keepAlive"), FOR_EVER)


def _let_go(model: ResolvedModel, entry: ModelEntry) -> Iterator[Change]:
    """Yield what takes a model out of memory as soon as it has answered."""
    if entry.always_loaded:
        yield Change(("models", model.model_id, "metadata", "alwaysLoaded"), value=False)
    if model.kind == "ollama" and not _leaves(entry):
        yield Change(("models", model.model_id, "options", "keepAlive"), NO_TIME)


def _narrower(file: RegistryFile, one: Loaded, window: int) -> Iterator[Change]:
    """Yield the windows of all who share a base: it is loaded with the widest."""
    base = file.models[one.ids[0]]
    sharing = {key: entry for key, entry in file.models.items() if _base(entry) == _base(base)}
    wider = [key for key, entry in sharing.items() if (entry.options.context_window or 0) > window]
    for model_id in wider or one.ids:
        yield Change(("models", model_id, "options", "contextWindow"), window)


def _moved(file: RegistryFile, guest: Loaded, kind: str, host: ModelEntry) -> Iterator[Change]:
    """Yield what makes the models of `guest` share the base of `host`, which a provider of the sort `kind` runs."""
    # Only an engine of this process gives each id adapters of its own; Ollama would load the base a second time.
    adapters = host.adapters if kind == "ollama" else []
    for model in guest.models:
        entry, path = file.models[model.model_id], ("models", model.model_id)
        if entry.provider != host.provider:
            yield Change((*path, "provider"), host.provider)
        if entry.model != host.model:
            yield Change((*path, "model"), host.model)
        if entry.adapters != adapters:
            yield Change((*path, "adapters"), tuple(adapters))
        if adapters and entry.options.adapter_scale != host.options.adapter_scale:
            yield Change((*path, "options", "adapterScale"), host.options.adapter_scale)


def _base(entry: ModelEntry) -> tuple[str, str]:
    return entry.provider, entry.model


def _leaves(entry: ModelEntry) -> bool:
    """Tell whether a model is kept in memory for no time at all: 0, "0", "0s"."""
    keep = entry.options.keep_alive
    return keep is not None and not str(keep).strip("0.hms")
