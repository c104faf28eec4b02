"""What a specialist is told beside its task."""

from __future__ import annotations

from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage

from metahuman.state.artifacts import CodeFile, Kept, Words
from metahuman.state.briefing import ARTIFACT, PASTED, SpecialistJob, first_text, job_for, text_of
from metahuman.state.broking import Job, jobs_of
from metahuman.state.parts import Evidence, Finding, Recalled, Specialist, Task
from metahuman.state.turn import TurnState
from tests.findings import found

LONG = "The river rose near the old mill. " * 20


def state(question: str = "do it", *findings: Finding, **more: Any) -> TurnState:
    said = [HumanMessage("I like tea", id="q0"), AIMessage("Noted, boss"), HumanMessage(question, id="q1")]
    evidence = Evidence(id="1", timestamp="2026-05-17T12:00:00Z", type="fact", text="Anna is tall", score=1, why="")
    known: dict[str, Any] = {
        "messages": said,
        "mode": "dual",
        "findings": [*findings],
        "recalled": Recalled(evidence=[evidence], latencyMs=0),
    }
    return TurnState(**{**known, **more})  # type: ignore[typeddict-item]


def job(specialist: Specialist = "summarizer", **more: Any) -> Job:
    (one,) = jobs_of([Task(destination=specialist, task="work")])
    return Job(**{**one, **more})  # type: ignore[typeddict-item]


def told(briefed: SpecialistJob) -> str:
    return " | ".join(f"{name}: {text}" for name, text in briefed["data"])


def test_a_job_is_briefed_with_its_message_and_turn() -> None:
    briefed = job_for(state("sort a list"), job("planner"))
    assert (briefed["specialist"], briefed["message"], briefed["turn"]) == ("planner", "sort a list", "q1")
    assert job_for(state(), job("planner", input="this text"))["message"] == "this text"


def test_a_text_that_came_with_the_task_is_the_text() -> None:
    assert first_text(state(LONG), job(input="given")) == "given"


def test_what_others_made_is_the_text_before_what_was_pasted() -> None:
    known = state(LONG, found("5", content="made"), found("6", content=""), found("7", content="too"))
    assert text_of(known, job(after=["5", "6", "7"], origin=["5"])) == "made\n\ntoo"
    assert first_text(known, job(after=["7"], origin=["5"])) == "made"


def test_a_message_of_several_sentences_is_a_text() -> None:
    text = "Ninety trees were counted. Eleven were dead. Anna wrote the report."
    assert first_text(state(text), job()) == text


def test_a_long_message_is_the_text_and_a_short_one_means_the_conversation() -> None:
    assert len(LONG) > PASTED
    assert first_text(state(LONG), job()) == LONG
    assert "I like tea" in first_text(state("sum up"), job())
    summary = {"text": "Earlier: cake", "messages": 4, "madeBy": "model", "why": None}
    assert first_text(state("sum up", summary=summary), job()).startswith("Earlier: cake\n")
    assert first_text(state("sum up", messages=[HumanMessage("sum up", id="q1")]), job()) == "sum up"


def test_the_summarizer_gets_the_text_and_nothing_else() -> None:
    briefed = job_for(state(LONG), job())
    assert (briefed["source"], briefed["whole"], briefed["data"]) == (LONG, LONG, [])


def test_a_piece_is_briefed_with_its_own_part_of_the_text() -> None:
    briefed = job_for(state(LONG), job(span=[4, 9], part=[1, 2]))
    assert (briefed["source"], briefed["whole"]) == ("river", "")


def test_the_merging_job_reads_the_notes_and_points_into_the_text() -> None:
    known = state(LONG, found("0.1", content="rose", part=[1, 2]), found("0.2", content="", error="down", part=[2, 2]))
    briefed = job_for(known, job(after=["0.1", "0.2"]))
    assert (briefed["source"], briefed["whole"]) == ("rose", LONG)
    assert briefed["lacks"] == "part 2 of 2 of the text is missing: down"


def test_others_results_are_told_and_what_failed() -> None:
    known = state("do it", found("5", "dreamer", "a whale"), found("6", "planner", "", error="down"))
    said = told(job_for(known, job("curator", after=["5", "6"])))
    assert "dreamer: a whale | planner: failed: down" in said


@pytest.mark.parametrize("specialist", ["planner", "curator", "dreamer"])
def test_who_stays_at_home_is_told_what_memory_and_the_twin_said(specialist: Specialist) -> None:
    said = told(job_for(state(), job(specialist)))
    assert "human: I like tea\nai: Noted, boss" in said
    assert "2026-05-17 Anna is tall" in said


def test_the_coder_is_told_nothing_that_memory_or_the_twin_said() -> None:
    said = told(job_for(state(), job("coder")))
    assert "I like tea" in said
    assert "boss" not in said
    assert "Anna" not in said


def test_the_latest_artifacts_are_told_and_the_coder_of_code_alone() -> None:
    code = CodeFile(kind="code", name="a.py", language="", text="x" * 3 * ARTIFACT, defines=[], problem=None)
    dream = Words(kind="dream", name="whale.md", text="a whale", problem=None)
    kept = [Kept(turn="q0", job="0", artifact=one) for one in (code, dream)]
    planner, coder = job_for(state(artifacts=kept), job("planner")), job_for(state(artifacts=kept), job("coder"))
    assert [name for name, _ in planner["data"]][:2] == ["a.py", "whale.md"]
    assert "whale" not in told(coder)
    assert len(dict(coder["data"])["a.py"]) < 2 * ARTIFACT
