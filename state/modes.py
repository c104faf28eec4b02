"""The cognitive modes: what each means, and what a turn in it may leave behind."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, NamedTuple

from metahuman.state.context import MODES, Mode
from metahuman.state.errors import SettingError
from metahuman.state.events import mode_changed
from metahuman.state.services import Audit, Clock, Memory


class ModeRules(NamedTuple):
    """What holds in a mode.

    Args:
        meaning: What it is, in a line for the owner.
        writes: What a turn may leave in the home beside the audit: everything, the outcomes of commands (what
            operator and specialists brought, not what was merely said), or nothing.
        routes: Whether an orchestrator decides where turns go.
    """

    meaning: str
    writes: Literal["everything", "outcomes", "nothing"]
    routes: bool


RULES: dict[Mode, ModeRules] = {
    "dual": ModeRules("both minds; every turn is remembered", "everything", True),
    "agent": ModeRules("both minds at your command; what was done is remembered, not what was said", "outcomes", True),
    "emulation": ModeRules("the persona alone; nothing is remembered", "nothing", False),
}


def may_write(mode: Mode, *, done: bool) -> bool:
    """Tell whether a turn may be remembered.

    Args:
        mode: The mode of the turn.
        done: Whether something was done in it: operator or specialists brought findings.
    """
    return RULES[mode].writes == "everything" or (RULES[mode].writes == "outcomes" and done)


def as_mode(word: object, place: Path | str = "mode", key: str = "") -> Mode:
    """Return the mode that `word` names.

    Args:
        word: What somebody wrote where a mode belongs.
        place: Where, for the message.
        key: The key there.

    Raises:
        SettingError: If there is no such mode: guessing could write what the owner wants left alone.
    """
    for mode in MODES:
        if word == mode:
            return mode
    raise SettingError(place, key, f"no mode {word!r}", f"use one of {', '.join(MODES)}")


async def switch_mode(word: str, actor: str, memory: Memory, audit: Audit, clock: Clock) -> str:
    """Make `word` the owner's mode until it is switched again, and write that down; return the one before.

    Args:
        word: A mode; the one that holds already changes nothing.
        actor: Who wants it.
        memory: Where it is kept.
        audit: Where the change is written down.
        clock: Gives the change its time.

    Raises:
        SettingError: If there is no such mode, or the file that holds it is no JSON object.
        StoreError: If it cannot be written.
    """
    mode = as_mode(word)
    before = await memory.set_mode(mode, actor, clock.now())
    if before != mode:
        await audit.arecord(mode_changed(before, mode, actor))
    return before
