"""Samples of a voice and of its base, asked for through the role router."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from metahuman.audit.reader import Reader
from metahuman.state.errors import EmptyAnswer, ModelDown, SettingError
from metahuman.voice.sampling import FILE, chosen, kept, sampled
from metahuman.wiring import HomeServices, open_services
from tests.fakes import Answer, ScriptedProvider
from tests.voices import HELD_OUT, a_home, a_run


@asynccontextmanager
async def scripted(root: Path, **script: list[Answer]) -> AsyncIterator[tuple[HomeServices, ScriptedProvider]]:
    with ScriptedProvider(script) as provider:
        services = open_services(a_home(root), lambda _: provider)
        try:
            yield services, provider
        finally:
            await services.aclose()


def nobody(_done: int, _of: int) -> None:
    return None


async def test_each_prompt_is_asked_without_and_with_the_adapter(tmp_path: Path) -> None:
    home = a_home(tmp_path)
    run, told = a_run(home), list[tuple[int, int]]()
    async with scripted(tmp_path, persona=["plain", "voiced"] * 3) as (services, provider):
        made = await sampled(run, 9, services, lambda *done: told.append(done))
    assert {line["prompt"] for line in made} == set(HELD_OUT)
    assert {(line["base"], line["adapter"], line["owner"]) for line in made} == {("plain", "voiced", "It is.")}
    assert told == [(0, 3), (1, 3), (2, 3), (3, 3)]
    assert made == kept(run.folder / "evaluation" / FILE)
    assert [len(asked.messages) for asked in provider.asked] == [1] * 6  # nothing beside the prompt, as in training
    calls = [call.details for call in Reader(home.audit, event="llm_call").tail(9)]
    assert [call["adapters"] for call in calls] == [[], [str(run.gguf)]] * 3
    assert not (home.root / "memory").exists()


async def test_samples_that_are_there_are_kept_and_those_of_another_adapter_are_not(tmp_path: Path) -> None:
    run = a_run(a_home(tmp_path))
    async with scripted(tmp_path, persona=["b", "a"] * 2) as (services, _):
        first = await sampled(run, 2, services, nobody)
    async with scripted(tmp_path, persona=["b", "a"]) as (services, _):
        assert (await sampled(run, 3, services, nobody))[:2] == first
    run.gguf.write_bytes(b"GGUF another")
    async with scripted(tmp_path, persona=["b", "a"] * 3) as (services, _):
        assert len(await sampled(run, 3, services, nobody)) == 3


async def test_cut_short_it_keeps_what_it_has(tmp_path: Path) -> None:
    run = a_run(a_home(tmp_path))
    async with scripted(tmp_path, persona=["b", "a", ModelDown("nobody there")]) as (services, _):
        with pytest.raises(ModelDown):
            await sampled(run, 3, services, nobody)
    assert len(kept(run.folder / "evaluation" / FILE)) == 1


async def test_saying_nothing_is_an_answer_too(tmp_path: Path) -> None:
    run = a_run(a_home(tmp_path))
    empty = EmptyAnswer("nothing")
    async with scripted(tmp_path, persona=[empty, empty, "a"]) as (services, _):
        (line,) = await sampled(run, 1, services, nobody)
    assert (line["base"], line["adapter"]) == ("", "a")


def test_a_broken_row_is_one_line(tmp_path: Path) -> None:
    run = a_run(a_home(tmp_path))
    path = Path(run.job.dataset.folder) / "held-out.jsonl"
    path.write_text('{"messages": [{"role": "user"}]}\n')
    with pytest.raises(SettingError, match=r"held-out\.jsonl: line 1: it is no row"):
        chosen(run, 3)


def test_a_broken_sample_is_made_again(tmp_path: Path) -> None:
    path = tmp_path / FILE
    good = {"id": "1", "prompt": "p", "base": "b", "adapter": "a"}
    path.write_text(f"{{cut\n[]\n{json.dumps(good)}\n" + '{"id": 1}\n')
    assert kept(path) == [good]


def test_prompts_are_spread_over_conversations(tmp_path: Path) -> None:
    run = a_run(a_home(tmp_path))
    rows = []
    for talk, count in (("long", 8), ("short", 1)):
        for number in range(count):
            messages = [{"role": "user", "content": f"{talk} {number}?"}, {"role": "assistant", "content": "Yes."}]
            rows.append({"messages": messages, "metadata": {"conversationId": talk}})
    (Path(run.job.dataset.folder) / "held-out.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    assert {one.group for one in chosen(run, 2)} == {"long", "short"}
    assert chosen(run, 5) == chosen(run, 5)
