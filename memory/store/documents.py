"""Memories as the index has them, and as their files give them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from metahuman.memory.hygiene.edits import fact_signs, noise_of, response_of
from metahuman.memory.hygiene.told import content_of
from metahuman.memory.index import Document, Stamp
from metahuman.memory.recall.words import stems
from metahuman.state.errors import SettingError
from metahuman.state.files import whole
from metahuman.state.memories import Memory

#: The type, in the index only, of a memory that says nothing: it keeps its place in its thread and is never found.
NOISE = "noise"
#: Where an entity, as MetaHuman OS and others keep them, has its name.
_NAMES = ("name", "text", "label", "value", "title")
_REMEDY = "mend it, or move the file away"


def document_of(memory: Memory, path: str, stamp: Stamp) -> Document:
    """Return what the index keeps of a memory.

    Args:
        memory: The memory. One whose metadata has `noise` keeps only its place.
        path: Its file inside `memory/episodic`, with "/"; "" where there is none.
        stamp: The file's, as it was read.
    """
    about, noise = memory.metadata, noise_of(memory) is not None
    said = "" if noise else f"{content_of(memory)}\n{response_of(memory) or ''}"
    names = [] if noise else [about.speaker or "", *memory.tags, *map(_name, memory.entities)]
    return Document(
        id=memory.id,
        path=path,
        stamp=stamp,
        at=memory.at.timestamp(),
        type=NOISE if noise else _whole(memory.type),
        thread=_whole(about.conversation_id or ""),
        speaker=_whole(about.speaker or ""),
        current=memory.current and not noise,
        words=" ".join(stems(_whole(said))),
        told=" ".join([*stems(_whole("\n".join(names))), *fact_signs(memory)]),
    )


def memory_in(path: Path, value: Mapping[str, Any]) -> Memory:
    """Return the memory that a file holds; one without an id is called as its file.

    Raises:
        SettingError: If it is none, naming the key.
    """
    fields = {key: item for key, item in value.items() if item is not None}  # null says no more than a missing key
    try:
        memory = Memory.model_validate({"id": path.stem, **fields})
        memory.at.timestamp()
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise SettingError(path, key, first["msg"].lower(), _REMEDY) from error
    except (OverflowError, ValueError) as error:
        raise SettingError(path, "timestamp", "not a moment of this calendar", _REMEDY) from error
    return memory


def _whole(text: str) -> str:
    """Return a text without halves of characters, which no database takes; most have nothing but ASCII."""
    return text if text.isascii() else str(whole(text))


def _name(entity: Any) -> str:
    if isinstance(entity, Mapping):
        entity = next((entity[key] for key in _NAMES if isinstance(entity.get(key), str)), "")
    return entity if isinstance(entity, str) else ""
