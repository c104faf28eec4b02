"""How a tool is run: within its time, its output within bounds, its failure as one line."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, NamedTuple

from metahuman.state.acting import Ended, Output
from metahuman.state.errors import MetaHumanError
from metahuman.tools.desk import Desk
from metahuman.tools.outcomes import bounded
from metahuman.tools.tool import Arguments, Tool


class Carried(NamedTuple):
    """How running a tool ended: what it brought, or else why it did not."""

    ended: Ended
    output: Output | None = None
    error: str | None = None


async def carry_out(tool: Tool[Any], arguments: Arguments, desk: Callable[[], Desk]) -> Carried:
    """Run a tool. Only the gate does this, after the policy or a person let it.

    Args:
        tool: The tool.
        arguments: What it is called with.
        desk: Makes what it has at hand.
    """
    try:
        given = await asyncio.to_thread(desk)  # it may make folders
        async with asyncio.timeout(tool.seconds) as time:
            output = await tool.run(arguments, given)
    except TimeoutError as error:
        return Carried("failed", error=_late(tool) if time.expired() else f"{tool.name}: {error or 'timed out'}")
    except MetaHumanError as error:
        return Carried("failed", error=str(error))
    except OSError as error:
        return Carried("failed", error=f"{tool.name}: {error}")
    return Carried("done", bounded(output, given.limits.output))


def _late(tool: Tool[Any]) -> str:
    """Return why a tool was stopped; what it waits for outside of this program may go on all the same."""
    doubt = "" if tool.effect == "read" else "; what it had begun may have been done all the same, so look first"
    return f"{tool.name} took longer than {tool.seconds:g} seconds and was stopped{doubt}"
