"""The audit events of voices: judged, put in force, taken back; see `metahuman.state.events`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from metahuman.state.events import AuditEvent, Level


def voice_vote(run: str, pair: str, chose: str, by: str) -> AuditEvent:
    """Somebody said which of two answers is better: with the voice, or without; never the answers' words.

    Args:
        run: The run whose voice it is.
        pair: The id of the pair of answers.
        chose: "voice", "base", "tie", "neither" or "skip".
        by: "person" or "judge".
    """
    details = {"run": run, "pair": pair, "chose": chose, "by": by}
    return AuditEvent("voice_vote", "human" if by == "person" else "judge", details, category="decision")


def voice_promoted(
    run: str, modes: Sequence[str], gate: Mapping[str, bool | None], anyway: str | None, actor: str
) -> AuditEvent:
    """A voice was put in force; `warn` where its owner passed over what the gate found, and `anyway` is why."""
    details = {"run": run, "modes": list(modes), "gate": dict(gate), "anyway": anyway}
    level: Level = "warn" if anyway else "info"
    return AuditEvent("voice_promoted", actor, details, level, "decision")


def voice_rolled_back(run: str, change: str, keys: Sequence[str]) -> AuditEvent:
    """What a promotion had changed is as it was before; `keys` names what of the registry that is."""
    return AuditEvent(
        "voice_rolled_back", "human", {"run": run, "change": change, "keys": list(keys)}, category="decision"
    )


def voice_dropped(run: str, files: int) -> AuditEvent:
    """A run was deleted for good, its adapter with it."""
    return AuditEvent("voice_dropped", "human", {"run": run, "files": files}, category="data")


def training_started(run: str, base: str, dataset: str, *, goes_on: bool) -> AuditEvent:
    """A voice is trained; `goesOn` where it had been cut short."""
    details = {"run": run, "base": base, "dataset": dataset, "goesOn": goes_on}
    return AuditEvent("training_started", "human", details, category="action")


def training_ended(run: str, ended: str, told: str, seconds: float) -> AuditEvent:
    """A training ended: `done`, `failed` or `stopped`."""
    level: Level = "warn" if ended == "failed" else "info"
    details = {"run": run, "ended": ended, "told": told, "seconds": round(seconds, 1)}
    return AuditEvent("training_ended", "system", details, level, "action")


def voice_evaluated(run: str, verdict: Mapping[str, object], score: float | None) -> AuditEvent:
    """A voice was put to the proof; none of its words are told."""
    words = {key: verdict.get(key) for key in ("voice", "retention", "tools", "leak")}
    return AuditEvent("voice_evaluated", "human", {"run": run, "score": score, **words}, category="data")
