"""How far a step of a cycle is, on standard error."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from metahuman.cli.progress import Bar
    from metahuman.cli.training_bar import TrainingBar

#: What is told of an event with a count, and what is counted.
COUNTED = {
    "curating": ("curating", "items"),
    "sending": ("sending", "bytes"),
    "fetching": ("fetching", "items"),
    "proving": ("measuring", "items"),
}


class Watch:
    """Sees the events of a step; bars appear on a terminal only.

    Args:
        step: The step.
    """

    def __init__(self, step: str) -> None:
        self._step = step
        self._bars: dict[str, Bar] = {}
        self._training: TrainingBar | None = None

    def see(self, event: dict[str, Any]) -> None:
        """Take note of one event."""
        kind = event.get("event", "")
        if kind in COUNTED:
            self._count(kind, event)
        elif kind == "lost":
            click.echo(_plain(f"the connection is lost ({event.get('why')}); trying again"), err=True)
        elif kind == "pod":
            price = f" for ${event['pricePerHour']:.2f} an hour" if "pricePerHour" in event else ""
            click.echo(_plain(f"pod {event.get('name')} is {event.get('what')}{price}"), err=True)
        elif self._step == "train":
            self._train(event)

    def close(self) -> None:
        """Leave the bars as they are."""
        for bar in self._bars.values():
            bar.close()
        self._bars.clear()
        if self._training:
            self._training.close()
            self._training = None

    def _count(self, kind: str, event: dict[str, Any]) -> None:
        from metahuman.cli.progress import Bar

        if kind not in self._bars:
            self.close()  # two at a time would draw over each other
            words, of = COUNTED[kind]
            self._bars[kind] = Bar(words, "bytes" if of == "bytes" else "items")
        self._bars[kind].advance(int(event.get("done", 0)), int(event.get("of", 0)))

    def _train(self, event: dict[str, Any]) -> None:
        from metahuman.cli.training_bar import TrainingBar

        if self._training is None:
            self.close()
            self._training = TrainingBar()
        self._training.see(event)


def _plain(text: str) -> str:
    from metahuman.cli.text import plain

    return plain(text)
