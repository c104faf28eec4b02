"""Who has to do what in a turn, and in which order: the jobs that a route's tasks become, in waves.

Jobs that need nothing of each other are done side by side; one that needs what another makes is done in a later wave.
A text that is too long for its specialist becomes jobs of its own, a piece each, which the specialist's job then needs.
Pure functions of the state.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import cast

from typing_extensions import TypedDict  # before Python 3.12, pydantic can only describe this one to Studio

from metahuman.state.artifacts import Kept, keep
from metahuman.state.condensing import pieces
from metahuman.state.parts import SPECIALISTS, Destination, Finding, Specialist, Task
from metahuman.state.tokens import estimate_tokens

#: The operator does all its tasks in one go; its job is called so.
OPERATOR = "operator"
#: Times that pieces may be cut into pieces: what is then still too long is shortened.
LEVELS = 3
#: A task that speaks of what another makes: "plan my week from it", "and explain the code".
_REFERS = re.compile(
    r"\b(?:it|its|them|they|results?|output|outcome|(?:from|of|for|with|into|about|on|to|explain|use) (?:that|this)"
    r"|that(?=\s*(?:$|[.,;:!?)]|and\b|into?\b|to\b))"
    r"|(?:this|these|those)(?! (?:time|morning|afternoon|evening|night|day|days|week|weeks|weekend|month|months|year"
    r"|years|summer|autumn|winter|spring|way)\b)"
    r"|the (?:summary|plan|code|script|function|program|steps?|dream|list|answer|file)"
    r"|daraus|davon|damit|darüber|das ergebnis|le résultat|el resultado|il risultato)\b",
    re.I,
)

#: What a specialist makes, by name.
_PRODUCTS: dict[str, re.Pattern[str]] = {
    "summarizer": re.compile(r"\bthe summary\b", re.I),
    "planner": re.compile(r"\bthe (?:plan|steps?)\b", re.I),
    "coder": re.compile(r"\bthe (?:code|script|function|program)\b", re.I),
    "dreamer": re.compile(r"\bthe dream\b", re.I),
}


class Job(TypedDict):
    """One piece of work.

    `origin` are the jobs whose results it is made from, and `after` those that it waits for: the same, or the pieces
    that its text was cut into. `input` is a text that came with the task. `level` counts how often its text was cut; a
    piece has its `span` of that text, in characters, and `part` says which of how many it is.
    `given` says that somebody is at work on it, or has been.
    """

    id: str
    destination: Destination
    task: str
    input: str
    origin: list[str]
    after: list[str]
    level: int
    span: list[int] | None
    part: list[int] | None
    given: bool


class Work(TypedDict):
    """The work of a turn: its jobs, when it began, and the jobs that were handed out last."""

    turn: str
    began: str
    jobs: list[Job]
    wave: list[str]


def jobs_of(tasks: Sequence[Task]) -> list[Job]:
    """Return the jobs that the tasks of a route become; talk is nobody's job."""
    jobs = [
        _job(str(place), task, [str(before) for before in _needed(place, tasks)])
        for place, task in enumerate(tasks)
        if task["destination"] in SPECIALISTS
    ]
    if acting := [(place, task) for place, task in enumerate(tasks) if task["destination"] == OPERATOR]:
        needed = [str(before) for place, _ in acting for before in _needed(place, tasks)]
        jobs.append(_job(OPERATOR, acting[0][1], needed))
    known = {job["id"] for job in jobs}
    operators = {str(place) for place, _ in acting}
    for job in jobs:
        named = [OPERATOR if one in operators else one for one in job["after"]]
        job["after"] = job["origin"] = [one for one in dict.fromkeys(named) if one in known and one != job["id"]]
    return _without_circles(jobs)


def ready(jobs: Sequence[Job], found: Iterable[Finding]) -> list[Job]:
    """Return the jobs that nobody has been given and that need nothing which is not there yet."""
    waiting = [job for job in jobs if not job["given"]]
    # What is to be done again does not count as there, though something came of it before.
    there = {finding["job"] for finding in found} - {job["id"] for job in waiting}
    return [job for job in waiting if there.issuperset(job["after"])]


def unfinished(jobs: Iterable[Job], found: Iterable[Finding]) -> list[Job]:
    """Return the jobs of which nothing has come yet, or that are to be done again."""
    there = {finding["job"] for finding in found}
    return [job for job in jobs if not job["given"] or job["id"] not in there]


def cut(job: Job, text: str, tokens: int, jobs: Sequence[Job]) -> list[Job]:
    """Return the jobs for the pieces of a job's text, and the job itself, to be done after them; it alone if it fits.

    Args:
        job: The job.
        text: What it has to read.
        tokens: How many tokens of that a prompt has room for.
        jobs: All jobs of the turn.
    """
    mine = [one for one in jobs if one["part"] and one["id"].startswith(f"{job['id']}.")]
    if job["part"] or job["level"] >= LEVELS or estimate_tokens(text) <= tokens:
        return [job]
    spans = pieces(text, tokens)
    parts = [
        Job(**{**job, "id": f"{job['id']}.{number}", "span": [*span], "part": [number - len(mine), len(spans)]})
        for number, span in enumerate(spans, len(mine) + 1)
    ]
    return [*parts, Job(**{**job, "after": [part["id"] for part in parts], "level": job["level"] + 1})]


def again(work: Work, found: Iterable[Finding], names: Sequence[str]) -> Work | None:
    """Return the work with some of it to be done again, and what was made from that; None if there is nothing to redo.

    Args:
        work: The work of a turn that is over.
        found: What came of it.
        names: Whose jobs; none for those that failed.
    """
    failed = {finding["job"] for finding in found if finding["error"]}
    redo = {job["id"] for job in work["jobs"] if job["destination"] in names or (not names and job["id"] in failed)}
    redo -= {OPERATOR}
    while more := {job["id"] for job in work["jobs"] if redo & set(job["after"])} - redo - {OPERATOR}:
        redo |= more
    jobs = [Job(**{**job, "given": job["given"] and job["id"] not in redo}) for job in _uncut(work["jobs"], redo)]
    return Work(**{**work, "jobs": jobs, "wave": []}) if redo else None


def artifacts_of(found: Iterable[Finding], before: Iterable[Kept]) -> list[Kept]:
    """Return the artifacts of a thread after a turn's work; notes on the pieces of a text are none."""
    new = [
        Kept(turn=finding["turn"], job=finding["job"], artifact=artifact)
        for finding in found
        if not finding["part"]
        for artifact in finding["artifacts"]
    ]
    return keep(before, new)


def specialist_of(job: Job) -> Specialist:
    """Return whose job it is."""
    return cast(Specialist, job["destination"])


def _job(name: str, task: Task, after: list[str]) -> Job:
    return Job(
        id=name,
        destination=task["destination"],
        task=task["task"],
        input=task.get("input", ""),
        origin=after,
        after=after,
        level=0,
        span=None,
        part=None,
        given=False,
    )


def _needed(place: int, tasks: Sequence[Task]) -> list[int]:
    """Return the tasks that the one at `place` builds on: those that it numbers, else the one that it speaks of.

    Where it does not say whose work it means, it means the last.
    """
    if "after" in tasks[place]:
        return [before for before in tasks[place]["after"] if 0 <= before < place]
    words = tasks[place]["task"][:200]
    before = [at for at in range(place) if tasks[at]["destination"] in (*SPECIALISTS, OPERATOR)]
    named = [at for at in before if (made := _PRODUCTS.get(tasks[at]["destination"])) and made.search(words)]
    return (named or before)[-1:] if _REFERS.search(words) else []


def _uncut(jobs: Sequence[Job], redo: set[str]) -> list[Job]:
    """Return jobs without the pieces of a text that will be another one; whoever needed them cuts it anew."""
    left = [job for job in jobs if not (job["part"] and redo.intersection(job["after"]))]
    if len(left) == len(jobs):
        return left
    known, whole = {job["id"] for job in left}, list[Job]()
    for job in left:
        if known.issuperset(job["after"]):
            whole.append(job)
        else:
            mine = [one for one in left if one["part"] and one["id"].startswith(f"{job['id']}.")]
            level = max((one["level"] + 1 for one in mine), default=0)
            after = [one["id"] for one in mine if one["level"] + 1 == level] or job["origin"]
            whole.append(Job(**{**job, "after": after, "level": level}))
    return whole


def _without_circles(jobs: list[Job]) -> list[Job]:
    """Return jobs of which none waits for itself: the operator waits for nobody who waits for it."""
    waiting = {OPERATOR}
    for job in jobs:  # each stands after those that it needs, but for the operator
        if waiting.intersection(job["after"]):
            waiting.add(job["id"])
    for job in jobs:
        if job["id"] == OPERATOR:
            job["after"] = job["origin"] = [one for one in job["after"] if one not in waiting]
    return jobs
