"""Routes for what the twin does by itself."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from metahuman.agents.alone import AlreadyRunning, who_runs
from metahuman.agents.jobs import JOBS
from metahuman.agents.loading import named, switch
from metahuman.agents.running import Run, Runner, lock_of
from metahuman.agents.telling import collect
from metahuman.server.twin import JSON, Twin
from metahuman.state.curation_events import agent_switched

routes = APIRouter(prefix="/api/agents", tags=["agents"])

Name = Annotated[str, Field(min_length=1, max_length=100)]
#: Seconds in which a run that cannot begin says so.
SOON = 0.3


class Switched(BaseModel):
    """Whether an agent is to run by itself."""

    enabled: bool


@routes.get("")
def agents(twin: Twin) -> JSON:
    """List the agents: when each runs, how it ran last, and when it runs next, or why it does not."""
    return collect(twin.home, JOBS, datetime.now(UTC)).as_json()


@routes.put("/{name}")
def enable(name: Name, wanted: Switched, twin: Twin) -> JSON:
    """Let an agent run by itself, or keep it from that."""
    if switch(twin.home, name, JOBS, on=wanted.enabled):
        twin.services.audit.record(agent_switched(name, on=wanted.enabled))
    return {"name": name, "enabled": wanted.enabled}


@routes.post("/{name}/run", status_code=202)
async def run(name: Name, twin: Twin, request: Request) -> JSON:
    """Run an agent now, due or not; what comes of it stands in the list of agents."""
    (agent,) = await asyncio.to_thread(named, twin.home, [name], JOBS)
    runner = Runner(twin.home, JOBS, twin.services.audit, twin.services.clock)
    task: asyncio.Task[Run] = asyncio.create_task(runner.run(agent))
    tasks: set[asyncio.Task[Run]] = request.app.state.runs
    tasks.add(task)
    task.add_done_callback(tasks.discard)
    await asyncio.wait([task], timeout=SOON)
    if task.done() and task.result().ended == "skipped":
        raise AlreadyRunning(task.result().told)
    return {"name": name, "started": True, "by": who_runs(twin.home, lock_of(name))}
