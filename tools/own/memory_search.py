"""`memory_search`: what is remembered about something."""

from __future__ import annotations

from pydantic import Field

from metahuman.state.acting import Output
from metahuman.state.errors import ToolError
from metahuman.state.memories import Question
from metahuman.state.parts import Evidence
from metahuman.tools.desk import Desk
from metahuman.tools.own.paging import page
from metahuman.tools.tool import Arguments, Tool

#: Characters of a memory that are told, and about how many make a token.
LONGEST, PER_TOKEN = 1_200, 4


class MemorySearch(Arguments):
    """Search what the owner said and noted before: people, plans, facts, events. The best comes first."""

    about: str = Field(max_length=1_000, description='What to look for, in a few words; times count: "trip last May".')
    start: int = Field(0, ge=0, description="How many to pass over, to read on in a long list.")
    limit: int = Field(8, ge=1, le=30, description="How many at most.")


async def run(arguments: MemorySearch, desk: Desk) -> Output:
    """Return the memories that bear on it, each with its id and its day."""
    if not arguments.about.strip():
        raise ToolError("search for what? give a few words")
    question = Question(arguments.about, desk.now, tokens=desk.limits.output // PER_TOKEN)
    found = await desk.memories.search(question)
    if not found:
        return Output("Nothing is remembered about that.", trusted=True)
    text = page([_told(one) for one in found], arguments.start, arguments.limit, desk.limits.output, what="memories")
    return Output(text, tuple(one["id"] for one in found[arguments.start :][: arguments.limit]))


def _told(one: Evidence) -> str:
    text = " ".join(one["text"].split())
    cut = text if len(text) <= LONGEST else f"{text[:LONGEST]} [cut: {len(text) - LONGEST} more characters]"
    return f"{one['id']} ({one['timestamp'][:10]}, {one['type']}): {cut}"


TOOL = Tool("memory_search", MemorySearch, run)
