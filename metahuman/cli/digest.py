"""`metahuman digest`: what keeps coming up in the memories of some days goes into the persona cache."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from metahuman.digesting import Digested
    from metahuman.home import Home
    from metahuman.state.digesting import Item

#: What the kinds of items are called, in the order that they are shown.
KINDS = {"theme": "Themes", "fact": "Facts", "catchphrase": "Catchphrases", "quirk": "Quirks"}
#: Memories that are cited for one thing, and names that are shown of what changed.
CITED, NAMED = 3, 12


@click.command(short_help="Find what keeps coming up, for the persona.")
@click.option(
    "--days", type=click.IntRange(1, 3650), default=14, show_default=True, metavar="N", help="How far to look back."
)
@click.option("--without-model", is_flag=True, help="Rules alone look; no model is asked.")
@click.option("--dry-run", is_flag=True, help="Write nothing; show what would change.")
@click.option("--json", "as_json", is_flag=True, help="Print it as one JSON object.")
@click.pass_obj
def digest(home: Home, *, days: int, without_model: bool, dry_run: bool, as_json: bool) -> None:
    """Look back on the last days and put what keeps coming up into persona/cache.json.

    Themes, facts, catchphrases and quirks, each with the memories it rests on. A model only points at things; whether
    they are there, and how often, is counted in the text. A memory counts once: run again, nothing changes. What you
    wrote, changed or took out yourself stays as it is.
    """
    found = _run(home, days, without_model=without_model, dry_run=dry_run)
    if as_json:
        click.echo(json.dumps(_as_json(found, dry_run=dry_run), indent=2, ensure_ascii=False))
        return
    from metahuman.cli.text import plain

    for line in _told(found, days, dry_run=dry_run):
        click.echo(plain(line))
    for one in found.unread:
        click.echo(plain(f"{one['text']} was not read: {one['reason']}"), err=True)


def _run(home: Home, days: int, *, without_model: bool, dry_run: bool) -> Digested:
    from metahuman.cli.memory_home import shown_progress
    from metahuman.digesting import digest as run
    from metahuman.state.background import background

    home.create()
    with shown_progress("reading") as progress:
        return background.run(run(home, days=days, without_model=without_model, dry_run=dry_run, tell=progress))


def _as_json(found: Digested, *, dry_run: bool) -> dict[str, object]:
    return {
        "memories": len(found.noted),
        "found": found.items,
        "changed": found.changed,
        "forgotten": found.forgotten,
        "refused": found.refused,
        "dryRun": dry_run,
    }


def _told(found: Digested, days: int, *, dry_run: bool) -> Iterator[str]:
    yield f"{len(found.noted):,} memories of the last {days} days"
    at = {one["id"]: one["at"][:10] for one in found.noted}
    for kind, label in KINDS.items():
        items = [item for item in found.items if item["kind"] == kind]
        if items:
            yield f"\n{label}"
            yield from (f"  {_line(item, at)}" for item in items)
    yield ""
    yield from _changes(found, dry_run=dry_run)
    if found.refused:
        reasons = Counter(one["reason"] for one in found.refused if one["kind"] != "part")
        yield from (f"not believed: {count} of the model's claims, {reason}" for reason, count in reasons.most_common())


def _line(item: Item, at: dict[str, str]) -> str:
    """Return an item in one line: what it is, how often it came up, and the memories that it rests on."""
    said = f"{item['text']}: {item['value']}" if item["kind"] == "fact" else item["text"]
    holds = " (no longer)" if item["ended"] else ""
    return f"{said}{holds}  {len(item['memories'])}x, {_cited(item['memories'], at)}"


def _cited(memories: Sequence[str], at: dict[str, str]) -> str:
    latest = list(reversed(memories))[:CITED]
    more = [f"and {len(memories) - CITED} more"] if len(memories) > CITED else []
    return ", ".join([*(f"{one} ({at[one]})" for one in latest), *more])


def _changes(found: Digested, *, dry_run: bool) -> Iterator[str]:
    would = "would change" if dry_run else "changed"
    if not found.changed:
        yield f"nothing {would} in the persona cache"
    for kind, names in found.changed.items():
        more = [f"and {len(names) - NAMED} more"] if len(names) > NAMED else []
        yield f"{would} in {kind}: {', '.join([*names[:NAMED], *more])}"
    if found.forgotten:
        yield f"memories that it cited and that are no more: {len(found.forgotten)}; what rested on them alone is gone"
