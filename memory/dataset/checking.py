"""Whether rows may still be trained on: their shape, the gates, their memories, and that the two sides stay apart."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from metahuman.memory.dataset.building import brought_up
from metahuman.memory.dataset.choosing import doubles, key_of
from metahuman.memory.dataset.gates import held
from metahuman.memory.dataset.lineage import Look, broken_off
from metahuman.memory.dataset.places import datasets_folder, pairs_folder
from metahuman.memory.dataset.reading import lines_in
from metahuman.memory.dataset.tainting import CARD, FILES, described
from metahuman.state.curating import Pair
from metahuman.state.errors import BadChoice, SettingError
from metahuman.state.files import read_json


class Problem(NamedTuple):
    """Something wrong.

    Args:
        file: Where, inside the home.
        line: On which line; 0 for the file as a whole.
        what: What it is.
    """

    file: str
    line: int
    what: str


class Checked(NamedTuple):
    """What a check has found.

    Args:
        files: The files that were looked at.
        rows: How many rows they have.
        problems: What is wrong.
    """

    files: list[str]
    rows: int
    problems: list[Problem]


class _Row(NamedTuple):
    file: str
    line: int
    row: Pair


def checked(root: Path, look: Look, path: Path | None = None) -> Checked:
    """Look at files of rows; the pairs are brought up to the curated memories first.

    Args:
        root: The home.
        look: Returns what a memory is now.
        path: A file of rows, or a dataset's folder; by default all pairs and all datasets.

    Raises:
        BadChoice: If there is no such file or folder.
        SettingError: If `etc/adapter-builder.json` is wrong.
        StoreError: If something cannot be read.
    """
    brought_up(root)
    groups = [_files(path)] if path else [sorted(pairs_folder(root).glob("*.jsonl")), *map(_files, datasets(root))]
    problems, files, count = list[Problem](), list[str](), 0
    for group in groups:
        rows = list[_Row]()
        for file in group:
            name = _inside(root, file)
            files.append(name)
            for line in lines_in(file):
                if line.row:
                    rows.append(_Row(name, line.number, line.row))
                else:
                    problems.append(Problem(name, line.number, line.problem))
        count += len(rows)
        problems += [Problem(one.file, one.line, what) for one in rows for what in _wrong(one.row, look)]
        problems += _apart(rows)
    problems += [problem for folder in ([path] if path else datasets(root)) for problem in _card(root, folder)]
    return Checked(files, count, problems)


def datasets(root: Path) -> list[Path]:
    """Return the folders of the datasets that were built, by name."""
    found = datasets_folder(root)
    return sorted(path for path in found.iterdir() if path.is_dir()) if found.is_dir() else []


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        return [path / name for name in FILES.values() if (path / name).exists()]
    if not path.is_file():
        raise BadChoice(f"{path}: there is no such file or dataset; `metahuman dataset` lists them")
    return [path]


def _wrong(row: Pair, look: Look) -> Iterator[str]:
    for message in row["messages"]:
        yield from (f"holds a secret or personal data: {kind}" for kind in held(message["content"]))
    if why := broken_off(row, look):
        yield why


def _apart(rows: Sequence[_Row]) -> Iterator[Problem]:
    """Yield the rows with which what is tested with leaks into what is trained on."""
    tested = [one for one in rows if _side(one) == "held-out"]
    trained = [one for one in rows if _side(one) != "held-out"]
    talks = {_talk(one.row) for one in tested}
    like = doubles([one.row for one in (*tested, *trained)])
    for place, one in enumerate(trained, start=len(tested)):
        if _talk(one.row) in talks:
            yield Problem(one.file, one.line, "its conversation is held out elsewhere")
        elif like.get(place, len(tested)) < len(tested):
            yield Problem(
                one.file, one.line, f"says nearly the same as {_told(tested[like[place]])}, which is held out"
            )
    yield from _twice(rows)


def _twice(rows: Iterable[_Row]) -> Iterator[Problem]:
    seen = dict[str, _Row]()
    for one in rows:
        first = seen.setdefault(key_of(one.row), one)
        if first is not one:
            yield Problem(one.file, one.line, f"its memory has a row already: {_told(first)}")


def _card(root: Path, folder: Path) -> Iterator[Problem]:
    """Yield what is wrong with the card of a dataset; a folder or file without one has none to be wrong."""
    path = folder / CARD
    if not folder.is_dir():
        return
    name = _inside(root, path)
    if not path.exists():
        yield Problem(name, 0, "is missing: the dataset was not written to its end; build it again")
        return
    try:
        card = read_json(path)
    except SettingError as error:
        yield Problem(name, 0, error.problem)
        return
    tainted, files = card.get("tainted"), card.get("files")
    if tainted:
        yield Problem(name, 0, str(tainted.get("reason", "")) if isinstance(tainted, dict) else "is tainted")
    for file in FILES.values():
        if not isinstance(files, dict) or files.get(file) != described(folder / file):
            yield Problem(name, 0, f"{file} is not as the card says: it was changed, or not written to its end")


def _side(one: _Row) -> Any:
    """Return the side that a row is on: its file's, or else its own."""
    name = Path(one.file).name
    return next((side for side, file in FILES.items() if file == name), one.row["metadata"].get("split"))


def _talk(row: Pair) -> str:
    return str(row["metadata"].get("conversationId") or row["metadata"]["sourceId"])


def _told(one: _Row) -> str:
    return f"line {one.line} of {one.file}"


def _inside(root: Path, path: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)
