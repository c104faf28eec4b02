"""Tests of the role router: who is asked, in which order, and what the audit keeps of it."""

from __future__ import annotations

import asyncio

import pytest
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.tracers import BaseTracer, Run
from pydantic import BaseModel

from metahuman.models.calls import RoleCall
from metahuman.state.errors import (
    BadRequest,
    BrokenAnswer,
    ContextOverflow,
    ModelDown,
    ModelError,
    ModelMissing,
    NoModelAnswered,
)
from tests.fakes import Answer, Broken, Slow, Unscripted, World, registry, world
from tests.servers.http import eventually

HELLO = [HumanMessage("hello")]
TWO = registry({"persona": ["big", "small"]})


def router(script: dict[str, list[Answer]]) -> World:
    return world(script, known=TWO)


async def test_the_first_model_of_the_hierarchy_answers() -> None:
    it = router({"big": ["good morning"], "small": []})
    message = await it.services.models.chat_model("persona").ainvoke("hello")
    assert message.text == "good morning"
    (call,) = it.audit.named("llm_call")
    assert call == {
        "role": "persona",
        "modelId": "big",
        "provider": "local",
        "model": "big",
        "adapters": [],
        "tokens": {"prompt": 10, "completion": 2, "cached": 0},
        "cost": 0,
        "latencyMs": call["latencyMs"],
        "firstTokenMs": call["firstTokenMs"],
        "fallback": False,
        "failed": [],
        "why": None,
        "mode": None,
        "thread": None,
        "error": None,
    }
    assert message.response_metadata["modelCall"] == call


@pytest.mark.parametrize("failure", [ModelDown("no server"), ModelMissing("no model"), ContextOverflow("too long")])
@pytest.mark.parametrize("streamed", [True, False])
async def test_a_failing_model_is_followed_by_the_next(failure: ModelError, *, streamed: bool) -> None:
    it = router({"big": [failure], "small": ["hi"]})
    model = it.services.models.chat_model("persona")
    text = "".join([c.text async for c in model.astream("hello")]) if streamed else (await model.ainvoke("hello")).text
    assert text == "hi"
    event = it.audit.events[-1]
    assert event.level == "warn"
    assert event.actor == "assistant"
    assert event.details["fallback"] is True
    assert event.details["modelId"] == "small"
    assert event.details["why"] == f"big: {failure}"


@pytest.mark.parametrize("streamed", [True, False])
async def test_an_empty_answer_is_no_answer(*, streamed: bool) -> None:
    it = router({"big": ["", " "], "small": ["hi"]})
    model = it.services.models.chat_model("persona")
    text = "".join([c.text async for c in model.astream("hello")]) if streamed else (await model.ainvoke("hello")).text
    assert text == "hi"
    assert it.audit.named("llm_call")[0]["why"] == "big: the answer is empty; big: the answer is empty"


@pytest.mark.parametrize("streamed", [True, False])
async def test_what_a_model_only_thinks_is_not_its_answer(*, streamed: bool) -> None:
    it = router(
        {
            "big": [
                "<think>they greet me</think>hello",
            ],
            "small": [],
        }
    )
    model = it.services.models.chat_model("persona")
    if streamed:
        parts = [part async for part in model.astream("hi")]
        message = sum(parts[1:], parts[0])
    else:
        message = await model.ainvoke("hi")
    assert (message.text, message.additional_kwargs["reasoning_content"]) == ("hello", "they greet me")


@pytest.mark.parametrize("streamed", [True, False])
async def test_when_all_fail_each_failure_is_told(*, streamed: bool) -> None:
    it = router({"big": [ModelDown("no server")], "small": [ModelMissing("no file")]})
    model = it.services.models.chat_model("persona")
    with pytest.raises(NoModelAnswered, match="big: no server; small: no file") as raised:
        [chunk async for chunk in model.astream("hello")] if streamed else await model.ainvoke("hello")
    assert [model_id for model_id, _ in raised.value.failures] == ["big", "small"]
    event = it.audit.events[-1]
    assert event.level == "error"
    assert event.details["error"] == str(raised.value)
    assert event.details["fallback"] is False


async def test_a_request_at_fault_is_not_sent_to_the_next() -> None:
    it = router({"big": [BadRequest("no such option")], "small": []})
    with pytest.raises(BadRequest):
        await it.services.models.chat_model("persona").ainvoke("hello")
    (call,) = it.audit.named("llm_call")
    assert (call["error"], call["modelId"]) == ("no such option", None)
    assert [(one["modelId"], one["kind"]) for one in call["failed"]] == [("big", "bad_request")]


async def test_errors_that_are_not_the_models_pass_through() -> None:
    it = router({"big": [], "small": []})
    with pytest.raises(Unscripted):
        await it.services.models.chat_model("persona").ainvoke("hello")
    assert len(it.audit.events) == 1


async def test_a_stream_that_breaks_after_its_first_word_is_told_with_what_had_come() -> None:
    it = router({"big": [Broken("once upon a", ModelDown("cut"))], "small": ["never said"]})
    with pytest.raises(BrokenAnswer, match="broke off: cut") as raised:
        [chunk async for chunk in it.services.models.chat_model("persona").astream("a story")]
    assert raised.value.partial == "once upon a"
    assert it.provider.script["small"] == ["never said"]
    assert it.audit.named("llm_call")[0]["error"] == "the answer broke off: cut"


async def test_a_model_slower_than_the_registry_allows_is_given_up() -> None:
    slow = registry({"persona": ["big", "small"]}, providers={"local": {"timeout": 50}})
    it = world({"big": [Slow("at last", 5)], "small": ["quick"]}, known=slow)
    chunks = [chunk.text async for chunk in it.services.models.chat_model("persona").astream("hello")]
    assert "".join(chunks) == "quick"
    assert it.audit.named("llm_call")[0]["why"] == "big: too slow"


async def test_leaving_a_stream_early_is_audited_too() -> None:
    it = router({"big": ["a very long story"], "small": []})
    stream = it.services.models.stream(RoleCall("persona", HELLO))  # type: ignore[attr-defined]
    async for _ in stream:
        break
    await stream.aclose()
    assert len(it.audit.named("llm_call")) == 1


async def test_cancelled_calls_are_audited_too() -> None:
    it = router({"big": [Slow("at last", 30)], "small": []})
    task = asyncio.ensure_future(it.services.models.chat_model("persona").ainvoke("hello"))
    await eventually(lambda: it.provider.asked)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert it.audit.named("llm_call")[0]["error"] == "cancelled"
    assert it.audit.events[0].level == "warn"


async def test_options_of_a_call_go_over_the_registrys() -> None:
    it = router({"big": ["ok"], "small": []})
    call = RoleCall("persona", HELLO, options={"temperature": 0, "maxTokens": 5})
    await it.services.models.generate(call)  # type: ignore[attr-defined]
    assert it.provider.asked[0].options == {"temperature": 0, "max_tokens": 5}


async def test_an_option_that_cannot_be_is_the_callers_error() -> None:
    it = router({"big": [], "small": []})
    with pytest.raises(BadRequest, match="option temperature"):
        await it.services.models.generate(RoleCall("persona", HELLO, options={"temperature": -3}))  # type: ignore[attr-defined]


async def test_only_listed_models_are_asked_when_none_may_stand_in() -> None:
    known = registry({"orchestrator": ["orchestrator", "stand-in"]})
    it = world({"orchestrator": [ModelDown("no server")], "stand-in": []}, known=known)
    with pytest.raises(NoModelAnswered):
        await it.services.models.chat_model("orchestrator", listed_only=True).ainvoke("hello")
    with_choice = it.services.models.chat_model("orchestrator", model_id="stand-in", listed_only=True)
    it.provider.script["stand-in"] = ["chosen by name"]
    assert (await with_choice.ainvoke("hello")).text == "chosen by name"


def test_the_budget_fits_every_model_of_the_hierarchy() -> None:
    known = registry({"persona": ["big", "small"]})
    content = known.file.model_dump(by_alias=True)
    content["models"]["big"]["options"] = {"contextWindow": 8192, "maxTokens": 1000}
    content["models"]["small"]["options"] = {"contextWindow": 1024, "maxTokens": 24}
    it = world(known=type(known).parse(content, known.path, known.path))
    assert it.services.models.prompt_budget("persona") == 1000


class Mood(BaseModel):
    """A mood."""

    word: str
    sure: float


async def test_structured_answers_are_validated_and_broken_json_is_repaired() -> None:
    it = router({"big": ['{"word": "glad", "sure": 0.5', '{"word": "glad"}'], "small": []})
    model = it.services.models.chat_model("persona").with_structured_output(Mood)
    assert await model.ainvoke("how is it?") == Mood(word="glad", sure=0.5)
    wish = it.provider.asked[0].wish
    assert wish.schema
    assert wish.schema.name == "Mood"


async def test_a_model_is_told_what_is_wrong_with_its_answer_once() -> None:
    it = router({"big": ['{"word": "glad"}', '{"word": "glad", "sure": 1}'], "small": []})
    model = it.services.models.chat_model("persona").with_structured_output(Mood)
    assert await model.ainvoke("how is it?") == Mood(word="glad", sure=1)
    _, said, wrong = it.provider.asked[1].messages
    assert said.text == '{"word": "glad"}'
    assert "sure: Field required" in wrong.text
    (call,) = it.audit.named("llm_call")
    assert (call["fallback"], [one["kind"] for one in call["failed"]]) == (False, ["bad_answer"])
    assert call["failed"][0]["tokens"]["completion"] == 2


async def test_a_model_that_cannot_mend_its_answer_is_followed_by_the_next() -> None:
    bad = "I would rather not"
    it = router({"big": [bad, bad], "small": ['{"word": "glad", "sure": 1}']})
    model = it.services.models.chat_model("persona").with_structured_output(Mood)
    assert await model.ainvoke("how is it?") == Mood(word="glad", sure=1)
    assert it.audit.named("llm_call")[0]["fallback"] is True


async def test_when_no_answer_fits_nothing_is_made_up() -> None:
    it = router({"big": ["no", "no"], "small": ["[]", '{"sure": 1}']})
    with pytest.raises(NoModelAnswered, match=r"not a JSON object.*word: Field required"):
        await it.services.models.chat_model("persona").with_structured_output(Mood).ainvoke("how is it?")


async def test_a_plain_json_schema_is_held_to_as_well() -> None:
    schema = {"title": "age", "type": "object", "properties": {"age": {"type": "integer"}}, "required": ["age"]}
    it = router({"big": ['{"age": "old"}', '{"age": 7}'], "small": []})
    assert await it.services.models.chat_model("persona").with_structured_output(schema).ainvoke("?") == {"age": 7}
    assert "$.age: 'old' is not of type 'integer'" in it.provider.asked[1].messages[-1].text


async def test_tools_are_offered_and_their_calls_come_back() -> None:
    def add(a: int, b: int) -> int:
        """Add two numbers."""
        return a + b

    called = AIMessage("", tool_calls=[{"name": "add", "args": {"a": 1, "b": 2}, "id": "1"}])
    it = router({"big": [called], "small": []})
    model = it.services.models.chat_model("persona").model_copy(update={"options": {"toolCalls": True}})
    message = await model.bind_tools([add]).ainvoke("1 + 2?")
    assert [(call["name"], call["args"]) for call in message.tool_calls] == [("add", {"a": 1, "b": 2})]
    assert it.provider.asked[0].wish.tools[0]["function"]["name"] == "add"


class Trace(BaseTracer):
    """Keeps what a tracer would send away."""

    def __init__(self) -> None:
        super().__init__()
        self.runs: list[Run] = []

    def _persist_run(self, run: Run) -> None:
        self.runs.append(run)


async def test_a_trace_tells_the_roles_apart() -> None:
    it, trace = router({"big": ["ok"], "small": []}), Trace()
    await it.services.models.chat_model("persona", mode="dual").ainvoke("hello", config={"callbacks": [trace]})
    (run,) = trace.runs
    assert run.tags == ["role:persona"]
    assert run.extra["metadata"]["mode"] == "dual"


def test_the_same_model_serves_callers_without_an_event_loop() -> None:
    it = router({"big": ["one", "two words"], "small": []})
    model = it.services.models.chat_model("persona")
    assert model.invoke("hello").text == "one"
    assert [chunk.text for chunk in model.stream("hello") if chunk.text] == ["two ", "words"]
