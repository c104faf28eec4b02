"""Draws where messages went."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from metahuman.state.files import write_atomic

if TYPE_CHECKING:
    from pathlib import Path

    from metahuman.routing.measure import Measured

#: Inches round the squares, and of a square.
_MARGIN, _SQUARE = 2.4, 0.6
#: From this share of a row on, a square is so dark that it is written on in white.
_DARK = 0.5


def draw(measured: Measured, title: str, path: Path) -> None:
    """Draw the confusion matrix: each row's shares as shades, with the counts written on them.

    Args:
        measured: What to draw.
        title: What it is about.
        path: The picture's file; its ending says of which kind.

    Raises:
        ImportError: If matplotlib is not installed.
        StoreError: If the file cannot be written.
    """
    from matplotlib.figure import Figure

    rows, columns = list(measured.confusion), measured.went
    size = (_MARGIN + _SQUARE * max(len(columns), 4), _MARGIN + _SQUARE * max(len(rows), 2))
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.subplots()
    counts = [[measured.confusion[row].get(column, 0) for column in columns] for row in rows]
    shares = [[count / sum(row) for count in row] for row in counts]
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for y, row in enumerate(counts):
        for x, count in enumerate(row):
            if count:
                axes.text(x, y, str(count), ha="center", va="center", color="w" if shares[y][x] > _DARK else "k")
    axes.set_xticks(range(len(columns)), columns, rotation=40, ha="right")
    axes.set_yticks(range(len(rows)), rows)
    axes.set_xlabel("went to")
    axes.set_ylabel("ought to go to")
    figure.suptitle(title, fontsize="medium")
    picture = io.BytesIO()
    figure.savefig(picture, format=path.suffix[1:], dpi=150)
    write_atomic(path, picture.getvalue())
