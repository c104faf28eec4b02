"""What is wrong with the persona's files, each thing with its file, its key and what to do about it."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from metahuman.memory.editing import Problem, problem_of
from metahuman.memory.persona.core import Persona, without_nulls
from metahuman.memory.persona.facets import ABOUT_ITSELF, Facet, Facets
from metahuman.memory.persona.files import PersonaFiles
from metahuman.state.errors import SettingError
from metahuman.state.words_of import is_placeholder

#: What a value ought to be, by pydantic's word for what is wrong, and how to write it.
REMEDIES = {
    "string_type": ("not a text", 'write it in quotes, as "words"'),
    "list_type": ("not a list", 'write it in brackets, as ["one", "two"]'),
    "model_type": ("not an object", 'write it in braces, as {"key": "value"}'),
    "missing": ("missing", "add it, or take the whole entry out"),
    "float_type": ("not a number", "write a number from 0 to 1"),
    "greater_than_equal": ("too small", "write a larger number"),
    "less_than_equal": ("too large", "write a number from 0 to 1"),
    "int_type": ("not a whole number", "write a whole number from 1 on"),
}
#: The types that the cache's keys have.
CACHE: dict[str, tuple[type, str]] = {
    "catchphrases": (list, "list_type"),
    "frequentFacts": (dict, "model_type"),
    "quirks": (list, "list_type"),
    "recentThemes": (list, "list_type"),
    "ownerFacts": (list, "list_type"),
    "sources": (dict, "model_type"),
}


def check(files: PersonaFiles) -> list[Problem]:
    """Return all that is wrong with a persona folder, file by file; nothing is changed."""
    found = [*_in_file(lambda: core_problems(files.core(), files.path))]
    found += _in_file(lambda: _facets(files.facets))
    found += _in_file(lambda: _cache(files.cache.path, files.cache.content()))
    found += _in_file(lambda: _mode(files))
    return found


def core_problems(content: Mapping[str, Any], path: Path) -> Iterator[Problem]:
    """Yield what is wrong with the content of `core.json`, or of a facet's file, at `path`."""
    yield from _wrong(content, path)
    yield from _misspelt(content, Persona, path)
    yield from _placeholders(content, path)


def _wrong(content: Mapping[str, Any], path: Path) -> Iterator[Problem]:
    """Yield the values of another type than their keys have."""
    try:
        Persona.model_validate(without_nulls(content))
    except ValidationError as error:
        for one in error.errors(include_url=False, include_input=False):
            problem, remedy = REMEDIES.get(one["type"], (one["msg"], "mend it"))
            yield Problem("error", str(path), ".".join(map(str, one["loc"])), problem, remedy)


def _misspelt(content: Any, part: type[BaseModel], path: Path, above: str = "") -> Iterator[Problem]:
    """Yield the keys that look like a known one, misspelt: what they say is told to nobody."""
    if not isinstance(content, dict):
        return
    known = {field.alias or name: field.annotation for name, field in part.model_fields.items()}
    for key, value in content.items():
        near = difflib.get_close_matches(key, known, 1, 0.8) if key not in known else []
        if near and key not in ABOUT_ITSELF:
            yield Problem("warning", str(path), f"{above}{key}", "not known", f"{near[0]} is meant, perhaps")
        yield from _misspelt_inside(value, known.get(key), path, f"{above}{key}.")


def _misspelt_inside(value: Any, annotation: Any, path: Path, above: str) -> Iterator[Problem]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield from _misspelt(value, annotation, path, above)
    elif isinstance(value, list) and get_args(annotation):
        inner = get_args(annotation)[0]
        part = get_args(inner)[0] if get_args(inner) else inner  # the type inside an Annotated
        for number, item in enumerate(value):
            yield from _misspelt_inside(item, part, path, f"{above}{number}.")


def _placeholders(value: Any, path: Path, key: str = "") -> Iterator[Problem]:
    """Yield the texts that still wait for the owner's."""
    if isinstance(value, dict | list):
        for inner, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _placeholders(item, path, f"{key}.{inner}" if key else str(inner))
    elif is_placeholder(value):
        yield Problem("warning", str(path), key, f"still says {value.strip()}", "say it in your words, or take it out")


def _facets(facets: Facets) -> Iterator[Problem]:
    """Yield what is wrong with `facets.json` and with each facet's file."""
    active, known = facets.active(), facets.all()
    if active not in known:
        remedy = f"name one of {', '.join(known)}, or add facets/{active}.json"
        yield Problem("error", str(facets.path), "activeFacet", f"no facet {active!r}", remedy)
    for name, facet in known.items():
        place = facets.place(facet)
        if facet.file and place is None:
            key, remedy = f"facets.{name}.personaFile", "put the file there, or take the facet out"
            yield Problem("error", str(facets.path), key, f"no file {facet.file!r} in the persona folder", remedy)
        elif place:
            yield from _in_file(partial(_facet, facets, facet, place))
    if active in known and not known[active].enabled:
        yield Problem(
            "error", str(facets.path), "activeFacet", f"{active!r} is switched off", "enable it, or choose another"
        )


def _facet(facets: Facets, facet: Facet, place: Path) -> Iterator[Problem]:
    yield from core_problems(facets.overrides(facet), place)


def _cache(path: Path, content: Mapping[str, Any]) -> Iterator[Problem]:
    for key, (kind, word) in CACHE.items():
        if not isinstance(content.get(key, kind()), kind):
            problem, remedy = REMEDIES[word]
            yield Problem("error", str(path), key, problem, remedy)


def _mode(files: PersonaFiles) -> Iterator[Problem]:
    files.mode()
    yield from ()


def _in_file(check: Callable[[], Iterator[Problem]]) -> list[Problem]:
    """Return what a check finds; a file that cannot be read at all is one problem more, and stops no other check."""
    found: list[Problem] = []
    try:
        found.extend(check())
    except SettingError as error:
        found.append(problem_of(error))
    return found
