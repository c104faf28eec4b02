"""Tests of `/v1` with clients that know nothing of this program: OpenAI's own, and LangChain's."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import openai
import pytest
from langchain_core.messages import HumanMessage
from langchain_openai import ChatOpenAI

from metahuman.audit.reader import tail
from metahuman.state.errors import ContextOverflow, ModelDown
from tests.fakes import Answer, Broken, Slow
from tests.homes import TALK, files
from tests.serving import Served, serving
from tests.talk import CODE, note, to, use

HELLO: list[Any] = [{"role": "user", "content": "hello"}]


@contextmanager
def talking(home: Path, **script: list[Answer]) -> Iterator[tuple[Served, openai.OpenAI]]:
    """Hand out a served twin, and OpenAI's client for it."""
    with (
        serving(home, **script) as served,
        openai.OpenAI(base_url=f"{served.url}/v1", api_key="x", max_retries=0) as one,
    ):
        yield served, one


def remembered(home: Path) -> list[str]:
    """Return the files that a conversation leaves behind."""
    return [name for name in files(home) if name.startswith(("memory/", "out/")) or "checkpoints" in name]


def test_the_models_are_the_modes_and_the_roles(tmp_path: Path) -> None:
    with talking(tmp_path) as (_, client):
        names = [model.id for model in client.models.list()]
        assert names[:4] == ["metahuman", "metahuman-dual", "metahuman-agent", "metahuman-emulation"]
        assert "role:coder" in names
        assert client.models.retrieve("role:coder").owned_by == "metahuman"
        with pytest.raises(openai.NotFoundError) as error:
            client.models.retrieve("gpt-9")
        assert error.value.code == "model_not_found"


def test_without_a_thread_nothing_is_kept(tmp_path: Path) -> None:
    talk: list[Any] = [
        {"role": "system", "content": "You are somebody else."},
        {"role": "user", "content": "my cat is called Tom"},
        {"role": "assistant", "content": "noted"},
        {"role": "user", "content": [{"type": "text", "text": "what is my cat called?"}]},
    ]
    with talking(tmp_path, orchestrator=[TALK], persona=["Tom"]) as (served, client):
        answer = client.chat.completions.create(model="metahuman-dual", messages=talk, temperature=0.3, logprobs=True)
        assert answer.choices[0].message.content == "Tom"
        assert answer.choices[0].finish_reason == "stop"
        assert answer.usage is not None
        assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens > 0
        prompt = served.provider.asked[-1].messages
        assert [message.text for message in prompt][1:4] == ["my cat is called Tom", "noted", "what is my cat called?"]
        assert "somebody else" not in prompt[0].text
    assert remembered(tmp_path) == []


@pytest.mark.parametrize("by", ["header", "user"])
def test_on_a_thread_only_the_last_message_is_said(tmp_path: Path, by: str) -> None:
    named: dict[str, Any] = (
        {"user": "kitchen"} if by == "user" else {"extra_headers": {"X-MetaHuman-Thread": "kitchen"}}
    )
    talk: list[Any] = [{"role": "user", "content": "made up"}, {"role": "assistant", "content": "made up"}, *HELLO]
    with talking(tmp_path, orchestrator=[TALK], persona=["good morning"]) as (served, client):
        answer = client.chat.completions.create(model="metahuman", messages=talk, **named)
        assert answer.choices[0].message.content == "good morning"
        assert answer.model_extra is not None
        assert answer.model_extra["metahuman"]["thread"] == "kitchen"
        with served.client() as page:
            messages = page.get("/api/threads/kitchen").json()["messages"]
    assert [message["text"] for message in messages] == ["hello", "good morning"]
    assert [name for name in remembered(tmp_path) if name.startswith("memory/episodic")]


def test_a_stream_has_the_words_the_end_and_the_usage(tmp_path: Path) -> None:
    with talking(tmp_path, orchestrator=[TALK], persona=["good morning to you"]) as (_, client):
        chunks = list(
            client.chat.completions.create(
                model="metahuman", messages=HELLO, stream=True, stream_options={"include_usage": True}
            )
        )
    words = [chunk.choices[0].delta.content for chunk in chunks if chunk.choices and chunk.choices[0].delta.content]
    assert words == ["good ", "morning ", "to ", "you"]
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == "stop"
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens > 0
    assert len({chunk.id for chunk in chunks}) == 1


def test_what_a_specialist_made_stands_in_the_answer(tmp_path: Path) -> None:
    route = TALK.replace("conversation", "coder")
    with talking(tmp_path, orchestrator=[route], coder=[CODE], persona=["here it is"]) as (_, client):
        text = client.chat.completions.create(model="metahuman", messages=HELLO).choices[0].message.content
    assert text is not None
    assert text.endswith("here it is")
    assert text.count("```") == 2


def test_a_call_that_needs_a_word_is_told_with_a_link(tmp_path: Path) -> None:
    route, step = to(("operator", "write it down")), use("fs_write", path="note.txt", content="hello")
    with talking(tmp_path, orchestrator=[route, step]) as (served, client):
        choice = client.chat.completions.create(model="metahuman", messages=HELLO, user="work").choices[0]
        assert choice.finish_reason == "stop"
        assert choice.message.content is not None
        assert "fs_write" in choice.message.content
        assert f"{served.url}/#/approvals" in choice.message.content
        with pytest.raises(openai.ConflictError, match="waits for your word"):
            client.chat.completions.create(model="metahuman", messages=HELLO, user="work")


def test_without_a_thread_nobody_can_be_asked(tmp_path: Path) -> None:
    route, step = to(("operator", "write it down")), use("fs_write", path="note.txt", content="hello")
    with talking(tmp_path, orchestrator=[route, step, note("no")], persona=["I could not"]) as (served, client):
        answer = client.chat.completions.create(model="metahuman", messages=HELLO)
        assert answer.choices[0].message.content == "I could not"
        told = "\n".join(message.text for message in served.provider.asked[-1].messages)
        assert "nobody has approved it" in told
    assert not list(tmp_path.rglob("note.txt"))


def test_a_bare_role_is_the_model_alone(tmp_path: Path) -> None:
    with talking(tmp_path, persona=["one", "two three"]) as (served, client):
        options: dict[str, Any] = {"temperature": 0.5, "max_tokens": 9, "stop": "END", "top_p": 0.5, "seed": 7}
        talk: list[Any] = [{"role": "system", "content": "Be brief."}, *HELLO]
        answer = client.chat.completions.create(model="role:persona", messages=talk, **options)
        assert answer.choices[0].message.content == "one"
        asked = served.provider.asked[-1]
        assert [message.text for message in asked.messages] == ["Be brief.", "hello"]
        wanted = {"temperature": 0.5, "max_tokens": 9, "stop": ["END"], "top_p": 0.5, "seed": 7}
        assert {key: asked.options[key] for key in wanted} == wanted
        stream = client.chat.completions.create(model="role:persona", messages=HELLO, stream=True)
        assert "".join(chunk.choices[0].delta.content or "" for chunk in stream) == "two three"
    assert remembered(tmp_path) == []
    assert len(tail(tmp_path / "logs" / "audit", 9, event="llm_call")) == 2


def test_a_bare_role_calls_tools_and_fits_schemas(tmp_path: Path) -> None:
    tools: list[Any] = [{"type": "function", "function": {"name": "add", "parameters": {"type": "object"}}}]
    schema = {"type": "object", "properties": {"colour": {"type": "string"}}, "required": ["colour"]}
    wanted: Any = {"type": "json_schema", "json_schema": {"name": "paint", "schema": schema}}
    script: list[Answer] = [use("add", a=1), use("add", a=2), '{"colour": "red"}', '{"colour": "blue"}', "done"]
    with talking(tmp_path, coder=script) as (served, client):
        choice = client.chat.completions.create(model="role:coder", messages=HELLO, tools=tools).choices[0]
        assert (choice.finish_reason, choice.message.content) == ("tool_calls", None)
        (call,) = choice.message.tool_calls or []
        assert (call.function.name, json.loads(call.function.arguments)) == ("add", {"a": 1})  # type: ignore[union-attr]
        chunks = list(client.chat.completions.create(model="role:coder", messages=HELLO, tools=tools, stream=True))
        (streamed,) = [one for chunk in chunks for one in chunk.choices[0].delta.tool_calls or []]
        assert streamed.function is not None
        assert (streamed.index, streamed.function.name, streamed.function.arguments) == (0, "add", '{"a":2}')
        assert chunks[-1].choices[0].finish_reason == "tool_calls"
        filled = client.chat.completions.create(model="role:coder", messages=HELLO, response_format=wanted)
        assert json.loads(filled.choices[0].message.content or "") == {"colour": "red"}
        loose: Any = {"type": "json_object"}
        filled = client.chat.completions.create(model="role:coder", messages=HELLO, response_format=loose)
        assert json.loads(filled.choices[0].message.content or "") == {"colour": "blue"}
        talk: list[Any] = [
            *HELLO,
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "add", "arguments": '{"a": 1}'}}],
            },
            {"role": "tool", "tool_call_id": "c1", "content": "2"},
        ]
        assert client.chat.completions.create(model="role:coder", messages=talk).choices[0].message.content == "done"
        assert [message.type for message in served.provider.asked[-1].messages] == ["human", "ai", "tool"]


def test_what_cannot_be_is_refused_in_openais_words(tmp_path: Path) -> None:
    image: Any = [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]
    tools: Any = [{"type": "function", "function": {"name": "f"}}]
    remote: Any = [{"type": "function", "function": {"name": "f", "parameters": {"$ref": "https://evil.example/x"}}}]
    broken: Any = {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "nonsense"}}}
    with talking(tmp_path) as (_, client):
        for asked in (
            {"model": "metahuman", "messages": []},
            {"model": "metahuman", "messages": [{"role": "assistant", "content": "x"}]},
            {"model": "metahuman", "messages": image},
            {"model": "metahuman", "messages": HELLO, "n": 2},
            {"model": "metahuman", "messages": HELLO, "tools": tools},
            {"model": "role:coder", "messages": HELLO, "temperature": 9},
            {"model": "role:coder", "messages": HELLO, "tools": remote},
            {"model": "role:coder", "messages": HELLO, "response_format": broken},
        ):
            with pytest.raises(openai.BadRequestError) as error:
                client.chat.completions.create(**asked)  # type: ignore[call-overload]
            assert error.value.type == "invalid_request_error"
        for model in ("gpt-9", "role:embedder", "role:nobody"):
            with pytest.raises(openai.NotFoundError) as missing:
                client.chat.completions.create(model=model, messages=HELLO)
            assert (missing.value.code, missing.value.param) == ("model_not_found", "model")


def test_models_that_fail_are_told_before_and_in_the_midst(tmp_path: Path) -> None:
    answers: list[Answer] = [ModelDown("no server"), ContextOverflow("too long"), Broken("one two", ModelDown("gone"))]
    with talking(tmp_path, persona=answers) as (_, client):
        with pytest.raises(openai.InternalServerError, match="no server") as down:
            client.chat.completions.create(model="role:persona", messages=HELLO, stream=True)
        assert (down.value.status_code, down.value.code) == (503, "none_answered")
        with pytest.raises(openai.BadRequestError, match="too long"):
            client.chat.completions.create(model="role:persona", messages=HELLO)
        stream = client.chat.completions.create(model="role:persona", messages=HELLO, stream=True)
        with pytest.raises(openai.APIError, match="broke off"):
            list(stream)


@pytest.mark.parametrize("stream", [False, True])
def test_a_client_that_does_not_wait_has_its_answer_stopped(tmp_path: Path, *, stream: bool) -> None:
    with talking(tmp_path, persona=[Slow("late", 30)]) as (served, client):
        with pytest.raises(openai.APITimeoutError):
            client.chat.completions.create(model="role:persona", messages=HELLO, stream=stream, timeout=0.5)
        until = time.monotonic() + 5
        while not (calls := tail(tmp_path / "logs" / "audit", 1, event="llm_call")):
            assert time.monotonic() < until
            time.sleep(0.01)
        assert calls[0].details["error"] == "cancelled"
        assert len(served.provider.asked) == 1


async def test_langchains_client_chats_and_streams(tmp_path: Path) -> None:
    script: dict[str, list[Answer]] = {"orchestrator": [TALK] * 2, "persona": ["good morning", "one two", "three"]}
    with serving(tmp_path, **script) as served:
        chat = ChatOpenAI(model="metahuman", base_url=f"{served.url}/v1", api_key="x", max_retries=0)  # type: ignore[arg-type]
        answer = chat.invoke([HumanMessage("hello")])
        assert answer.text == "good morning"
        assert answer.usage_metadata is not None
        assert "".join([chunk.text async for chunk in chat.astream("count")]) == "one two"
        role = ChatOpenAI(model="role:persona", base_url=f"{served.url}/v1", api_key="x", max_retries=0)  # type: ignore[arg-type]
        assert (await role.ainvoke("go on")).text == "three"
