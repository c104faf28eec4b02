"""A scripted OpenAI-compatible service: chat completions and embeddings, as its clients speak them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from tests.servers.answer import JSON, Answer, Answers, pieces, prompt_tokens
from tests.servers.embedding import embedding
from tests.servers.http import Exchange, Refusal, Server

EMBEDDING_LENGTH = 64
#: The type and code OpenAI gives an error of each status.
ERRORS: Mapping[int, tuple[str, str | None]] = {
    400: ("invalid_request_error", None),
    401: ("invalid_request_error", "invalid_api_key"),
    404: ("invalid_request_error", "model_not_found"),
    429: ("requests", "rate_limit_exceeded"),
}


@dataclass(frozen=True)
class Refused(Answer):
    """An answer whose text says why there is none: it comes as a refusal."""


class OpenAIServer(Server):
    """Speaks OpenAI's chat completions, says what its script says, and makes embeddings.

    Args:
        models: The models it has.
        answers: What it says to `/v1/chat/completions`.
        api_key: The key it demands; none, and it asks for no key, as local servers do.
        context_length: How many tokens a prompt may have before it is refused.
        loras: The adapters it was started with, as llama-server has them; none, and it is no llama-server.
        loads_loras: Whether it loads adapters while it runs, as vLLM does where it is allowed to.
        embeds: Whether it makes embeddings; if not, it says so as llama-server does.
    """

    def __init__(
        self,
        models: Iterable[str] = ("gpt-4.1-mini",),
        answers: Answers = (),
        api_key: str | None = None,
        context_length: int | None = None,
        loras: Iterable[str] | None = None,
        loads_loras: bool = False,
        embeds: bool = True,
    ) -> None:
        super().__init__(answers)
        self.models = list(models)
        self.loras = None if loras is None else list(loras)
        self.loads_loras, self.embeds = loads_loras, embeds
        self.api_key = api_key
        self.context_length = context_length

    @property
    def base_url(self) -> str:
        """The address that clients are given."""
        return f"{self.url}/v1"

    def routes(self) -> Mapping[tuple[str, str], Callable[[Exchange], None]]:
        """Map OpenAI's paths, and those that its imitators have beside them."""
        routes = {("GET", "/v1/models"): self._list, ("POST", "/v1/chat/completions"): self._complete}
        routes["POST", "/v1/embeddings"] = self._embed
        if self.loras is not None:
            routes["GET", "/lora-adapters"] = self._list_loras
        if self.loads_loras:
            routes["POST", "/v1/load_lora_adapter"] = self._load_lora
        return routes

    def respond(self, exchange: Exchange) -> None:
        """Respond to one request; to one for nothing that is served here, as vLLM does."""
        if exchange.request_line[:2] in self.routes():
            super().respond(exchange)
        else:
            exchange.reply({"detail": "Not Found"}, 404)

    def error_body(self, status: int, error: str | JSON) -> JSON:
        """Give the message the type and code of its status."""
        if isinstance(error, dict):
            return {"error": error}
        kind, code = ERRORS.get(status, ("server_error", None))
        return {"error": {"message": error, "type": kind, "param": None, "code": code}}

    def _list(self, exchange: Exchange) -> None:
        self._authorize(exchange)
        common = {"object": "model", "created": 1_744_316_542, "owned_by": "system"}
        exchange.reply({"object": "list", "data": [{"id": name, **common} for name in self.models]})

    def _list_loras(self, exchange: Exchange) -> None:
        self._authorize(exchange)
        _reply(exchange, [{"id": number, "path": path, "scale": 0.0} for number, path in enumerate(self.loras or ())])

    def _load_lora(self, exchange: Exchange) -> None:
        self._authorize(exchange)
        name, path = exchange.body["lora_name"], exchange.body["lora_path"]
        if name in self.models:
            raise Refusal(400, _vllm_error(400, f"The lora adapter '{name}' has already been loaded."))
        if not Path(path).exists():
            raise Refusal(404, _vllm_error(404, f"Loading lora {name} failed: No adapter found for {path}"))
        self.models.append(name)
        _reply(exchange, f"Success: LoRA adapter '{name}' added successfully.")

    def _complete(self, exchange: Exchange) -> None:
        self._authorize(exchange)
        body = exchange.body
        self._admit(body)
        answer = self.next_answer(exchange)
        head = {"id": f"chatcmpl-{uuid4().hex}", "created": int(time.time()), "model": body["model"]}
        if self.streams(body):
            error = self.error_body(500, answer.error) if answer.error else None
            exchange.stream(answer, _chunks(head, body, answer, error), "text/event-stream; charset=utf-8")
        else:
            exchange.reply_whole(answer, _whole(head, body, answer))

    def _embed(self, exchange: Exchange) -> None:
        self._authorize(exchange)
        if not self.embeds:
            raise Refusal(501, "This server does not support embeddings. Start it with `--embeddings`")
        body = exchange.body
        texts = [body["input"]] if isinstance(body["input"], str) else body["input"]
        for text in texts:
            self._admit({**body, "messages": [{"content": text}]})
        tokens = sum(len(pieces(text)) for text in texts)
        vectors = [embedding(text, body.get("dimensions") or EMBEDDING_LENGTH) for text in texts]
        data = [{"object": "embedding", "index": index, "embedding": one} for index, one in enumerate(vectors)]
        # The index tells the order, so the list need not.
        answer = {"object": "list", "data": data[::-1], "model": body["model"]}
        exchange.reply({**answer, "usage": {"prompt_tokens": tokens, "total_tokens": tokens}})

    def _authorize(self, exchange: Exchange) -> None:
        given = exchange.headers.get("Authorization", "").removeprefix("Bearer ")
        if self.api_key is not None and given != self.api_key:
            problem = f"Incorrect API key provided: {given[:4]}***." if given else "You didn't provide an API key."
            raise Refusal(401, problem)

    def _admit(self, body: JSON) -> None:
        """Refuse a model that is not there and a prompt that does not fit."""
        if body.get("model") not in self.models:
            raise Refusal(404, f"The model `{body.get('model')}` does not exist or you do not have access to it.")
        prompt = prompt_tokens(body["messages"])
        if self.context_length is not None and prompt > self.context_length:
            message = (
                f"This model's maximum context length is {self.context_length} tokens. However, your messages resulted "
                f"in {prompt} tokens. Please reduce the length of the messages."
            )
            code = "context_length_exceeded"
            raise Refusal(400, {"message": message, "type": "invalid_request_error", "param": "messages", "code": code})


def _chunks(head: JSON, body: JSON, answer: Answer, error: JSON | None) -> Iterator[bytes]:
    """Yield a streamed answer; events that always travel together make one chunk, so that chunks count tokens."""
    metered = bool((body.get("stream_options") or {}).get("include_usage"))
    extra: JSON = {"usage": None} if metered else {}

    def event(delta: JSON, finish: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return _event({**head, "object": "chat.completion.chunk", "choices": [choice], **extra})

    opening = event({"role": "assistant", "content": "", "refusal": None})
    for deltas in _deltas(answer):
        yield opening + b"".join(map(event, deltas))
        opening = b""
    if error:
        yield opening + _event(error)
        return
    usage = {**head, "object": "chat.completion.chunk", "choices": [], "usage": _usage(body, answer)}
    yield opening + event({}, _finish(answer)) + (_event(usage) if metered else b"") + b"data: [DONE]\n\n"


def _deltas(answer: Answer) -> Iterator[list[JSON]]:
    """Yield what each chunk adds: a piece of thinking or text, or a whole call, whose arguments come in pieces."""
    # Not OpenAI's own field, but the one its imitators send their models' thinking in.
    yield from ([{"reasoning_content": piece}] for piece in pieces(answer.thinking))
    yield from ([{_part(answer): piece}] for piece in pieces(answer.text))
    for index, call in enumerate(_calls(answer)):
        function = {**call["function"], "arguments": ""}
        start = {"tool_calls": [{**call, "index": index, "function": function}]}
        rest = [{"index": index, "function": {"arguments": piece}} for piece in pieces(call["function"]["arguments"])]
        yield [start, *({"tool_calls": [part]} for part in rest)]


def _whole(head: JSON, body: JSON, answer: Answer) -> JSON:
    """Build an answer that is not streamed."""
    message: JSON = {"role": "assistant", "content": None, "refusal": None, _part(answer): answer.text or None}
    message |= {"reasoning_content": answer.thinking} if answer.thinking else {}
    message |= {"tool_calls": _calls(answer)} if answer.tool_calls else {}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": _finish(answer)}
    return {**head, "object": "chat.completion", "choices": [choice], "usage": _usage(body, answer)}


def _part(answer: Answer) -> str:
    return "refusal" if isinstance(answer, Refused) else "content"


def _calls(answer: Answer) -> list[JSON]:
    """Put the tool calls in OpenAI's shape, where arguments are a string of JSON."""
    return [
        {
            "id": f"call_{uuid4().hex[:24]}",
            "type": "function",
            "function": {"name": name, "arguments": given if isinstance(given, str) else json.dumps(given)},
        }
        for name, given in answer.tool_calls
    ]


def _finish(answer: Answer) -> str:
    return "tool_calls" if answer.tool_calls else answer.finish


def _usage(body: JSON, answer: Answer) -> dict[str, Any]:
    prompt = prompt_tokens(body["messages"])
    return {"prompt_tokens": prompt, "completion_tokens": answer.chunks, "total_tokens": prompt + answer.chunks}


def _event(payload: JSON) -> bytes:
    return b"data: " + json.dumps(payload).encode() + b"\n\n"


def _vllm_error(status: int, message: str) -> JSON:
    kinds = {400: "BadRequestError", 404: "NotFoundError"}
    return {"message": message, "type": kinds[status], "param": None, "code": status}


def _reply(exchange: Exchange, payload: Any) -> None:
    """Send what is no JSON object: a list, or a plain text."""
    text, kind = (payload, "text/plain") if isinstance(payload, str) else (json.dumps(payload), "application/json")
    exchange._start(200, {"Content-Type": kind, "Content-Length": str(len(text))})
    exchange.wfile.write(text.encode())
