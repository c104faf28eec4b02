"""`metahuman dataset build`: pairs chosen to train a voice on."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from metahuman.cli.dataset_home import looking
from metahuman.cli.memory_home import json_option, since_option, write_down

if TYPE_CHECKING:
    from metahuman.home import Home
    from metahuman.memory.dataset.assembling import Dataset


@click.command(short_help="Choose pairs, and write them as a dataset to train on.")
@click.option(
    "--name", metavar="NAME", help="What it is called.  [default: persona- and the day of the latest curation]"
)
@click.option(
    "--half-life", type=click.FloatRange(0, min_open=True), metavar="DAYS", help="After which one weighs half."
)
@click.option("--limit", type=click.IntRange(1), metavar="N", help="The most pairs.")
@since_option
@click.option("--dry-run", is_flag=True, help="Only say what would be in it.")
@json_option
@click.pass_obj
def build(home: Home, /, *, dry_run: bool, as_json: bool, **asked: Any) -> None:
    """Choose pairs, and write them to out/datasets/NAME: train.jsonl, held-out.jsonl, and a card that tells of them.

    Newer memories are likelier to be chosen. What is not asked for here is in etc/adapter-builder.json. The same
    memories and settings give the same files, byte for byte.
    """
    from metahuman.memory.dataset.assembling import assembled
    from metahuman.state.curation_events import dataset_built
    from metahuman.state.files import whole

    with looking(home) as look:
        made = assembled(home.root, _wanted(**asked), look, write=not dry_run)
    if not dry_run:
        write_down(home, dataset_built(made.card))
    if as_json:
        told = {"folder": str(made.folder), "written": not dry_run, "card": made.card}
        click.echo(json.dumps(whole(told), ensure_ascii=False, indent=2))
    else:
        _tell(made, dry_run=dry_run)


def _wanted(name: str | None, half_life: float | None, limit: int | None, since: datetime | None) -> Any:
    from metahuman.memory.dataset.assembling import Wanted

    return Wanted(name, half_life, limit, since)


def _tell(made: Dataset, *, dry_run: bool) -> None:
    from metahuman.cli.text import plain

    card = made.card
    sides = card["sides"]
    click.echo(plain(f"{'would be written' if dry_run else 'written'}: {made.folder}"))
    for side, words in (("train", "to train on"), ("held-out", "held out, to test with")):
        click.echo(f"  {sides[side]['pairs']:,} pairs of {sides[side]['conversations']:,} conversations {words}")
    told = ", ".join(f"{count:,} {words}" for words, count in card["words"].items())
    click.echo(f"of {card['curated']:,} curated memories ({told}); left out:")
    for why, count in card["leftOut"].items():
        click.echo(plain(f"  {count:>7,}  {why}"))
    if card["passagesLeftOut"]:
        click.echo("of texts that give pairs:")
    for why, count in card["passagesLeftOut"].items():
        click.echo(plain(f"  {count:>7,}  {why}"))
    if not sides["held-out"]["pairs"]:
        click.echo("nothing is held out: with so few conversations, chance held none back", err=True)
