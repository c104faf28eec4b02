"""The short-term state: what the orchestrator keeps in mind from turn to turn.

Every function takes a state and returns a new one; moments are ISO texts, as `state.moments.iso` writes them. A thread
has its own in its checkpoint, and `out/state/short-term.json` tells what the home has in mind as a whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast

from metahuman.state.acting import Step
from metahuman.state.ages import seconds_between
from metahuman.state.parts import SPECIALISTS, Finding, Route, ShortTerm

#: How many of the latest are kept; the plan's figures for tool outputs and topics.
TOPICS, OUTPUTS, TASKS = 10, 20, 10
#: Characters of a tool's output, and of a task, that are kept: enough to see what it was about.
OUTPUT, TASK = 1500, 160
#: How many of each a prompt is told, and how many characters of an output.
LATEST, TOLD = 3, 200
#: Seconds of silence after which another conversation begins: four hours, a night's sleep or a day's work, not a meal.
SESSION_BREAK = 4 * 60 * 60

#: What changes a short-term state.
Change = Callable[[ShortTerm], ShortTerm]


def from_file(value: Mapping[str, Any]) -> ShortTerm:
    """Return the short-term state that a file's content tells; what is missing or of another type is empty."""
    context = value.get("conversationContext")
    context = context if isinstance(context, dict) else {}
    outputs = value.get("recentToolOutputs")
    session = {key: context[key] for key in ("sessionStarted",) if isinstance(context.get(key), str)}
    thread = {key: value[key] for key in ("thread",) if isinstance(value.get(key), str)}
    known = {
        "currentFocus": _text(value.get("currentFocus")),
        "activeTasks": _texts(value.get("activeTasks")),
        "recentToolOutputs": dict(outputs) if isinstance(outputs, dict) else {},
        "conversationContext": {
            "lastTopics": _texts(context.get("lastTopics"))[-TOPICS:],
            "userIntent": _text(context.get("userIntent")),
            **session,
        },
        "lastUpdated": _text(value.get("lastUpdated")),
        **thread,
    }
    return cast(ShortTerm, known)


def dated(state: Mapping[str, Any], now: str) -> ShortTerm:
    """Return a state with its new date, and without the thread whose turn changed it last."""
    return cast(ShortTerm, {key: value for key, value in state.items() if key != "thread"} | {"lastUpdated": now})


def update_current_focus(state: ShortTerm, focus: str, now: str) -> ShortTerm:
    """Return the state with another focus; "" takes it away."""
    return dated({**state, "currentFocus": _cut(focus, TASK)}, now)


def add_active_task(state: ShortTerm, task: str, now: str) -> ShortTerm:
    """Return the state with `task`, its id or its words, as the latest open one; one that is open moves there."""
    return dated({**state, "activeTasks": _latest(state["activeTasks"], [_cut(task, TASK)], TASKS)}, now)


def remove_active_task(state: ShortTerm, task: str, now: str) -> ShortTerm:
    """Return the state without `task`, which is done or given up."""
    return dated({**state, "activeTasks": [one for one in state["activeTasks"] if one != _cut(task, TASK)]}, now)


def cache_tool_output(state: ShortTerm, tool: str, output: object, now: str, asked: str = "") -> ShortTerm:
    """Return the state with what a tool brought, in the place of what it brought before.

    Args:
        state: The state before.
        tool: The tool's name.
        output: What it returned; kept as text, and shortened.
        now: When.
        asked: What it was asked for.
    """
    kept = {name: value for name, value in state["recentToolOutputs"].items() if name != tool}
    kept[tool] = {"asked": _cut(asked, TASK), "output": _cut(str(output), OUTPUT), "cached": now}
    return dated({**state, "recentToolOutputs": dict(list(kept.items())[-OUTPUTS:])}, now)


def update_conversation_context(state: ShortTerm, topics: Iterable[str], intent: str, now: str) -> ShortTerm:
    """Return the state with these topics as the latest, and what is wanted, where `intent` says anything."""
    before = state["conversationContext"]
    latest = _latest(before["lastTopics"], topics, TOPICS)
    context = {**before, "lastTopics": latest, "userIntent": intent or before["userIntent"]}
    return dated({**state, "conversationContext": context}, now)


def clear_short_term_state(now: str) -> ShortTerm:
    """Return the state of a session that has just begun: nothing in mind."""
    return dated(from_file({"conversationContext": {"sessionStarted": now}}), now)


def after_break(state: ShortTerm, now: str) -> ShortTerm:
    """Return the state as it is in mind now: after a long silence a session begins, without the focus of the last.

    Topics, tasks and tool outputs stay; outputs of an earlier session are told to nobody, see `tool_lines`.
    """
    context: dict[str, Any] = {**state["conversationContext"]}
    silence = seconds_between(state["lastUpdated"], now)
    begun = seconds_between(context.get("sessionStarted"), now)
    if silence is not None and min(silence, silence if begun is None else begun) > SESSION_BREAK:
        fresh = {"currentFocus": "", "conversationContext": context | {"userIntent": "", "sessionStarted": now}}
        return cast(ShortTerm, {**state, **fresh})
    if "sessionStarted" in context:
        return state
    return cast(ShortTerm, {**state, "conversationContext": context | {"sessionStarted": state["lastUpdated"] or now}})


def after_turn(
    before: ShortTerm,
    route: Route,
    now: str,
    findings: Iterable[Finding] = (),
    steps: Iterable[Step] = (),
    thread: str | None = None,
) -> ShortTerm:
    """Return the state after a turn.

    It has the turn's focus and intent where the turn has any, its topics as the latest, and what each tool brought
    last. A task that came to nothing stays open through the next turn, so that "try again" has a sense; one that
    succeeded, or was left alone for a turn, is closed. Tasks that others opened are theirs to close.

    Args:
        before: The state before the turn.
        route: Where the turn went.
        now: When it ended.
        findings: What operator and specialists brought.
        steps: The calls of tools that were made.
        thread: The conversation.
    """
    state = after_break(before, now)
    state = update_current_focus(state, route["focus"] or state["currentFocus"], now)
    state = update_conversation_context(state, route["topics"], route["intent"], now)
    failed = [_cut(f"{found['source']}: {found['task']}", TASK) for found in findings if found["error"]]
    for step in steps:
        if step["ended"] == "done":
            asked = ", ".join(str(value) for value in step["call"]["arguments"].values())
            state = cache_tool_output(state, step["call"]["tool"], step["output"], now, asked)
    others = [task for task in state["activeTasks"] if not task.startswith(_OF_TURNS)]
    told = {**state, "activeTasks": _latest(others, failed, TASKS)}
    return cast(ShortTerm, told | {"thread": thread} if thread else told)


def with_tasks(state: ShortTerm, tasks: Iterable[str]) -> ShortTerm:
    """Return the state with further open tasks, the most urgent last."""
    return cast(ShortTerm, {**state, "activeTasks": _latest(state["activeTasks"], tasks, TASKS)})


def of_thread(own: ShortTerm | None, home: ShortTerm) -> ShortTerm:
    """Return what a thread has in mind, given its own state and the home's.

    Focus, topics and intent are the thread's own; tasks and tool outputs are the home's, since whoever opens a task
    opens it for all threads. What was changed in the home since, by no turn of any thread (by the owner, or through the
    Python API), holds as it is. A new thread begins with what the home has in mind.
    """
    if own is None:
        return home
    since = seconds_between(own["lastUpdated"], home["lastUpdated"])
    if since is None:  # nothing is known of the home, or the state is made up, as for `metahuman route explain`
        return own
    if "thread" not in home and since > 0:
        return home
    shared = {key: home[key] for key in ("activeTasks", "recentToolOutputs")}
    return cast(ShortTerm, {**own, **shared})


def changed_keys(before: ShortTerm, after: ShortTerm) -> list[str]:
    """Return the keys in which two states differ."""
    return [key for key, value in after.items() if value != before.get(key)]


def context_lines(focus: str, topics: Iterable[str], tasks: Iterable[str], tools: Iterable[str]) -> list[str]:
    """Return what is in mind as lines for a prompt, a line a matter, none for what is empty."""
    lists = {"Topics": topics, "Open tasks": tasks, "Tools": tools}
    told = {"Focus": focus} | {label: "; ".join(items) for label, items in lists.items()}
    return [f"{label}: {text}" for label, text in told.items() if text]


def tool_lines(state: ShortTerm, room: int = TOLD) -> tuple[str, ...]:
    """Return the latest outputs that tools brought in this session, a line of `room` characters each."""
    started = state["conversationContext"].get("sessionStarted")
    latest = list(state["recentToolOutputs"].items())[-LATEST:]
    return tuple(_cut(f"{name}: {_told(output)}", room) for name, output in latest if not _older(output, started))


def get_orchestrator_context(state: ShortTerm, room: int = TOLD) -> str:
    """Return what is in mind, as the orchestrator's prompt has it; "" where there is nothing.

    Args:
        state: The state.
        room: Characters of each tool's output.
    """
    topics = state["conversationContext"]["lastTopics"]
    tasks = state["activeTasks"][-LATEST:]
    return "\n".join(context_lines(state["currentFocus"], topics, tasks, tool_lines(state, room)))


_OF_TURNS = tuple(f"{source}: " for source in ("operator", *SPECIALISTS))


def _latest(before: Iterable[str], new: Iterable[str], most: int) -> list[str]:
    """Return the latest of a list after adding to it; what is said again moves to the end."""
    added = [text for text in dict.fromkeys(new) if text]
    return [*(text for text in before if text not in added), *added][-most:]


def _told(output: object) -> str:
    """Return a tool's output as text; one of another program's keeps its own shape."""
    if not isinstance(output, dict):
        return str(output)
    if "output" in output:
        return f"{output.get('asked') or 'asked'} -> {output['output']}"
    return str({key: value for key, value in output.items() if key != "cached"})


def _older(output: object, started: object) -> bool:
    age = seconds_between(output.get("cached"), started) if isinstance(output, dict) else None
    return age is not None and age > 0


def _cut(text: str, limit: int) -> str:
    """Return the beginning of a text, on one line."""
    line = " ".join(text[: 2 * limit].split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _texts(value: object) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
