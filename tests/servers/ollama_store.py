"""The disk of the scripted Ollama: which models it has, and how they come there."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping

from tests.servers.answer import JSON, Answer, Answers
from tests.servers.http import Exchange, Refusal, Request, Server

CONTEXT_LENGTH = 40960
EMBEDDING_LENGTH = 64
SIZE = 18_556_685_856
#: Under which GGUF keys `/api/show` tells how a model is built, after its family's name.
BUILT: JSON = {
    "block_count": 48,
    "context_length": CONTEXT_LENGTH,
    "embedding_length": EMBEDDING_LENGTH,
    "attention.head_count": 32,
    "attention.head_count_kv": 4,
    "attention.key_length": 128,
    "attention.value_length": 128,
}


class ModelStore(Server):
    """Lists, describes, fetches and makes models.

    Args:
        models: The models it has; a name without a tag gets `:latest`, as in Ollama.
        answers: What it says to `/api/chat`.
        capabilities: What its models can do.

    Attributes:
        transfer: How `/api/pull` and `/api/create` go: its delays and faults, its text aside.
        blobs: The files that were uploaded, by digest.
        baked: The models made from others with adapters: what each was asked for with.
        built: What `/api/show` tells of how a model is built.
        remote: The models that it has run elsewhere, and where.
        takes_adapters: Whether it bakes them, as Ollama did before version 0.34.1.
    """

    def __init__(self, models: Iterable[str], answers: Answers, capabilities: Iterable[str]) -> None:
        super().__init__(answers)
        self.models = [tagged(model) for model in models]
        self.capabilities = tuple(capabilities)
        self.transfer = Answer()
        self.blobs: dict[str, bytes] = {}
        self.baked: dict[str, JSON] = {}
        self.built = dict(BUILT)
        self.remote: dict[str, str] = {}
        self.takes_adapters = True

    def routes(self) -> Mapping[tuple[str, str], Callable[[Exchange], None]]:
        """Map the paths."""
        return {
            ("GET", "/api/tags"): self._tags,
            ("POST", "/api/show"): self._show,
            ("POST", "/api/pull"): self._pull,
            ("POST", "/api/create"): self._create,
        }

    def route(self, request: Request) -> Callable[[Exchange], None] | None:
        """Blobs have their digest in the path."""
        return self._blob if request.path.startswith("/api/blobs/") else super().route(request)

    def find(self, body: JSON) -> str:
        """Return the whole name of the model that a request names."""
        name = tagged(body.get("model", ""))
        if name not in self.models:
            raise Refusal(404, f"model '{body.get('model', '')}' not found")
        return name

    def described(self, name: str) -> JSON:
        """Describe a model as `/api/tags` does; its family and size are read from its name."""
        size = re.search(r":(\d+(?:\.\d+)?)b", name)
        family = name.split(":")[0].split("/")[-1]
        details = {"parent_model": "", "format": "gguf", "family": family, "families": [family]}
        details |= {"parameter_size": f"{size[1] if size else '7.6'}B", "quantization_level": "Q4_K_M"}
        described = {"name": name, "model": name, "modified_at": "2025-10-01T09:00:00.000000Z"}
        weight = {"size": SIZE, "digest": digest_of(name.encode()), "details": details}
        place = {"remote_model": name, "remote_host": self.remote[name], "size": 384} if name in self.remote else {}
        return {**described, **weight, **place}

    def _tags(self, exchange: Exchange) -> None:
        exchange.reply({"models": [self.described(name) for name in self.models]})

    def _show(self, exchange: Exchange) -> None:
        name = self.find(exchange.body)
        listed = self.described(name)
        family, parameters = listed["details"]["family"], listed["details"]["parameter_size"]
        info = {"general.architecture": family, "general.parameter_count": int(float(parameters[:-1]) * 1e9)}
        info |= {f"{family}.{key}": value for key, value in self.built.items()}
        shown = {"modelfile": f"FROM {listed['name']}\n", "parameters": "temperature 0.6", "template": "{{ .Prompt }}"}
        shown |= {
            key: listed[key] for key in ("details", "modified_at", "remote_host", "remote_model") if key in listed
        }
        exchange.reply({**shown, "model_info": info, "capabilities": list(self.capabilities)})

    def _blob(self, exchange: Exchange) -> None:
        digest, body = exchange.request_line.path.removeprefix("/api/blobs/sha256:"), exchange.request_line.body
        if exchange.request_line.method == "HEAD":
            if digest not in self.blobs:
                raise Refusal(404, f'blob "sha256:{digest}" not found')
            exchange.reply({})
            return
        if not isinstance(body, bytes) or digest_of(body) != digest:
            raise Refusal(400, "digest mismatch")
        self.blobs[digest] = body
        exchange.reply({}, 201)

    def _pull(self, exchange: Exchange) -> None:
        name = tagged(exchange.body["model"])
        steps: list[JSON] = [{"status": "pulling manifest"}]
        for layer, total in ((name, SIZE), (f"{name} template", 1000)):
            digest = digest_of(layer.encode())
            pulling: JSON = {"status": f"pulling {digest[:12]}", "digest": f"sha256:{digest}", "total": total}
            steps += [{**pulling, "completed": total * part // 4} for part in range(5)]
        self._transfer(exchange, name, [*steps, {"status": "verifying sha256 digest"}, {"status": "writing manifest"}])

    def _create(self, exchange: Exchange) -> None:
        body = exchange.body
        if not body.get("from") and not body.get("files"):
            raise Refusal(400, "neither 'from' or 'files' was specified")
        if adapters := body.get("adapters"):
            if not self.takes_adapters:
                raise Refusal(400, "LoRA adapters are no longer supported")
            if unknown := [digest for digest in adapters.values() if digest.removeprefix("sha256:") not in self.blobs]:
                raise Refusal(400, f'blob "{unknown[0]}" not found')
            self.baked[tagged(body["model"])] = body
        layer = {"status": f"using existing layer sha256:{digest_of((body.get('from') or body['model']).encode())}"}
        self._transfer(exchange, tagged(body["model"]), [layer, {"status": "writing manifest"}])

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
            exchange.stream(fault, map(line, report()), "application/x-ndjson")
        else:
            exchange.reply(list(report())[-1], 500 if fault.error else 200)


def line(payload: JSON) -> bytes:
    """Return one object of a stream."""
    return json.dumps(payload).encode() + b"\n"


def tagged(name: str) -> str:
    """Return a model's whole name."""
    return name if ":" in name.split("/")[-1] else f"{name}:latest"


def digest_of(data: bytes) -> str:
    """Return the sha256, in hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()
