"""`metahuman memory`: what the twin remembers."""

from __future__ import annotations

import click

from metahuman.cli.memory_change import add, edit
from metahuman.cli.memory_check import audit, reindex, sync, verify
from metahuman.cli.memory_export import export
from metahuman.cli.memory_find import list_memories, search
from metahuman.cli.memory_forget import forget
from metahuman.cli.memory_import import import_memories
from metahuman.cli.memory_migrate import migrate
from metahuman.cli.memory_show import show
from metahuman.cli.memory_stats import stats


class InOrder(click.Group):
    """A group that lists its commands in the order they were added."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands in the order people meet them."""
        return list(self.commands)


@click.group(
    cls=InOrder, short_help="See, find, change, bring in and forget what is remembered.", invoke_without_command=True
)
@click.pass_context
def memory(ctx: click.Context) -> None:
    """See, find, change, bring in and forget what is remembered; alone, counts it."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(stats)


for command in (stats, list_memories, search, show, add, edit, forget, import_memories, export):
    memory.add_command(command)
for command in (verify, sync, reindex, audit, migrate):
    memory.add_command(command)
