"""`metahuman dataset`: what a voice is trained on."""

from __future__ import annotations

import click

from metahuman.cli.dataset_build import build
from metahuman.cli.dataset_check import check, diff
from metahuman.cli.dataset_review import drop, edit, keep, review
from metahuman.cli.dataset_show import overview, show
from metahuman.cli.memory import InOrder


@click.group(cls=InOrder, short_help="Build, see and check what a voice is trained on.", invoke_without_command=True)
@click.pass_context
def dataset(ctx: click.Context) -> None:
    """Build, see and check what a voice is trained on; alone, shows what there is."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(overview)


for command in (overview, build, show, diff, check, review, keep, edit, drop):
    dataset.add_command(command)
