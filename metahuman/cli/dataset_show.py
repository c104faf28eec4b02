"""`metahuman dataset` and `dataset show`: what there is to train on, and what is in a dataset."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from metahuman.cli.dataset_home import folder_of
from metahuman.cli.memory_home import json_option
from metahuman.cli.names import dataset_names

if TYPE_CHECKING:
    from rich.table import Table

    from metahuman.home import Home

#: Examples that are shown, and characters of each side.
EXAMPLES, LONGEST = 3, 300
#: Parts of a card that are told in a line each, and what is said of them.
PARTS = {
    "sources": "of memories",
    "words": "in whose words",
    "leftOut": "left out",
    "passagesLeftOut": "of texts that give pairs",
    "curators": "curated by",
    "settings": "settings",
}
#: Characters of the longest bar.
WIDTH = 30


@click.command("list", short_help="Show how much there is to train on, and which datasets were built.")
@json_option
@click.pass_obj
def overview(home: Home, *, as_json: bool = False) -> None:
    """Show how much there is to train on, what is left out and why, and which datasets were built."""
    from metahuman.memory.dataset.assembling import counted
    from metahuman.memory.dataset.building import brought_up, count, current
    from metahuman.memory.dataset.reviewing import waiting

    known = brought_up(home.root)
    told = {
        "curated": len(current(known)),
        "pairs": count(known),
        "waiting": len(waiting(known)),
        "leftOut": counted(known),
        "datasets": _datasets(home),
    }
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False, indent=2))
    elif not told["curated"] and not told["datasets"]:
        click.echo("No curated memories yet: `metahuman curate` makes them.")
    else:
        _overview(told)


@click.command(short_help="Show what is in a dataset.")
@click.argument("name", required=False, shell_complete=dataset_names)
@click.option("--examples", type=click.IntRange(0), default=EXAMPLES, show_default=True, metavar="N")
@json_option
@click.pass_obj
def show(home: Home, name: str | None, *, examples: int, as_json: bool) -> None:
    """Show what is in the dataset NAME, by default the one that was built last: counts, ages and weights, examples."""
    from metahuman.memory.dataset.comparing import card_in, sided_rows
    from metahuman.state.errors import BadChoice
    from metahuman.state.files import whole

    name = name or _latest(home)
    if not name:
        raise BadChoice("there is no dataset yet; `metahuman dataset build` makes one")
    folder = folder_of(home, name)
    card, rows = card_in(folder), sided_rows(folder)
    heaviest = sorted(rows, key=lambda one: -_number(one[1]["metadata"].get("weight")))[:examples]
    shown = [{"side": side, **row} for side, row in heaviest]
    if as_json:
        click.echo(json.dumps(whole({"card": card, "examples": shown}), ensure_ascii=False, indent=2))
    else:
        _show(card, shown)


def _datasets(home: Home) -> list[dict[str, Any]]:
    from metahuman.memory.dataset.checking import datasets
    from metahuman.memory.dataset.comparing import card_in
    from metahuman.memory.dataset.tainting import FILES
    from metahuman.state.errors import MetaHumanError

    found = []
    for folder in datasets(home.root):
        try:
            card = card_in(folder)
            sides = {side: _count(_of(card, "files", file, "rows")) for side, file in FILES.items()}
            found.append({"name": folder.name, **sides, "tainted": bool(card.get("tainted")), "problem": None})
        except MetaHumanError as error:
            found.append({"name": folder.name, "problem": str(error)})
    return found


def _latest(home: Home) -> str | None:
    from metahuman.memory.dataset.checking import datasets
    from metahuman.memory.dataset.tainting import CARD

    cards = [folder / CARD for folder in datasets(home.root) if (folder / CARD).is_file()]
    return max(cards, key=lambda card: card.stat().st_mtime_ns).parent.name if cards else None


def _overview(told: Mapping[str, Any]) -> None:
    from metahuman.cli.text import plain

    click.echo(f"{told['curated']:,} curated memories give {told['pairs']:,} pairs")
    for why, count in told["leftOut"].items():
        click.echo(plain(f"  {count:>7,}  {why}"))
    if told["waiting"]:
        click.echo(f"{told['waiting']:,} wait for your word: `metahuman dataset review`")
    for one in told["datasets"]:
        marked = " (tainted: build it anew)" if one.get("tainted") else ""
        sides = "" if one["problem"] else f"{one['train']:,} to train on, {one['held-out']:,} held out{marked}"
        click.echo(plain(f"dataset {one['name']}: {one['problem'] or sides}"))


def _show(card: Mapping[str, Any], examples: list[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.text import Text

    from metahuman.cli.text import plain

    console = Console(highlight=False)
    for line in _lines(card):
        console.print(Text(plain(line)), soft_wrap=True)
    console.print(_bars(card))
    for one in examples:
        about = one["metadata"]
        told = f"{about['sourceId']}, {one['side']}, weight {_number(about.get('weight')):.3g}"
        console.print(Text(plain(told), style="dim"), soft_wrap=True)
        for message in one["messages"]:
            text = plain(" ".join(message["content"].split()))
            short = text if len(text) <= LONGEST else f"{text[:LONGEST]} …"
            console.print(Text(f"  {message['role']}: {short}"), soft_wrap=True)


def _lines(card: Mapping[str, Any]) -> list[str]:
    from metahuman.memory.dataset.tainting import FILES

    lines = [f"{card.get('name')}: {_count(card.get('chosen')):,} of {_count(card.get('pairs')):,} pairs"]
    for side, file in FILES.items():
        counts = [_count(_of(card, *keys)) for keys in (("sides", side, "pairs"), ("sides", side, "conversations"))]
        size = _count(_of(card, "files", file, "bytes"))
        lines.append(f"  {side}: {counts[0]:,} pairs of {counts[1]:,} conversations, {size / 1000:,.1f} kB")
    for part, words in PARTS.items():
        found = card.get(part)
        if isinstance(found, dict) and found:
            lines.append(
                f"{words}: {'; '.join(f'{key}: {value}' for key, value in found.items() if value is not None)}"
            )
    if isinstance(card.get("tainted"), dict):
        lines.append(f"tainted: {card['tainted'].get('reason')}")
    lines.append(f"days before {card.get('agesFrom')}, pairs, and what they weigh together:")
    return lines


def _bars(card: Mapping[str, Any]) -> Table:
    from rich.bar import Bar
    from rich.table import Table

    table, listed = Table(box=None, show_header=False, padding=(0, 2, 0, 0)), card.get("ages")
    groups = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    most = max((_number(one.get(key)) for one in groups for key in ("pairs", "weight")), default=0) or 1
    for one in groups:
        end = "" if one.get("to") is None else f"{_number(one['to']):g}"
        pairs, weight = _number(one.get("pairs")), _number(one.get("weight"))
        table.add_row(
            f"{_number(one.get('from')):g}-{end}", f"{pairs:,.0f}", Bar(most, 0, pairs, width=WIDTH, color="cyan")
        )
        table.add_row("", f"{weight:,.1f}", Bar(most, 0, weight, width=WIDTH, color="magenta"))
    return table


def _of(card: Mapping[str, Any], *keys: str) -> Any:
    found: Any = card
    for key in keys:
        found = found.get(key) if isinstance(found, Mapping) else None
    return found


def _count(value: Any) -> int:
    return value if isinstance(value, int) else 0


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
