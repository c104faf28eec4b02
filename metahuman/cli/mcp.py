"""`metahuman mcp`: the twin for other programs, over the Model Context Protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from mcp.server.fastmcp import FastMCP

    from metahuman.home import Home


@click.command(short_help="Let other programs ask the twin, over the Model Context Protocol.")
@click.option("--http", "port", type=click.IntRange(1, 65_535), metavar="PORT", help="Listen there, on this machine.")
@click.option("--allow-writes", is_flag=True, help="Let them add to memory and tasks, and have tools called.")
@click.pass_obj
def mcp(home: Home, port: int | None, *, allow_writes: bool) -> None:
    """Let other programs ask the twin, search its memory and list its tasks, over the Model Context Protocol.

    They start this command themselves and talk with it on standard input and output; with --http it listens instead,
    and asks for the token that it names. Nothing is written unless you say --allow-writes.
    """
    try:
        from metahuman.mcp_server import build
    except ModuleNotFoundError as error:
        raise click.ClickException(f"{error.name} is not installed: `pip install 'metahuman[mcp]'`") from error
    from metahuman.api import MetaHuman

    with MetaHuman(home) as twin:
        server = build(twin, writes=allow_writes, port=port or 0)
        if port is None:
            server.run("stdio")
        else:
            _listen(home, server)


def _listen(home: Home, server: FastMCP) -> None:
    from metahuman.mcp_server import serve_http, token_of

    token = token_of(home)
    address = f"http://127.0.0.1:{server.settings.port}/mcp"
    click.echo(f"Serving {address} · Authorization: Bearer {token}", err=True)
    serve_http(server, token)
