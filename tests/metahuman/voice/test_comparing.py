"""Answers with a voice and without it, asked for through the role router."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from metahuman.audit.reader import Reader
from metahuman.home import Home
from metahuman.state.errors import BadChoice, EmptyAnswer, ModelDown, SettingError
from metahuman.voice.blind import read_ab
from metahuman.voice.comparing import prepared
from metahuman.voice.judging import judged
from metahuman.voice.questions import NEUTRAL, questions
from metahuman.wiring import HomeServices, open_services
from tests.fakes import Answer, ScriptedProvider, registry_content
from tests.homes import write_registry
from tests.voices import HELD_OUT, OWN, a_home, a_run, an_ab


@asynccontextmanager
async def scripted(home: Home, **script: list[Answer]) -> AsyncIterator[tuple[HomeServices, ScriptedProvider]]:
    with ScriptedProvider(script) as provider:
        services = open_services(home, lambda _: provider)
        try:
            yield services, provider
        finally:
            await services.aclose()


def file_of(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "prompts.txt"
    path.write_text("\n".join(lines))
    return path


async def test_both_answer_as_the_persona_in_a_turn(tmp_path: Path) -> None:
    home = a_home(tmp_path)
    run, told = a_run(home), list[tuple[int, int]]()
    async with scripted(home, persona=["with", "without"]) as (services, provider):
        prompts = file_of(tmp_path, "\ufeffWho are you?", "", "Who are you?")
        made = await prepared(home, run, prompts=prompts, services=services, tell=lambda *done: told.append(done))
    (pair,) = made.ab.sheet.pairs
    assert (pair.prompt, pair.origin, pair.voice, pair.base) == ("Who are you?", "prompts.txt", "with", "without")
    assert told == [(1, 1)]
    system, question = provider.asked[0].messages
    assert ("first person" in system.text, question.text) == (True, "Who are you?")
    assert provider.asked[0].messages == provider.asked[1].messages
    seeds = {one.options["seed"] for one in provider.asked}
    assert len(seeds) == 1
    calls = [call.details for call in Reader(home.audit, event="llm_call").tail(9)]
    assert [call["adapters"] for call in calls] == [[str(run.gguf)], []]
    assert {call["role"] for call in calls} == {"persona"}
    assert not (home.root / "memory").exists()


async def test_held_out_questions_come_first_and_what_is_there_is_kept(tmp_path: Path) -> None:
    home = a_home(tmp_path)
    run = a_run(home)
    async with scripted(home, persona=["v", "b"] * 4) as (services, _):
        first = await prepared(home, run, count=4, services=services)
    assert {pair.prompt for pair in first.ab.sheet.pairs} == {*HELD_OUT, NEUTRAL[0]}
    async with scripted(home, persona=["more", "words"]) as (services, _):
        second = await prepared(home, run, count=5, services=services)
    assert (second.ab.sheet.pairs[:4], second.ab.sheet.seed) == (first.ab.sheet.pairs, first.ab.sheet.seed)
    assert second.ab.sheet.pairs[4].prompt == NEUTRAL[1]


def test_a_quarter_is_neutral_and_long_questions_are_left_out(tmp_path: Path) -> None:
    run = a_run(a_home(tmp_path))
    folder = Path(run.job.dataset.folder)
    long = [{"role": "user", "content": "x" * 700}, {"role": "assistant", "content": "Hm."}]
    row: dict[str, Any] = {"messages": long, "metadata": {}}
    empty = {"messages": [{"content": " "}, {"content": "x"}], "metadata": {}}
    lines = [json.dumps(row), "{cut", "[]", '{"messages": [1, 2]}', json.dumps(empty), '{"messages": []}']
    (folder / "held-out.jsonl").write_text("\n".join([*lines, (folder / "held-out.jsonl").read_text()]))
    asked = questions(run, 4, seed=1)
    assert [one.origin for one in asked] == ["held-out"] * 3 + ["neutral"]
    assert questions(run, 2, seed=1)[0] == asked[0]
    (folder / "held-out.jsonl").unlink()
    assert {one.origin for one in questions(run, 30, seed=1)} == {"neutral"}


async def test_an_answer_of_no_use_leaves_its_prompt_out(tmp_path: Path) -> None:
    home = a_home(tmp_path)
    run, prompts = a_run(home), file_of(tmp_path, "One?", "Two?")
    async with scripted(home, persona=[EmptyAnswer("nothing"), EmptyAnswer("nothing"), "v", "b"]) as (services, _):
        made = await prepared(home, run, prompts=prompts, services=services)
    assert [pair.prompt for pair in made.ab.sheet.pairs] == ["Two?"]
    assert made.unanswered == {"One?": "nothing"}


async def test_a_model_that_is_down_ends_it_and_keeps_what_there_is(tmp_path: Path) -> None:
    home = a_home(tmp_path)
    run, prompts = a_run(home), file_of(tmp_path, "One?", "Two?")
    async with scripted(home, persona=["v", "b", ModelDown("gone")]) as (services, _):
        with pytest.raises(ModelDown, match="gone"):
            await prepared(home, run, prompts=prompts, services=services)
    assert [pair.prompt for pair in read_ab(run.folder / "evaluation").sheet.pairs] == ["One?"]


async def test_answers_of_another_adapter_are_not_gone_on_with(tmp_path: Path) -> None:
    home = a_home(tmp_path)
    run = a_run(home)
    path = an_ab(run)
    run.gguf.write_bytes(b"GGUF other")
    before = path.read_bytes()
    async with scripted(home) as (services, _):
        with pytest.raises(SettingError, match="another adapter"):
            await prepared(home, run, services=services)
    assert path.read_bytes() == before


async def test_a_base_that_the_registry_has_no_more_is_named(tmp_path: Path) -> None:
    home = a_home(tmp_path)
    run = a_run(home)
    write_registry(home.root, registry_content({"persona": ["other"]}))
    async with scripted(home) as (services, _):
        with pytest.raises(BadChoice, match="has no model 'persona'"):
            await prepared(home, run, services=services)


@pytest.mark.parametrize(("data", "why"), [(b"\n \n", "no prompt in it"), (b"\xff", "not UTF-8")])
async def test_a_file_without_prompts_is_one_line(tmp_path: Path, data: bytes, why: str) -> None:
    home = a_home(tmp_path)
    run, prompts = a_run(home), tmp_path / "p.txt"
    prompts.write_bytes(data)
    async with scripted(home) as (services, _):
        with pytest.raises(Exception, match=why):
            await prepared(home, run, prompts=prompts, services=services)


def says(*words: str) -> list[Answer]:
    return [json.dumps({"better": word}) for word in words]


@pytest.mark.parametrize(
    ("orders", "chose"),
    [(("1", "2"), "voice"), (("2", "1"), "base"), (("1", "1"), "tie"), (("tie", "2"), "tie"), (("tie", "tie"), "tie")],
)
async def test_a_judge_is_asked_in_both_orders(tmp_path: Path, orders: tuple[str, str], chose: str) -> None:
    home = a_home(tmp_path, hierarchy={"judge": ["judge"]})
    run = a_run(home)
    an_ab(run, 1)
    async with scripted(home, judge=says(*orders)) as (services, provider):
        ab = await judged(run, read_ab(run.folder / "evaluation"), services)
        assert await judged(run, ab, services) == ab
    assert [(vote.by, vote.chose) for vote in ab.sheet.votes] == [("judge", chose)]
    asked = [one.messages[-1].text for one in provider.asked]
    assert asked[0].index("VOICE") < asked[0].index("BASE")
    assert asked[1].index("BASE") < asked[1].index("VOICE")
    assert all(own.replace("<", "&lt;") in asked[0] for own in OWN)
    votes = [event.details for event in Reader(home.audit, event="voice_vote").tail(9)]
    assert [(one["by"], one["chose"]) for one in votes] == [("judge", chose)]


async def test_without_a_judge_nobody_stands_in(tmp_path: Path) -> None:
    home = a_home(tmp_path)
    run = a_run(home)
    an_ab(run, 1)
    async with scripted(home) as (services, _):
        with pytest.raises(BadChoice, match=r'add "judge": "MODEL ID" under `defaults`'):
            await judged(run, read_ab(run.folder / "evaluation"), services)


async def test_what_a_judge_said_is_kept_where_it_fails(tmp_path: Path) -> None:
    home = a_home(tmp_path, hierarchy={"judge": ["judge"]})
    run = a_run(home)
    an_ab(run, 2)
    async with scripted(home, judge=[*says("1", "2"), ModelDown("gone")]) as (services, _):
        with pytest.raises(Exception, match="gone"):
            await judged(run, read_ab(run.folder / "evaluation"), services)
    assert len(read_ab(run.folder / "evaluation").sheet.votes) == 1
