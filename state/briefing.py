"""What a specialist is told beside its task: pure functions of the state."""

from __future__ import annotations

from collections.abc import Iterable

from typing_extensions import TypedDict  # before Python 3.12, pydantic can only describe this one to Studio

from metahuman.state.artifacts import Artifact, Kept
from metahuman.state.broking import Job, artifacts_of, specialist_of
from metahuman.state.context import Mode
from metahuman.state.parts import Specialist
from metahuman.state.prompting import shorten
from metahuman.state.sentences import sentences
from metahuman.state.summaries import as_lines
from metahuman.state.tokens import estimate_tokens
from metahuman.state.turn import TurnState, findings_of, question_of

#: Messages before the question that show what is meant, and characters of one of them.
EARLIER, MESSAGE = 4, 600
#: Artifacts of the thread that a task may be about, and characters of one of them.
ARTIFACTS, ARTIFACT = 3, 8_000
#: Characters or sentences from which on a message is more than a task: a text to work on stands in it.
PASTED, TOLD = 400, 3
#: Tokens of a conversation that may be summarized.
CONVERSATION = 100_000
#: Who may run elsewhere, as the shipped registry has it, is told nothing that memory or the twin said.
STRANGERS: frozenset[Specialist] = frozenset({"coder"})


class SpecialistJob(TypedDict):
    """What one run of the specialist node gets: a single job, and what bears on it.

    `source` is the text that it works on, or the piece of it that is its own, and `whole` all of that text where a
    summary of it has to point into it. `data` are blocks of what others made or said, `lacks` the pieces of the text
    that nobody could read.
    """

    job: Job
    specialist: Specialist
    message: str
    turn: str
    mode: Mode
    source: str
    whole: str
    data: list[tuple[str, str]]
    lacks: str


def job_for(state: TurnState, job: Job) -> SpecialistJob:
    """Return all that a specialist gets for a job."""
    specialist, question, text = specialist_of(job), question_of(state), text_of(state, job)
    start, end = job["span"] or (0, len(text))
    condensing = specialist == "summarizer"
    return SpecialistJob(
        job=job,
        specialist=specialist,
        message=job["input"] or question.text,
        turn=str(question.id),
        mode=state["mode"],
        source=text[start:end] if condensing else "",
        whole=first_text(state, job) if condensing and not job["part"] else "",
        lacks=_lacking(state, job),
        data=[] if condensing else [*_made(state, job), *_known(state, specialist)],
    )


def text_of(state: TurnState, job: Job) -> str:
    """Return the text that a job works on: what it is made from, else what was first there."""
    return _results(state, job["after"]) or first_text(state, job)


def first_text(state: TurnState, job: Job) -> str:
    """Return the text that a job was given at first, before any of it was condensed.

    That is a text that came with the task, or what others made for it; else a message with a text pasted into it;
    else the conversation so far.
    """
    message = question_of(state).text
    given = job["input"] or _results(state, job["origin"])
    return given or (message if _holds_text(message) else _conversation(state) or message)


def made_here(state: TurnState) -> list[Artifact]:
    """Return what specialists made on the thread, in this turn and before; of a name made twice, the latest."""
    kept = artifacts_of(findings_of(state), state.get("artifacts", []))
    return list({one["artifact"]["name"]: one["artifact"] for one in kept}.values())


def _results(state: TurnState, jobs: Iterable[str]) -> str:
    """Return what came of jobs, in one text; "" for nothing."""
    found = {finding["job"]: finding["content"] for finding in findings_of(state)}
    return "\n\n".join(filter(None, (found.get(job, "") for job in jobs)))


def _lacking(state: TurnState, job: Job) -> str:
    """Return which pieces of a job's text came to nothing, and why."""
    pieces = [(finding, finding["part"]) for finding in findings_of(state) if finding["job"] in job["after"]]
    return "; ".join(
        f"part {part[0]} of {part[1]} of the text is missing: {finding['error']}"
        for finding, part in pieces
        if part and finding["error"]
    )


def _made(state: TurnState, job: Job) -> Iterable[tuple[str, str]]:
    """Yield what others made for a job in this turn."""
    for finding in findings_of(state):
        if finding["job"] in job["after"]:
            yield finding["source"], finding["content"] or f"failed: {finding['error']}"


def _known(state: TurnState, specialist: Specialist) -> Iterable[tuple[str, str]]:
    """Yield what the thread and the memory have that may bear on a task."""
    kept = [one for one in state.get("artifacts", []) if _concerns(one, specialist)][-ARTIFACTS:]
    for one in kept:
        yield one["artifact"]["name"], shorten(one["artifact"]["text"], ARTIFACT)
    before = [message for message in state["messages"][:-1] if specialist not in STRANGERS or message.type == "human"][
        -EARLIER:
    ]
    if before:
        yield "earlier", "\n".join(f"{message.type}: {shorten(message.text, MESSAGE)}" for message in before)
    remembered = state["recalled"]["evidence"] if specialist not in STRANGERS and "recalled" in state else []
    if remembered:
        yield "remembered", "\n".join(f"- {one['timestamp'][:10]} {one['text']}" for one in remembered)


def _concerns(kept: Kept, specialist: Specialist) -> bool:
    """Tell whether a specialist is shown an artifact: strangers see code alone, and nobody dreams of it."""
    code = kept["artifact"]["kind"] == "code"
    return code if specialist in STRANGERS else not (code and specialist == "dreamer")


def _holds_text(message: str) -> bool:
    return len(message) > PASTED or len(sentences(message)) >= TOLD


def _conversation(state: TurnState) -> str:
    said = state["messages"][:-1]
    earlier = state["summary"]["text"] if "summary" in state else ""
    lines = as_lines(said, CONVERSATION - estimate_tokens(earlier)) if said else ""
    return "\n".join(filter(None, [earlier, lines]))
