"""How long a person waits: for help, for the first word of a fresh process, for the whole answer; and its memory.

    python benchmarks/startup.py [--runs 5]

Runs the installed command line on the embedded model, in a home that is thrown away. Whole processes are timed from
outside, and peak memory is the operating system's own count of each finished process.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

QUESTION = "Hello, who are you?"


def run(home: str, *arguments: str) -> tuple[float, float, float]:
    """Run one command; return seconds to its first byte of output and to its end, and its peak memory in MB."""
    command = [sys.executable, "-m", "metahuman", "--home", home, *arguments]
    started = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        process.stdout.read(1)
        first = time.perf_counter() - started
        process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} failed")
    unit = 1e6 if platform.system() == "Darwin" else 1e3  # macOS counts bytes, Linux kilobytes
    return first, time.perf_counter() - started, usage.ru_maxrss / unit


def table(name: str, homes: list[str], *arguments: str) -> None:
    """Print the medians of one run in each home, and their spread."""
    measured = [run(home, *arguments) for home in homes]
    firsts, ends, peaks = zip(*measured, strict=True)
    spread = f"{min(firsts):.2f}-{max(firsts):.2f}"
    median = statistics.median
    print(f"| {name} | {median(firsts):.2f} | {spread} | {median(ends):.2f} | {max(peaks):.0f} |")


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    arguments.add_argument("--runs", type=int, default=5)
    runs = arguments.parse_args().runs
    print(f"{platform.platform()}, Python {platform.python_version()}, {os.cpu_count()} cores, {runs} runs each\n")
    print("| command | first output s (median) | spread | end s (median) | peak MB |")
    print("|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        homes = [str(Path(folder) / str(number)) for number in range(runs)]
        table("`metahuman --help`", homes, "--help")
        table("`metahuman ask`, a first start", homes, "ask", QUESTION)
        table("`metahuman ask`, a second start, same thread", homes, "ask", QUESTION)


if __name__ == "__main__":
    main()
