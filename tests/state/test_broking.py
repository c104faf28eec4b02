"""Who does what, in which order: jobs, waves, pieces, and what is done again."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metahuman.state.artifacts import Kept, Words
from metahuman.state.broking import (
    LEVELS,
    OPERATOR,
    Job,
    Work,
    again,
    artifacts_of,
    cut,
    jobs_of,
    ready,
    specialist_of,
    unfinished,
)
from metahuman.state.parts import DESTINATIONS, SPECIALISTS, Destination, Finding, Task
from tests.findings import found

Given = tuple[Destination, str] | tuple[Destination, str, list[int]]


def tasks(*given: Given) -> list[Task]:
    return [
        Task(destination=one[0], task=one[1], after=one[2])
        if len(one) == 3
        else Task(destination=one[0], task=one[1])
        for one in given
    ]  # fmt: skip


def after(*given: Given) -> dict[str, list[str]]:
    return {job["id"]: job["after"] for job in jobs_of(tasks(*given))}


def handed(jobs: Sequence[Job], wave: Sequence[Job]) -> list[Job]:
    names = {job["id"] for job in wave}
    return [Job(**{**job, "given": job["given"] or job["id"] in names}) for job in jobs]


def waves(jobs: list[Job]) -> list[list[str]]:
    """Return the names of jobs in the waves in which they are handed out, all being done."""
    there, order = list[Finding](), list[list[str]]()
    while unfinished(jobs, there):
        wave = ready(jobs, there)
        assert wave, "nobody is ready, and there is work left"
        order.append([job["id"] for job in wave])
        jobs = handed(jobs, wave)
        there += [found(job["id"], job["destination"]) for job in wave]
    return order


@pytest.mark.parametrize(
    ("given_", "needs"),
    [
        ([("conversation", "hi"), ("memory", "what")], {}),
        ([("coder", "sort"), ("planner", "plan my trip")], {"0": [], "1": []}),
        ([("summarizer", "shorten"), ("planner", "plan my week from it")], {"0": [], "1": ["0"]}),
        ([("coder", "sort"), ("dreamer", "dream"), ("summarizer", "summarize that")], {"0": [], "1": [], "2": ["1"]}),
        ([("coder", "sort"), ("conversation", "hi"), ("planner", "plan with the code")], {"0": [], "2": ["0"]}),
        ([("planner", "plan my trip"), ("coder", "write a script that sorts mail")], {"0": [], "1": []}),
        ([("summarizer", "a"), ("coder", "b"), ("planner", "plan from the summary")], {"0": [], "1": [], "2": ["0"]}),
        ([("coder", "sort"), ("planner", "plan this week")], {"0": [], "1": []}),
        ([("coder", "sort"), ("planner", "plan it", [])], {"0": [], "1": []}),
        ([("coder", "a"), ("coder", "b"), ("planner", "c", [0, 1])], {"0": [], "1": [], "2": ["0", "1"]}),
        ([("coder", "a", [0, 1, 9, -1]), ("coder", "b", [1])], {"0": [], "1": []}),
        ([("conversation", "hi"), ("coder", "b", [0])], {"1": []}),
        ([("operator", "a"), ("operator", "b")], {OPERATOR: []}),
        ([("operator", "list"), ("planner", "plan it")], {"1": [OPERATOR], OPERATOR: []}),
        ([("coder", "x"), ("operator", "save it")], {"0": [], OPERATOR: ["0"]}),
        ([("operator", "list"), ("coder", "use it"), ("operator", "save it")], {"1": [OPERATOR], OPERATOR: []}),
    ],
)
def test_which_jobs_need_which(given_: list[Given], needs: dict[str, list[str]]) -> None:
    assert after(*given_) == needs


def test_jobs_that_need_nothing_of_each_other_are_done_side_by_side() -> None:
    given_ = tasks(("coder", "a"), ("dreamer", "b"), ("planner", "c", [0]), ("planner", "d", [1, 2]))
    assert waves(jobs_of(given_)) == [["0", "1"], ["2"], ["3"]]


def test_a_job_says_whose_it_is_and_what_came_with_it() -> None:
    (job,) = jobs_of([Task(destination="coder", task="sort", input="text")])
    assert specialist_of(job) == "coder"
    assert (job["task"], job["input"], job["given"], job["part"]) == ("sort", "text", False, None)


@settings(derandomize=True, database=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(DESTINATIONS),
            st.sampled_from(["do", "do it", "use that", "the plan"]),
            st.none() | st.lists(st.integers(-2, 12), max_size=5),
        ),
        max_size=12,
    )
)
def test_any_work_ends_and_no_job_comes_before_those_it_needs(
    drawn: list[tuple[Destination, str, list[int] | None]],
) -> None:
    jobs = jobs_of(tasks(*((where, what) if needs is None else (where, what, needs) for where, what, needs in drawn)))
    order = waves(jobs)
    place = {name: number for number, wave in enumerate(order) for name in wave}
    assert sorted(place) == sorted(job["id"] for job in jobs)
    assert sum(map(len, order)) == len(jobs)
    assert all(place[before] < place[job["id"]] for job in jobs for before in job["after"])
    assert {job["id"] for job in jobs} - {OPERATOR} == {
        str(number) for number, one in enumerate(drawn) if one[0] in SPECIALISTS
    }


def test_many_jobs_that_all_need_each_other_take_no_time() -> None:
    given_ = [*(("coder", "x", [*range(place)]) for place in range(60)), ("operator", "x", [*range(60)])]
    assert len(waves(jobs_of(tasks(*given_)))) == 61  # type: ignore[arg-type]


TEXT = "The fox ran over the hill. " * 200


def condensed(job: Job, text: str, tokens: int) -> list[list[str]]:
    """Return the waves in which a text is condensed: each piece to 30 characters."""
    jobs, there, order = [job], list[Finding](), list[list[str]]()
    while unfinished(jobs, there):
        content = {finding["job"]: finding["content"] for finding in there}
        due, grown = [one["id"] for one in ready(jobs, there)], list[Job]()
        for one in jobs:
            whole = "\n\n".join(filter(None, (content.get(name, "") for name in one["after"]))) or text
            grown += cut(one, whole, tokens, jobs) if one["id"] in due else [one]
        wave = ready(grown, there)
        assert wave
        jobs = handed(grown, wave)
        order.append([one["id"] for one in wave])
        there += [found(one["id"], "summarizer", "A note of about thirty signs.", part=one["part"]) for one in wave]
    return order


def summarizing() -> Job:
    (job,) = jobs_of(tasks(("summarizer", "shorten")))
    return job


def test_a_text_that_fits_is_not_cut() -> None:
    job = summarizing()
    assert cut(job, "short", 100, [job]) == [job]


def test_a_long_text_becomes_pieces_and_a_job_that_waits_for_them() -> None:
    job = summarizing()
    *parts, whole = cut(job, TEXT, 500, [job])
    assert [part["id"] for part in parts] == ["0.1", "0.2", "0.3"]
    assert [part["part"] for part in parts] == [[1, 3], [2, 3], [3, 3]]
    assert "".join(TEXT[slice(*part["span"] or ())] for part in parts) == TEXT
    assert all(part["after"] == [] for part in parts)
    assert (whole["id"], whole["after"], whole["part"], whole["level"]) == ("0", ["0.1", "0.2", "0.3"], None, 1)


def test_notes_that_are_too_long_together_are_cut_once_more() -> None:
    order = condensed(summarizing(), TEXT, 40)
    assert [len(wave) for wave in order] == [40, 8, 2, 1]
    assert len({name for wave in order for name in wave}) == sum(map(len, order))
    assert len(order) <= LEVELS + 1


@settings(derandomize=True, database=None)
@given(st.integers(20, 200))
def test_any_text_is_condensed_in_the_end(tokens: int) -> None:
    order = condensed(summarizing(), TEXT[:2_000], tokens)
    assert order[-1] == ["0"]
    assert len(order) <= LEVELS + 1


def work(*given_: Given, done: bool = True) -> Work:
    return Work(turn="q1", began="", jobs=[Job(**{**job, "given": done}) for job in jobs_of(tasks(*given_))], wave=[])


def test_what_failed_is_done_again_with_what_was_made_from_it() -> None:
    known = work(("coder", "a"), ("dreamer", "b"), ("planner", "c", [0]), ("operator", "d", [0]))
    there = [found("0", error="down"), found("1"), found("2"), found(OPERATOR, "operator")]
    redo = again(known, there, [])
    assert redo is not None
    assert [job["id"] for job in redo["jobs"] if not job["given"]] == ["0", "2"]
    first = ready(redo["jobs"], there)
    assert [job["id"] for job in first] == ["0"], "what came before is no reason to be ready"
    assert [job["id"] for job in ready(handed(redo["jobs"], first), there)] == ["2"]


def test_work_is_done_again_by_name_and_the_operators_never() -> None:
    known = work(("coder", "a"), ("planner", "b"), ("operator", "c"))
    there = [found("0"), found("1"), found(OPERATOR, "operator", error="refused")]
    redo = again(known, there, ["planner"])
    assert redo is not None
    assert [job["id"] for job in unfinished(redo["jobs"], there)] == ["1"]
    assert again(known, there, []) is None
    assert again(known, there, ["operator"]) is None
    assert again(known, there, ["dreamer"]) is None


def read_in_pieces() -> tuple[Work, list[Finding]]:
    """Return the work of a coder and of a summarizer whose text was cut twice, and what came of it."""
    first = [Job(**{**job, "given": True}) for job in jobs_of(tasks(("coder", "a"), ("summarizer", "b", [0])))]
    jobs = [first[0], *cut(first[1], TEXT, 500, first)]
    jobs = [*jobs[:-1], *cut(jobs[-1], TEXT[:3_000], 500, jobs)]
    there = [found(job["id"], job["destination"], part=job["part"]) for job in jobs]
    return Work(turn="q1", began="", jobs=[Job(**{**job, "given": True}) for job in jobs], wave=[]), there


def test_a_piece_that_failed_is_read_again_and_the_notes_are_cut_anew() -> None:
    known, there = read_in_pieces()
    assert [job["id"] for job in known["jobs"]] == ["0", "1.1", "1.2", "1.3", "1.4", "1.5", "1"]
    there[1]["error"] = "down"
    redo = again(known, there, [])
    assert redo is not None
    assert [job["id"] for job in redo["jobs"]] == ["0", "1.1", "1.2", "1.3", "1"]
    assert [job["id"] for job in redo["jobs"] if not job["given"]] == ["1.1", "1"]
    whole = redo["jobs"][-1]
    assert (whole["after"], whole["level"]) == (["1.1", "1.2", "1.3"], 1)


def test_a_text_that_is_made_anew_is_cut_anew() -> None:
    known, there = read_in_pieces()
    redo = again(known, there, ["coder"])
    assert redo is not None
    assert [job["id"] for job in redo["jobs"]] == ["0", "1"]
    assert (redo["jobs"][1]["after"], redo["jobs"][1]["level"]) == (["0"], 0)
    parts = [job for job in cut(redo["jobs"][1], TEXT, 500, redo["jobs"]) if job["part"]]
    assert ready([redo["jobs"][0], *parts], there) == [redo["jobs"][0]], (
        "findings of old pieces are not those of new ones"
    )


def test_notes_on_pieces_are_no_artifacts_of_the_thread() -> None:
    text = Words(kind="text", name="a.txt", text="x", problem=None)
    there = [found("0", "curator", "x", text), found("1.1", "summarizer", "y", text, part=[1, 2])]
    assert artifacts_of(there, []) == [Kept(turn="q1", job="0", artifact=text)]
