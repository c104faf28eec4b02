"""Tests of the roles as functions, and of what the package offers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

import metahuman
from metahuman.home import find_home
from metahuman.roles import _router
from metahuman.state.background import background
from metahuman.state.errors import BadRequest
from tests.homes import served, write_registry
from tests.servers.answer import Answer
from tests.servers.ollama import OllamaServer


@pytest.fixture
def server(tmp_path: Path) -> Iterator[OllamaServer]:
    home = find_home()
    with OllamaServer(models=("m",)) as server:
        write_registry(home.root, served(server.url))
        yield server
        background.run(_router(home).aclose())


def test_everything_offered_is_there() -> None:
    assert {name for name in metahuman.__all__ if hasattr(metahuman, name)} == set(metahuman.__all__)
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        metahuman.Nothing  # noqa: B018


async def test_calling_a_role(server: OllamaServer) -> None:
    server.say(Answer("one"), Answer("two"))
    response = await background.arun(metahuman.acall_llm("persona", "hello", temperature=0, max_tokens=5))
    assert (response.content, response.model, response.role) == ("one", "m", "persona")
    assert response.tokens["completion"] == 1
    assert server.requests[-1].body["options"] == {"num_predict": 5, "temperature": 0}


def test_calling_and_streaming_without_an_event_loop(server: OllamaServer) -> None:
    server.say(Answer("one"), Answer("two words"))
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "hello"}]
    assert metahuman.call_llm("persona", messages).content == "one"
    assert "".join(metahuman.stream_llm("persona", "hello")) == "two words"
    assert [message["role"] for message in server.requests[-2].body["messages"]] == ["system", "user"]


def test_an_option_there_is_not(server: OllamaServer) -> None:
    with pytest.raises(BadRequest, match="no option temprature; there are context_window, max_tokens, temperature"):
        metahuman.call_llm("persona", "hello", temprature=0)


class Mood(BaseModel):
    """A mood."""

    word: str


def test_a_role_is_a_chat_model(server: OllamaServer) -> None:
    server.say(Answer('{"word": "glad"}'))
    assert metahuman.RoleChatModel(role="persona").with_structured_output(Mood).invoke("how?") == Mood(word="glad")


def test_the_registry_as_functions(server: OllamaServer) -> None:
    resolved = metahuman.resolve_model("persona")
    assert resolved is not None
    assert (resolved.model_id, resolved.provider) == ("first", "ollama")
    assert metahuman.resolve_model("orchestrator", "dual") is None
    assert metahuman.list_available_roles() == ["orchestrator", "persona"]
    assert metahuman.validate_registry() == (True, [])
