"""The OpenAI side against a real llama-server: the embedded model's own, on a port and with a key of its own."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import xllamacpp

from metahuman.models.providers import AnswerSchema, Wish, open_provider
from metahuman.models.resolved import ResolvedModel
from metahuman.state.errors import AdapterRefused, BadKey, BadRequest, ContextOverflow, ModelMissing
from tests.asking import streamed, whole
from tests.homes import EMBEDDED
from tests.resolved import resolved, write_lora

pytestmark = [
    pytest.mark.real_model,
    pytest.mark.skipif(not EMBEDDED.exists(), reason="the embedded model is not there: metahuman models pull"),
]
KEY, WINDOW = "right", 512
PROVIDER = open_provider("openai")


@pytest.fixture(scope="module")
def loras(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("loras")
    return [write_lora(folder / f"{name}.gguf") for name in ("ada", "bob")]


@pytest.fixture(scope="module")
def server(loras: list[Path]) -> xllamacpp.Server:
    params = xllamacpp.CommonParams()
    params.model.path, params.n_ctx, params.n_parallel = str(EMBEDDED), WINDOW, 1
    params.cpuparams.n_threads, params.cpuparams_batch.n_threads = 1, 2
    params.warmup, params.verbosity, params.cache_ram_mib, params.fit_params = False, 0, 0, False
    params.ui, params.api_keys, params.lora_init_without_apply = False, [KEY], True
    params.lora_adapters = [_adapter(path) for path in loras]
    return xllamacpp.Server(params)


def _adapter(path: Path) -> xllamacpp.CommonAdapterLoraInfo:
    adapter = xllamacpp.CommonAdapterLoraInfo()
    adapter.path, adapter.scale = str(path), 1.0
    return adapter


@pytest.fixture
def model(server: xllamacpp.Server) -> ResolvedModel:
    return at(server)


def at(server: xllamacpp.Server, model: str = "any", *, key: str = KEY, **options: Any) -> ResolvedModel:
    options = {"temperature": 0, "maxTokens": 8, **options}
    settings: dict[str, Any] = {"baseUrl": f"{server.listening_address}/v1", "apiKey": key, "server": "llama-server"}
    # That the registry knows of adapters makes each call say which it wants: as started, the server uses all it has.
    return replace(resolved("openai", model, options=options, **settings), siblings=(Path("ada.gguf"),))


async def test_a_whole_answer_and_its_tokens(model: ResolvedModel) -> None:
    message = await whole(model)
    assert message.text
    assert message.usage_metadata
    assert message.usage_metadata["input_tokens"] > 8 >= message.usage_metadata["output_tokens"] > 0
    assert message.response_metadata["finish_reason"] in ("stop", "length")


def test_it_counts_tokens(model: ResolvedModel) -> None:
    assert PROVIDER.count(model, "Hello world") == 2


async def test_a_stream_says_the_same(model: ResolvedModel) -> None:
    at_once, in_chunks = await whole(model), await streamed(model)
    assert in_chunks.text == at_once.text
    assert in_chunks.usage_metadata
    assert at_once.usage_metadata
    assert in_chunks.usage_metadata["output_tokens"] == at_once.usage_metadata["output_tokens"]
    assert in_chunks.response_metadata["finish_reason"] == at_once.response_metadata["finish_reason"]


@pytest.mark.parametrize("ask", [whole, streamed])
async def test_an_answer_fits_its_schema(server: xllamacpp.Server, ask: Any) -> None:
    properties = {"mood": {"enum": ["good", "bad"]}}
    shape = {"type": "object", "properties": properties, "required": ["mood"], "additionalProperties": False}
    message = await ask(at(server, maxTokens=32), "How are you?", asking_for(shape))
    assert json.loads(message.text)["mood"] in ("good", "bad")


def asking_for(schema: dict[str, Any]) -> Wish:
    return Wish(schema=AnswerSchema("it", schema, lambda message: json.loads(message.text)))


@pytest.mark.parametrize("ask", [whole, streamed])
async def test_a_prompt_that_is_too_long(model: ResolvedModel, ask: Any) -> None:
    with pytest.raises(ContextOverflow, match="exceeds the available context size"):
        await ask(model, "hello " * 2 * WINDOW)


async def test_a_wrong_key(server: xllamacpp.Server) -> None:
    for ask in (whole, streamed):
        with pytest.raises(BadKey, match=r"set providers\.openai\.apiKey"):
            await ask(at(server, key="wrong"))
    with pytest.raises(BadKey):
        await PROVIDER.check(at(server, key="wrong"))


async def test_it_answers_to_every_name(server: xllamacpp.Server) -> None:
    await PROVIDER.check(at(server, "somebody"))
    assert (await whole(at(server, "somebody"))).text


async def test_what_it_refuses(server: xllamacpp.Server) -> None:
    with pytest.raises(BadRequest, match="refuses the request"):
        await whole(at(server), wish=asking_for({"type": "nonsense"}))


async def test_an_address_without_its_end(server: xllamacpp.Server) -> None:
    settings: dict[str, Any] = {"apiKey": KEY, "server": "llama-server"}
    bare = resolved("openai", options={"maxTokens": 1}, baseUrl=server.listening_address, **settings)
    assert (await whole(bare)).text  # it serves both
    with pytest.raises(ModelMissing, match="mostly ends in /v1"):
        await whole(resolved("openai", baseUrl=f"{server.listening_address}/other", **settings))


async def test_it_speaks_with_the_adapters_it_is_told(server: xllamacpp.Server, loras: list[Path]) -> None:
    ada, bob = loras
    model = at(server)
    plain = (await whole(model)).text
    with_ada, with_bob = replace(model, adapters=(ada,)), replace(model, adapters=(bob,))
    assert (await PROVIDER.prepare(with_ada)).loras == (0,)
    assert (await PROVIDER.prepare(with_bob)).loras == (1,)
    coloured = (await whole(with_ada)).text
    assert coloured != plain
    assert (await whole(model)).text == plain, "nothing of what was computed with an adapter is used without it"
    assert (await whole(with_ada.with_options({"adapterScale": 0}))).text == plain
    with pytest.raises(AdapterRefused, match=r"does not hold eve\.gguf"):
        await PROVIDER.prepare(replace(model, adapters=(Path("/there/eve.gguf"),)))
