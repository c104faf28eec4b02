"""The losses of a run, drawn: `loss.png`."""

from __future__ import annotations

import io
from pathlib import Path

from metahuman.state.files import write_atomic
from metahuman.training.learning.keeping import State

PICTURE = "loss.png"
#: Inches, and dots an inch.
SIZE, DOTS = (8, 4.5), 120
#: Steps over which what is learned from is averaged, for each step's loss jumps.
AVERAGED = 8


def draw_losses(folder: Path, state: State) -> Path:
    """Draw the losses into a run's folder, and return the picture's place.

    Args:
        folder: The folder.
        state: How the run went.

    Raises:
        StoreError: If it cannot be written.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=SIZE, dpi=DOTS, layout="constrained")
    axes = figure.add_subplot()
    steps = range(1, len(state.losses) + 1)
    axes.plot(steps, averaged(state.losses), color="tab:gray", label=f"learned from (mean of {AVERAGED} steps)")
    for key, label, colour in (("heldOut", "held out", "tab:blue"), ("neutral", "neutral answers", "tab:orange")):
        seen = [(look["step"], look[key]) for look in state.looks if look[key] is not None]
        if seen:
            axes.plot(*zip(*seen, strict=True), marker="o", color=colour, label=label)
    axes.axvline(state.looks[state.best]["step"], color="tab:blue", linestyle=":", linewidth=1, label="kept")
    axes.set(xlabel="step", ylabel="loss, nats a token", ylim=(0, None))
    axes.legend()
    picture = io.BytesIO()
    figure.savefig(picture, format="png", metadata={"Software": None})
    write_atomic(folder / PICTURE, picture.getvalue())
    return folder / PICTURE


def averaged(losses: list[float]) -> list[float]:
    """Return for each step the mean of the last few losses."""
    windows = (losses[max(0, at - AVERAGED) : at] for at in range(1, len(losses) + 1))
    return [sum(window) / len(window) for window in windows]
