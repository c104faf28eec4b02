"""`metahuman again`: the part of a turn that failed, done once more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from metahuman.cli.options import thread_option

if TYPE_CHECKING:
    from metahuman.home import Home


@click.command(short_help="Have specialists do their part of the last turn again.")
@click.argument("specialists", metavar="[SPECIALIST]...", nargs=-1)
@thread_option
@click.option("--json", "as_json", is_flag=True, help="Print the whole reply as one JSON object.")
@click.pass_obj
def again(home: Home, specialists: tuple[str, ...], thread: str, *, as_json: bool) -> None:
    """Have each SPECIALIST do its part of the last turn again; without any, all whose part failed.

    What the others made is kept, and not made again; the answer takes the place of the last one.
    """
    from metahuman.api import MetaHuman
    from metahuman.cli.ask import print_reply
    from metahuman.state.commands import specialists_named

    with MetaHuman(home) as twin:
        print_reply(twin.stream_again(*specialists_named(specialists), thread=thread), thread, as_json=as_json)
