"""`metahuman serve`: the twin over HTTP."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from metahuman.home import Home
    from metahuman.server.settings import Settings


@click.command(short_help="Serve the page, the API, and OpenAI's protocol.")
@click.option("--host", default="127.0.0.1", show_default=True, metavar="ADDRESS", help="The address to listen at.")
@click.option("--port", type=click.IntRange(0, 65_535), default=8420, show_default=True, help="0 for any free one.")
@click.option("--token-file", type=click.Path(path_type=Path), metavar="FILE", help="The file that holds the token.")
@click.option("--new-token", is_flag=True, help="Make a token, print it once, and keep it in the home.")
@click.option("--name", "names", multiple=True, metavar="HOST", help="A host name it is called by; may be repeated.")
@click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="How many processes serve.")
@click.option(
    "--rate", type=click.IntRange(1), default=50, show_default=True, help="Requests a second that a client may make."
)
@click.option("--no-agents", is_flag=True, help="Leave what the twin does by itself to another program.")
@click.pass_obj
def serve(
    home: Home,
    host: str,
    port: int,
    token_file: Path | None,
    names: tuple[str, ...],
    workers: int,
    rate: int,
    *,
    new_token: bool,
    no_agents: bool,
) -> None:
    """Serve the page, the API and OpenAI's protocol until Ctrl-C or SIGTERM, and run the agents when they are due.

    Only this machine can reach it. At any other address clients must show a token: that of METAHUMAN_TOKEN, of
    --token-file, or of --new-token.
    """
    from metahuman.server.running import run
    from metahuman.server.settings import BURST, Limits, Settings
    from metahuman.server.tokens import find_token

    home.create()
    token = find_token(home, host, token_file, new=new_token)
    limits, called = Limits(rate=rate, burst=rate * BURST), tuple(name.lower() for name in names)
    settings = Settings(host, port, token, called, agents=not no_agents, limits=limits)
    if new_token:
        click.echo(f"token: {token}")
    run(_serve(home, settings, workers))


async def _serve(home: Home, settings: Settings, workers: int) -> None:
    from metahuman.server.running import bind, url_of
    from metahuman.server.workers import Work

    listener = bind(settings)
    who = "who shows the token" if settings.token else "this machine only"
    by = f"{workers} workers · " if workers > 1 else ""
    began = f"MetaHuman at {url_of(listener, settings)}\nhome {home.root} · {by}for {who} · Ctrl-C ends"
    work = Work(home, settings, listener, partial(click.echo, began), _say)
    await (work.run() if workers == 1 else work.share(workers))


def _say(line: str) -> None:
    from metahuman.cli.text import plain

    click.echo(plain(" ".join(line.split())))
