"""How tools ask a model: what goes wrong is theirs to tell."""

from __future__ import annotations

from metahuman.state.errors import ModelError, ToolError
from metahuman.tools.desk import Desk


async def answer(desk: Desk, role: str, instruction: str, material: str) -> str:
    """Return what the model of a role says.

    Raises:
        ToolError: If none answers.
    """
    try:
        return (await desk.ask(role, instruction, material)).strip()
    except ModelError as error:
        raise ToolError(f"the {role} did not answer: {error}") from error
