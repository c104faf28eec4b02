"""The digest and the unconscious of a home: graphs, memories and models wired together for one run."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from langchain_core.runnables import RunnableConfig
from langgraph.types import StreamMode

from metahuman.agents.alone import alone
from metahuman.agents.yielding import Yielding
from metahuman.graph import digest as digest_graph
from metahuman.graph import dream as dream_graph
from metahuman.home import Home
from metahuman.memory.digest.dreams import HomeDreaming
from metahuman.memory.digest.home import HomeDigestion
from metahuman.state.context import TurnContext
from metahuman.state.digesting import DAYS, DigestInput, Item, Noted, Refused
from metahuman.state.dreaming import DreamInput, DreamState, Inner, Linked, Made
from metahuman.state.errors import ModelError
from metahuman.state.services import Courtesy
from metahuman.wiring import HomeServices, open_services

#: The kinds of runs of which a home has one at a time.
DIGEST, DREAM = "digest", "dream"
#: Parts of the memories that models read at a time; how many calls a provider gets at once, its lane decides.
SIDE_BY_SIDE = 8
#: Told how many parts a model has read, of how many.
Tell = Callable[[int, int], None]


@dataclass(frozen=True)
class Digested:
    """What came of a digest.

    Args:
        noted: The memories that were looked back on.
        items: What keeps coming up in them.
        refused: What a model claimed and nobody believed, or did not read, and why.
        changed: The names of what changed in the persona cache, list by list.
        forgotten: Memories that the cache cited and that are no more.
    """

    noted: list[Noted] = field(default_factory=list)
    items: list[Item] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    changed: dict[str, list[str]] = field(default_factory=dict)
    forgotten: list[str] = field(default_factory=list)

    @property
    def unread(self) -> list[Refused]:
        """The parts of the memories that no model read."""
        return [one for one in self.refused if one["kind"] == "part"]

    def told(self) -> str:
        """Return it in one line."""
        found = Counter(item["kind"] for item in self.items)
        counts = ", ".join(f"{count} {kind}{'s' if count > 1 else ''}" for kind, count in found.items())
        changes = sum(map(len, self.changed.values()))
        return f"{len(self.noted):,} memories: {counts or 'nothing keeps coming up'}; {changes} changes"


@dataclass(frozen=True)
class Dreamt:
    """What came of a night: the memories that came to mind, and what was made of them."""

    chain: list[Linked]
    made: list[Made]

    def told(self) -> str:
        """Return it in one line."""
        if not self.chain:
            return "too few memories to dream of"
        return "; ".join(f"{one['kind']}: {one['error'] or one['memory'] or 'not saved'}" for one in self.made)


async def digest(
    home: Home,
    *,
    days: int = DAYS,
    without_model: bool = False,
    dry_run: bool = False,
    tell: Tell | None = None,
    services: HomeServices | None = None,
    courtesy: Courtesy | None = None,
) -> Digested:
    """Look back on the memories of some days, and keep what keeps coming up in the persona cache.

    Args:
        home: The home.
        days: How many days.
        without_model: Whether rules alone look, and no model is asked.
        dry_run: Whether nothing is written.
        tell: Told as it goes on.
        services: The home's services; opened for this run by default.
        courtesy: Lets a person's turn go first; the home's by default.

    Raises:
        AlreadyRunning: If another digest is under way in the home.
        SettingError: If the persona cache is no JSON object.
        StoreError: If memories cannot be read, or the persona cache not be written.
    """
    async with _opened(home, DIGEST, services, dry_run=dry_run) as of:
        digestion = HomeDigestion(of.memory.keeper, of.persona_cache, of.clock)
        graph = digest_graph.build(of, digestion, courtesy or Yielding(home)).compile(name=DIGEST)
        given = DigestInput(days=days, withoutModel=without_model, dryRun=dry_run)
        config, read, parts = RunnableConfig(max_concurrency=SIDE_BY_SIDE), 0, 0
        values: Mapping[str, Any] = {}
        modes: list[StreamMode] = ["custom", "values"]
        async for part in graph.astream(given, config, context=TurnContext(), stream_mode=modes, version="v2"):
            if part["type"] == "values":
                values = part["data"]
            elif part["type"] == "custom":
                read, parts = read + part["data"]["read"], part["data"]["parts"]
                if tell and parts:
                    tell(read, parts)
    return Digested(**{key: values[key] for key in Digested.__dataclass_fields__ if key in values})


async def dream(
    home: Home,
    *,
    wanted: Sequence[Inner] = ("dream",),
    dry_run: bool = False,
    services: HomeServices | None = None,
    courtesy: Courtesy | None = None,
) -> Dreamt:
    """Let memories come to mind, and have a model dream of them, or reflect on them.

    Args:
        home: The home.
        wanted: What is to be made of them.
        dry_run: Whether nothing is saved.
        services: The home's services; opened for this run by default.
        courtesy: Lets a person's turn go first; the home's by default.

    Raises:
        AlreadyRunning: If another is under way in the home.
        StoreError: If memories cannot be read or written.
    """
    async with _opened(home, DREAM, services, dry_run=dry_run) as of:
        dreaming = HomeDreaming(of.memory.keeper, of.audit, of.clock)
        graph = dream_graph.build(of, dreaming, courtesy or Yielding(home)).compile(name=DREAM)
        given = DreamInput(wanted=list(wanted), dryRun=dry_run)
        state = cast(DreamState, await graph.ainvoke(given, context=TurnContext()))
    return Dreamt(state["chain"], state.get("made", []))


async def digester(home: Home) -> str:
    """Do one digest for whoever runs agents; return what came of it in one line."""
    return (await digest(home)).told()


async def dreamer(home: Home) -> str:
    """Dream once, for whoever runs agents; return what came of it in one line."""
    return (await _made(home, "dream")).told()


async def reflector(home: Home) -> str:
    """Reflect once, for whoever runs agents; return what came of it in one line."""
    return (await _made(home, "reflection")).told()


async def _made(home: Home, kind: Inner) -> Dreamt:
    """Make one thing; where no model could, that is an error, so that it is tried again."""
    made = await dream(home, wanted=[kind])
    if errors := [one["error"] for one in made.made if one["error"]]:
        raise ModelError(errors[0])
    return made


@contextlib.asynccontextmanager
async def _opened(
    home: Home, name: str, services: HomeServices | None, *, dry_run: bool
) -> AsyncIterator[HomeServices]:
    """Be the only run of a kind, unless it is a dry one; hand out the home's services, with all memories found."""
    async with contextlib.AsyncExitStack() as opened:
        if not dry_run:
            await opened.enter_async_context(alone(home, name))
        if services is None:
            services = open_services(home)
            opened.push_async_callback(services.aclose)
        await asyncio.to_thread(services.memory.ready)
        yield services
