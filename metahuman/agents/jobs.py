"""What each agent does, by its name. The work itself is imported when it is done: most commands need none of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from metahuman.home import Home

#: Does an agent's work in a home, and says in one line what came of it.
Job = Callable[[Home], Awaitable[str]]


async def maintain(home: Home) -> str:
    """Bring the index of memories up to date with their files."""
    from metahuman.opening import open_memory

    memory = open_memory(home)
    try:
        await asyncio.to_thread(memory.ready)
        count = await asyncio.to_thread(memory.keeper.count)
    finally:
        await asyncio.to_thread(memory.close)
    return f"{count} memories can be found"


async def curate(home: Home) -> str:
    """Curate the memories that nobody has curated yet."""
    from metahuman.curating import curate as run

    return (await run(home)).told()


async def digest(home: Home) -> str:
    """Count what keeps coming up in the memories of the last weeks."""
    from metahuman.digesting import digester

    return await digester(home)


async def reflect(home: Home) -> str:
    """Think over memories that belong together."""
    from metahuman.digesting import reflector

    return await reflector(home)


async def dream(home: Home) -> str:
    """Dream of memories that belong together."""
    from metahuman.digesting import dreamer

    return await dreamer(home)


#: Every agent's work, by the agent's name.
JOBS: Mapping[str, Job] = {
    "maintenance": maintain,
    "curator": curate,
    "digest": digest,
    "reflector": reflect,
    "dreamer": dream,
}
