"""Servers that speak LangSmith's ingest protocol, and OpenTelemetry's, as far as the twin uses them."""

from __future__ import annotations

import email
import json
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from tests.servers.answer import JSON
from tests.servers.http import Exchange, Request, Server

#: What `GET /info` says: runs and feedback come as parts, not compressed.
INFO = {
    "version": "0.13.0",
    "batch_ingest_config": {
        "use_multipart_endpoint": True,
        "size_limit": 100,
        "size_limit_bytes": 20_971_520,
        "scale_up_nthreads_limit": 16,
        "scale_up_qsize_trigger": 1000,
        "scale_down_nempty_trigger": 4,
    },
}


class LangSmithServer(Server):
    """Takes runs, feedback, datasets and experiments; there is one dataset at the most.

    Attributes:
        datasets: The datasets that it was given.
        examples: Their examples.
    """

    def routes(self) -> Mapping[tuple[str, str], Callable[[Exchange], None]]:
        """Say what responds to each method and path."""
        return {
            ("GET", "/info"): lambda exchange: exchange.reply(INFO),
            ("POST", "/runs/multipart"): lambda exchange: exchange.reply({}, 202),
            ("GET", "/sessions"): lambda exchange: exchange.reply([]),
            ("GET", "/datasets"): lambda exchange: exchange.reply(self.datasets),
            ("POST", "/datasets"): lambda exchange: exchange.reply(_kept(exchange.body, self.datasets)),
            ("GET", "/examples"): lambda exchange: exchange.reply(self.examples),
            ("POST", "/examples/bulk"): lambda exchange: exchange.reply(
                [_kept(example, self.examples) for example in exchange.request_line.body]
            ),
        }

    def __init__(self) -> None:
        super().__init__()
        self.datasets: list[JSON] = []
        self.examples: list[JSON] = []

    def error_body(self, status: int, error: str | JSON) -> JSON:
        """Put a complaint in the protocol's shape."""
        return {"detail": error}

    def route(self, request: Request) -> Callable[[Exchange], None] | None:
        """Return what responds to a request; what only has to be taken is taken."""
        return super().route(request) or (_made if request.method in ("POST", "PATCH", "GET") else None)

    @property
    def parts(self) -> list[tuple[str, Any]]:
        """Each part of what came, by name: `post.<id>`, `patch.<id>.outputs`, `feedback.<id>`."""
        bodies = [request.body for request in self.requests if request.path == "/runs/multipart"]
        return [part for body in bodies for part in _parts(body)]

    @property
    def runs(self) -> dict[str, dict[str, Any]]:
        """The runs, by id, as they stand after what was told last of each."""
        found: dict[str, dict[str, Any]] = {}
        for name, value in self.parts:
            kind, run_id, *field = name.split(".")
            if kind in ("post", "patch"):
                run = found.setdefault(run_id, {})
                run.update({field[0]: value} if field else value)
        return found

    @property
    def feedback(self) -> list[dict[str, Any]]:
        """The feedback that came."""
        return [value for name, value in self.parts if name.startswith("feedback.")]

    def sent(self) -> bytes:
        """Return everything that came, as one."""
        return b"\n".join(
            request.body if isinstance(request.body, bytes) else json.dumps(request.body).encode()
            for request in self.requests
        )


def _parts(body: bytes) -> Iterator[tuple[str, Any]]:
    boundary = re.match(rb"--(\S+)\r\n", body)
    assert boundary, body[:80]
    header = b"Content-Type: multipart/form-data; boundary=" + boundary[1] + b"\r\n\r\n"
    for part in email.message_from_bytes(header + body).get_payload():
        name = part.get_param("name", header="content-disposition")
        yield str(name), json.loads(part.get_payload(decode=True))


def _kept(given: JSON, among: list[JSON]) -> JSON:
    """Keep what is given as the server would: with an id, and when it was made."""
    now = datetime.now(UTC).isoformat()
    known = {"id": str(uuid4()), "tenant_id": str(uuid4()), "created_at": now, "modified_at": now, "start_time": now}
    among.append({**known, **given})
    return among[-1]


def _made(exchange: Exchange) -> None:
    """Take what is sent, and answer as if it had been made."""
    exchange.reply(_kept({"name": "made", **exchange.body}, []))


class CollectorServer(Server):
    """Takes spans, as an OpenTelemetry collector does over HTTP."""

    def routes(self) -> Mapping[tuple[str, str], Callable[[Exchange], None]]:
        """Say what responds to each method and path."""
        return {("POST", "/v1/traces"): lambda exchange: exchange.reply({})}

    def error_body(self, status: int, error: str | JSON) -> JSON:
        """Put a complaint in the protocol's shape."""
        return {"message": error}

    @property
    def spans(self) -> list[Any]:
        """The spans that came, each a message of OpenTelemetry's protocol."""
        from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

        found = []
        for request in self.requests:
            told = ExportTraceServiceRequest.FromString(request.body)
            found += [span for of in told.resource_spans for scope in of.scope_spans for span in scope.spans]
        return found


def attributes(span: Any) -> dict[str, Any]:
    """Return a span's attributes."""

    def value(one: Any) -> Any:
        kind = one.WhichOneof("value")
        return [value(item) for item in one.array_value.values] if kind == "array_value" else getattr(one, kind)

    return {pair.key: value(pair.value) for pair in span.attributes}
