"""The house rules that no tool checks: which room may import which, and how long things may be."""

from __future__ import annotations

import ast
import json
import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

#: What each room may import of this product. A new arrow is drawn here, in the open.
MAY_IMPORT = {
    "state": {"state"},
    "models": {"models", "state"},
    "memory": {"memory", "state"},
    "audit": {"audit", "state"},
    "routing": {"routing", "state"},
    "tools": {"tools", "state"},
    "training": {"training", "state"},
    "nodes": {"nodes", "state"},
    "graph": {"graph", "nodes", "state"},
    "etc": set[str](),
    "metahuman": {
        *("metahuman", "state", "models", "memory", "audit", "routing", "tools", "training"),
        *("nodes", "graph", "etc"),
    },
}
#: Folders that may import every room, and that no room imports.
OUTSIDE = {"tests", "benchmarks", "notebooks", "scripts"}
#: The one place that may catch whatever a model's library raises.
CATCHES_ALL = {"models/hierarchy.py", "metahuman/cli/__init__.py"}
FILE_LINES, NODE_LINES, FUNCTION_LINES, MEDIAN_FUNCTION_LINES = 300, 110, 60, 12

ROOT = Path(__file__).resolve().parents[1]
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Source:
    """A file of Python, or the code of a notebook."""

    place: str
    text: str

    @property
    def room(self) -> str:
        return self.place.split("/")[0]

    @cache  # noqa: B019 - these live as long as the tests
    def nodes(self) -> list[Any]:
        return list(ast.walk(ast.parse(self.text, self.place)))

    def imports(self) -> Iterator[str]:
        """Yield what is imported, wherever in the file, as whole dotted names."""
        for node in self.nodes():
            if isinstance(node, ast.Import):
                yield from (name.name for name in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield from (f"{'.' * node.level}{node.module or ''}.{name.name}" for name in node.names)

    def functions(self) -> list[tuple[int, str]]:
        """Return how long each function is, and where."""
        found = [node for node in self.nodes() if isinstance(node, Function)]
        return [((node.end_lineno or 0) - node.lineno + 1, f"{self.place}:{node.lineno}") for node in found]


def code_of(notebook: Path) -> str:
    """Return a notebook's code without the lines that are for IPython."""
    cells = [cell for cell in json.loads(notebook.read_text("utf-8"))["cells"] if cell["cell_type"] == "code"]
    lines = "\n".join("".join(cell["source"]) for cell in cells).splitlines()
    return "\n".join(line for line in lines if not line.startswith(("%", "!")))


def sources() -> list[Source]:
    """Return every source file once: the links in `metahuman` lead to rooms that are read as themselves."""
    found = [*ROOT.glob("*.py")]
    for folder in sorted(MAY_IMPORT.keys() | OUTSIDE):
        found.extend(path for kind in ("py", "ipynb") for path in (ROOT / folder).rglob(f"*.{kind}"))
    return [
        Source(path.relative_to(ROOT).as_posix(), code_of(path) if path.suffix == ".ipynb" else path.read_text("utf-8"))
        for path in found
        if not any(above.is_symlink() for above in path.parents)
    ]


SOURCES = sources()
PRODUCT = [source for source in SOURCES if source.room in MAY_IMPORT]


def room_of(name: str) -> str | None:
    """Return the room that an imported name belongs to; None if it is not of this product."""
    first, *rest = name.split(".")
    if first in OUTSIDE:
        return first
    if first != "metahuman":
        return None
    return rest[0] if rest and rest[0] in MAY_IMPORT else "metahuman"


def catches_all(node: ast.AST) -> bool:
    """Tell whether a handler takes every error and keeps it."""
    if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("suppress"):
        return any(ast.unparse(kind) in ("Exception", "BaseException") for kind in node.args)
    if not isinstance(node, ast.ExceptHandler):
        return False
    kinds = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
    names = {ast.unparse(kind) for kind in kinds if kind}
    passes_on = names == {"BaseException"} and ast.unparse(node.body[-1]) == "raise"
    return not names or (bool(names & {"Exception", "BaseException"}) and not passes_on)


def test_every_package_is_in_the_table() -> None:
    assert {path.parent.name for path in ROOT.glob("*/__init__.py")} <= MAY_IMPORT.keys() | OUTSIDE
    assert {source.room for source in PRODUCT} | {"etc"} == MAY_IMPORT.keys()


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_a_room_imports_only_what_the_table_allows(room: str) -> None:
    allowed = MAY_IMPORT[room]
    found = [(source.place, name) for source in PRODUCT if source.room == room for name in source.imports()]
    assert [(place, name) for place, name in found if room_of(name) not in {None, *allowed}] == []


def test_rooms_are_imported_by_their_whole_name() -> None:
    """At the root of the repository `import state` works too, and makes a second copy of every class."""
    bare = MAY_IMPORT.keys() - {"metahuman"}
    found = [(source.place, name) for source in SOURCES for name in source.imports()]
    assert [(place, name) for place, name in found if name.startswith(".") or name.split(".")[0] in bare] == []


def test_only_the_router_takes_every_error() -> None:
    careful = [source for source in SOURCES if source.place not in CATCHES_ALL]
    assert [f"{source.place}:{node.lineno}" for source in careful for node in source.nodes() if catches_all(node)] == []


def test_nothing_is_mocked() -> None:
    found = [(source.place, name) for source in SOURCES for name in source.imports()]
    assert [(place, name) for place, name in found if name.startswith(("unittest.mock", "mock."))] == []


def test_files_are_short() -> None:
    lengths = {source.place: len(source.text.splitlines()) for source in SOURCES if source.room != "notebooks"}
    assert {place: lines for place, lines in lengths.items() if lines > FILE_LINES} == {}
    assert {place: n for place, n in lengths.items() if place.startswith("nodes/") and n > NODE_LINES} == {}


def test_functions_are_short() -> None:
    assert [found for source in SOURCES for found in source.functions() if found[0] > FUNCTION_LINES] == []
    lengths = [lines for source in PRODUCT for lines, _ in source.functions()]
    assert statistics.median(lengths) <= MEDIAN_FUNCTION_LINES


@pytest.mark.parametrize(
    ("code", "bad"),
    [
        ("try: f()\nexcept: pass", True),
        ("try: f()\nexcept Exception as e: raise E from e", True),
        ("try: f()\nexcept (KeyError, Exception): raise", True),
        ("try: f()\nexcept BaseException: log()", True),
        ("try: f()\nexcept BaseException:\n  tidy()\n  raise", False),
        ("try: f()\nexcept (KeyError, OSError): pass", False),
        ("with contextlib.suppress(Exception): f()", True),
        ("with suppress(KeyError): f()", False),
    ],
)
def test_the_rule_on_errors_sees_what_it_must(code: str, *, bad: bool) -> None:
    assert any(catches_all(node) for node in Source("x.py", code).nodes()) is bad


@pytest.mark.parametrize(
    ("code", "rooms"),
    [
        ("import metahuman.state.turn", ["state"]),
        ("from metahuman import state", ["state"]),
        ("def f():\n  from metahuman.api import MetaHuman", ["metahuman"]),
        ("import metahuman", ["metahuman"]),
        ("from tests.fakes import world", ["tests"]),
        ("import json", [None]),
    ],
)
def test_the_rule_on_rooms_sees_what_it_must(code: str, rooms: list[str | None]) -> None:
    assert [room_of(name) for name in Source("x.py", code).imports()] == rooms
