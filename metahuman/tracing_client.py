"""The client that sends traces to LangSmith: everything that it sends passes here, and payloads stay behind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from langsmith import Client

from metahuman.tracing_facts import facts_of_call, facts_of_step, kind_of

#: Metadata that is structure, and no payload; `ls_` and `langgraph_` are LangSmith's and LangGraph's own.
_TOLD = frozenset(
    {
        *("thread_id", "checkpoint_ns", "graph_id", "assistant_id", "run_id", "run_attempt", "langgraph_version"),
        *("role", "mode", "route", "decidedBy", "tool", "ended", "verdict", "usage_metadata"),
        *("modelId", "provider", "model", "adapters", "fallback", "cost", "firstTokenMs", "thread"),
    }
)
_TOLD_BEGINNINGS = ("ls_", "langgraph_")


class TwinClient(Client):
    """LangSmith's client for a twin's runs.

    Args:
        payloads: Whether runs keep what was said, recalled and answered.
        options: Those of LangSmith's own client.
    """

    __slots__ = ("_payloads",)

    def __init__(self, *, payloads: bool, **options: Any) -> None:
        self._payloads = payloads
        super().__init__(**options)

    def create_run(self, name: str, inputs: dict[str, Any], run_type: Any, **others: Any) -> None:
        """Send a run that begins."""
        run = told({"name": name, "inputs": inputs, "run_type": run_type, **others}, payloads=self._payloads)
        super().create_run(**run)

    def update_run(self, run_id: Any, **others: Any) -> None:
        """Send how a run ended."""
        super().update_run(run_id, **told(others, payloads=self._payloads))


def told(run: Mapping[str, Any], *, payloads: bool) -> dict[str, Any]:
    """Return a run as it may be told: named, tagged and described by what it did, its payloads taken out.

    Args:
        run: What LangSmith's tracer knows of it. It is not changed.
        payloads: Whether what was said, recalled and answered may stay in it.
    """
    outputs = run.get("outputs")
    call = _call_in(outputs)
    facts = facts_of_call(call) if call else facts_of_step(outputs)
    metadata = {**((run.get("extra") or {}).get("metadata") or {}), **facts}
    if call and call["model"]:
        metadata |= {"ls_provider": call["provider"], "ls_model_name": call["model"]}
    shown = {**run, "extra": {**(run.get("extra") or {}), "metadata": metadata}}
    if run.get("run_type") == "llm" and metadata.get("role"):
        shown["name"] = metadata["role"]
    if tags := [*(run.get("tags") or []), *(f"route:{name}" for name in facts.get("route", []))]:
        shown["tags"] = tags
    return shown if payloads else _bare(shown)


def _bare(run: dict[str, Any]) -> dict[str, Any]:
    """Return a run without payloads."""
    extra = run["extra"]
    kept = {key: value for key, value in extra["metadata"].items() if key in _TOLD or key.startswith(_TOLD_BEGINNINGS)}
    bare = {**run, "extra": {key: extra[key] for key in ("runtime",) if key in extra} | {"metadata": kept}}
    if run.get("inputs") is not None:
        bare["inputs"] = {}
    if run.get("outputs") is not None:
        usage = kept.get("usage_metadata")
        bare["outputs"] = {"usage_metadata": usage} if usage else {}
    if run.get("error"):
        bare["error"] = kind_of(run["error"])
    if run.get("events"):
        bare["events"] = [{key: event[key] for key in ("name", "time") if key in event} for event in run["events"]]
    return {key: value for key, value in bare.items() if key not in ("serialized", "attachments")}


def _call_in(outputs: Any) -> Any:
    """Return the record of the model call that a run's outputs hold, if it was one."""
    try:
        message = outputs["generations"][0][0]["message"]["kwargs"]
        return message["response_metadata"]["modelCall"]
    except (KeyError, IndexError, TypeError):
        return None
