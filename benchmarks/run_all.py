"""Runs every benchmark and writes what each printed into `benchmarks/RESULTS.md`.

    python benchmarks/run_all.py [--data DIR] [--peers PYTHON] [--only NAME ...] [--list]

What needs public sets reads them from DIR and is left out without it; PYTHON has what the extra `bench` names, to be
compared with. A run takes hours and wants a machine with
nothing else to do; with `--only`, the others keep the results that they had. `benchmarks/results/` holds them one by
one: when, on which machine, with which versions, what was printed, and the raw figures where a benchmark gives them.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, NamedTuple

import psutil

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.plots import draw
from benchmarks.results import FOLDER, write_page
from metahuman.state.files import read_json, write_json

ROOT = Path(__file__).resolve().parents[1]
#: Packages whose versions may move a figure.
PACKAGES = (
    "langgraph",
    "langchain-core",
    "langgraph-checkpoint-sqlite",
    "llama-cpp-python",
    "numpy",
    "pydantic",
    "torch",
)


class Part(NamedTuple):
    """A benchmark as it is run for the page.

    Args:
        name: Its file's, without the ending.
        options: What it is told.
        data: Whether it reads public sets.
        figures: Whether it can write raw figures.
        peers: Whether it can be told of a Python that has others to compare with.
    """

    name: str
    options: tuple[str, ...] = ()
    data: bool = False
    figures: bool = True
    peers: bool = False


PARTS = (
    Part("startup", figures=False),
    Part("turn", peers=True),
    Part("threads", ("--turns", "10000")),
    Part("models", figures=False),
    Part("routing", data=True),
    Part("memory", data=True),
    Part("curation", data=True),
    Part("injection", data=True),
    Part("agent_dojo"),
    Part("operator_step", figures=False),
    Part("specialists"),
    Part("adapters"),
    Part("voice", data=True),
    Part("audit", figures=False),
    Part("server", figures=False),
    Part("load"),
    Part("faults"),
)


def run(part: Part, data: Path | None, peers: str | None) -> bool:
    """Run a benchmark and keep what came of it; return whether it ended well.

    Args:
        part: Which.
        data: The public sets.
        peers: A Python that has others to compare with.
    """
    with tempfile.TemporaryDirectory() as folder:
        raw, script = Path(folder) / "figures.json", f"benchmarks/{part.name}.py"
        told = {"--data": part.data and data, "--peers": part.peers and peers, "--json": part.figures and raw}
        options = [word for option, value in told.items() if value for word in (option, str(value))]
        started, moment = time.monotonic(), datetime.now(UTC)
        ended, printed = _shown([sys.executable, script, *part.options, *options])
        if ended:
            return False
        result = {
            "name": part.name,
            "command": " ".join(["python", script, *part.options, *(("--data", "DIR") if part.data else ())]),
            "date": moment.strftime("%Y-%m-%d"),
            "seconds": round(time.monotonic() - started),
            "machine": machine(),
            "output": [line for line in printed if not line.startswith('{"event"')],
            "figures": read_json(raw) if raw.exists() else None,
        }
    write_json(FOLDER / f"{part.name}.json", result)
    draw(result)
    return True


def _shown(command: Sequence[str]) -> tuple[int, list[str]]:
    """Run a program, show what it prints, and return its exit status and that."""
    printed, environment = list[str](), {"PYTHONUNBUFFERED": "1", "COLUMNS": "110", **os.environ}
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, env=environment) as process:
        for line in process.stdout or ():
            print(line, end="", flush=True)
            printed.append(line.rstrip())
    return process.returncode, printed


def machine() -> dict[str, Any]:
    """Return what the figures were measured on."""
    return {
        "platform": platform.platform(terse=True),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memoryGiB": round(psutil.virtual_memory().total / 2**30),
        "python": platform.python_version(),
        "packages": {name: version for name in PACKAGES if (version := _version(name))},
    }


def _processor() -> str:
    """Return what the processor calls itself."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def main(arguments: Sequence[str] | None = None) -> None:
    """Run what is asked for, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="the public sets, a folder each")
    parser.add_argument("--peers", metavar="PYTHON", help="a Python that has the extra `bench`")
    parser.add_argument("--only", nargs="+", choices=[part.name for part in PARTS], metavar="NAME")
    parser.add_argument("--list", action="store_true", help="only say what there is")
    asked = parser.parse_args(arguments)
    chosen = [part for part in PARTS if not asked.only or part.name in asked.only]
    if asked.list:
        print("\n".join(f"{part.name}{' (needs --data)' if part.data else ''}" for part in chosen))
        return
    data, failed = asked.data.resolve() if asked.data else None, list[str]()
    for part in chosen:
        print(f"\n# {part.name}", flush=True)
        if part.data and data is None:
            print("left out: it needs --data")
        elif not run(part, data, asked.peers):
            failed.append(part.name)
    write_page()
    if failed:
        sys.exit(f"failed: {', '.join(failed)}; what they had before stays")


if __name__ == "__main__":
    main()
