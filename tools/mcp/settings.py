"""`etc/mcp.json`: the servers whose tools may be used, and what the owner says of each tool."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from pydantic.alias_generators import to_camel

from metahuman.state.acting import Effect, Risk
from metahuman.state.errors import SettingError
from metahuman.state.files import read_json

#: What stands for every tool of a server that is not named itself.
ANY = "*"
_NAME = re.compile(r"(?!.*__)[A-Za-z0-9][A-Za-z0-9_-]{0,30}")
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


class _Part(BaseModel):
    """A part of the file; keys that this program does not know are other programs'."""

    model_config = ConfigDict(extra="ignore", frozen=True, alias_generator=to_camel, populate_by_name=True)


class Said(_Part):
    """What the owner says of a tool; what is not said is the worst."""

    risk: Risk = "high"
    effect: Effect = "send"


def _as_said(value: object) -> object:
    """Take a bare word for a risk."""
    return {"risk": value} if isinstance(value, str) else value


class ServerSettings(_Part):
    """A server: a program that is started here, or an address.

    Args:
        command: The program and its arguments, or the program alone with `args` beside it.
        args: More arguments.
        env: What its environment has beside the little that every program needs; `${NAME}` is taken from ours.
        cwd: The folder it is started in.
        url: Its address, if it is no program.
        headers: What is sent with every request; `${NAME}` is taken from our environment.
        type: How an address is spoken to: `http` (also called streamable-http), or the older `sse`.
        tools: What the owner says of each of its tools, by the server's name for it, or `*` for all others.
        enabled: Whether it is used.
        start_seconds: How long it may take to start and to say what tools it has.
        seconds: How long a call may take.
    """

    command: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    env: dict[str, str] = Field(default_factory=dict)
    cwd: str | None = None
    url: str | None = None
    headers: dict[str, str] = Field(default_factory=dict)
    type: Literal["stdio", "http", "streamable-http", "streamable_http", "sse"] | None = None
    tools: dict[str, Annotated[Said, BeforeValidator(_as_said)]] = Field(default_factory=dict)
    enabled: bool = True
    start_seconds: float = Field(default=30.0, gt=0, le=600)
    seconds: float = Field(default=60.0, gt=0, le=3_600)

    @model_validator(mode="before")
    @classmethod
    def _common(cls, value: object) -> object:
        """Take the shapes that other programs write: a command in one word, and "disabled"."""
        if not isinstance(value, dict):
            return value
        given = dict(value)
        if isinstance(given.get("command"), str):
            given["command"] = [given["command"]]
        if given.pop("disabled", False):
            given["enabled"] = False
        return given

    @model_validator(mode="after")
    def _is_one(self) -> ServerSettings:
        if bool(self.command) == bool(self.url):
            raise ValueError('needs either "command" or "url"')
        if self.url and not self.url.startswith(("https://", "http://")):
            raise ValueError("its url has to begin with https:// or http://")
        return self

    def said(self, tool: str) -> Said:
        """Return what the owner says of a tool."""
        return self.tools.get(tool) or self.tools.get(ANY) or Said()


def read_servers(path: Path) -> dict[str, ServerSettings]:
    """Return the servers that are to be used, by name.

    Raises:
        SettingError: If the file is wrong; it says where.
        StoreError: If it cannot be read.
    """
    content = read_json(path)
    found: dict[str, ServerSettings] = {}
    for key in ("mcpServers", "servers"):
        part = content.get(key, {})
        if not isinstance(part, Mapping):
            raise SettingError(path, key, "is no object", "make it one: { name: server }")
        found |= {name: _server(path, f"{key}.{name}", name, value) for name, value in part.items()}
    return {name: server for name, server in found.items() if server.enabled}


def filled_in(server: ServerSettings, path: Path, name: str) -> ServerSettings:
    """Return a server's settings with what they take from the environment.

    Raises:
        SettingError: If the environment has no such variable.
    """
    env = {key: _filled(value, path, f"{name}.env.{key}") for key, value in server.env.items()}
    headers = {key: _filled(value, path, f"{name}.headers.{key}") for key, value in server.headers.items()}
    return server.model_copy(update={"env": env, "headers": headers})


def _server(path: Path, key: str, name: str, value: Any) -> ServerSettings:
    if not _NAME.fullmatch(name):
        raise SettingError(path, key, "is no name for a server", "use up to 31 letters, digits, - and single _")
    try:
        return ServerSettings.model_validate(value)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join([key, *map(str, first["loc"])])
        raise SettingError(path, where, first["msg"], "see docs/tools.md, MCP") from error


def _filled(value: str, path: Path, key: str) -> str:
    missing = [name for name in _VARIABLE.findall(value) if name not in os.environ]
    if missing:
        raise SettingError(path, key, f"{missing[0]} is not in the environment", "set it, or write the value itself")
    return _VARIABLE.sub(lambda found: os.environ[found[1]], value)
