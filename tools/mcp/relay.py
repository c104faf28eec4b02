"""Stands between this program and a server that it started: passes on lines of bounded length, and ends with either.

It is run as a file by itself: `python -I -S relay.py NOTE LONGEST PARENT PROGRAM ARGUMENTS…`. The library that reads
a server's lines would keep one of any length in memory. What the server writes beside them, to its standard error, goes
to no screen; its end is left in the file NOTE. When the process that wanted the server has died, so does the server.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import IO

#: Bytes of what a server last wrote to its standard error that are kept.
NOTED = 2_000
#: Seconds between two looks at whether anybody still wants the server.
LOOK = 1.0
#: Seconds that a server has to end once it was told to.
GRACE = 1.0


def pass_on(source: IO[bytes], target: IO[bytes], longest: int) -> bool:
    """Pass lines on until there are no more; return whether none was longer than `longest` bytes."""
    while line := source.readline(longest + 1):
        if len(line) > longest:
            return False
        target.write(line)
        target.flush()
    return True


def keep_end(source: IO[bytes], kept: bytearray) -> None:
    """Read all there is, and keep its end."""
    while part := os.read(source.fileno(), 65_536):
        kept += part
        del kept[:-NOTED]


def end_with(parent: int) -> None:
    """End this process and all it started once its parent has died."""
    while os.getppid() == parent:
        time.sleep(LOOK)
    end_all()


def end_all(*_: object) -> None:
    """End this process and all it started: it was made the head of a group of its own."""
    if os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)


def main(note: Path, longest: int, parent: int, command: list[str]) -> int:
    """Start a server, and pass on what it says, until it ends."""
    # Told to end, the server is told too, being of the group; what does not listen has this long.
    signal.signal(signal.SIGALRM, end_all)
    signal.signal(signal.SIGTERM, lambda *_: signal.setitimer(signal.ITIMER_REAL, GRACE))
    threading.Thread(target=end_with, args=(parent,), daemon=True).start()
    try:
        server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)  # noqa: S603 - the owner's
    except OSError as error:
        note.write_text(f"{command[0]}: {error.strerror}")
        return 127
    assert server.stdout  # noqa: S101 - tells the type checker
    assert server.stderr  # noqa: S101
    kept = bytearray()
    reading = threading.Thread(target=keep_end, args=(server.stderr, kept), daemon=True)
    reading.start()
    try:
        whole = pass_on(server.stdout, sys.stdout.buffer, longest)
    except BrokenPipeError:  # nobody listens any more
        whole = True
    if not whole:
        server.kill()
        note.write_text(f"it sent a line of more than {longest} bytes")
        return 1
    code = server.wait()
    reading.join(LOOK)
    note.write_text(f"it ended with exit code {code}. {kept.decode('utf-8', 'replace')}")
    return code


if __name__ == "__main__":
    code = main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:])
    end_all()  # what the server started may still be there
    sys.exit(code)
