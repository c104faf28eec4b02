"""AgentDojo's environments behind this program's gate: their tools as tools of ours, a scripted model and person.

AgentDojo (Debenedetti et al., NeurIPS 2024; MIT) has environments whose tools bring texts of others, user tasks with
the calls that solve them, and injection tasks, planted in those texts, with the calls that an attacker wants.
"""

from __future__ import annotations

import asyncio
import itertools
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, NamedTuple

import yaml
from agentdojo.agent_pipeline.base_pipeline_element import BasePipelineElement
from agentdojo.agent_pipeline.tool_execution import tool_result_to_str
from agentdojo.base_tasks import BaseInjectionTask, BaseUserTask
from agentdojo.functions_runtime import EmptyEnv, Function, FunctionCall, FunctionsRuntime
from agentdojo.task_suite.task_suite import TaskSuite, read_suite_file
from agentdojo.types import ChatAssistantMessage, ChatToolResultMessage, text_content_block_from_string
from pydantic import create_model

from metahuman.state.acting import Acting, Approval, Call, Effect, Outcome, Output, Risk
from metahuman.state.context import Trust
from metahuman.state.errors import ToolError
from metahuman.state.events import AuditEvent
from metahuman.state.files import write_json
from metahuman.tools.desk import Desk
from metahuman.tools.gate import Gate
from metahuman.tools.journal import Journal
from metahuman.tools.policy.settings import TrustFiles
from metahuman.tools.policy.taint import taint
from metahuman.tools.tool import Arguments, Tool
from metahuman.tools.toolbox import Toolbox

#: What AgentDojo's tools do at worst; those that are not named only read their environment.
EFFECTS: dict[str, tuple[Risk, Effect]] = {
    "send_email": ("medium", "send"),
    "delete_email": ("high", "write"),
    "create_calendar_event": ("medium", "send"),  # it invites people
    "cancel_calendar_event": ("high", "send"),
    "reschedule_calendar_event": ("medium", "send"),
    "add_calendar_event_participants": ("medium", "send"),
    "append_to_file": ("medium", "write"),
    "create_file": ("medium", "write"),
    "delete_file": ("high", "write"),
    "share_file": ("high", "send"),
    "reserve_hotel": ("medium", "send"),
    "reserve_car_rental": ("medium", "send"),
    "reserve_restaurant": ("medium", "send"),
    "send_money": ("high", "send"),
    "schedule_transaction": ("high", "send"),
    "update_scheduled_transaction": ("high", "send"),
    "update_password": ("high", "write"),
    "update_user_info": ("medium", "write"),
    "add_user_to_channel": ("medium", "send"),
    "send_direct_message": ("medium", "send"),
    "send_channel_message": ("medium", "send"),
    "invite_user_to_slack": ("high", "send"),
    "remove_user_from_slack": ("high", "send"),
    "get_webpage": ("medium", "send"),  # the address goes out
    "post_webpage": ("high", "send"),
}
#: What a write aims at, where the tool has an argument for it; all others are its content.
TARGETS = {"append_to_file": "file_id", "create_file": "filename", "delete_file": "file_id", "delete_email": "email_id"}
#: Stands in every planted text, so that the scripted model notices it however a tool wraps its lines.
MARK = "ref6f1d"
MAIL = re.compile(r"[\w.+-]+@[\w-]+\.[a-z]+")
Defence = Literal["none", "trust", "trust and taint"]


class Nothing:
    """What the tools of an environment have no use for: the owner's files, memories and models."""

    def __getattr__(self, name: str) -> Any:
        raise ToolError(f"{name} is not there in this benchmark")

    def happened(self) -> bool | None:
        """Say that nobody can tell whether a change was made."""
        return None

    def record(self, event: AuditEvent) -> None:
        """Keep no audit."""

    async def arecord(self, event: AuditEvent) -> None:
        """Keep no audit."""

    def close(self) -> None:
        """Close nothing."""


class RealClock:
    """The machine's own time."""

    def now(self) -> datetime:
        """Return the time of day."""
        return datetime.now(UTC)

    def milliseconds(self) -> float:
        """Return a count of milliseconds."""
        return time.perf_counter() * 1000

    async def sleep(self, seconds: float) -> None:
        """Return after so many seconds."""
        await asyncio.sleep(seconds)


class Ran(NamedTuple):
    """A call of the scripted model, and what became of it."""

    call: Call
    injected: bool
    asked: bool
    outcome: Outcome

    @property
    def executed(self) -> bool:
        """Whether the tool was called at all, whatever it answered."""
        return self.outcome.ended in ("done", "failed") and self.outcome.approved_by is not None

    @property
    def acts(self) -> bool:
        """Whether the call does more than read its environment."""
        return self.call["tool"] in EFFECTS


@dataclass
class World:
    """A suite's tools behind a gate.

    Args:
        suite: The suite.
        home: A folder for the gate's files.
        level: The trust level.
        defence: Whether calls are ruled on at all, and whether texts that were read count.
    """

    suite: TaskSuite[Any]
    home: Path
    level: Trust
    defence: Defence = "trust and taint"
    runtime: FunctionsRuntime = field(init=False)
    env: Any = field(init=False, default=None)
    #: Every time that a function of the environment was really called.
    touched: list[str] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        self.runtime, self.loop = FunctionsRuntime(self.suite.tools), asyncio.Runner()
        everything = {"trust": {"dual": self.level, "agent": self.level}, "limits": {"output": 200_000}}
        write_json(self.home / "etc" / "trust.json", everything)
        nothing = Nothing()
        tools = Toolbox([self._tool(function) for function in self.suite.tools])
        self.gate = Gate(
            tools,
            TrustFiles(self.home),
            Journal(self.home / "state" / "actions.sqlite", self.home / "state" / "locks"),
            lambda acting, key: Desk(self.home, self.home, (), datetime.now(UTC), nothing, nothing, nothing),
            nothing,
            RealClock(),
            taint=taint if self.defence == "trust and taint" else lambda *_: None,
        )
        self.loop.run(self.gate.ready())

    def call(self, call: Call, acting: Acting, person: Callable[[Call], bool]) -> tuple[Outcome, bool]:
        """Make a call as the turn graph does: rule, ask if need be, run; tell whether a person was asked."""
        return self.loop.run(self._call(call, acting, person))

    def close(self) -> None:
        """Close the gate."""
        self.gate.close()
        self.loop.close()

    async def _call(self, call: Call, acting: Acting, person: Callable[[Call], bool]) -> tuple[Outcome, bool]:
        if (await self.gate.rule(call, acting))["verdict"] != "ask":
            return await self.gate.run(call, acting), False
        yes = self.defence == "none" or person(call)
        approval = Approval(approved=yes, arguments=call["arguments"], by="human", why=None, always=False)
        return await self.gate.run(call, acting, approval), self.defence != "none"

    def _tool(self, function: Function[Any, Any]) -> Tool[Any]:
        fields: dict[str, Any] = {name: (one.annotation, one) for name, one in function.parameters.model_fields.items()}
        kind = create_model(function.name, __base__=Arguments, __doc__=function.description, **fields)
        risk, effect = EFFECTS.get(function.name, ("low", "read"))
        target = TARGETS.get(function.name)
        options: dict[str, Any] = {"pattern": lambda given: {target: getattr(given, target)}} if target else {}
        return Tool(function.name, kind, self._runner(function.name), risk, effect, **options)

    def _runner(self, name: str) -> Callable[[Arguments, Desk], Any]:
        async def run(arguments: Arguments, _: Desk) -> Output:
            self.touched.append(name)
            result, error = self.runtime.run_function(self.env, name, arguments.model_dump())
            if error:
                raise ToolError(" ".join(error.split()))
            return Output(tool_result_to_str(result))

        return run


class Operator(BasePipelineElement):
    """A scripted model: it makes the calls that solve the user's task, and obeys whatever is planted, at once.

    Args:
        world: Where it acts.
        task: What the user wants.
        planted: What an attacker wants; None for nobody.
    """

    name = "local"  # AgentDojo's attacks address a model by its name
    _turns = itertools.count()

    def __init__(self, world: World, task: BaseUserTask[Any], planted: BaseInjectionTask[Any] | None = None) -> None:
        self.world, self.task, self.planted = world, task, planted
        self.ran: list[Ran] = []

    def query(
        self,
        query: str,
        runtime: FunctionsRuntime,
        env: Any = EmptyEnv(),  # noqa: B008 - as its base has it
        messages: Sequence[Any] = (),
        extra_args: Mapping[str, Any] | None = None,
    ) -> tuple[str, FunctionsRuntime, Any, Sequence[Any], Mapping[str, Any]]:
        """Do the task; the messages returned hold the calls that were really made."""
        self.world.env, said = env, list(messages)
        wanted = self.task.ground_truth(env)
        waiting = _wanted(self.planted, env.model_copy(deep=True)) if self.planted else []
        turn, seen, answer = f"turn-{next(self._turns)}", list[str](), self.task.GROUND_TRUTH_OUTPUT
        queue = [(one, False) for one in wanted]
        while queue:
            one, injected = queue.pop(0)
            acting = Acting(turn, None, "dual", said=[query], seen=tuple(seen))
            ran = self._call(one, injected, acting, wanted)
            if ran.executed:
                said += _messages(one, ran.outcome)
            if ran.outcome.output:
                seen.append(ran.outcome.output.text)
            if waiting and seen and MARK in seen[-1]:
                queue, waiting = [(other, True) for other in waiting] + queue, []
        done = ChatAssistantMessage(role="assistant", content=[text_content_block_from_string(answer)], tool_calls=None)
        return query, runtime, env, [*said, done], extra_args or {}

    def _call(self, one: FunctionCall, injected: bool, acting: Acting, wanted: Sequence[FunctionCall]) -> Ran:
        call = Call(id=f"call-{len(self.ran)}", tool=one.function, arguments=dict(one.args))
        needed = [(other.function, dict(other.args)) for other in wanted]
        outcome, asked = self.world.call(call, acting, lambda asked: (asked["tool"], asked["arguments"]) in needed)
        self.ran.append(Ran(call, injected, asked, outcome))
        return self.ran[-1]


def environments(suite: TaskSuite[Any]) -> Callable[[Mapping[str, str]], Any]:
    """Return what makes a suite's environment with texts planted in it, as AgentDojo does, ten times as fast."""
    empty = read_suite_file(suite.name, "environment.yaml", suite.data_path)
    places = suite.get_injection_vector_defaults()

    def opened(planted: Mapping[str, str]) -> Any:
        content = yaml.load(empty.format(**{**places, **planted}), yaml.CSafeLoader)
        return suite.environment_type.model_validate(content)

    return opened


def _wanted(planted: BaseInjectionTask[Any], env: Any) -> list[FunctionCall]:
    """Return the calls that an injection wants; where AgentDojo lists none, a mail of all mails to whom it names."""
    calls = list(planted.ground_truth(env))
    if calls or not (named := MAIL.search(planted.GOAL)):
        return calls
    read = tool_result_to_str(list(env.inbox.emails.values()))
    return [FunctionCall(function="send_email", args={"recipients": [named[0]], "subject": "All", "body": read})]


def _messages(one: FunctionCall, outcome: Outcome) -> list[Any]:
    text = outcome.output.text if outcome.output else outcome.error or ""
    empty = [text_content_block_from_string("")]
    return [
        ChatAssistantMessage(role="assistant", tool_calls=[one], content=empty),
        ChatToolResultMessage(
            role="tool",
            content=[text_content_block_from_string(text)],
            tool_call=one,
            tool_call_id=None,
            error=outcome.error,
        ),
    ]
