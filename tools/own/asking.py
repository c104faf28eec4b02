"""How tools have a specialist work: what goes wrong is theirs to tell."""

from __future__ import annotations

from metahuman.state.errors import SpecialistFailed, ToolError
from metahuman.state.parts import Specialist
from metahuman.tools.desk import Desk


async def answer(desk: Desk, role: Specialist, instruction: str, material: str) -> str:
    """Return what a specialist makes of it.

    Raises:
        ToolError: If nothing comes of it.
    """
    try:
        return (await desk.ask(role, instruction, material)).strip()
    except SpecialistFailed as error:
        raise ToolError(f"the {role} made nothing of it: {error}") from error
