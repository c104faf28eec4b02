"""What goes wrong when a voice is trained elsewhere."""

from __future__ import annotations

from metahuman.state.errors import MetaHumanError


class RemoteError(MetaHumanError):
    """Training on another machine did not work out."""


class Unreachable(RemoteError):  # noqa: N818 - reads as what happened
    """The other machine cannot be reached, or does not let this one in."""


class RemoteFailed(RemoteError):  # noqa: N818
    """The other machine was reached, and what it was to do failed there."""


class OverBudget(RemoteError):  # noqa: N818
    """It would cost, or has cost, more than the owner allows."""
