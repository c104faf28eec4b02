"""What the operator has been asked, has done so far in a turn, and brings back: pure functions of the state."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from metahuman.state.acting import Acting, Call, Step
from metahuman.state.briefing import made_here
from metahuman.state.broking import OPERATOR
from metahuman.state.parts import Finding
from metahuman.state.prompting import FINDING, shorten
from metahuman.state.turn import TurnState, of_turn, question_of

#: Times that a model may be asked for the next calls in one turn, calls of one answer, and tokens of all its answers.
ROUNDS, CALLS, TOKENS = 8, 4, 40_000
#: Seconds that models and tools may work on one turn together; waiting for a person's word does not count.
SECONDS = 180.0
#: Characters of a call's arguments that a line about it shows.
ARGUMENTS = 160


def operator_tasks(state: TurnState) -> str:
    """Return what the operator is asked to do in this turn."""
    return "; ".join(task["task"] for task in state["route"]["tasks"] if task["destination"] == "operator")


def steps_of(state: TurnState) -> list[Step]:
    """Return the calls of tools that have ended in this turn."""
    return of_turn(state.get("steps", []), state)


def acting_of(state: TurnState, thread: str | None) -> Acting:
    """Return for whom and amid what a call is made.

    What the twin itself said in the thread is not the owner's word: it may repeat what others wrote.
    """
    recalled = [one["text"] for one in state["recalled"]["evidence"]] if "recalled" in state else []
    before = [str(output) for output in _outputs_before(state)]
    made = {artifact["name"]: artifact["text"] for artifact in made_here(state)}
    # An error may quote another program: none of them is the owner's word.
    read = [text for step in steps_of(state) for text in (step["error"], _foreign(step)) if text]
    return Acting(
        turn=str(question_of(state).id),
        thread=thread,
        mode=state["mode"],
        trust=state.get("trust"),
        said=[message.text for message in state["messages"] if message.type == "human"],
        seen=[*recalled, *before, *read],
        made=made,
    )


def new_calls(wanted: Iterable[tuple[str, dict[str, Any]]], state: TurnState) -> list[Call]:
    """Return what a model wants called, with ids of our own: a model's may come twice in a thread."""
    turn, first = question_of(state).id, len(steps_of(state))
    numbered = enumerate(list(wanted)[:CALLS], first)
    return [Call(id=f"{turn}/{number}", tool=tool, arguments=arguments) for number, (tool, arguments) in numbered]


def exhausted(state: TurnState) -> str | None:
    """Return which bound of a turn the operator has reached, if any."""
    asked = [
        entry["call"] for entry in of_turn(state.get("calls", []), state) if entry["call"]["role"] == "orchestrator"
    ]
    took = sum(call["latencyMs"] for call in asked) + sum(step["latencyMs"] for step in steps_of(state))
    if len(asked) > ROUNDS:
        return f"it had not come to an end after {ROUNDS} rounds"
    if sum(call["tokens"]["prompt"] + call["tokens"]["completion"] for call in asked) > TOKENS:
        return f"it had not come to an end after {TOKENS} tokens"
    return f"it had not come to an end after {SECONDS:.0f} seconds" if took > SECONDS * 1000 else None


def failed_lately(state: TurnState) -> list[Step]:
    """Return the calls that went wrong since a model was last asked what to call."""
    return [step for step in steps_of(state)[state.get("planned", 0) :] if step["ended"] in ("failed", "unknown")]


def operator_finding(state: TurnState, note: str, error: str | None = None) -> Finding:
    """Return what the operator brings back: what each call brought, and the model's own closing words.

    Args:
        state: The turn so far.
        note: What the model says of it.
        error: Why it stopped early, if it did.
    """
    steps = steps_of(state)
    done = [step for step in steps if step["ended"] == "done"]
    room = FINDING // max(1, len(done) + 1)
    lines = [f"{told(step['call'])}: {shorten(step['output'], room)}{_from(step)}" for step in done]
    lines += [f"{told(step['call'])} was not done: {step['error']}" for step in steps if step["ended"] != "done"]
    content = "\n".join([*lines, *([f"In short: {shorten(note, room)}"] if note else [])])
    nothing = None if done or note else "nothing was looked up, changed or run"
    why = "; ".join(filter(None, [error, nothing]))
    return Finding(
        turn=str(question_of(state).id),
        job=OPERATOR,
        source="operator",
        task=operator_tasks(state),
        content=content,
        artifacts=[],
        part=None,
        latencyMs=round(sum(step["latencyMs"] for step in steps), 2),
        error=why or None,
    )


def told(call: Call) -> str:
    """Return a call in a line, its arguments shortened: `fs_read(path="notes.txt")`."""
    arguments = ", ".join(f"{name}={value!r}" for name, value in call["arguments"].items())
    return f"{call['tool']}({shorten(arguments, ARGUMENTS)})"


def sources_of(steps: Sequence[Step]) -> list[str]:
    """Return where what was found is from, each once, in order."""
    return list(dict.fromkeys(source for step in steps for source in step["sources"]))


def _outputs_before(state: TurnState) -> list[object]:
    return list(state["shortTerm"]["recentToolOutputs"].values()) if "shortTerm" in state else []


def _foreign(step: Step) -> str:
    return "" if step["trusted"] else step["output"]


def _from(step: Step) -> str:
    return f" (from {', '.join(step['sources'][:5])})" if step["sources"] else ""
