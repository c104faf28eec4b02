"""What is special about servers that speak OpenAI's protocol: their errors, and what they send beside words."""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from langchain_core.messages import AIMessage

from metahuman.models.providers import AnswerSchema, Served, Wish, open_provider
from metahuman.models.refusals import refusal
from metahuman.models.resolved import ResolvedModel
from metahuman.state.errors import (
    BadAnswer,
    BadKey,
    BadRequest,
    ContextOverflow,
    ModelBusy,
    ModelDown,
    ModelError,
    ModelFailed,
    ModelMissing,
    ModelTimeout,
    RefusedAnswer,
)
from tests.asking import streamed, whole
from tests.resolved import resolved
from tests.servers.answer import Answer
from tests.servers.http import Exchange
from tests.servers.openai import OpenAIServer, Refused

Ask = Callable[..., Awaitable[AIMessage]]
both = pytest.mark.parametrize("ask", [whole, streamed])


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer(models=("m",)) as running:
        yield running


def at(server: OpenAIServer, **settings: Any) -> ResolvedModel:
    return resolved("openai", baseUrl=server.base_url, **settings)


def refused(status: int, message: str = "No.", **error: Any) -> Answer:
    return Answer(status=status, error={"message": message, "type": "error", "code": None, **error})


@both
@pytest.mark.parametrize(
    ("answer", "kind", "told"),
    [
        (refused(429, "Slow down."), ModelBusy, "Slow down."),
        (refused(503, "Loading model"), ModelBusy, "Loading model"),
        (refused(529), ModelBusy, "529"),
        (refused(429, code="insufficient_quota"), BadKey, "no credit left for providers.openai.apiKey"),
        (refused(402), BadKey, "no credit left"),
        (refused(500), ModelFailed, "500"),
        (refused(502, "<html>\n<h1>Bad\n gateway</h1>"), ModelFailed, "502: <html> <h1>Bad gateway</h1>"),
        (refused(401), BadKey, "providers.openai.apiKey"),
        (refused(403), BadKey, "providers.openai.apiKey"),
        (refused(404, code="model_not_found"), ModelMissing, "has no model m"),
        (refused(404, "The model `m` does not exist."), ModelMissing, "has no model m"),
        (refused(404, "File Not Found"), ModelMissing, "correct providers.openai.baseUrl, which mostly ends in /v1"),
        (refused(405, "Method Not Allowed"), ModelMissing, "providers.openai.baseUrl"),
        (refused(408), ModelTimeout, "took too long"),
        (refused(400, code="context_length_exceeded"), ContextOverflow, "too long for m"),
        (refused(400, type="exceed_context_size_error"), ContextOverflow, "too long for m"),
        (refused(400, "This model's maximum context length is 8 tokens."), ContextOverflow, "too long for m"),
        (refused(422, "The prompt is longer than the maximum model length of 8."), ContextOverflow, "too long for m"),
        (refused(413), ContextOverflow, "too long for m"),
        (refused(400, "Unknown option."), BadRequest, "Unknown option."),
        (refused(418), BadRequest, "No."),
    ],
)
async def test_what_a_status_means(
    server: OpenAIServer, ask: Ask, answer: Answer, kind: type[ModelError], told: str
) -> None:
    server.say(answer)
    with pytest.raises(kind) as raised:
        await ask(at(server))
    assert told in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "7"}, 7),
        ({"Retry-After": "0.5"}, 0.5),
        ({"Retry-After": "-7"}, 0),
        ({"Retry-After": "7", "retry-after-ms": "1500"}, 1.5),
        ({"Retry-After": "7", "retry-after-ms": "soon"}, 7),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "inf"}, None),
        ({"Retry-After": "nan"}, None),
        ({"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0),
        ({"Retry-After": "Wed, 21 Oct 2015 07:28:00 -0000"}, None),
    ],
)
async def test_a_busy_server_may_say_when_it_wants_to_be_asked_again(
    server: OpenAIServer, headers: dict[str, str], seconds: float | None
) -> None:
    server.say(Answer(status=429, headers=headers))
    with pytest.raises(ModelBusy) as raised:
        await whole(at(server))
    assert raised.value.retry_after == seconds


async def test_it_may_say_so_with_a_date(server: OpenAIServer) -> None:
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    server.say(Answer(status=503, headers={"Retry-After": soon}))
    with pytest.raises(ModelBusy) as raised:
        await whole(at(server))
    assert raised.value.retry_after == pytest.approx(30, abs=2)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Answer("once upon a time", error="The server had an error"), ModelFailed),
        (Answer("once", error={"message": "Slow down.", "code": "rate_limit_exceeded"}), ModelBusy),
        (Answer("once", error={"message": "Slow down.", "code": 429}), ModelBusy),
        (Answer("once", error={"message": "Full.", "type": "exceed_context_size_error"}), ContextOverflow),
        (Answer("once upon a time", cut_after=2), ModelFailed),
        (Answer("once upon a time", malformed_at=1), ModelFailed),
        (Answer("once upon a time", chunk_delay=5), ModelTimeout),
    ],
)
async def test_what_goes_wrong_in_the_middle(server: OpenAIServer, answer: Answer, kind: type[ModelError]) -> None:
    server.say(answer)
    with pytest.raises(kind):
        await streamed(at(server, timeout=300))


@both
async def test_a_server_that_is_not_there_is_down(server: OpenAIServer, ask: Ask) -> None:
    server.stop()
    with pytest.raises(ModelDown, match=f"nothing answers at {server.base_url}"):
        await ask(at(server))


@both
async def test_a_place_without_the_protocol_is_no_model(server: OpenAIServer, ask: Ask) -> None:
    with pytest.raises(ModelMissing, match=r"has no chat completions: correct providers\.openai\.baseUrl"):
        await ask(resolved("openai", baseUrl=server.url))


@both
async def test_thoughts_and_the_end_are_kept(server: OpenAIServer, ask: Ask) -> None:
    server.say(Answer("Hello", thinking="A greeting.", finish="length"))
    message = await ask(at(server))
    assert (message.text, message.additional_kwargs) == ("Hello", {"reasoning_content": "A greeting."})
    assert message.response_metadata["finish_reason"] == "length"


@both
async def test_refusals_are_kept(server: OpenAIServer, ask: Ask) -> None:
    server.say(Refused("I will not say."))
    message = await ask(at(server))
    assert (message.text, refusal(message)) == ("", "I will not say.")


@both
async def test_a_filtered_answer_is_a_refusal(server: OpenAIServer, ask: Ask) -> None:
    server.say(Answer("", finish="content_filter"))
    assert refusal(await ask(at(server))) == "the provider's filter withheld the answer"


@both
async def test_structured_answers_that_end_early(server: OpenAIServer, ask: Ask) -> None:
    wish = Wish(schema=AnswerSchema("it", {"type": "object"}, lambda message: message.text))
    server.say(Answer('{"mood": "go', finish="length"), Answer("", finish="content_filter"))
    with pytest.raises(BadAnswer, match="cut at its length limit") as raised:
        await ask(at(server), wish=wish)
    assert raised.value.answer == '{"mood": "go'
    with pytest.raises(RefusedAnswer):
        await ask(at(server), wish=wish)


def proxied(monkeypatch: pytest.MonkeyPatch, proxy: OpenAIServer) -> None:
    """Set every variable that HTTP clients, and OpenAI's own, take a proxy from."""
    for name, case in itertools.product(("http_proxy", "https_proxy", "all_proxy"), (str.lower, str.upper)):
        monkeypatch.setenv(case(name), proxy.url)
    monkeypatch.setenv("OPENAI_PROXY", proxy.url)
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)


@both
async def test_a_prompt_to_this_machine_goes_past_the_proxy(
    server: OpenAIServer, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    with OpenAIServer(models=("m",)) as proxy:
        proxied(monkeypatch, proxy)
        server.say(Answer("Hello"))
        assert (await ask(at(server))).text == "Hello"
        await open_provider("openai").check(at(server))
    assert not proxy.requests


@both
async def test_a_prompt_to_the_world_goes_through_the_proxy(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    with OpenAIServer(models=("m",), answers=[Answer("Hello")]) as proxy:
        proxied(monkeypatch, proxy)
        assert (await ask(resolved("openai", baseUrl="http://models.example.com/v1"))).text == "Hello"
    assert [request.path for request in proxy.requests] == ["/v1/chat/completions"]


@both
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed(server: OpenAIServer, ask: Ask, status: int) -> None:
    with OpenAIServer(models=("m",), answers=[Answer("Hello")]) as elsewhere:
        place = f"{elsewhere.base_url}/chat/completions"
        server.say(Answer(status=status, headers={"Location": place}))
        with pytest.raises(ModelDown, match=f"redirects to {place}, which is not followed"):
            await ask(at(server))
    assert not elsewhere.requests


@both
async def test_a_redirect_from_the_world_is_not_followed_either(
    server: OpenAIServer, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = Answer(status=307, headers={"Location": f"{server.base_url}/chat/completions"})
    with OpenAIServer(models=("m",), answers=[away]) as proxy:
        proxied(monkeypatch, proxy)
        with pytest.raises(ModelDown, match="which is not followed"):
            await ask(resolved("openai", baseUrl="http://models.example.com/v1"))
    assert not server.requests


async def test_the_environment_does_not_choose_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_BASE_URL", "OPENAI_API_BASE"):
        monkeypatch.setenv(name, "http://127.0.0.1:9/v1")
    provider = open_provider("openai")
    client: Any = provider.connect(resolved("openai"), Served("m"))
    assert str(client.root_async_client.base_url) == "https://api.openai.com/v1/"
    await provider.disconnect(client)


@pytest.mark.parametrize(
    ("kind", "names", "model", "there"),
    [
        ("openai", ["m"], "m", True),
        ("openai", ["m"], "other", False),
        ("openai", [], "other", True),
        ("vllm", ["m"], "other", False),
        ("llama-server", ["/models/m.gguf"], "other", True),
        ("llama-server", ["one", "two"], "other", False),
    ],
)
async def test_checking_knows_whom_a_server_answers_for(kind: str, names: list[str], model: str, there: bool) -> None:
    with OpenAIServer(models=names) as server:
        checked = resolved("openai", model, baseUrl=server.base_url, server=kind)
        if there:
            await open_provider("openai").check(checked)
        else:
            with pytest.raises(ModelMissing):
                await open_provider("openai").check(checked)


async def test_checking_believes_a_server_that_cannot_list() -> None:
    with OpenAIServer() as server:
        await open_provider("openai").check(resolved("openai", baseUrl=f"{server.url}/other"))


class OddServer(OpenAIServer):
    """Has models, but not as OpenAI lists them."""

    def routes(self) -> Mapping[tuple[str, str], Callable[[Exchange], None]]:
        return {("GET", "/v1/models"): lambda exchange: exchange.reply({"data": self.models})}


async def test_checking_tells_a_server_that_is_no_model_server() -> None:
    told = r"is no model server: correct providers\.openai\.baseUrl"
    with OddServer(models=["m"]) as server, pytest.raises(ModelDown, match=told):
        await open_provider("openai").check(at(server))
