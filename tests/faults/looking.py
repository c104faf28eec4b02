"""What is looked for in a home after a day that went wrong: each thing that must not be is told in a line."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from metahuman.home import Home
from metahuman.memory.curation.cleaning import found_in
from metahuman.memory.curation.preparing import source_hash
from metahuman.memory.dataset.tainting import CARD, described
from metahuman.memory.store.syncing import sync
from metahuman.memory.store.verifying import verify
from metahuman.opening import open_registry
from metahuman.state.errors import MetaHumanError
from tests.faults.facts import Promised, promised
from tests.faults.forks import Tell
from tests.faults.going_on import go_on
from tests.keepers import keeper_of

#: Seconds that a lock may take to be free.
PATIENCE = 0.5
#: What is a person's own, or another program's, or was set aside because it could not be read.
OTHERS = {"files", "trash", "earlier-datasets"}


def look_at(home: Path, facts: Sequence[dict[str, Any]], tell: Tell, *, spared: str = "") -> None:
    """Look at a home, and tell what must not be.

    Args:
        home: The home.
        facts: What was told to be done in it.
        tell: Is told each finding, and what was only counted.
        spared: A file that was spoilt on purpose, inside the home.
    """
    known = promised(facts)
    for wrong in (*whole(home, spared), *locked(home), *_registry(home, spared)):
        tell({"wrong": wrong})
    tell({"litter": len(litter(home))})
    go_on(home, known, tell, spared)
    for look in (memories, curated, rows, kept_files):
        for wrong in look(home, known, spared):
            tell({"wrong": wrong})
    tell({"looked": True})


def whole(home: Path, spared: str = "") -> Iterator[str]:
    """Yield the files that are half written: JSON, or lines of it, that cannot be read."""
    for path in _ours(home, spared, ".json", ".jsonl", ".ndjson"):
        data = path.read_bytes()
        for number, text in enumerate([data] if path.suffix == ".json" else data.splitlines(), 1):
            try:
                json.loads(text)
            except ValueError:
                yield f"half: {path.relative_to(home)}, line {number}: {text[:60]!r}"


def litter(home: Path) -> list[Path]:
    """Return files that somebody began to write and that took nobody's place."""
    return [path for path in home.rglob(".*.tmp") if path.is_file()]


def locked(home: Path) -> Iterator[str]:
    """Yield the locks that are still held."""
    for path in home.rglob("*.lock"):
        try:
            FileLock(path, timeout=PATIENCE).acquire().lock.release()
        except Timeout:
            yield f"locked: {path.relative_to(home)}"


def memories(home: Path, known: Promised, spared: str = "") -> Iterator[str]:
    """Yield the memories that are lost, there twice, or forgotten and still there; and where the index differs."""
    with keeper_of(home) as keeper:
        with keeper.writing():
            pass  # settles what a writer that died has left
        if not keeper.index.filled:
            sync(keeper)
        found = verify(keeper)
        told = [*found.missing, *found.differing, *found.gone, *found.faults]
        yield from (f"index: {one}" for one in told if not spared)
    held = dict[str, dict[str, Any]]()
    counts = Counter[str]()
    for path in _ours(home, spared, ".json", inside="memory/episodic"):
        value = json.loads(path.read_bytes())
        held[value["id"]] = value
        counts[value["id"]] += 1
    lost = Path(spared).stem if spared.startswith("memory/episodic") else ""
    yield from (f"twice: memory {name}" for name, count in counts.items() if count > 1)
    yield from (f"forgotten, and there: memory {name}" for name in known.dropped if name in held)
    yield from _lost(known, held, lost)


def _lost(known: Promised, held: dict[str, dict[str, Any]], spared: str) -> Iterator[str]:
    for name, words in known.memories.items():
        if name != spared and words not in _words(held.get(name)):
            yield f"lost: memory {name}: {words}"
    for name, words in known.edits.items():
        if name != spared and (held.get(name) or {}).get("response") != words:
            yield f"lost: edit of memory {name}: {words}"
    for turn in known.turns:
        name = turn["memory"]
        if name and name != spared and turn["turn"] not in _words(held.get(name)):
            yield f"lost: memory {name} of the turn {turn['turn']}"


def _words(memory: dict[str, Any] | None) -> str:
    """Return what a memory says; of one that stands for others like it, all that there is."""
    if memory is None:
        return ""
    return str(memory.get("content"))


def curated(home: Path, known: Promised, spared: str = "") -> Iterator[str]:
    """Yield the memories that are marked as curated, with no curated copy of what they say."""
    copies = dict[str, str]()
    for path in _ours(home, spared, ".json", inside="memory/curated/conversations"):
        copy = json.loads(path.read_bytes())
        if copy["id"] in copies:
            yield f"twice: curated copy of {copy['id']}"
        copies[copy["id"]] = copy["source"]["hash"]
    for path in _ours(home, spared, ".json", inside="memory/episodic"):
        memory = json.loads(path.read_bytes())
        marked = memory.get("metadata", {}).get("curated") and not _edited(memory, known)
        if marked and copies.get(memory["id"]) != source_hash(memory) and memory["id"] not in spared:
            yield f"unfounded: {memory['id']} is marked as curated, and no copy is of it"


def _edited(memory: dict[str, Any], known: Promised) -> bool:
    return memory["id"] in known.edits


def rows(home: Path, known: Promised, spared: str = "") -> Iterator[str]:
    """Yield the rows that nobody may learn from: flagged, or of a memory that was forgotten; and unfounded datasets."""
    for path in _ours(home, spared, ".jsonl", inside="memory/curated", also="out/datasets"):
        for number, line in enumerate(path.read_bytes().splitlines(), 1):
            row = json.loads(line)
            where = f"{path.relative_to(home)}, line {number}"
            if flags := found_in(json.dumps(row["messages"])):
                yield f"flagged: {where}: {flags[0]}"
            if row["metadata"]["sourceId"] in known.dropped:
                yield f"forgotten, and in a row: {where}"
    for name in known.datasets:
        folder = home / "out" / "datasets" / name
        if spared.startswith(f"out/datasets/{name}/"):
            continue
        if not (folder / CARD).exists():
            yield f"lost: dataset {name}"
            continue
        files = json.loads((folder / CARD).read_bytes())["files"]
        yield from (f"half: dataset {name}: {file}" for file in files if files[file] != described(folder / file))


def kept_files(home: Path, known: Promised, spared: str = "") -> Iterator[str]:
    """Yield what is lost of files that tools wrote, tasks, modes, corrections and voices."""
    for name, text in known.files.items():
        path = home / "files" / name
        if f"files/{name}" != spared and (not path.exists() or path.read_text() != text):
            yield f"lost: files/{name} does not hold {text!r}"
    tasks = _ours(home, spared, ".json", inside="memory/tasks")
    titles = {json.loads(path.read_bytes()).get("title") for path in tasks}
    if not spared.startswith("memory/tasks"):
        yield from (f"lost: task {title}" for title in known.tasks if title not in titles)
    mode = home / "persona" / "cognitive-mode.json"
    if known.modes and "cognitive-mode" not in spared:
        now = json.loads(mode.read_bytes())["currentMode"] if mode.exists() else "dual"
        if now not in known.modes.values() and len(known.modes) > 1:
            yield f"lost: the mode is {now}, and {known.modes} was switched to"
    lines = home / "routing" / "corrections.jsonl"
    corrected = lines.read_text() if lines.exists() and "corrections" not in spared else ""
    if "corrections" not in spared:
        yield from (f"lost: correction of the route of {turn}" for turn in known.corrections if turn not in corrected)
    yield from _voices(home, known, spared)


def _voices(home: Path, known: Promised, spared: str) -> Iterator[str]:
    if spared != "etc/models.json":
        models = json.loads((home / "etc" / "models.json").read_bytes())["models"]
        for name, there in known.voices.items():
            if (name in models) != there:
                yield f"lost: voice {name} was {'registered' if there else 'taken out'}"


def _registry(home: Path, spared: str) -> Iterator[str]:
    try:
        open_registry(Home(home))
    except MetaHumanError as error:
        if spared != "etc/models.json":
            yield f"registry: {error}"


def _ours(home: Path, spared: str, *kinds: str, inside: str = "", also: str = "") -> Iterator[Path]:
    """Yield this program's files of some kinds, but for the one that was spoilt."""
    for folder in (inside, also) if also else (inside,):
        for path in sorted((home / folder).rglob("[!.]*")):
            place = path.relative_to(home)
            if path.suffix in kinds and path.is_file() and OTHERS.isdisjoint(place.parts) and str(place) != spared:
                yield path
