"""A gate over a home of the test's own, with small tools that show what the policy let through."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import Field

from metahuman.state.acting import Acting, Approval, Call, Outcome, Output
from metahuman.state.errors import ToolError
from metahuman.state.events import AuditEvent
from metahuman.tools.changes import ChangeLog
from metahuman.tools.desk import Desk
from metahuman.tools.files.ledger import Key
from metahuman.tools.gate import Gate
from metahuman.tools.journal import Journal
from metahuman.tools.policy.paths import resolve
from metahuman.tools.policy.settings import TrustFiles
from metahuman.tools.tool import Arguments, Tool, Touch
from metahuman.tools.toolbox import Toolbox
from tests.fakes import FakeAudit, FakeClock
from tests.tools.own.desks import ListedMemories, ScriptedAsking


class Path_(Arguments):  # noqa: N801
    """Take a path."""

    path: str
    text: str = ""


class Words(Arguments):
    """Take words."""

    text: str = ""
    times: int = Field(default=1, ge=1)


@dataclass
class Tools:
    """Tools of each kind; what they did is in `done`."""

    done: list[tuple[str, Any]] = field(default_factory=list)
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    waits: asyncio.Event = field(default_factory=asyncio.Event)
    answer: str = "ok"
    more: tuple[Tool[Any], ...] = ()

    async def look(self, arguments: Path_, desk: Desk) -> Output:
        found = resolve(arguments.path, desk.base, desk.folders, "read", home=desk.home)
        self.done.append(("look", found))
        return Output(self.answer, sources=(str(found),))

    async def put(self, arguments: Path_, desk: Desk) -> Output:
        found = resolve(arguments.path, desk.base, desk.folders, "write", home=desk.home)
        await asyncio.to_thread(desk.changes.write, found, arguments.text.encode())
        self.done.append(("put", found))
        return Output(f"wrote {found}", trusted=True)

    async def act(self, arguments: Words, desk: Desk) -> Output:
        self.done.append(("act", arguments.text))
        return Output(self.answer)

    async def fail(self, arguments: Words, desk: Desk) -> Output:
        self.done.append(("fail", arguments.text))
        raise ToolError("it cannot be; try another")

    async def wait(self, arguments: Words, desk: Desk) -> Output:
        self.done.append(("wait", arguments.text))
        self.begun.set()
        await self.waits.wait()
        return Output("waited")

    def all(self) -> Sequence[Tool[Any]]:
        reads, writes = (lambda given: [Touch(given.path, "read")]), (lambda given: [Touch(given.path, "write")])
        where = lambda given: {"path": f"{Path(given.path).parent}/*"}  # noqa: E731
        return (
            Tool("look", Path_, self.look, touches=reads),
            Tool("put", Path_, self.put, risk="medium", effect="write", touches=writes, pattern=where),
            Tool("note", Words, self.act, effect="write"),
            Tool("shell", Words, self.act, risk="high", effect="run"),
            Tool("mail", Words, self.act, risk="medium", effect="send", hosts=lambda given: ["mail.example.org"]),
            Tool("fail", Words, self.fail),
            Tool("wait", Words, self.wait, risk="low", effect="write", seconds=0.2),
            *self.more,
        )


@dataclass
class Naive(Tools):
    """Tools that trust the gate: they look at no path themselves, and only write down what they were called with."""

    given: list[dict[str, Any]] = field(default_factory=list)

    async def look(self, arguments: Path_, desk: Desk) -> Output:
        return self._noted("look", arguments.path, arguments)

    async def put(self, arguments: Path_, desk: Desk) -> Output:
        return self._noted("put", arguments.path, arguments)

    async def act(self, arguments: Words, desk: Desk) -> Output:
        return self._noted("act", arguments.text, arguments)

    def _noted(self, name: str, what: str, arguments: Arguments) -> Output:
        self.done.append((name, what))
        self.given.append(arguments.model_dump(mode="json"))
        return Output(name)


@dataclass
class FullAudit(FakeAudit):
    """Keeps the events until its disk is full."""

    error: Exception | None = None

    def record(self, event: AuditEvent) -> None:
        if self.error:
            raise self.error
        super().record(event)


@dataclass
class World:
    """A home with a gate."""

    home: Path
    tools: Tools = field(default_factory=Tools)
    audit: FullAudit = field(default_factory=FullAudit)
    clock: FakeClock = field(default_factory=FakeClock)

    def __post_init__(self) -> None:
        self.files = self.home / "files"
        self.gate = self.opened()

    def opened(self) -> Gate:
        """Another gate on the same home, as after a restart."""
        changes = ChangeLog(self.home, self.clock.now)

        def desk_for(acting: Acting, key: str) -> Desk:
            of_call = changes.of(Key(acting.thread, acting.turn, key))
            now = self.clock.now()
            return Desk(self.home, self.home, [], now, of_call, ListedMemories(), ScriptedAsking())

        journal = Journal(self.home / "state" / "actions.sqlite", self.home / "state" / "locks")
        known = {event.details["execution"] for event in self.audit.events if event.event == "tool_called"}
        return Gate(
            Toolbox(self.tools.all()), TrustFiles(self.home), journal, desk_for, self.audit, self.clock,
            audited=lambda execution: execution in known,
        )  # fmt: skip

    def trust(self, **content: Any) -> None:
        """Write the owner's etc/trust.json."""
        write(self.home / "etc" / "trust.json", json.dumps(content))


def write(path: Path, text: str = "") -> Path:
    """Write a file, and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def acting(**changes: Any) -> Acting:
    """For whom a call is made: somebody in dual mode, who has read nothing of others."""
    return Acting(**{"turn": "turn", "thread": "main", "mode": "dual", **changes})


def call(tool: str, number: int = 1, **arguments: Any) -> Call:
    """A call."""
    return Call(id=f"call-{number}", tool=tool, arguments=arguments)


def yes(arguments: dict[str, Any], **changes: Any) -> Approval:
    """A person's yes to these arguments."""
    given: dict[str, Any] = {"approved": True, "arguments": arguments, "by": "ann", "why": None, "always": False}
    return Approval(**{**given, **changes})  # type: ignore[typeddict-item]


async def approved(world: World, one: Call, whom: Acting | None = None) -> Outcome:
    """Make a call that a person says yes to."""
    return await world.gate.run(one, whom or acting(), yes(one["arguments"]))
