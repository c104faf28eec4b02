"""Tests of spans, as a collector gets them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

pytest.importorskip("opentelemetry.sdk", reason="needs the extra otel")

from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from metahuman.tracing_spans import Spans

SECRET = "zanzibar-4711"
RULING = {"verdict": "allow", "rule": "low", "why": SECRET, "risk": "low"}
STEP: dict[str, Any] = {"call": {"id": "1", "tool": "fs_read", "arguments": {"path": SECRET}}, "ruling": RULING}


class GraphInterrupt(Exception):  # noqa: N818 - as LangGraph's is called
    pass


@pytest.fixture
def exporter() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def spans(exporter: InMemorySpanExporter) -> Iterator[Spans]:
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    yield Spans(provider.get_tracer("tests"), payloads=False)
    provider.shutdown()


def test_a_step_that_calls_a_tool_is_called_after_it(spans: Spans, exporter: InMemorySpanExporter) -> None:
    turn, act, within, model = (uuid4() for _ in range(4))
    spans.on_chain_start(None, {}, run_id=turn, name="turn", metadata={"mode": "dual", "thread_id": "main"})
    known = {"langgraph_node": "act"}
    spans.on_chain_start(None, {}, run_id=act, parent_run_id=turn, name="act", metadata=known)
    spans.on_chain_start(None, {}, run_id=within, parent_run_id=act, name="after_act", metadata=known)
    spans.on_chat_model_start(None, [[]], run_id=model, parent_run_id=within, metadata={"role": "operator"})
    spans.on_llm_error(ValueError(SECRET), run_id=model)
    spans.on_chain_end({}, run_id=within)
    spans.on_chain_end({"pending": [], "steps": [{**STEP, "ended": "done"}]}, run_id=act)
    spans.on_chain_end({"messages": []}, run_id=turn)
    chat, tool, root = exporter.get_finished_spans()
    assert (chat.name, tool.name, root.name) == ("chat operator", "execute_tool fs_read", "turn")
    assert chat.parent.span_id == tool.context.span_id, "what is part of a step stands under the step"
    assert tool.parent.span_id == root.context.span_id
    assert tool.attributes["gen_ai.tool.name"] == "fs_read"
    assert (root.attributes["gen_ai.conversation.id"], root.attributes["metahuman.mode"]) == ("main", "dual")
    assert (chat.attributes["error.type"], chat.status.is_ok) == ("ValueError", False)
    assert SECRET not in "".join(span.to_json() for span in (chat, tool, root))


def test_a_turn_that_waits_for_a_person_is_no_error(spans: Spans, exporter: InMemorySpanExporter) -> None:
    turn = uuid4()
    spans.on_chain_start(None, {}, run_id=turn, name="turn")
    spans.on_chain_error(GraphInterrupt(SECRET), run_id=turn)
    spans.on_chain_error(GraphInterrupt(SECRET), run_id=turn)  # it is over: nothing more is told
    (span,) = exporter.get_finished_spans()
    assert span.status.is_unset
    assert SECRET not in span.to_json()
