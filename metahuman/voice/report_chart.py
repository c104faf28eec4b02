"""Charts of an evaluation, as SVG that stands in a page by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, NamedTuple

#: Of a chart, in SVG's units: its width, what its names take of it, a row's height, and what is left free at the sides.
WIDTH, NAMES, ROW, EDGE = 720, 170, 26, 14


class Bar(NamedTuple):
    """A figure with its interval.

    Args:
        name: What it is of.
        figure: `value`, `low` and `high`.
        kind: "voice", "base", "owner" or "author": how it is drawn.
    """

    name: str
    figure: Mapping[str, float]
    kind: str


def score_bars(voice: Mapping[str, Any]) -> list[Bar]:
    """Return the voice scores of all who were judged, the owner's first."""
    others = sorted(voice["authors"].items(), key=lambda one: -one[1]["value"])
    return [
        Bar("you, in other texts", voice["owner"], "owner"),
        Bar("with the adapter", voice["score"]["adapter"], "voice"),
        Bar("without it", voice["score"]["base"], "base"),
        *(Bar(name, figure, "author") for name, figure in others),
    ]


def chart(bars: Sequence[Bar], label: str) -> str:
    """Return figures between 0 and 1 with their intervals, one under the other.

    Args:
        bars: The figures.
        label: What they are, for who cannot see them.
    """
    height = ROW * (len(bars) + 1) + EDGE
    marks = "".join(_mark(at / 4, height) for at in range(5))
    rows = "".join(_row(number, bar) for number, bar in enumerate(bars))
    view = f'viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(label)}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {view}>{marks}{rows}</svg>'


def _mark(value: float, height: int) -> str:
    x = _x(value)
    line = f'<line class="grid" x1="{x}" x2="{x}" y1="4" y2="{height - ROW}"/>'
    return f'{line}<text class="tick" x="{x}" y="{height - 8}" text-anchor="middle">{value:.2f}</text>'


def _row(number: int, bar: Bar) -> str:
    y, figure = ROW * number + ROW / 2 + 4, bar.figure
    told = f"{bar.name}: {figure['value']:.2f} ({figure['low']:.2f} to {figure['high']:.2f})"
    name = f'<text class="name" x="{NAMES - 10}" y="{y + 4}" text-anchor="end">{escape(bar.name)}</text>'
    line = f'<line x1="{_x(figure["low"])}" x2="{_x(figure["high"])}" y1="{y}" y2="{y}"/>'
    dot = f'<circle cx="{_x(figure["value"])}" cy="{y}" r="5"/>'
    return f'<g class="{bar.kind}"><title>{escape(told)}</title>{name}{line}{dot}</g>'


def _x(value: float) -> float:
    room = WIDTH - NAMES - 2 * EDGE
    return round(NAMES + EDGE + room * min(1.0, max(0.0, value)), 1)
