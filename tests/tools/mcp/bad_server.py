"""A server of the Model Context Protocol that misbehaves, spoken to over stdio: `python bad_server.py [broken|never]`.

It is written without the library, which takes a second to load: a test starts it several times.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def hang() -> str:
    time.sleep(600)
    return ""


def deaf() -> str:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    return hang()


def crash() -> str:
    os._exit(3)


def spawn(note: str = "") -> str:
    child = subprocess.Popen(["sleep", "600"])
    Path(note).write_text(f"{os.getpid()} {child.pid}")
    return "started"


def flood(size: int = 0) -> str:
    return "x" * size


def endless() -> str:
    while True:
        os.write(1, b"x" * 1_000_000)


def environment() -> str:
    return ",".join(sorted(os.environ))


def add(left: int = 0, right: int = 1) -> str:
    return str(left + right)


def noise() -> str:
    sys.stdout.write("this is no message\n{}\n")
    return "said"


TOOLS: dict[str, Callable[..., str]] = {
    tool.__name__: tool for tool in (add, crash, deaf, endless, environment, flood, hang, noise, spawn)
}


def answered(method: str, params: dict[str, Any]) -> dict[str, Any]:
    if method == "initialize":
        known = {"protocolVersion": params["protocolVersion"], "capabilities": {"tools": {}}}
        return {**known, "serverInfo": {"name": "bad", "version": "1"}}
    if method == "tools/list":
        return {"tools": [{"name": name, "inputSchema": {"type": "object"}} for name in TOOLS]}
    text = TOOLS[params["name"]](**params["arguments"])
    return {"content": [{"type": "text", "text": text}]}


if __name__ == "__main__":
    sys.stderr.write("I am starting\n")
    if sys.argv[1:] == ["never"]:
        time.sleep(600)
    if sys.argv[1:] == ["broken"]:
        sys.exit("there is no key")
    for line in sys.stdin:
        asked = json.loads(line)
        if "id" in asked:
            result = answered(asked["method"], asked.get("params") or {})
            sys.stdout.write(json.dumps({"jsonrpc": "2.0", "id": asked["id"], "result": result}) + "\n")
            sys.stdout.flush()
