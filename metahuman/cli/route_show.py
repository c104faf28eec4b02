"""An explained route on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich import box
from rich.bar import Bar
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from metahuman.cli.text import plain
from metahuman.state.parts import DESTINATIONS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from metahuman.explaining import Answer, Explained
    from metahuman.state.parts import Route, Task
    from metahuman.state.routing import Judgement, Neighbour

#: Characters of a task and of an example that are shown; of a longer one its beginning.
LONGEST = 300
#: Letters of the longest destination's name.
LONGEST_NAME = max(map(len, DESTINATIONS))
#: Columns of the widest bar.
BAR = 30


def show(found: Explained) -> None:
    """Print a decision and its grounds."""
    console = Console(highlight=False)
    for line in _tasks(found.route["tasks"]):
        console.print(line)
    for told in _decision(found):
        console.print(Text(plain(told)))
    if found.answer:
        console.print(_answer(found.answer))
    if found.judged:
        _show_grounds(console, found, found.judged)


def _tasks(tasks: Iterable[Task]) -> Iterator[Text]:
    for task in tasks:
        yield Text.assemble((task["destination"], "bold green"), f": {one_line(task['task'])}")


def one_line(text: str) -> str:
    """Return foreign text as one line of a bounded length, unable to steer the terminal."""
    line = " ".join(plain(text[: LONGEST * 4]).split())
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"


def _decision(found: Explained) -> Iterator[str]:
    route = found.route
    yield _who(found)
    yield f"urgency {route['urgency']} · intent: {route['intent'] or '—'} · topics: {', '.join(route['topics']) or '—'}"


def _who(found: Explained) -> str:
    """Return who decides, and why nobody before them does."""
    if found.route["decidedBy"] == "mode":
        return f"The mode decides: in {found.mode} all is conversation."
    if found.judged is None:
        return "A rule decides: the message names its destination, or has no word in it."
    sure = _sure(found, found.judged)
    if found.judged.sure:
        return f"The classifier decides: {sure}."
    if found.route["decidedBy"] != "model":
        why = "" if found.answer else f"; {found.route['why']}"
        return f"A fallback decides, the classifier's guess without tools: {sure}{why}."
    if found.answer:
        return f"The model decides, because the classifier does not: {sure}."
    return f"The orchestrator's model {found.model_id} would be asked; this is the classifier's guess: {sure}."


def _sure(found: Explained, judged: Judgement) -> str:
    """Return how sure the classifier is, and whether that is enough."""
    told = f"it is {judged.confidence:.2f} sure"
    if found.needed >= 1 and not judged.sure:
        return f"{told}, but routing.json wants a model asked all the same"
    if judged.sure or judged.confidence < found.needed:
        return f"{told}, and {found.needed:.2f} is needed"
    return f"{told}, and {found.needed:.2f} is needed, but it may be several tasks"


def _answer(answer: Answer) -> Text:
    """Return what the model says, or why it says nothing."""
    route, call = answer
    if route["decidedBy"] != "model":
        return Text(plain(f"The model says nothing: {route['why']}"), "yellow")
    who = f"{call['modelId']} says, after {call['latencyMs']:,.0f} ms" if call else "The model says"
    return Text(plain(f"{who}: {_said(route)}"))


def _said(route: Route) -> str:
    tasks = "; ".join(f"{task['destination']}: {one_line(task['task'])}" for task in route["tasks"])
    return f"{tasks} · confidence {route['confidence']:.2f} · urgency {route['urgency']} · intent: {route['intent']}"


def _show_grounds(console: Console, found: Explained, judged: Judgement) -> None:
    console.print(_scores(found, judged))
    if judged.nearest:
        console.print(_nearest(judged.nearest))
    took = f"{found.milliseconds:.1f} ms, after {found.loading:.0f} ms to load"
    console.print(f"{took} · encoder {judged.encoder}", style="dim", markup=False)


def _scores(found: Explained, judged: Judgement) -> Table:
    table = Table(
        Column("the whole message"),
        Column("score", justify="right"),
        Column("needed", justify="right"),
        Column(width=BAR),
        box=box.SIMPLE_HEAD,
    )
    chosen = {task["destination"] for task in judged.tasks}
    for name, score in judged.scores.items():
        bar = Bar(1, 0, score, width=BAR, color="green" if name in chosen else "cyan")
        table.add_row(
            name, f"{score:.2f}", f"{found.thresholds[name]:.2f}", bar, style="bold" if name in chosen else ""
        )
    return table


def _nearest(nearest: Iterable[Neighbour]) -> Table:
    near = Column("near", justify="right", no_wrap=True, min_width=4)
    table = Table(near, Column("goes to", no_wrap=True, min_width=LONGEST_NAME), "example", box=box.SIMPLE_HEAD)
    for one in nearest:
        example = Text(one_line(one.text), no_wrap=True, overflow="ellipsis")
        table.add_row(f"{one.nearness:.2f}", one.destination, example)
    return table
