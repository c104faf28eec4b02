"""`metahuman route`: why a message goes where, how right that is, and how it learns from the owner."""

from __future__ import annotations

import click

from metahuman.cli.route_eval import evaluate
from metahuman.cli.route_explain import explain
from metahuman.cli.route_learning import corrections, retrain, rollback


class TextOrCommand(click.Group):
    """A group that explains whatever does not begin with one of its commands."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put `explain` before what is a text, or an option of its own."""
        if args and args[0] not in {*self.commands, *ctx.help_option_names}:
            args = ["explain", *args]
        return super().parse_args(ctx, args)


@click.group(
    cls=TextOrCommand,
    short_help="Explain where a message goes, measure that, and learn from you.",
    subcommand_metavar="TEXT | COMMAND [ARGS]...",
)
def route() -> None:
    """Explain where the message TEXT would go, and why: `explain --help` has its options. Nothing is done."""


for command in (explain, evaluate, retrain, rollback, corrections):
    route.add_command(command)
