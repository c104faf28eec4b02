"""Options that several commands share."""

from __future__ import annotations

import click

from metahuman.state.context import MODES

thread_option = click.option(
    "--thread", metavar="NAME", default="main", show_default=True, help="The conversation to go on with."
)
mode_option = click.option(
    "--mode", type=click.Choice(MODES), help="The cognitive mode.  [default: the one in persona/cognitive-mode.json]"
)
