"""`metahuman route eval`: how right the classifier is on labelled messages."""

from __future__ import annotations

import importlib.util
import json
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from metahuman.cli.usage import PICTURES

if TYPE_CHECKING:
    from rich.table import Table

    from metahuman.home import Home
    from metahuman.routing.classifier import LocalClassifier
    from metahuman.routing.examples import Example
    from metahuman.routing.measure import Decision, Measured


class Evaluated(NamedTuple):
    """What came of it: the numbers, the milliseconds that decisions took, the slowest last, and the encoder."""

    measured: Measured
    took: list[float]
    encoder: str

    def slowest(self, share: float) -> float:
        """Return the milliseconds that this share of the decisions stayed within."""
        return self.took[min(int(len(self.took) * share), len(self.took) - 1)]


@click.command("eval", short_help="Measure how right the classifier is on labelled messages.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--plot", metavar="FILE", help="Draw where messages went (.png, .svg, .pdf) into FILE.")
@click.option("--json", "as_json", is_flag=True, help="Print the numbers as one JSON object.")
@click.pass_obj
def evaluate(home: Home, file: Path, plot: str | None, *, as_json: bool) -> None:
    """Measure how right the classifier is on the labelled messages of FILE. No model is asked.

    Each line is an object with `text` and `to`, a destination, or `tasks`, a list of `destination` and `task`; and, if
    you like, what went before: `earlier` (texts that begin with "owner: " or "twin: "), `tools`, `focus`, `active`.
    """
    picture = _picture(plot)
    found = _evaluate(home, file)
    if as_json:
        click.echo(json.dumps(_as_json(found), indent=2))
    else:
        _show(found)
    if picture:
        from metahuman.cli.route_picture import draw

        draw(found.measured, f"{file.name}, {found.measured.lines} lines", picture)
        click.echo(f"Drawn: {picture}", err=True)


def _picture(plot: str | None) -> Path | None:
    """Return the file to draw into, if one is asked for and can be drawn."""
    if plot is None:
        return None
    path = Path(plot).expanduser()
    if path.suffix not in PICTURES:
        raise click.UsageError(f"--plot {plot}: name a file that ends in {', '.join(PICTURES)}")
    if not importlib.util.find_spec("matplotlib"):
        raise click.ClickException(f"--plot {plot}: pictures need matplotlib; `pip install metahuman[notebooks]`")
    return path


def _evaluate(home: Home, file: Path) -> Evaluated:
    from metahuman.deciding import home_classifier
    from metahuman.routing.examples import read_examples
    from metahuman.routing.measure import measure
    from metahuman.state.errors import StoreError
    from metahuman.state.routing import Situation

    examples = read_examples(file)
    if not examples:
        raise StoreError(file, "holds no line", "give a JSONL file of labelled messages")
    classifier = home_classifier(home)
    encoder = classifier.judge_now(Situation("")).encoder  # loaded now, it does not count as the first decision's time
    took: list[float] = []
    decisions = [_decide(classifier, example, took) for example in _watched(examples)]
    return Evaluated(measure(decisions), sorted(took), encoder)


def _decide(classifier: LocalClassifier, example: Example, took: list[float]) -> Decision:
    from metahuman.routing.measure import Decision

    started = time.perf_counter()
    judged = classifier.judge_now(example.situation)
    took.append((time.perf_counter() - started) * 1000)
    found = tuple(dict.fromkeys(task["destination"] for task in judged.tasks))
    return Decision(example.destinations, found, judged.confidence, judged.sure)


def _watched(examples: list[Example]) -> Iterable[Example]:
    """Return the examples; on a terminal, a bar on standard error tells how far they have come."""
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    return track(examples, "deciding", console=console, transient=True, disable=not console.is_terminal)


def _as_json(found: Evaluated) -> dict[str, object]:
    latency = {"p50": round(found.slowest(0.5), 2), "p99": round(found.slowest(0.99), 2)}
    return found.measured.as_json() | {"latencyMs": latency, "encoder": found.encoder}


def _show(found: Evaluated) -> None:
    from rich.console import Console

    console, measured = Console(highlight=False), found.measured
    console.print(_numbers(measured))
    console.print(_destinations(measured))
    if measured.confusion:
        console.print("where messages with one task ought to go, and where they went:")
        console.print(confusion_table(measured, console.width))
    told = f"{found.slowest(0.5):.1f} ms at the median, {found.slowest(0.99):.1f} ms at 99 % · encoder {found.encoder}"
    console.print(told, style="dim", markup=False)


def _numbers(measured: Measured) -> Table:
    from rich.table import Column, Table

    table = Table(Column(), Column(justify="right"), box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_row("lines", f"{measured.lines:,}")
    table.add_row("sent exactly where they ought to go", percent(measured.accuracy))
    if measured.several:
        table.add_row(f"  of the {measured.several:,} with several tasks", percent(measured.several_exact))
    table.add_row("macro-F1", _places(measured.macro_f1))
    table.add_row("decided without a model", percent(measured.decided))
    table.add_row("  of those right", percent(measured.decided_accuracy))
    table.add_row("expected calibration error", _places(measured.calibration_error))
    table.add_row("confidence tells right from wrong (AUROC)", _places(measured.auroc))
    return table


def _destinations(measured: Measured) -> Table:
    from rich import box
    from rich.table import Column, Table

    numbers = [Column(name, justify="right") for name in ("lines", "precision", "recall", "F1")]
    table = Table("destination", *numbers, box=box.SIMPLE_HEAD)
    for name, score in measured.scores.items():
        shares = (f"{share:.3f}" for share in (score.precision, score.recall, score.f1))
        table.add_row(name, f"{score.support:,}", *shares)
    return table


#: Columns of a terminal from which on names are written out, and letters of a name where there are fewer.
_WIDE, _LETTERS = 120, 5


def confusion_table(measured: Measured, width: int) -> Table:
    """Return where the messages with a single wish went, for a terminal of so many columns."""
    from rich import box
    from rich.table import Column, Table
    from rich.text import Text

    columns = measured.went
    names = columns if width >= _WIDE else [name[:_LETTERS] for name in columns]
    heads = [Column(name, justify="right", no_wrap=True) for name in names]
    table = Table("", *heads, box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for name, row in measured.confusion.items():
        styles = {other: "green" if other == name else "yellow" for other in row}
        table.add_row(name, *(Text(str(row.get(one, "·")), styles.get(one, "dim")) for one in columns))
    return table


def percent(share: float | None) -> str:
    """Return a share for people."""
    return "—" if share is None else f"{share:.1%}"


def _places(value: float | None) -> str:
    return "—" if value is None else f"{value:.3f}"
