"""What a person may choose for one run; Studio shows it as a form."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from metahuman.state.errors import BadChoice

Mode = Literal["dual", "agent", "emulation"]
MODES: tuple[Mode, ...] = ("dual", "agent", "emulation")
#: How far the owner trusts the operator: it may look; and suggest; and do what is of low risk; and of medium.
Trust = Literal["observe", "suggest", "supervised_auto", "bounded_auto"]
TRUSTS: tuple[Trust, ...] = ("observe", "suggest", "supervised_auto", "bounded_auto")


@dataclass(frozen=True)
class TurnContext:
    """The choices of one run; with none given, the owner's own settings hold.

    Args:
        mode: The cognitive mode; None means the one in `persona/cognitive-mode.json`, else dual.
        models: A model id of the registry per role, instead of the role's own.
        trust: How far the operator is trusted; None means what `etc/trust.json` says for the mode.
    """

    mode: Mode | None = None
    models: dict[str, str] = field(default_factory=dict)
    trust: Trust | None = None


def model_choice(context: TurnContext | None, role: str) -> str | None:
    """Return the model id that a person chose for `role` in this run, if any."""
    return context.models.get(role) if context else None


def as_trust(word: str) -> Trust:
    """Return the trust level that a word names.

    Raises:
        BadChoice: If there is none of that name.
    """
    for level in TRUSTS:
        if word == level:
            return level
    raise BadChoice(f"there is no trust level {word!r}: choose {', '.join(TRUSTS)}")
