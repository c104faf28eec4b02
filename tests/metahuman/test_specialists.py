"""The specialists as functions and in turns, on scripted models and on a server that speaks OpenAI's protocol."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from metahuman.audit.reader import tail
from metahuman.home import Home
from metahuman.specialists import (
    SpecialistResult,
    SpecialistTask,
    acreate_plan,
    agenerate_code,
    aroute_to_specialist,
    aroute_to_specialists_parallel,
    asummarize_text,
    create_plan,
    generate_code,
    route_to_specialist,
    route_to_specialists_parallel,
    run_tasks,
    summarize_text,
)
from metahuman.state.background import background
from metahuman.state.errors import BadChoice, ModelDown, SpecialistFailed
from metahuman.state.parts import SPECIALISTS
from metahuman.wiring import open_services, shared_services
from tests.fakes import Answer as Scripted
from tests.fakes import ScriptedProvider, Slow, registry_content
from tests.fanout import SAYS, job_asked, models, on_server, said_in, within
from tests.homes import write_registry
from tests.servers.answer import JSON, Answer
from tests.servers.openai import OpenAIServer
from tests.talk import CODE, plan

EIGHT = [SpecialistTask(f"task number {number}", SPECIALISTS[number % 5]) for number in range(8)]


def says(body: JSON) -> Answer:
    return Answer(SAYS[body["model"]])


@contextmanager
def server_at_home(home: Path, answer: Callable[[JSON], Answer] = says, **options: Any) -> Iterator[OpenAIServer]:
    """Run a server that a home's registry names for all roles; `options` are those of the summarizer's model."""
    with OpenAIServer(models(), answer) as server:
        content = on_server(server.base_url, rolePolicies={"dreamer": {"deadline": 400}})
        content["models"]["summarizer"]["options"] |= options
        write_registry(home, content)
        try:
            yield server
        finally:
            background.run(shared_services(Home(home)).aclose())


def run(home: Path, tasks: list[SpecialistTask], **script: list[Scripted]) -> tuple[list[SpecialistResult], list[str]]:
    """Run tasks on scripted models; return what came of each, and the last message of each prompt."""
    write_registry(home, registry_content())

    async def all_of_it() -> list[SpecialistResult]:
        services = open_services(Home(home), lambda _: provider)
        try:
            return await run_tasks(tasks, services, "dual", {}, Home(home))
        finally:
            await services.aclose()

    with ScriptedProvider(script) as provider:
        results = background.run(all_of_it())
    return results, [asked.messages[-1].text for asked in provider.asked]


def test_functions_for_callers_that_wait(tmp_path: Path) -> None:
    with server_at_home(tmp_path):
        assert generate_code("Python", "sorts a list", home=tmp_path) == "sorted()\n"
        assert create_plan("cider", "by October", home=tmp_path) == "1. pick (1 hour)\n2. press (1 hour; after 1)\n"
        assert summarize_text("Ninety trees were counted in the orchard. " * 20, 10, home=tmp_path)
        assert route_to_specialist(SpecialistTask("a dream", "dreamer"), home=tmp_path).content == SAYS["dreamer"]
        assert [one.type for one in route_to_specialists_parallel(EIGHT, home=tmp_path)] == [
            task.type for task in EIGHT
        ]


async def test_functions_for_async_callers_on_their_own_loop(tmp_path: Path) -> None:
    with server_at_home(tmp_path):
        home = Home(tmp_path)
        assert await agenerate_code("Python", "sorts a list", home=home) == "sorted()\n"
        assert (await acreate_plan("cider", home=home)).startswith("1. pick (1 hour)\n")
        assert await asummarize_text("Ninety trees were counted in the orchard. " * 20, 10, home=home)
        assert (await aroute_to_specialist(SpecialistTask("a dream", "dreamer"), home=home)).error is None
        assert len(await aroute_to_specialists_parallel(EIGHT, home=home)) == 8
        assert await aroute_to_specialists_parallel([], home=home) == []
        await shared_services(home).models.aclose()


def test_results_stand_in_the_order_of_their_tasks_whoever_is_first(tmp_path: Path) -> None:
    tasks = [SpecialistTask("late", "dreamer"), SpecialistTask("early", "curator"), SpecialistTask("code", "coder")]
    results, _ = run(tmp_path, tasks, dreamer=[Slow("a dream", 0.05)], curator=["clean"], coder=[CODE])
    assert [(one.type, one.description, one.content) for one in results] == [
        ("dreamer", "late", "a dream"),
        ("curator", "early", "clean"),
        ("coder", "code", CODE),
    ]
    assert results[0].latency_ms >= 50
    assert {call["role"] for call in results[0].calls} == {"dreamer", "curator", "coder"}


def test_a_task_is_done_after_those_whose_results_it_is_made_from(tmp_path: Path) -> None:
    tasks = [
        SpecialistTask("shorten it", "summarizer", "Ninety trees were counted, eleven of them dead. " * 10),
        SpecialistTask("plan the felling", "planner", after=[0]),
        SpecialistTask("a script for both", "coder", after=[0, 1]),
        SpecialistTask("a dream of something else", "dreamer"),
    ]
    results, asked = run(
        tmp_path, tasks, summarizer=["Eleven trees are dead."], planner=[plan("fell")], coder=[CODE], dreamer=["sea"]
    )
    assert [one.error for one in results] == [None] * 4
    assert "Ninety trees" in asked[0]
    assert "sea" not in asked[2]
    assert "a dream" in asked[1]  # in the first wave
    assert "<summarizer>\nEleven trees are dead." in asked[2]
    assert all(made in asked[3] for made in ("Eleven trees are dead.", "1. fell (1 hour)"))


def test_one_that_fails_takes_nothing_from_the_others_and_who_builds_on_it_is_told(tmp_path: Path) -> None:
    tasks = [
        SpecialistTask("shorten it", "summarizer", "Ninety trees. " * 10),
        SpecialistTask("plan the felling", "planner", after=[0]),
        SpecialistTask("a dream", "dreamer"),
    ]
    down, dream = ModelDown("no server"), "the sea"
    results, asked = run(tmp_path, tasks, summarizer=[down], planner=[plan("fell")], dreamer=[dream])
    assert [one.error for one in results] == ["no model could answer as summarizer: summarizer: no server", None, None]
    assert (results[0].content, results[0].artifacts) == ("", [])
    assert "failed: no model could answer as summarizer" in asked[2]


def test_one_that_hangs_is_waited_for_until_its_deadline_and_the_others_are_there(tmp_path: Path) -> None:
    def answer(body: JSON) -> Answer:
        hung = Answer("", first_token_delay=30)
        return {"dreamer": hung, "curator": Answer(status=500, error="out of memory")}.get(body["model"], says(body))

    tasks = [task for task in EIGHT if task.type != "dreamer" or task.description == EIGHT[4].description]
    with server_at_home(tmp_path, answer) as server:
        results = route_to_specialists_parallel(tasks, home=tmp_path)
        # Six of eight are there; the one that hung was left alone, and its connection closed.
        assert [one.type for one in results if one.error] == ["curator", "dreamer"]
        assert "out of memory" in str(results[3].error)
        assert "dreamer at http://127.0.0.1" in str(results[4].error)
        assert "took too long" in str(results[4].error)
        assert 400 <= results[4].latency_ms < 2_000
        within(5, lambda: [request.body["model"] for request in server.disconnects] == ["dreamer"])


def test_a_text_that_no_prompt_has_room_for_is_read_piece_by_piece_and_pointed_into(tmp_path: Path) -> None:
    """Sixty thousand words: every sentence of them is shown once, and what is said of the pieces is drawn together."""
    sentences = [f"Row {number} of the orchard has {number % 90 + 10} very old trees." for number in range(6_000)]
    text, shown, heads, merged = " ".join(sentences), list[str](), list[str](), list[str]()

    def answer(body: JSON) -> Answer:
        prompt = said_in(body["messages"])
        heads.append(job_asked(body))
        if heads[-1] == "summarizer":
            merged.append(prompt)
            return Answer("Row 4711 of the orchard has 41 very old trees. Elves water them at night.")
        shown.extend(sentence for sentence in sentences if sentence in prompt)
        return Answer(f"Note on part {heads[-1].split()[1]}: rows of old trees.")

    with server_at_home(tmp_path, answer, contextWindow=16_384, maxTokens=512):
        task = SpecialistTask("Summarize it in two sentences.", "summarizer", text)
        result = route_to_specialist(task, home=tmp_path)
    assert (result.error, len(text.split())) == (None, 60_000)
    assert sorted(shown) == sorted(sentences)
    assert sorted(heads) == sorted([*(f"summarizer {part}" for part in range(1, len(heads))), "summarizer"])
    assert (heads[-1], [prompt.count("Note on part") for prompt in merged]) == ("summarizer", [len(heads) - 1])
    assert len(heads) > 5
    (summary,) = result.artifacts
    assert summary["kind"] == "summary"
    there, nowhere = summary["pointers"]
    assert text[there["start"] : there["end"]] == sentences[4711]
    assert nowhere["start"] is None


@pytest.mark.parametrize(
    ("made", "problem"),
    [
        (lambda home: generate_code("Python", "sorts", home=home), "coder: .*line 1"),
        (lambda home: create_plan("cider", home=home), "planner: steps wait for each other"),
        (lambda home: summarize_text("Trees. " * 30, home=home), "summarizer: no model could answer"),
    ],
)
def test_what_is_of_no_use_is_an_error_that_keeps_what_was_made(
    tmp_path: Path, made: Callable[[Path], str], problem: str
) -> None:
    wrong = {"coder": "```python\nsorted((\n```", "planner": plan("pick", "press", s1=[2], s2=[1])}

    def answer(body: JSON) -> Answer:
        text = wrong.get(body["model"])
        return Answer(text) if text else Answer(status=500, error="out of memory")

    with server_at_home(tmp_path, answer) as server:
        with pytest.raises(SpecialistFailed, match=problem) as failed:
            made(tmp_path)
        asked = [request.body for request in server.requests]
    if failed.value.content:
        assert len(asked) == 2
        assert "That cannot be used yet" in said_in(asked[1]["messages"])
        assert "sorted((" in failed.value.content or "pick" in failed.value.content


def test_a_task_that_is_nobodys_is_refused_before_anybody_is_asked(tmp_path: Path) -> None:
    with server_at_home(tmp_path) as server:
        with pytest.raises(BadChoice, match="no specialist for 'hello'; name one: coder, planner"):
            route_to_specialist(SpecialistTask("hello"), home=tmp_path)
        assert server.requests == []


def test_the_audit_has_each_job_and_all_of_them_together(tmp_path: Path) -> None:
    with server_at_home(tmp_path):
        results = route_to_specialists_parallel(EIGHT[:3], home=tmp_path)
    log = tmp_path / "logs" / "audit"
    jobs = {event["details"]["specialist"]: event["details"] for event in tail(log, 9, event="specialist_done")}
    assert jobs.keys() == {"coder", "planner", "summarizer"}
    coder = jobs["coder"]
    assert (coder["model"], coder["description"], coder["tries"], coder["error"]) == ("coder", "task number 0", 1, None)
    assert coder["outputLength"] == len(CODE)
    assert coder["inputLength"] > 0
    assert coder["tokens"]["prompt"] > coder["tokens"]["completion"] > 0
    (together,) = tail(log, 9, event="specialists_done")
    told = together["details"]
    assert (told["jobs"], told["failed"]) == (3, 0)
    assert told["largestLatencyMs"] == max(one.latency_ms for one in results)
    assert told["totalLatencyMs"] >= told["largestLatencyMs"] - 2  # one is of a clock in whole milliseconds
    assert json.dumps(together)
