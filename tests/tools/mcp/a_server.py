"""A server of the Model Context Protocol that also misbehaves: `python a_server.py [stdio|http PORT]`."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from mcp.server.fastmcp import FastMCP, Image

server = FastMCP("tried", port=int(sys.argv[2]) if len(sys.argv) > 2 else 8000, log_level="CRITICAL")


@server.tool()
def add(left: int, right: int = 1) -> int:
    """Add two numbers."""
    return left + right


@server.tool(name="odd.name with spaces")
def odd() -> str:
    """Has a name that no model takes."""
    return "odd"


@server.tool()
def environment() -> str:
    """Tell the names in the environment."""
    return ",".join(sorted(os.environ))


@server.tool()
def fail() -> str:
    """Fail."""
    raise ValueError("there is no\nsuch thing")


@server.tool()
def crash() -> str:
    """End the process."""
    os._exit(3)


@server.tool()
def hang() -> str:
    """Never answer, and do not listen to being ended."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(600)
    return ""


@server.tool()
def spawn(note: str) -> str:
    """Start another process, and write down both ids."""
    child = subprocess.Popen(["sleep", "600"])
    Path(note).write_text(f"{os.getpid()} {child.pid}")
    return "started"


@server.tool()
def flood(bytes_: int) -> str:
    """Answer with very much."""
    return "x" * bytes_


@server.tool()
def endless() -> str:
    """Write one line that never ends."""
    while True:
        os.write(1, b"x" * 1_000_000)


@server.tool()
def picture() -> Image:
    """Answer with a picture."""
    return Image(data=b"\x89PNG" + bytes(300), format="png")


if __name__ == "__main__":
    sys.stderr.write("I am starting\n")
    if sys.argv[1] == "never":
        time.sleep(600)
    if sys.argv[1] == "broken":
        sys.exit("there is no key")
    server.run("stdio" if sys.argv[1] == "stdio" else "streamable-http")
