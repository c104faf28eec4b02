"""A server of the Model Context Protocol as people write them: `python a_server.py stdio`, or `… http PORT`."""

from __future__ import annotations

import os
import sys

from mcp.server.fastmcp import FastMCP, Image

server = FastMCP("tried", port=int(sys.argv[2]) if len(sys.argv) > 2 else 8000, log_level="CRITICAL")


@server.tool()
def add(left: int, right: int = 1) -> int:
    """Add two numbers."""
    return left + right


@server.tool()
def fail() -> str:
    """Fail."""
    raise ValueError("there is no\nsuch thing")


@server.tool()
def picture() -> Image:
    """Answer with a picture."""
    return Image(data=b"\x89PNG" + bytes(302), format="png")


@server.tool()
def flood(size: int) -> str:
    """Answer with very much."""
    return "x" * size


@server.tool()
def crash() -> str:
    """End the process."""
    os._exit(3)


if __name__ == "__main__":
    server.run("stdio" if sys.argv[1] == "stdio" else "streamable-http")
