"""A folder of MetaHuman OS, or a home of this program: the files of `memory/episodic`, kept as they are.

MetaHuman OS has a folder for each day (`YYYY/MM/DD`), others by kind above the year's (`dreams`, `audio`,
`reflections`, …), and a profile for each user (`profiles/<name>/memory/episodic`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, ValidationError

from metahuman.memory.importing.parts import Part
from metahuman.memory.importing.taking import Taking
from metahuman.memory.importing.values import as_dict, as_text, loads, moment, name_of, own_id
from metahuman.state.memories import Memory, Metadata
from metahuman.state.moments import iso

#: Bytes of the longest file that can be one memory.
LONGEST_FILE = 16 * 2**20
EPISODIC = "episodic/"
LISTS = ("tags", "entities", "links")


def home_of(name: str) -> str:
    """Return the folder of the home that a memory's file belongs to; "." for the one that was named itself."""
    return name.partition(EPISODIC)[0].removesuffix("memory/").rstrip("/") or "."


class MetaHumanReader:
    """Reads the memories of a home or of MetaHuman OS."""

    def wants(self, name: str) -> bool:
        """Tell whether a file holds a memory, by its path."""
        folder, _, last = name.rpartition("/")
        return EPISODIC in f"{folder}/" and last.endswith(".json")

    def aside(self, name: str) -> str:
        """Return why a file is left out."""
        if EPISODIC in name:
            return "encrypted files; unlock them in MetaHuman OS first" if ".json." in name else ""
        return "persona/core.json, which is not copied unasked" if name.endswith("persona/core.json") else ""

    def read(self, part: Part, taking: Taking) -> Iterator[Memory]:
        """Yield the memory in a file."""
        taking.report.read += 1
        if part.size > LONGEST_FILE:
            taking.report.fault(f"longer than {LONGEST_FILE:,} bytes", part.name)
            return
        with part.text(taking.report) as text:
            value = loads(text.read())
        found = mended(value, f"metahuman: {part.name}", taking)
        if isinstance(found, Memory):
            yield found
        else:
            taking.report.skip(found, part.name)


def mended(value: object, source: str, taking: Taking) -> Memory | str:
    """Return a memory from a file or line, with all that it holds; or why it is none.

    What is missing is filled in, and what has another form is put right where nothing is lost by it: a word in the
    place of a list, an id that can name no file.

    Args:
        value: What the file holds.
        source: Where it stood, if it does not say so itself.
        taking: Tells what the owner consents to; the memory's own no stands against a yes.
    """
    memory = _without_none(as_dict(value), Memory)
    at = moment(memory.get("timestamp"))
    if not as_text(memory.get("content")):
        return "no content"
    if at is None:
        return "no timestamp, or none that can be read"
    memory |= {key: _listed(memory[key]) for key in LISTS if key in memory}
    metadata = {"source": source} | _without_none(as_dict(memory.get("metadata")), Metadata)
    metadata["trainingConsent"] = taking.consent and metadata.get("trainingConsent") is not False
    memory |= {"metadata": metadata, "timestamp": _timestamp(memory["timestamp"]) or iso(at)}
    memory["id"] = own_id(memory.get("id")) or name_of(
        "memory", f"{at:%Y%m%d}", str(memory.get("id")), memory["content"]
    )
    try:
        return Memory.model_validate(memory)
    except ValidationError as error:
        wrong = error.errors()[0]
        return f"{'.'.join(str(key) for key in wrong['loc'])}: {wrong['msg']}"


def _without_none(value: dict[str, Any], model: type[BaseModel]) -> dict[str, Any]:
    """Return an object without the null fields that may not be null: they have defaults."""
    never = {field.alias or name for name, field in model.model_fields.items() if field.default is not None}
    return {key: item for key, item in value.items() if item is not None or key not in never}


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _timestamp(value: object) -> str:
    """Return a timestamp as it stands, if a memory can have it so; else ""."""
    text = value if isinstance(value, str) else ""
    try:
        return text if text[:4].isdigit() and Memory(id="x", timestamp=text, content="x").at else ""
    except (ValidationError, OverflowError):
        return ""


METAHUMAN = MetaHumanReader()
