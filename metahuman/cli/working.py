"""The line at a terminal that says who is at work, and how far a long text has been read."""

from __future__ import annotations

from collections import Counter
from typing import Self

from rich.console import Console, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Column, Table
from rich.text import Text

from metahuman.reply import Begun, Event, Found, Noted
from metahuman.state.parts import Destination

#: Columns of the bar, where there is room.
BAR = 24
#: Times a second that the line is drawn.
DRAWN = 10


class Working:
    """Says who is at work; where nobody watches, nothing.

    Args:
        console: The terminal.
    """

    def __init__(self, console: Console) -> None:
        self._who, self._read, self._parts = Counter[Destination](), 0, 0
        self._spinner = Spinner("dots")
        self._live = Live(console=console, transient=True, refresh_per_second=DRAWN, get_renderable=self._line)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Take the line away."""
        self._live.stop()

    def note(self, event: Event) -> None:
        """Take in who began, who is done, and what was read."""
        match event:
            case Begun(who):
                # Specialists are handed out again when all of those before them are done; the operator goes on.
                self._who = Counter[Destination]({"operator": self._who["operator"]}) + Counter(who)
                self._read = self._parts = 0
            case Noted(_, of):
                self._read, self._parts = self._read + 1, max(of, self._who["summarizer"])
            case Found(finding):
                self._who -= Counter([finding["source"]])

    def told(self) -> str:
        """Return who is at work, in words."""
        who = " + ".join(f"{count} {one}s" if count > 1 else one for one, count in self._who.items())
        if self._parts:
            others = " + ".join(one for one in self._who if one != "summarizer")
            reading = f"reading part {min(self._read + 1, self._parts)} of {self._parts}"
            return f"{' + '.join(filter(None, ['summarizer', others]))} … {reading}"
        return f"{who} …" if who else "…"

    def _line(self) -> RenderableType:
        self._spinner.update(text=Text(self.told()))
        if not self._parts:
            return self._spinner
        line = Table.grid(Column(no_wrap=True), Column(max_width=BAR), padding=(0, 1))
        line.add_row(self._spinner, ProgressBar(total=self._parts, completed=self._read))
        return line
