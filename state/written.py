"""Objects as files have them: camelCase there, snake_case in Python; keys of a newer program are kept."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from metahuman.state.errors import SettingError
from metahuman.state.files import read_json
from metahuman.state.shipped import SHIPPED


class Written(BaseModel):
    """An object of a file."""

    model_config = ConfigDict(extra="allow", frozen=True, alias_generator=to_camel, populate_by_name=True)


Kind = TypeVar("Kind", bound=BaseModel)


def read_as(kind: type[Kind], path: Path, content: object, remedy: str) -> Kind:
    """Return what was read from `path`.

    Args:
        kind: What it is to be.
        path: The file.
        content: What it holds.
        remedy: What its owner can do where it is wrong.

    Raises:
        SettingError: If it is wrong; the error names the first key.
    """
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        problem = error.errors(include_url=False, include_context=False)[0]
        key, told = ".".join(map(str, problem["loc"])), problem["msg"].removeprefix("Value error, ")
        raise SettingError(path, key, told, remedy) from None


def settings_of(kind: type[Kind], root: Path, name: str, remedy: str) -> Kind:
    """Return what a settings file says in a home: its own, key by key, over the shipped one.

    Args:
        kind: What it is to be.
        root: The home.
        name: The file's name in `etc`.
        remedy: What the owner can do where it is wrong.

    Raises:
        SettingError: If a file is wrong; the error names the first key.
        StoreError: If it cannot be read.
    """
    own = root / "etc" / name
    there = own.exists()
    content = read_json(SHIPPED / name) | (read_json(own) if there else {})
    return read_as(kind, own if there else SHIPPED / name, content, remedy)
