"""What the twin should do by itself: whether it ever did, and how that ended."""

from __future__ import annotations

from collections.abc import Iterator

from metahuman.agents.jobs import JOBS
from metahuman.agents.loading import load_agents
from metahuman.agents.records import Record, Records
from metahuman.doctor.finding import Finding, Look, ok, some, warning


def timers(look: Look) -> Iterator[Finding]:
    """Find agents that are switched on and never ran, and those whose last run failed."""
    agents, records = load_agents(look.home, JOBS.keys()), Records(look.home).read()
    due = [name for name, agent in agents.known.items() if agent.settings.enabled and agent.settings.has_trigger]
    if agents.paused or not due or not _is_in_use(look):
        return
    never = [name for name in due if records.get(name, Record()).last_run is None]
    failed = [name for name in due if records.get(name, Record()).ended == "failed"]
    if never:
        told = f"{some(never, len(never))} never ran; agents run while `metahuman serve` or `metahuman agents run` does"
        yield warning(told, "metahuman agents run, or metahuman agents disable NAME")
    for name in failed:
        yield warning(f"{name} failed when it ran last: {records[name].told}", f"metahuman agents run --once {name}")
    if not never and not failed:
        yield ok(f"{len(due)} agents have run, and did not fail")


def _is_in_use(look: Look) -> bool:
    """Tell whether the home was there yesterday: before that, an agent may not have been due."""
    today = f"{look.now:%Y-%m-%d}"
    return any(path.stem < today for path in look.home.audit.glob("*.ndjson"))
