"""What a person may choose for one run; Studio shows it as a form."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Mode = Literal["dual", "agent", "emulation"]
MODES: tuple[Mode, ...] = ("dual", "agent", "emulation")


@dataclass(frozen=True)
class TurnContext:
    """The choices of one run; with none given, the owner's own settings hold.

    Args:
        mode: The cognitive mode; None means the one in `persona/cognitive-mode.json`, else dual.
        models: A model id of the registry per role, instead of the role's own.
    """

    mode: Mode | None = None
    models: dict[str, str] = field(default_factory=dict)


def model_choice(context: TurnContext | None, role: str) -> str | None:
    """Return the model id that a person chose for `role` in this run, if any."""
    return context.models.get(role) if context else None
