"""`metahuman cycle pods` and `drop`: what was left on other machines."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from metahuman.home import Home


@click.command(short_help="See the rented machines that may still run, and give them back.")
@click.option("--terminate", is_flag=True, help="Give them back now.")
@click.pass_obj
def pods(home: Home, *, terminate: bool) -> None:
    """See the rented machines that may still run: an earlier cycle died before it gave them back.

    The next cycle at RunPod gives them back too.
    """
    from metahuman.cli.text import plain
    from metahuman.voice.remote import rented_pods

    names = asyncio.run(_give_back(home)) if terminate else rented_pods(home)
    told = "given back" if terminate else "may still run; --terminate gives it back"
    for name in names:
        click.echo(plain(f"{name}: {told}"))
    if not names:
        click.echo("no pod is left")


@click.command(short_help="End the cycle that is under way, on the other machine too.")
@click.pass_obj
def drop(home: Home) -> None:
    """End the cycle that is under way: what runs on another machine is stopped, and its folder there deleted.

    What was made here stays: curated memories, datasets, runs.
    """
    asyncio.run(_drop(home))
    click.echo("no cycle is under way any more")


async def _give_back(home: Home) -> list[str]:
    from metahuman.agents.alone import alone
    from metahuman.voice.cycle import NAME
    from metahuman.voice.remote import give_back

    async with alone(home, NAME):  # else it would take the pod of one that is at work
        return await give_back(home)


async def _drop(home: Home) -> None:
    from metahuman.agents.alone import alone
    from metahuman.voice.cycle import NAME, forget, load
    from metahuman.voice.remote import clear_elsewhere, where_of
    from metahuman.voice.runs import find_run

    async with alone(home, NAME):
        found = load(home)
        if found and found.run and found.where.startswith(("ssh:", "runpod")) and "train" not in found.done:
            await clear_elsewhere(home, find_run(home, found.run, finished=False).folder, where_of(found.where))
        forget(home)
