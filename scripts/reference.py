"""Writes docs/commands.md and docs/settings.md from the code; a test holds them to it.

python scripts/reference.py
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

sys.path.insert(0, str(Path(__file__).parents[1]))

import click
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from metahuman.agents.settings import AgentsFile
from metahuman.cli import cli
from metahuman.memory.dataset.settings import BuilderSettings
from metahuman.models.schema import RegistryFile
from metahuman.routing.settings import RoutingSettings
from metahuman.tools.mcp.settings import ServerSettings
from metahuman.tools.policy.settings import TrustSettings
from metahuman.tools.world.hosts import Host
from metahuman.tools.world.programs import Rules
from metahuman.training.job import TrainingSettings
from metahuman.training.remote.settings import RemoteSettings

DOCS = Path(__file__).parents[1] / "docs"
#: Columns that help is wrapped to.
WIDTH = 100
#: Each settings file, the page that tells more, and the model that reads it.
FILES: dict[str, tuple[str, type[BaseModel]]] = {
    "models.json": ("models.md", RegistryFile),
    "agents.json": ("agents.md", AgentsFile),
    "trust.json": ("tools.md", TrustSettings),
    "trust.json, `run_command`": ("tools.md", Rules),
    "trust.json, `http_get.hosts`, one host": ("tools.md", Host),
    "mcp.json, a server": ("tools.md", ServerSettings),
    "routing.json": ("routing.md", RoutingSettings),
    "adapter-builder.json": ("datasets.md", BuilderSettings),
    "training.json": ("training.md", TrainingSettings),
    "remote.json": ("remote.md", RemoteSettings),
}
_ARGUMENT = re.compile(r"^ {4}(\w+): (.*(?:\n {8,}.*)*)", re.MULTILINE)


def commands() -> str:
    """Return the help of every command, the inner ones after the outer."""
    pages = "\n".join(_help(cli, "metahuman", None))
    return f"# Commands\n\nWhat `--help` says of each; made by `make docs`.\n\n{pages}"


def _help(command: click.Command, path: str, above: click.Context | None) -> Iterator[str]:
    name = path.split()[-1]
    context = click.Context(command, info_name=name, parent=above, terminal_width=WIDTH, max_content_width=WIDTH)
    yield f"## {path}\n\n```text\n{command.get_help(context)}\n```\n"
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            if (inner := command.get_command(context, name)) and not inner.hidden:
                yield from _help(inner, f"{path} {name}", context)


def settings() -> str:
    """Return the keys of every settings file."""
    pages = "\n".join(line for name, (page, model) in FILES.items() for line in _file(name, page, model))
    head = (
        "Every key of the settings files; made by `scripts/reference.py`. A home's own file lies over the shipped one."
    )
    return f"# Settings\n\n{head}\n\n{pages}\n"


def _file(name: str, page: str, model: type[BaseModel]) -> Iterator[str]:
    yield f"## {name}\n\n{_first_line(model)} [More]({page}).\n"
    yield "| key | what may stand there | default | meaning |"
    yield "|---|---|---|---|"
    yield from _rows(model, "")
    yield ""


def _rows(model: type[BaseModel], above: str) -> Iterator[str]:
    told = {key: re.sub(r"\s+", " ", text) for key, text in _ARGUMENT.findall(_indented(model))}
    for name, field in model.model_fields.items():
        alias = field.alias or name
        inner, key = _model_in(field.annotation), f"{above}{alias}"
        meaning = field.description or told.get(name) or (_first_line(inner[0]) if inner else "")
        yield f"| `{key}` | {_kind(field.annotation)} | {_default(field)} | {_cell(meaning)} |"
        if inner:
            yield from _rows(inner[0], f"{key}.{'*.' if inner[1] else ''}")


def _indented(model: type[BaseModel]) -> str:
    """Return what a model's own description says of its fields."""
    text = inspect.getdoc(model) or ""
    return text.partition("Args:\n")[2]


def _first_line(model: type[BaseModel]) -> str:
    return (inspect.getdoc(model) or "").partition("\n\n")[0].replace("\n", " ")


def _model_in(annotation: Any) -> tuple[type[BaseModel], bool] | None:
    """Return the model that a key holds, and whether it holds many of them by name or in a list."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation, False
    many = get_origin(annotation) in (dict, list, tuple)
    for part in get_args(annotation):
        if found := _model_in(part):
            return found[0], many or found[1]
    return None


def _kind(annotation: Any) -> str:
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _kind(parts[0])
    if origin is Literal:
        return ", ".join(f"`{part}`" for part in parts)
    if origin in (Union, UnionType):
        return " or ".join(dict.fromkeys(_kind(part) for part in parts if part is not NoneType))
    if origin in (list, tuple):
        return f"a list: {_kind(parts[0])}"
    if origin is dict:
        return f"names → {_kind(parts[1])}"
    names = {str: "text", int: "a whole number", float: "a number", bool: "true or false", object: "anything"}
    return names.get(annotation, "an object")


def _default(field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=True)
    if value is PydanticUndefined:
        return "needed"
    shown = isinstance(value, str | int | float | bool) and value != ""
    return f"`{str(value).lower() if isinstance(value, bool) else value}`" if shown else "none"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def main() -> None:
    """Write both pages."""
    for name, text in (("commands.md", commands()), ("settings.md", settings())):
        (DOCS / name).write_text(text, "utf-8")


if __name__ == "__main__":
    main()
