"""What "approve always" means: a glob for each argument that counts, over where paths really lead."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from glob import escape
from pathlib import Path
from typing import Any

from metahuman.tools.tool import Arguments, Tool


def pattern_of(tool: Tool[Any], arguments: Arguments, places: Mapping[str, Path]) -> dict[str, str]:
    """Return the pattern that stands for a call and those like it.

    Args:
        tool: What is called.
        arguments: With what.
        places: Where the paths of the call lead.
    """
    led = _led(arguments, places)
    given = _as_texts(led)
    # What a tool takes over from the call as it stands is meant as it stands, also where it looks like a glob.
    return {name: escape(text) if text == given.get(name) else text for name, text in sorted(tool.pattern(led).items())}


def meets(tool: Tool[Any], arguments: Arguments, places: Mapping[str, Path], pattern: Mapping[str, str]) -> bool:
    """Tell whether a call is one that a pattern stands for: it names all that counts in the call, and each fits.

    Args:
        tool: What is called.
        arguments: With what.
        places: Where the paths of the call lead.
        pattern: A glob for each argument that counts; `*` is anything.
    """
    led = _led(arguments, places)
    counted = dict(tool.pattern(led))
    known = {**counted, **_as_texts(led)}
    return counted.keys() <= pattern.keys() <= known.keys() and all(
        fnmatchcase(known[name], glob) for name, glob in pattern.items()
    )


def _led(arguments: Arguments, places: Mapping[str, Path]) -> Arguments:
    """Return the arguments with each path as where it leads: `a/../b` is no way around what was approved."""
    led = {name: _place(value, places) for name, value in arguments if _names(value, places)}
    return arguments.model_copy(update=led) if led else arguments


def _names(value: Any, places: Mapping[str, Path]) -> bool:
    return any(
        isinstance(one, str) and one in places for one in (value if isinstance(value, (list, tuple)) else [value])
    )


def _place(value: Any, places: Mapping[str, Path]) -> Any:
    if isinstance(value, (list, tuple)):
        return type(value)(_place(one, places) for one in value)
    return str(places[value]) if isinstance(value, str) and value in places else value


def _as_texts(arguments: Arguments) -> dict[str, str]:
    return {name: str(value) for name, value in arguments.model_dump(mode="json").items()}
