"""Progress bars for work that takes a while."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from rich.progress import ProgressColumn, TaskID


class Bar:
    """A progress bar on standard error, if that is a terminal; it appears with the first step.

    Args:
        name: What is being done.
        of: What is counted.
    """

    def __init__(self, name: str, of: Literal["bytes", "items"] = "bytes") -> None:
        from rich.console import Console
        from rich.markup import escape
        from rich.progress import BarColumn, Progress

        self._console, self._name = Console(stderr=True), escape(name)
        self._task: TaskID | None = None
        self._bars = Progress("{task.description}", BarColumn(), *_columns(of), console=self._console)

    def advance(self, done: int, total: int = 0) -> None:
        """Show how far it has come; a total of 0 is one that nobody knows."""
        if not self._console.is_terminal:
            return
        if self._task is None:
            self._bars.start()
            self._task = self._bars.add_task(self._name, total=None)
        self._bars.update(self._task, completed=done, total=total or None)

    def close(self) -> None:
        """Leave the bar as it is."""
        if self._task is not None:
            self._bars.stop()


def _columns(of: str) -> list[ProgressColumn]:
    from rich.progress import DownloadColumn, MofNCompleteColumn, TimeRemainingColumn, TransferSpeedColumn

    return [DownloadColumn(), TransferSpeedColumn()] if of == "bytes" else [MofNCompleteColumn(), TimeRemainingColumn()]
