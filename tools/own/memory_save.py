"""`memory_save`: notes something down to be remembered."""

from __future__ import annotations

from pydantic import Field

from metahuman.state.acting import Output
from metahuman.state.errors import ToolError
from metahuman.tools.desk import Desk
from metahuman.tools.tool import Arguments, Tool


class MemorySave(Arguments):
    """Note down something that the owner wants remembered: a fact, a decision, an event. Tasks have their own tool."""

    text: str = Field(max_length=4_000, description="What to remember, in a sentence that can be understood alone.")


async def run(arguments: MemorySave, desk: Desk) -> Output:
    """Note it down; the words that come back are this program's own."""
    text = arguments.text.strip()
    if not text:
        raise ToolError("there is nothing to remember: the text is empty")
    kept = await desk.memories.save(text, desk.now)
    return Output(f"Noted down as memory {kept}.", (kept,), trusted=True)


TOOL = Tool("memory_save", MemorySave, run, effect="write", pattern=lambda _: {"text": "*"})
