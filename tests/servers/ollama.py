"""A scripted Ollama: its native API, as the `ollama` client and ChatOllama speak it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from tests.servers.answer import JSON, Answer, Answers, pieces, prompt_tokens
from tests.servers.embedding import embedding
from tests.servers.http import Exchange, Refusal
from tests.servers.ollama_store import EMBEDDING_LENGTH, SIZE, ModelStore, line

VERSION = "0.12.6"
DEFAULT_WINDOW = 4096
DEFAULT_KEEP_ALIVE = timedelta(minutes=5)
#: What Go's longest duration comes to; Ollama keeps a model this long when told to keep it for ever.
FOREVER = timedelta(days=106_751)
#: Nanoseconds: the least a token and a loaded model take, so that no rate divides by zero.
TOKEN_NS, LOAD_NS = 1_000_000, 2_000_000


class OllamaServer(ModelStore):
    """Speaks Ollama's native API and says what its script says.

    Args:
        models: The models it has; a name without a tag gets `:latest`, as in Ollama.
        answers: What it says to `/api/chat`.
        capabilities: What its models can do; `tools` or `think` in a request without the capability is refused.

    Attributes:
        loaded: When each loaded model expires.
        windows: The context window that each was loaded with.
        in_ram: Those that were loaded with no layer on a graphics card.
        loads: Each time a model was loaded, in order.
        max_loaded: The most models it keeps loaded, those used last; 0 for any number.
        redirect: Where it sends every request instead of answering.
    """

    def __init__(
        self,
        models: Iterable[str] = ("qwen3:30b",),
        answers: Answers = (),
        capabilities: Iterable[str] = ("completion", "tools", "thinking", "embedding"),
    ) -> None:
        super().__init__(models, answers, capabilities)
        self.loaded: dict[str, datetime] = {}
        self.windows: dict[str, int] = {}
        self.in_ram: set[str] = set()
        self.loads: list[str] = []
        self.max_loaded = 0
        self.redirect = ""

    def routes(self) -> Mapping[tuple[str, str], Callable[[Exchange], None]]:
        """Map Ollama's paths."""
        return {
            ("GET", "/api/version"): lambda exchange: exchange.reply({"version": VERSION}),
            ("GET", "/api/ps"): self._ps,
            ("POST", "/api/generate"): self._generate,
            ("POST", "/api/chat"): self._chat,
            ("POST", "/api/embed"): self._embed,
            **super().routes(),
        }

    def respond(self, exchange: Exchange) -> None:
        """Respond to one request, unless it is sent elsewhere."""
        if self.redirect:
            path = exchange.request_line.path
            exchange.reply({"error": "moved"}, 307, {"Location": f"{self.redirect}{path}"})
        else:
            super().respond(exchange)

    def error_body(self, status: int, error: str | JSON) -> JSON:
        """Ollama says no more than the message."""
        return {"error": error}

    def streams(self, body: JSON) -> bool:
        """Ollama streams unless it is told not to."""
        return bool(body.get("stream", True))

    def _ps(self, exchange: Exchange) -> None:
        # A copy: other connections load and unload models meanwhile.
        running = [(name, expires) for name, expires in tuple(self.loaded.items()) if expires > _now()]
        models = [
            {
                **self.described(name),
                "expires_at": _stamp(expires),
                "size_vram": 0 if name in self.in_ram else SIZE,
                "context_length": self.windows[name],
            }
            for name, expires in running
        ]
        exchange.reply({"models": models})

    def _generate(self, exchange: Exchange) -> None:
        body = exchange.body
        if body.get("prompt"):
            raise Refusal(501, "prompts are for /api/chat: this server only loads and unloads here")
        self._keep(self.find(body), body)
        reason = "load" if _keep_alive(body) else "unload"
        done = {"response": "", "done": True, "done_reason": reason}
        exchange.reply({"model": body["model"], "created_at": _stamp(_now()), **done})

    def _chat(self, exchange: Exchange) -> None:
        body = exchange.body
        model = self.find(body)
        if not body.get("messages"):
            self._keep(model, body)
            reason = "load" if _keep_alive(body) else "unload"
            exchange.reply({**_message(body, content=""), "done": True, "done_reason": reason})
            return
        if body.get("tools") and "tools" not in self.capabilities:
            raise Refusal(400, f"registry.ollama.ai/library/{model} does not support tools")
        if body.get("think") and "thinking" not in self.capabilities:
            raise Refusal(400, f'"{body["model"]}" does not support thinking')
        answer = self.next_answer(exchange)
        # Before the answer, not after: a client that has the last line must not find a model that was to be unloaded.
        self._keep(model, body)
        if self.streams(body):
            exchange.stream(answer, map(line, _parts(body, answer)), "application/x-ndjson")
        else:
            exchange.reply_whole(answer, _whole(body, answer))

    def _embed(self, exchange: Exchange) -> None:
        body = exchange.body
        model = self.find(body)
        texts = [body["input"]] if isinstance(body["input"], str) else body["input"]
        if "embedding" not in self.capabilities:
            raise Refusal(501, "this model does not support embeddings")
        window = body.get("options", {}).get("num_ctx", DEFAULT_WINDOW)
        if body.get("truncate") is False and any(len(pieces(text)) > window for text in texts):
            raise Refusal(400, "the input length exceeds the context length")
        self._keep(model, body)
        length = body.get("dimensions") or EMBEDDING_LENGTH
        count = sum(len(pieces(text)) for text in texts)
        took = {"total_duration": LOAD_NS + count * TOKEN_NS, "load_duration": LOAD_NS, "prompt_eval_count": count}
        exchange.reply({"model": body["model"], "embeddings": [embedding(text, length) for text in texts], **took})

    def _keep(self, model: str, body: JSON) -> None:
        """Keep a model in memory as a request asks, or take it out; for another window or place it is loaded anew."""
        keep_alive, options = _keep_alive(body), body.get("options", {})
        window, layers = options.get("num_ctx", DEFAULT_WINDOW), options.get("num_gpu", -1)
        there = self.loaded.pop(model, None)
        if not keep_alive:
            return
        moves = layers >= 0 and (layers == 0) != (model in self.in_ram)
        if not there or moves or self.windows.get(model) != window:
            self.loads.append(model)
            self.in_ram = self.in_ram - {model} | ({model} if layers == 0 else set())
        self.windows[model] = window
        self.loaded[model] = _now() + keep_alive
        while self.max_loaded and len(self.loaded) > self.max_loaded:
            self.loaded.pop(next(iter(self.loaded)))


def _parts(body: JSON, answer: Answer) -> Iterator[JSON]:
    """Yield the lines of a streamed answer."""
    messages: list[JSON] = [{"content": "", "thinking": piece} for piece in pieces(answer.thinking) if _thinks(body)]
    messages += [{"content": piece} for piece in pieces(answer.text)]
    messages += [{"content": "", "tool_calls": [call]} for call in _calls(answer)]
    for message in messages:
        yield {**_message(body, **message), "done": False}
    yield {"error": answer.error} if answer.error else {**_message(body, content=""), **_end(body, answer)}


def _whole(body: JSON, answer: Answer) -> JSON:
    """Build an answer that is not streamed."""
    thinking = {"thinking": answer.thinking} if answer.thinking and _thinks(body) else {}
    calls = {"tool_calls": _calls(answer)} if answer.tool_calls else {}
    return {**_message(body, content=answer.text, **thinking, **calls), **_end(body, answer)}


def _end(body: JSON, answer: Answer) -> JSON:
    """Say why an answer ended and what it took."""
    prompt = prompt_tokens(body["messages"])
    prompt_ns = int(answer.first_token_delay * 1e9) + prompt * TOKEN_NS
    eval_ns = answer.chunks * (int(answer.chunk_delay * 1e9) + TOKEN_NS)
    return {
        "done": True,
        "done_reason": answer.finish,
        "total_duration": LOAD_NS + prompt_ns + eval_ns,
        "load_duration": LOAD_NS,
        "prompt_eval_count": prompt,
        "prompt_eval_duration": prompt_ns,
        "eval_count": answer.chunks,
        "eval_duration": eval_ns,
    }


def _message(body: JSON, **message: Any) -> JSON:
    return {"model": body["model"], "created_at": _stamp(_now()), "message": {"role": "assistant", **message}}


def _thinks(body: JSON) -> bool:
    """A thinking model thinks unless it is told not to."""
    return body.get("think") is not False


def _calls(answer: Answer) -> list[JSON]:
    return [
        {"id": f"call_{uuid4().hex[:8]}", "function": {"index": index, "name": name, "arguments": arguments}}
        for index, (name, arguments) in enumerate(answer.tool_calls)
    ]


def _keep_alive(body: JSON) -> timedelta:
    """Read how long to keep a model: seconds, or a duration in Go's notation, which refuses a bare number."""
    value = body.get("keep_alive")
    if value is None:
        return DEFAULT_KEEP_ALIVE
    if isinstance(value, str):
        if not re.fullmatch(r"0|-?(\d+(\.\d+)?(ms|h|m|s))+", value):
            raise Refusal(400, f'time: invalid duration "{value}"')
        units = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
        total = sum(float(amount) * units[unit] for amount, unit in re.findall(r"([\d.]+)(ms|h|m|s)", value))
        value = -total if value.startswith("-") else total
    return FOREVER if value < 0 else timedelta(seconds=value)


def _now() -> datetime:
    return datetime.now(UTC)


def _stamp(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
