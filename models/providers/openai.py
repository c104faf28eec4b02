"""Any server that speaks OpenAI's chat completions: OpenAI itself, vLLM, llama-server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import httpx
import openai
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import BaseMessage
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_openai import ChatOpenAI

from metahuman.models.providers import SAMPLING, AdapterUse, Embedded, Served, Wish, given, http_settings
from metahuman.models.providers.openai_adapters import chosen, make_ready
from metahuman.models.providers.openai_api import account, count, embed, explain, listed, missing, talk
from metahuman.models.resolved import ResolvedModel
from metahuman.state.errors import ModelError

#: OpenAI's own service refuses fields it does not know; the servers people run at home read these.
OPENAI_HOST = "api.openai.com"
#: Where servers put what a model thought before it answered: most of them, and newer vLLM and OpenRouter.
THOUGHTS = ("reasoning_content", "reasoning")
#: As many connections stay open as OpenAI's own client would keep: many calls at once need not connect anew.
LIMITS = httpx.Limits(max_connections=1000, max_keepalive_connections=100)


class OpenAIProvider:
    """Asks a server that speaks OpenAI's protocol."""

    def adapter_use(self, model: ResolvedModel) -> AdapterUse:
        """Return that vLLM and llama-server choose adapters with each request, and that OpenAI itself takes none."""
        return "none" if model.settings.server == "openai" else "per_request"

    async def prepare(self, model: ResolvedModel) -> Served:
        """Return the model's own name, or what vLLM calls it with its adapter, or llama-server's numbers for them."""
        return await make_ready(model)

    def connect(self, model: ResolvedModel, served: Served) -> BaseChatModel:
        """Return a client; nothing is asked of the server yet."""
        silence, http = model.settings.timeout / 1000, http_settings(model)
        return ChatServer(
            model=served.name,
            **account(model),
            timeout=openai.Timeout(silence, connect=model.settings.connect_timeout / 1000),
            stream_chunk_timeout=silence,
            # Clients of its own: those that ChatOpenAI would take are shared between event loops.
            http_client=httpx.Client(**http),
            http_async_client=httpx.AsyncClient(**http, limits=LIMITS),
            openai_proxy=None,  # else the environment's, even for a server on this machine
            stream_usage=True,
            use_responses_api=False,
        )

    async def disconnect(self, client: BaseChatModel) -> None:
        """Close a client's connections."""
        await client.root_async_client.close()  # type: ignore[attr-defined]

    def request(self, model: ResolvedModel, served: Served, wish: Wish) -> dict[str, Any]:
        """Return OpenAI's names for the model's options, and the schema as `response_format`."""
        call = given(model.options, **SAMPLING, max_tokens="max_tokens")
        if extra := self._extra_body(model) | chosen(model, served):
            call["extra_body"] = extra
        if wish.tools:
            call["tools"] = list(wish.tools)
            call["tool_choice"] = wish.tool_choice or "auto"
        if wish.schema:
            schema = {"name": wish.schema.name, "schema": dict(wish.schema.schema)}
            call["response_format"] = {"type": "json_schema", "json_schema": schema}
        return call

    async def embed(self, model: ResolvedModel, served: Served, texts: Sequence[str]) -> Embedded:
        """Return the vectors in the order of the texts, whichever order they came in."""
        return await embed(model, served, texts)

    def count(self, model: ResolvedModel, text: str) -> int | None:
        """Ask llama-server or vLLM; OpenAI's own protocol has no word for it."""
        return count(model, text)

    def explain(self, error: Exception, model: ResolvedModel) -> ModelError | None:
        """Return what an error of the client means."""
        return explain(error, model)

    async def check(self, model: ResolvedModel) -> None:
        """Ask the server which models it has.

        One that cannot list them is believed to have any, and a llama-server with one model answers to every name.
        """
        async with talk(model, model.settings.connect_timeout / 1000) as client:
            names = await listed(client, model)
        answers_to_any = not names or (model.settings.server == "llama-server" and len(names) == 1)
        if not answers_to_any and model.model not in names:
            raise missing(model)

    def _extra_body(self, model: ResolvedModel) -> dict[str, Any]:
        if urlsplit(model.address).hostname == OPENAI_HOST:
            return {}
        # The first name of the penalty is llama-server's, the other vLLM's.
        return given(model.options, repeat_penalty="repeat_penalty", top_k="top_k") | given(
            model.options, repeat_penalty="repetition_penalty"
        )


class ChatServer(ChatOpenAI):
    """ChatOpenAI, which leaves what is not OpenAI's own out of an answer: thoughts, and in a stream refusals too."""

    def _create_chat_result(
        self, response: dict[str, Any] | openai.BaseModel, generation_info: dict[str, Any] | None = None
    ) -> ChatResult:
        result = super()._create_chat_result(response, generation_info)
        whole = response if isinstance(response, dict) else response.model_dump(warnings=False)
        for generation, choice in zip(result.generations, whole["choices"], strict=True):
            _complete(generation.message, choice["message"], choice.get("finish_reason"))
        return result

    def _convert_chunk_to_generation_chunk(
        self, chunk: dict[str, Any], default_chunk_class: type, base_generation_info: dict[str, Any] | None
    ) -> ChatGenerationChunk | None:
        generation = super()._convert_chunk_to_generation_chunk(chunk, default_chunk_class, base_generation_info)
        choices = chunk.get("choices") or chunk.get("chunk", {}).get("choices")
        if generation and choices:
            _complete(generation.message, choices[0]["delta"], choices[0].get("finish_reason"))
        return generation


def _complete(message: BaseMessage, said: Mapping[str, Any], finish: str | None) -> None:
    """Add to a message, or a chunk of one, what the server said beside its words."""
    message.additional_kwargs.pop("refusal", None)
    for key, names in (("reasoning_content", THOUGHTS), ("refusal", ("refusal",))):
        if words := next((words for name in names if (words := said.get(name))), None):
            message.additional_kwargs[key] = words
    if finish:
        message.response_metadata["finish_reason"] = finish


PROVIDER = OpenAIProvider()
