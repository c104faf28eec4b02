"""A scripted Ollama: its native API, as the `ollama` client and ChatOllama speak it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from math import sqrt
from typing import Any
from uuid import uuid4
from zlib import crc32

from tests.servers.answer import JSON, Answer, Answers, pieces, prompt_tokens
from tests.servers.http import Exchange, Refusal, Server

VERSION = "0.12.6"
CONTEXT_LENGTH = 40960
EMBEDDING_LENGTH = 64
DEFAULT_KEEP_ALIVE = timedelta(minutes=5)
#: What Go's longest duration comes to; Ollama keeps a model this long when told to keep it for ever.
FOREVER = timedelta(days=106_751)
SIZE = 18_556_685_856
#: Nanoseconds: the least a token and a loaded model take, so that no rate divides by zero.
TOKEN_NS, LOAD_NS = 1_000_000, 2_000_000


class OllamaServer(Server):
    """Speaks Ollama's native API and says what its script says.

    Args:
        models: The models it has; a name without a tag gets `:latest`, as in Ollama.
        answers: What it says to `/api/chat`.
        capabilities: What its models can do; `tools` or `think` in a request without the capability is refused.

    Attributes:
        loaded: When each loaded model expires.
        transfer: How `/api/pull` and `/api/create` go: its delays and faults, its text aside.
    """

    def __init__(
        self,
        models: Iterable[str] = ("qwen3:30b",),
        answers: Answers = (),
        capabilities: Iterable[str] = ("completion", "tools", "thinking", "embedding"),
    ) -> None:
        super().__init__(answers)
        self.models = [_tagged(model) for model in models]
        self.capabilities = tuple(capabilities)
        self.loaded: dict[str, datetime] = {}
        self.transfer = Answer()

    def routes(self) -> Mapping[tuple[str, str], Callable[[Exchange], None]]:
        """Map Ollama's paths."""
        return {
            ("GET", "/api/version"): lambda exchange: exchange.reply({"version": VERSION}),
            ("GET", "/api/tags"): lambda exchange: exchange.reply({"models": [_listed(name) for name in self.models]}),
            ("GET", "/api/ps"): self._ps,
            ("POST", "/api/show"): self._show,
            ("POST", "/api/chat"): self._chat,
            ("POST", "/api/embed"): self._embed,
            ("POST", "/api/pull"): self._pull,
            ("POST", "/api/create"): self._create,
        }

    def error_body(self, status: int, error: str | JSON) -> JSON:
        """Ollama says no more than the message."""
        return {"error": error}

    def streams(self, body: JSON) -> bool:
        """Ollama streams unless it is told not to."""
        return bool(body.get("stream", True))

    def _ps(self, exchange: Exchange) -> None:
        # A copy: other connections load and unload models meanwhile.
        running = [(name, expires) for name, expires in tuple(self.loaded.items()) if expires > _now()]
        where = {"size_vram": SIZE, "context_length": CONTEXT_LENGTH}
        models = [{**_listed(name), "expires_at": _stamp(expires), **where} for name, expires in running]
        exchange.reply({"models": models})

    def _show(self, exchange: Exchange) -> None:
        listed = _listed(self._find(exchange.body))
        family, parameters = listed["details"]["family"], listed["details"]["parameter_size"]
        info = {
            "general.architecture": family,
            "general.parameter_count": int(float(parameters[:-1]) * 1e9),
            f"{family}.context_length": CONTEXT_LENGTH,
            f"{family}.embedding_length": EMBEDDING_LENGTH,
        }
        shown = {"modelfile": f"FROM {listed['name']}\n", "parameters": "temperature 0.6", "template": "{{ .Prompt }}"}
        shown |= {key: listed[key] for key in ("details", "modified_at")}
        exchange.reply({**shown, "model_info": info, "capabilities": list(self.capabilities)})

    def _chat(self, exchange: Exchange) -> None:
        body = exchange.body
        model, keep_alive = self._find(body), _keep_alive(body)
        if not body.get("messages"):
            self._keep(model, keep_alive)
            reason = "load" if keep_alive else "unload"
            exchange.reply({**_message(body, content=""), "done": True, "done_reason": reason})
            return
        if body.get("tools") and "tools" not in self.capabilities:
            raise Refusal(400, f"registry.ollama.ai/library/{model} does not support tools")
        if body.get("think") and "thinking" not in self.capabilities:
            raise Refusal(400, f'"{body["model"]}" does not support thinking')
        answer = self.next_answer(exchange)
        # Before the answer, not after: a client that has the last line must not find a model that was to be unloaded.
        self._keep(model, keep_alive)
        if self.streams(body):
            exchange.stream(answer, map(_line, _parts(body, answer)), "application/x-ndjson")
        else:
            exchange.reply_whole(answer, _whole(body, answer))

    def _embed(self, exchange: Exchange) -> None:
        body = exchange.body
        self._keep(self._find(body), _keep_alive(body))
        texts = [body["input"]] if isinstance(body["input"], str) else body["input"]
        length = body.get("dimensions") or EMBEDDING_LENGTH
        count = sum(len(pieces(text)) for text in texts)
        took = {"total_duration": LOAD_NS + count * TOKEN_NS, "load_duration": LOAD_NS, "prompt_eval_count": count}
        exchange.reply({"model": body["model"], "embeddings": [_embedding(text, length) for text in texts], **took})

    def _pull(self, exchange: Exchange) -> None:
        name = _tagged(exchange.body["model"])
        digest = _digest(name)
        layer: JSON = {"status": f"pulling {digest[:12]}", "digest": f"sha256:{digest}", "total": SIZE}
        steps: list[JSON] = [{"status": "pulling manifest"}]
        steps += [{**layer, "completed": SIZE * part // 4} for part in range(5)]
        self._transfer(exchange, name, [*steps, {"status": "verifying sha256 digest"}, {"status": "writing manifest"}])

    def _create(self, exchange: Exchange) -> None:
        body = exchange.body
        if not body.get("from") and not body.get("files"):
            raise Refusal(400, "neither 'from' or 'files' was specified")
        layer = {"status": f"using existing layer sha256:{_digest(body.get('from') or body['model'])}"}
        self._transfer(exchange, _tagged(body["model"]), [layer, {"status": "writing manifest"}])

    def _transfer(self, exchange: Exchange, name: str, steps: list[JSON]) -> None:
        """Report `steps`, then success; the model is there only if nothing broke before."""
        fault = self.transfer

        def report() -> Iterator[JSON]:
            yield from steps
            if fault.error:
                yield {"error": fault.error}
                return
            if name not in self.models:
                self.models.append(name)
            yield {"status": "success"}

        if fault.status != 200:
            raise Refusal(fault.status, fault.error, fault.headers)
        if self.streams(exchange.body):
            exchange.stream(fault, map(_line, report()), "application/x-ndjson")
        else:
            exchange.reply(list(report())[-1], 500 if fault.error else 200)

    def _find(self, body: JSON) -> str:
        name = _tagged(body.get("model", ""))
        if name not in self.models:
            raise Refusal(404, f"model '{body.get('model', '')}' not found")
        return name

    def _keep(self, model: str, keep_alive: timedelta) -> None:
        if keep_alive:
            self.loaded[model] = _now() + keep_alive
        else:
            self.loaded.pop(model, None)


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


def _listed(name: str) -> JSON:
    """Describe a model as `/api/tags` does; its family and size are read from its name."""
    size = re.search(r":(\d+(?:\.\d+)?)b", name)
    family = name.split(":")[0].split("/")[-1]
    details = {"parent_model": "", "format": "gguf", "family": family, "families": [family]}
    details |= {"parameter_size": f"{size[1] if size else '7.6'}B", "quantization_level": "Q4_K_M"}
    described = {"name": name, "model": name, "modified_at": "2025-10-01T09:00:00.000000Z"}
    return {**described, "size": SIZE, "digest": _digest(name), "details": details}


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


def _embedding(text: str, length: int) -> list[float]:
    """Count words into buckets: texts that share words are near each other, as with a real model."""
    vector = [0.0] * length
    for word in re.findall(r"\w+", text.lower()):
        vector[crc32(word.encode()) % length] += 1.0
    norm = sqrt(sum(value * value for value in vector)) or 1.0
    return [value / norm for value in vector]


def _line(payload: JSON) -> bytes:
    return json.dumps(payload).encode() + b"\n"


def _tagged(name: str) -> str:
    return name if ":" in name.split("/")[-1] else f"{name}:latest"


def _digest(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


def _now() -> datetime:
    return datetime.now(UTC)


def _stamp(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
