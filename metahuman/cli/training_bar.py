"""The bar of a training: how far it is, its loss, how quick it is, and how long it will take at most."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


class TrainingBar:
    """A progress bar on standard error, if that is a terminal."""

    def __init__(self) -> None:
        from rich.console import Console

        self._console = Console(stderr=True)
        self._bars: Progress | None = None
        self._task: TaskID | None = None
        self._told = dict[str, str]()
        self._show("loading the base …")

    def see(self, event: dict[str, Any]) -> None:
        """Take note of what the process that trains tells."""
        match event.get("event"):
            case "started":
                self._show("learning", event.get("step", 0), event.get("steps"))
            case "step":
                self._told |= {
                    "loss": f"loss {event['loss']:.2f}",
                    "speed": f"{event['tokensPerSecond']:,.0f} tokens/s",
                }
                self._show("learning", event["step"], event["steps"])
            case "looked" if event.get("heldOut") is not None:
                self._told["heldOut"] = f"held out {event['heldOut']:.2f}"
                self._show("learning")
            case "saved" if event.get("what") == "adapter":
                self._show("writing the card …")

    def close(self) -> None:
        """Leave the bar as it is."""
        if self._bars:
            self._bars.stop()

    def _show(self, what: str, done: int | None = None, of: int | None = None) -> None:
        if not self._console.is_terminal:
            return
        if self._bars is None or self._task is None:
            self._bars = _bars(self._console)
            self._bars.start()
            self._task = self._bars.add_task(what, total=None, told="")
        self._bars.update(self._task, description=what, completed=done, total=of, told="  ".join(self._told.values()))


def _bars(console: Any) -> Progress:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    told = TextColumn("{task.fields[told]}")
    return Progress(
        "{task.description}", BarColumn(), MofNCompleteColumn(), told, TimeRemainingColumn(), console=console
    )
