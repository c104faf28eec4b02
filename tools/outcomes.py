"""What came of a call: as it is kept in the journal, and as the audit tells it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from metahuman.state.acting import Acting, Call, Outcome, Output, Ruling
from metahuman.state.files import whole
from metahuman.tools.begun import Begun, Known, hash_of
from metahuman.tools.tool import Tool

#: Sources of one output that are kept.
SOURCES = 100
GONE = "what this call brought is no longer kept; call the tool again if it is needed"


def bounded(output: Output, most: int) -> Output:
    """Return an output that is no longer than allowed, and says so where it was cut.

    Args:
        output: What a tool brought.
        most: Characters that are kept.
    """
    text, sources = str(whole(output.text)), tuple(map(str, map(whole, output.sources[:SOURCES])))
    if len(text) > most:
        text = f"{text[:most]}\n[cut: {most:,} of {len(text):,} characters are shown; ask for less, or in parts]"
    return replace(output, text=text, sources=sources)


def in_words(value: Any, most: int = 400) -> str:
    """Return a call's arguments in a few words, for people: long ones cut, in one line.

    Args:
        value: The arguments, as JSON.
        most: Characters of it.
    """
    text = json.dumps(whole(value), ensure_ascii=False)
    return text if len(text) <= most else f"{text[:most]}…"


def as_kept(outcome: Outcome) -> dict[str, Any]:
    """Return an outcome as JSON, without what the journal knows of the call anyhow."""
    output = outcome.output
    kept = {"text": output.text, "sources": list(output.sources), "trusted": output.trusted} if output else None
    return {"output": kept, "error": outcome.error}


def recorded(known: Known) -> Outcome:
    """Return the outcome of a call that has ended before."""
    call, kept = known.call, known.outcome
    ended = known.ended or "unknown"
    if kept is None:
        output = Output(GONE, trusted=True) if ended == "done" else None
        return Outcome(call.ruling, ended, output, None if output else GONE, call.approved_by)
    said = kept["output"]
    output = Output(said["text"], tuple(said["sources"]), said["trusted"]) if said else None
    return Outcome(call.ruling, ended, output, kept["error"], call.approved_by)


def called(call: Begun, ended: str, milliseconds: float | None) -> dict[str, Any]:
    """Return what the audit tells of a call that ran.

    Args:
        call: The call.
        ended: How it ended.
        milliseconds: How long it took; None if nobody knows.
    """
    names = {"tool": call.tool, "effect": call.effect, "risk": call.ruling["risk"], "rule": call.ruling["rule"]}
    place = {"mode": call.mode, "thread": call.thread, "turn": call.turn, "call": call.call}
    how = {"approver": call.approved_by, "arguments": call.arguments, "ended": ended, "ms": milliseconds}
    return {**names, **how, **place, "execution": call.execution}


def refused(call: Call, tool: Tool[Any] | None, ruling: Ruling, acting: Acting, by: str | None) -> Mapping[str, Any]:
    """Return what the audit tells of a call that did not run.

    Args:
        call: The call.
        tool: Its tool, if there is one.
        ruling: What the policy said.
        acting: For whom it was made.
        by: The person who refused it, if one did.
    """
    names = {"tool": call["tool"][:64], "effect": tool and tool.effect, "risk": ruling["risk"], "rule": ruling["rule"]}
    place = {"mode": acting.mode, "thread": acting.thread, "turn": acting.turn, "call": call["id"]}
    return {**names, "approver": by, "arguments": hash_of(call["arguments"]), **place}
