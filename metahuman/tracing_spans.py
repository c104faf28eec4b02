"""Spans of turns, steps, model calls and tool calls, for a collector of OpenTelemetry's. Needs the extra `otel`.

Attributes have the names of OpenTelemetry's conventions for generative AI
(https://opentelemetry.io/docs/specs/semconv/gen-ai/); those of this program begin with `metahuman.`.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from importlib.metadata import version
from threading import Event, Thread
from typing import Any
from uuid import UUID

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import BaseMessage
from langchain_core.outputs import ChatGeneration, LLMResult
from langchain_core.tracers.context import register_configure_hook
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExportResult
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer, set_span_in_context

from metahuman.tracing_facts import facts_of_call, facts_of_step, kind_of, payloads_allowed

#: Seconds for which a collector may be waited for, where the owner's variables do not say.
_TIMEOUTS = ("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "OTEL_EXPORTER_OTLP_TIMEOUT")
#: LangGraph's and LangChain's own steps, which tell nobody anything.
_HIDDEN = "langsmith:hidden"


class Spans(BaseCallbackHandler):
    """Makes a span of each run.

    Args:
        tracer: Makes the spans.
        payloads: Whether spans of model calls hold what was asked and answered.
    """

    run_inline = True  # in the order in which things happen, and on no thread that a program would wait for

    def __init__(self, tracer: Tracer, *, payloads: bool) -> None:
        self._tracer, self._payloads = tracer, payloads
        self._open: dict[UUID, Span] = {}
        self._above: dict[UUID, UUID | None] = {}

    def on_chain_start(
        self,
        serialized: dict[str, Any] | None,
        inputs: Any,
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        tags: list[str] | None = None,
        metadata: dict[str, Any] | None = None,
        **told: Any,
    ) -> None:
        """Begin the span of a turn or a step; what is a part of a step has none."""
        known, name = metadata or {}, str(told.get("name") or "run")
        step = known.get("langgraph_node")
        if parent_run_id in self._above and (name != step or _HIDDEN in (tags or [])):
            self._above[run_id] = parent_run_id
            return
        span = self._begin(name, run_id, parent_run_id)
        span.set_attribute("gen_ai.operation.name", "invoke_agent" if parent_run_id is None else "step")
        _describe(span, {"mode": known.get("mode")}, {"gen_ai.conversation.id": known.get("thread_id")})

    def on_chain_end(self, outputs: Any, *, run_id: UUID, **_: Any) -> None:
        """End it, and tell where the turn went, or which tool was called."""
        self._above.pop(run_id, None)
        span = self._open.pop(run_id, None)
        if span is None:
            return
        facts = facts_of_step(outputs)
        if tool := facts.pop("tool", None):
            span.update_name(f"execute_tool {tool}")
            _describe(span, {}, {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": tool})
        _describe(span, facts, {})
        span.end()

    def on_chain_error(self, error: BaseException, *, run_id: UUID, **_: Any) -> None:
        """End it, and tell which kind of error it was."""
        self._above.pop(run_id, None)
        self._failed(run_id, error)

    def on_chat_model_start(
        self,
        serialized: dict[str, Any] | None,
        messages: list[list[BaseMessage]],
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        metadata: dict[str, Any] | None = None,
        **told: Any,
    ) -> None:
        """Begin the span of a model call."""
        role = str((metadata or {}).get("role") or "model")
        span = self._begin(f"chat {role}", run_id, parent_run_id, SpanKind.CLIENT)
        _describe(span, {"role": role}, {"gen_ai.operation.name": "chat"})
        if self._payloads:
            span.set_attribute("gen_ai.input.messages", _as_json(messages[0]))

    def on_llm_end(self, response: LLMResult, *, run_id: UUID, **_: Any) -> None:
        """End it, and tell who answered and how many tokens that took."""
        span = self._open.pop(run_id, None)
        self._above.pop(run_id, None)
        if span is None:
            return
        answer = next((one for one in response.generations[0] if isinstance(one, ChatGeneration)), None)
        call = answer.message.response_metadata.get("modelCall") if answer else None
        if call:
            facts = facts_of_call(call)
            provider, model = facts.pop("provider", None), facts.pop("model", None)
            span.update_name(f"chat {model}")
            _describe(span, facts, _conventions(provider, model, call["tokens"]))
        if answer and self._payloads:
            span.set_attribute("gen_ai.output.messages", _as_json([answer.message]))
        span.end()

    def on_llm_error(self, error: BaseException, *, run_id: UUID, **_: Any) -> None:
        """End it, and tell which kind of error it was."""
        self._above.pop(run_id, None)
        self._failed(run_id, error)

    def _begin(self, name: str, run_id: UUID, parent: UUID | None, kind: SpanKind = SpanKind.INTERNAL) -> Span:
        self._above[run_id] = parent
        while parent is not None and parent not in self._open:
            parent = self._above.get(parent)
        context = set_span_in_context(self._open[parent]) if parent is not None else None
        self._open[run_id] = self._tracer.start_span(name, context, kind)
        return self._open[run_id]

    def _failed(self, run_id: UUID, error: BaseException) -> None:
        span = self._open.pop(run_id, None)
        if span is None:
            return
        kind = kind_of(type(error).__name__)
        if kind != "GraphInterrupt":  # a turn that waits for a person's word
            span.set_status(Status(StatusCode.ERROR))
            span.set_attribute("error.type", kind)
        span.end()


class _Telling(OTLPSpanExporter):
    """Sends spans, and says it when they do not arrive."""

    tell: Callable[[Exception], object]

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send spans."""
        result = super().export(spans)
        if result is not SpanExportResult.SUCCESS:
            self.tell(ConnectionError("it does not answer, or refuses them"))
        return result


def export_spans(tell: Callable[[Exception], object], seconds: float) -> Callable[[float], None]:
    """Send a span of every run of this program to the collector that the environment names.

    Return what ends that: it has the last spans sent, and waits for so many seconds at the most.

    Args:
        tell: Is told when spans do not arrive.
        seconds: How long a collector is waited for, where the environment does not say.
    """
    logging.getLogger("opentelemetry").addHandler(logging.NullHandler())
    exporter = _Telling(timeout=None if any(map(os.environ.get, _TIMEOUTS)) else seconds)
    exporter.tell = tell
    processor = BatchSpanProcessor(exporter)
    names = {"service.name": os.environ.get("OTEL_SERVICE_NAME", "metahuman"), "service.version": version("metahuman")}
    provider = TracerProvider(resource=Resource.create(names), shutdown_on_exit=False)
    provider.add_span_processor(processor)
    handler = Spans(provider.get_tracer("metahuman"), payloads=payloads_allowed())
    # Its default is the handler, so that it holds on every thread and in every context.
    register_configure_hook(ContextVar("metahuman_spans", default=handler), inheritable=True)
    return _ending(processor)


def _ending(processor: BatchSpanProcessor) -> Callable[[float], None]:
    """Return what has the spans sent that are still here, and waits for that so many seconds at the most."""
    ends = Event()

    def send() -> None:
        ends.wait()
        processor.force_flush()  # takes as long as the collector does: nobody but this thread waits for it

    thread = Thread(target=send, name="spans", daemon=True)
    thread.start()  # at the end, no thread can be started any more

    def end(seconds: float) -> None:
        ends.set()
        thread.join(seconds)

    return end


def _conventions(provider: str | None, model: str | None, tokens: Mapping[str, int]) -> dict[str, Any]:
    return {
        "gen_ai.provider.name": provider,
        "gen_ai.request.model": model,
        "gen_ai.response.model": model,
        "gen_ai.usage.input_tokens": tokens["prompt"],
        "gen_ai.usage.output_tokens": tokens["completion"],
        "gen_ai.usage.cache_read.input_tokens": tokens["cached"],
    }


def _describe(span: Span, facts: Mapping[str, Any], conventions: Mapping[str, Any]) -> None:
    named = {f"metahuman.{key}": value for key, value in facts.items()} | dict(conventions)
    span.set_attributes({key: value for key, value in named.items() if value is not None})


def _as_json(messages: Sequence[BaseMessage]) -> str:
    told = [{"role": one.type, "parts": [{"type": "text", "content": one.text}]} for one in messages]
    return json.dumps(told, ensure_ascii=False)
