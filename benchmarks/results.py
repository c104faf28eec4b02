"""The page of results, made from what the benchmarks left; and the figures that stand in it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from metahuman.state.files import read_json

HERE = Path(__file__).resolve().parent
FOLDER, PAGE = HERE / "results", HERE / "RESULTS.md"
_HEAD = """# Results

What the benchmarks printed, each with the day and the machine. `make bench` writes this page; do not edit it. The raw
figures are in [results](results).
"""
#: A figure: a sign, digits in threes or not, and what comes after the point.
_FIGURE = re.compile(r"(?<![\w.])(?:\d{1,3}(?:,\d{3})+|\d+)?(?:\.\d+)?", re.ASCII)
#: Where a page says whose figures stand in it, and where that ends.
_MEASURED = re.compile(r"<!-- measured: ([\w ]+) -->\n(.*?)<!-- /measured -->", re.DOTALL)


def results() -> list[dict[str, Any]]:
    """Return what each benchmark left, by name."""
    return [read_json(path) for path in sorted(FOLDER.glob("*.json"))]


def page() -> str:
    """Return the page."""
    return "\n".join([_HEAD, *map(_section, results())])


def write_page() -> None:
    """Write the page."""
    PAGE.write_text(page(), "utf-8")


def unfounded(text: str, folder: Path = FOLDER) -> list[str]:
    """Return the figures of a page that no benchmark gave, as far as the page says which it has them from.

    A figure is a benchmark's if that printed it, or one that rounds to it; its sign is not looked at.

    Args:
        text: The page. What stands between `<!-- measured: NAME ... -->` and `<!-- /measured -->` is looked at.
        folder: Where what they printed is.
    """
    found = []
    for names, block in _MEASURED.findall(text):
        outputs = "\n".join(line for name in names.split() for line in read_json(folder / f"{name}.json")["output"])
        known = {float(figure.replace(",", "")) for figure in _figures(outputs)}
        found += [f"{figure} ({names})" for figure in _figures(block) if not _is_one(figure, known)]
    return found


def _figures(text: str) -> Iterator[str]:
    return (one.group() for one in _FIGURE.finditer(text) if one.group())


def _is_one(figure: str, known: set[float]) -> bool:
    value, places = float(figure.replace(",", "")), len(figure.partition(".")[2])
    return any(abs(value - one) <= 0.5000001 * 10**-places for one in known)


def _section(result: Mapping[str, Any]) -> str:
    """Return what a benchmark has on the page."""
    on, about = result["machine"], (ast.get_docstring(ast.parse(_source(result["name"]))) or "").partition("\n")[0]
    packages = ", ".join(f"{name} {version}" for name, version in on["packages"].items())
    machine = f"{on['processor']}, {on['cores']} cores, {on['memoryGiB']} GiB, {on['platform']}, Python {on['python']}"
    told = f"{result['date']}, {result['seconds']} s. {machine}; {packages}."
    drawn = [f"![{path.stem}](results/{path.name})" for path in sorted(FOLDER.glob(f"{result['name']}*.png"))]
    output = "\n".join(result["output"]).strip("\n")
    parts = [f"## {result['name']}", about, f"`{result['command']}`", told, *drawn, f"```text\n{output}\n```"]
    return "\n\n".join(parts) + "\n"


def _source(name: str) -> str:
    return (HERE / f"{name}.py").read_text("utf-8")
