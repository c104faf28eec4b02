"""Embeddings: who is asked, and what will do as an answer."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from metahuman.models.embedding import BATCH
from metahuman.models.registry import Registry
from metahuman.models.router import RoleRouter
from metahuman.state.errors import BadRequest, ModelDown, ModelMissing, NoModelAnswered
from metahuman.state.services import Spent
from tests.fakes import Answer, FakeAudit, FakeClock, ScriptedProvider, World, registry, registry_content, world

TEXTS = ["one", "two"]


def embedders(*names: str, **sections: Any) -> Registry:
    """Return a registry with these models for embeddings."""
    content = registry_content({"embedder": list(names)}, **sections)
    for name in names:
        content["models"][name]["roles"] = ["embedder"]
    return Registry.parse(content, Path("models.json"), Path("/nowhere"))


def embedding_world(script: dict[str, list[Answer]]) -> World:
    return world(script, known=embedders("big", "small"))


async def test_the_first_of_the_hierarchy_embeds_and_the_audit_tells() -> None:
    it = embedding_world({"big": [[[1.0, 0.0], [0.0, 1.0]]]})
    assert await it.services.models.embed(["one", "two"]) == [[1, 0], [0, 1]]
    (call,) = it.audit.named("llm_call")
    assert (call["role"], call["modelId"], call["fallback"], call["error"]) == ("embedder", "big", False, None)
    assert call["tokens"] == {"prompt": 2, "completion": 0, "cached": 0}
    assert call["latencyMs"] > 0
    assert [message.text for message in it.provider.asked[0].messages] == ["one", "two"]


async def test_one_that_fails_is_followed_by_the_next_and_left_alone() -> None:
    it = embedding_world({"big": [ModelDown("no server")], "small": [[[1.0]], [[2.0]]]})
    assert [await it.services.models.embed(["one"]) for _ in range(2)] == [[[1]], [[2]]]
    assert [[one["kind"] for one in call["failed"]] for call in it.audit.named("llm_call")] == [["down"], ["set_aside"]]
    assert it.audit.events[-1].level == "warn"


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (None, "made no embeddings: Input should be a valid list"),
        ([None, [1.0]], "made no embeddings: 0: Input should be a valid list"),
        ([[], [1.0]], "made no embeddings: 0: List should have at least 1 item"),
        ([[1.0], [math.nan]], "made no embeddings: 1.0: Input should be a finite number"),
        ([[1.0]], "made 1 embeddings of 2 texts"),
        ([[1.0], [1.0], [1.0]], "made 3 embeddings of 2 texts"),
        ([[1.0], [1.0, 2.0]], "the embeddings of big are not all of one length"),
    ],
)
async def test_what_is_no_embedding_is_asked_for_once_more_and_then_of_the_next(answer: Any, why: str) -> None:
    it = embedding_world({"big": [answer, answer], "small": [[[1.0], [2.0]]]})
    assert await it.services.models.embed(["one", "two"]) == [[1], [2]]
    (call,) = it.audit.named("llm_call")
    assert [(one["modelId"], one["kind"]) for one in call["failed"]] == [("big", "bad_answer")] * 2
    assert all(why in one["why"] for one in call["failed"])
    assert call["failed"][0]["tokens"]["prompt"] == 2


async def test_a_request_at_fault_is_not_sent_to_the_next() -> None:
    it = embedding_world({"big": [BadRequest("an empty text")], "small": []})
    with pytest.raises(BadRequest):
        await it.services.models.embed([""])


async def test_many_texts_go_in_batches_and_count_as_one_call() -> None:
    sizes = [BATCH, BATCH, 1]
    it = embedding_world({"big": [[[float(number)]] * size for number, size in enumerate(sizes)]})
    vectors = await it.services.models.embed(["text"] * sum(sizes))
    assert [int(number) for (number,) in vectors] == [0] * BATCH + [1] * BATCH + [2]
    (call,) = it.audit.named("llm_call")
    assert call["tokens"]["prompt"] == sum(sizes)


async def test_batches_have_one_length() -> None:
    odd: list[Answer] = [[[1.0]] * BATCH, [[1.0, 2.0]]]
    it = embedding_world({"big": odd * 2, "small": [[[1.0]] * BATCH, [[2.0]]]})
    assert len(await it.services.models.embed(["text"] * (BATCH + 1))) == BATCH + 1
    assert it.audit.named("llm_call")[0]["modelId"] == "small"


async def test_nothing_to_embed_asks_nobody() -> None:
    it = embedding_world({})
    assert await it.services.models.embed([]) == []
    assert it.audit.events == []


@pytest.mark.parametrize(
    "hierarchy",
    [{}, {"embedder": ["fallback"]}, {"embedder": ["persona", "fallback"]}],
)
async def test_no_chat_model_stands_in(hierarchy: dict[str, list[str]]) -> None:
    it = world(known=registry(hierarchy))
    assert not it.services.models.serves_embeddings()
    with pytest.raises(ModelMissing, match=r"models\.json: defaults\.embedder: no model for embeddings; name one"):
        await it.services.models.embed(TEXTS)
    assert it.audit.events == []


async def test_a_hierarchy_may_be_empty() -> None:
    content = registry_content(roleHierarchy={"embedder": []})
    it = world(known=Registry.parse(content, Path("models.json"), Path("/nowhere")))
    assert not it.services.models.serves_embeddings()


async def test_where_there_is_one_it_is_told() -> None:
    assert embedding_world({}).services.models.serves_embeddings()


async def test_the_daily_cap_holds() -> None:
    class Used:
        def spent(self, provider: str, day: str) -> Spent:
            return Spent(9, 0, 0)

    known = embedders("big", providers={"local": {"dailyCap": {"calls": 9}}})
    router = RoleRouter(lambda: known, FakeAudit(), FakeClock(), lambda _: ScriptedProvider({}), Used())
    with pytest.raises(NoModelAnswered, match=r"providers\.local\.dailyCap\.calls"):
        await router.embed(TEXTS)


async def test_a_model_inside_the_program_that_talks_makes_none(tmp_path: Path) -> None:
    chat = tmp_path / "m.gguf"
    chat.write_bytes(b"GGUF")
    known = embedders("m", models={"m": {"provider": "local", "model": str(chat), "roles": ["embedder"]}})
    router = RoleRouter(lambda: known, FakeAudit(), FakeClock())
    with pytest.raises(NoModelAnswered, match=r"m\.gguf of local makes no embeddings: name multilingual-e5-small"):
        await router.embed(TEXTS)
