"""Draws what is easier to see than to read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from benchmarks.results import FOLDER


def draw(result: Mapping[str, Any]) -> None:
    """Draw the raw figures of a benchmark beside them, if there is a drawing for it.

    Args:
        result: What the benchmark left.
    """
    drawing = _DRAWINGS.get(result["name"])
    if drawing is None or not result["figures"]:
        return
    import matplotlib as mpl

    mpl.use("agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(6.4, 3.2), layout="constrained")
    drawing(axes, result["figures"])
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(FOLDER / f"{result['name']}.png", dpi=110)
    plt.close(figure)


def _load(axes: Any, figures: Mapping[str, Any]) -> None:
    rows = figures["scale"]
    bars = axes.bar([str(row["workers"]) for row in rows], [row["turnsPerSecond"] for row in rows])
    axes.bar_label(bars, fmt="%.1f")
    axes.set(xlabel="workers", ylabel="turns a second")


def _voice(axes: Any, figures: Mapping[str, Any]) -> None:
    labels, values = [], []
    for voice, found in figures.items():
        for name, of in found["report"]["perplexity"].items():
            labels.append(f"{voice}: {name}")
            values.append(of["change"]["value"] * 100)
    bars = axes.barh(labels, values)
    axes.bar_label(bars, fmt="%.0f %%")
    axes.set(xlabel="change of perplexity, in per cent")
    axes.margins(x=0.15)
    axes.invert_yaxis()


_DRAWINGS: Mapping[str, Callable[[Any, Mapping[str, Any]], None]] = {"load": _load, "voice": _voice}
