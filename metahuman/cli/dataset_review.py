"""`metahuman dataset review`: the owner's word on what the curator held back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from metahuman.cli.memory_home import json_option, write_down

if TYPE_CHECKING:
    from metahuman.home import Home
    from metahuman.memory.dataset.reviewing import Item
    from metahuman.memory.dataset.rows import Word

QUESTION = "[k]eep, [e]dit, [d]rop, [s]kip, [q]uit"
#: Between both sides, where they are edited.
_LINE = "--- above: what was said; below: what was answered ---"


@click.command(short_help="Keep, edit or drop what was held back, one after the other.")
@click.option("--list", "listed", is_flag=True, help="Only show it.")
@click.option("--all", "everything", is_flag=True, help="All that was curated, also what you have had your say about.")
@json_option
@click.pass_obj
def review(home: Home, *, listed: bool, everything: bool, as_json: bool) -> None:
    """Go through what the curator flagged or refused: keep it, put other words in its place, or drop it for good.

    What you keep is trained on whatever the curator said. A secret or personal data never is: edit it.
    """
    from metahuman.memory.dataset.reviewing import items
    from metahuman.state.files import whole

    found = items(home.root, everything=everything)
    if as_json:
        click.echo(json.dumps(whole([one.as_json() for one in found]), ensure_ascii=False, indent=2))
    elif not found:
        click.echo("Nothing waits for your word.")
    elif listed:
        for one in found:
            _show(one)
    else:
        _go_through(home, found)


@click.command(short_help="Train on it all the same.")
@click.argument("name", metavar="ID")
@click.pass_obj
def keep(home: Home, name: str) -> None:
    """Have the curated memory ID trained on, whatever the curator said; one that holds a secret cannot be kept."""
    _say(home, name, "keep")


@click.command(short_help="Never train on it.")
@click.argument("name", metavar="ID")
@click.pass_obj
def drop(home: Home, name: str) -> None:
    """Leave the curated memory ID out of every dataset for good; the memory itself stays."""
    _say(home, name, "drop")


@click.command(short_help="Put other words in its place, and train on these.")
@click.argument("name", metavar="ID")
@click.option("--said", metavar="TEXT", help="What was said.")
@click.option("--answered", metavar="TEXT", help="What was answered.")
@click.pass_obj
def edit(home: Home, name: str, said: str | None, answered: str | None) -> None:
    """Put other words in the place of the curated memory ID's, in your editor unless you give them here."""
    if said is None and answered is None:
        from metahuman.memory.dataset.reviewing import items

        meant = [one for one in items(home.root, everything=True) if one.id.startswith(name)]
        exact = [one for one in meant if one.id == name] or meant
        said, answered = _edited(exact[0]) if len(exact) == 1 else (None, None)  # of several, or none, `say` tells
    _say(home, name, "edit", said, answered)


def _go_through(home: Home, found: list[Item]) -> None:
    from metahuman.state.errors import BadChoice

    for number, one in enumerate(found, start=1):
        click.echo(f"\n{number} of {len(found)}")
        _show(one)
        try:
            if not _ask(home, one):
                return
        except BadChoice as error:
            click.echo(f"{error}", err=True)


def _ask(home: Home, one: Item) -> bool:
    """Ask what is to become of one, and do it; return whether to go on."""
    try:
        word = click.prompt(QUESTION, default="s", show_default=False).strip().lower()[:1]
    except click.Abort:
        return False
    if word == "k":
        _say(home, one.id, "keep")
    elif word == "d":
        _say(home, one.id, "drop")
    elif word == "e":
        _say(home, one.id, "edit", *_edited(one))
    return word != "q"


def _edited(one: Item) -> tuple[str, str]:
    """Return both sides as the owner leaves them in the editor.

    Raises:
        BadChoice: If the line between the two is gone.
    """
    from metahuman.memory.dataset.rows import messages_of
    from metahuman.state.errors import BadChoice

    both = f"\n{_LINE}\n".join(messages_of(one.curated))
    text = click.edit(both, extension=".txt")
    said, line, answered = (both if text is None else text).partition(_LINE)
    if not line:
        raise BadChoice("the line between both sides is gone: leave it where it is")
    return said.strip(), answered.strip()


def _say(home: Home, name: str, verdict: Word, said: str | None = None, answered: str | None = None) -> None:
    from metahuman.cli.text import plain
    from metahuman.clock import SystemClock
    from metahuman.memory.dataset.reviewing import say
    from metahuman.state.curation_events import curated_reviewed

    one = say(home.root, name, verdict, SystemClock().now(), said, answered)
    write_down(home, curated_reviewed(one.id, verdict, list(one.made.held_back)))
    click.echo(plain(f"{one.id}: {'kept' if verdict == 'keep' else 'edited' if verdict == 'edit' else 'dropped'}"))


def _show(one: Item) -> None:
    from metahuman.cli.text import plain

    told = one.as_json()
    about = "; ".join(told["reasons"]) or "it is trained on"
    click.echo(plain(f"{one.id}: {about}"))
    click.echo(plain(f"  said: {told['userMessage']}"))
    click.echo(plain(f"  answered: {told['assistantResponse']}"))
