"""The tools of a home: what each call has at hand, and the gate that all of them go through."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from metahuman.audit.reader import read
from metahuman.home import Home
from metahuman.memory.home import HomeMemory
from metahuman.models.router import RoleRouter
from metahuman.state.acting import Acting
from metahuman.state.errors import SpecialistFailed
from metahuman.state.events import memory_saved
from metahuman.state.memories import Question, memory_id
from metahuman.state.moments import iso
from metahuman.state.parts import Evidence, Specialist
from metahuman.state.services import Audit, Clock, Workshop
from metahuman.tools.changes import ChangeLog
from metahuman.tools.desk import Desk
from metahuman.tools.files.all_of_them import TOOLS as FILE_TOOLS
from metahuman.tools.files.ledger import Key
from metahuman.tools.gate import Gate
from metahuman.tools.journal import Journal
from metahuman.tools.mcp.opening import McpTools
from metahuman.tools.own.all_of_them import TOOLS as OWN_TOOLS
from metahuman.tools.own.local_time import HERE
from metahuman.tools.policy.settings import TrustFiles
from metahuman.tools.tasks.all_of_them import TOOLS as TASK_TOOLS
from metahuman.tools.tool import Tool
from metahuman.tools.toolbox import Toolbox
from metahuman.tools.world.all_of_them import TOOLS as WORLD_TOOLS
from metahuman.workshop import SpecialistTask, run_tasks

OWN: tuple[Tool[Any], ...] = (*FILE_TOOLS, *TASK_TOOLS, *OWN_TOOLS, *WORLD_TOOLS)


def open_tools(home: Home, memory: HomeMemory, models: RoleRouter, audit: Audit, clock: Clock, mcp: McpTools) -> Gate:
    """Return the gate to a home's tools; nothing is opened before the first call.

    Args:
        home: The home.
        memory: Its memory.
        models: Who answers for a role.
        audit: The audit log.
        clock: The time.
        mcp: The tools of other programs.

    Raises:
        SettingError: If `etc/trust.json` is wrong.
        StoreError: If it cannot be read.
    """
    trust = TrustFiles(home.root)
    changes = ChangeLog(home.root, clock.now, most=trust.read().limits.file)
    memories, asking = NotedMemories(memory, audit), AskingSpecialists(home, Workshop(models, audit, clock))

    def desk_for(acting: Acting, key: str) -> Desk:
        inside = trust.read()
        return Desk(
            home=home.root,
            base=inside.base,
            folders=inside.readable,
            now=clock.now().astimezone(HERE),
            changes=changes.of(Key(acting.thread, acting.turn, key)),
            memories=memories,
            ask=asking,
            limits=inside.limits,
            made=acting.made,
        )

    journal = Journal(home.root / "state" / "actions.sqlite", home.locks)
    return Gate(
        Toolbox(OWN, [mcp.tools]), trust, journal, desk_for, audit, clock, audited=partial(is_audited, home.audit)
    )


def is_audited(folder: Path, execution: str) -> bool:
    """Tell whether the audit log has the `tool_called` event of an execution."""
    return any(entry["details"].get("execution") == execution for entry in read(folder, event="tool_called"))


class NotedMemories:
    """The memories of a home, as tools search them and add to them.

    Args:
        memory: The home's memory.
        audit: Where it is written down that something was noted.
    """

    def __init__(self, memory: HomeMemory, audit: Audit) -> None:
        self._memory, self._audit = memory, audit

    async def search(self, question: Question) -> Sequence[Evidence]:
        """Return what bears on a question, best first."""
        return await self._memory.recall(question)

    async def save(self, text: str, moment: datetime) -> str:
        """Note something down; return the id of the memory that holds it."""
        at = iso(moment)
        noted = {"id": memory_id(at, str(uuid.uuid4())), "timestamp": at, "type": "observation", "content": text}
        kept = await self._memory.save(noted)
        await self._audit.arecord(memory_saved(kept, None))
        return kept.id or ""


class AskingSpecialists:
    """Has specialists work for tools, as they do in a turn: checked, sent back once, long texts in pieces.

    Args:
        home: The home.
        workshop: The role router, the audit log, the time.
    """

    def __init__(self, home: Home, workshop: Workshop) -> None:
        self._home, self._workshop = home, workshop

    async def __call__(self, role: Specialist, instruction: str, material: str) -> str:
        """Return what the specialist makes of it.

        Raises:
            SpecialistFailed: If nothing comes of it.
        """
        (made,) = await run_tasks([SpecialistTask(instruction, role, material)], self._workshop, "dual", {}, self._home)
        if not made.content:
            raise SpecialistFailed(str(made.error))
        return made.content
