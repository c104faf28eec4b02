"""`etc/trust.json`: how far the owner trusts the operator, and where it may go."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic.alias_generators import to_camel

from metahuman.state.acting import Risk, Verdict
from metahuman.state.context import Trust
from metahuman.state.errors import SettingError
from metahuman.state.files import read_json, update_json
from metahuman.state.shipped import SHIPPED
from metahuman.tools.desk import Limits
from metahuman.tools.policy.rules import OwnersRules, read_rules

NAME, RULES = "trust.json", "decision-rules.json"
#: The folder of the home that files are in unless the owner names others.
FILES = "files"


class _Part(BaseModel):
    """A part of the file; keys that this program does not know are kept, for a newer one may."""

    model_config = ConfigDict(extra="allow", frozen=True, alias_generator=to_camel, populate_by_name=True)


class Levels(_Part):
    """The trust level of each mode; emulation has no tools."""

    dual: Trust = "supervised_auto"
    agent: Trust = "supervised_auto"


class Folders(_Part):
    """The folders that tools may use; a relative one is in the home. What may be written may be read."""

    read: tuple[str, ...] = ()
    write: tuple[str, ...] = (FILES,)


class Override(_Part):
    """What the owner says about one tool, whatever its risk would say."""

    verdict: Verdict | None = None
    risk: Risk | None = None


class Always(_Part):
    """Calls that the owner approved for good: a glob for each argument that counts."""

    tool: str
    pattern: dict[str, str]


class Bounds(_Part):
    """The bounds of every tool; see `Limits`."""

    output: Annotated[int, Field(ge=500, le=200_000)] = Limits.output
    file: Annotated[int, Field(ge=1)] = Limits.file
    download: Annotated[int, Field(ge=1)] = Limits.download
    seconds: Annotated[float, Field(gt=0, le=3_600)] = Limits.seconds


class TrustSettings(_Part):
    """What the file says; `extra` keys are the tools' own parts, by the tool's name.

    Args:
        trust: How far the operator is trusted, by mode.
        folders: Where files may be read and written.
        tools: What the owner says about single tools.
        always: What the owner approved for good.
        limits: The bounds of every tool.
        approval_days: Days after which a question that nobody answered counts as refused; None: never.
    """

    trust: Levels = Levels()
    folders: Folders = Folders()
    tools: dict[str, Override] = Field(default_factory=dict)
    always: tuple[Always, ...] = ()
    limits: Bounds = Bounds()
    approval_days: Annotated[float, Field(gt=0)] | None = None

    @field_validator("tools", mode="before")
    @classmethod
    def _words(cls, tools: object) -> object:
        """Take a bare word for a verdict."""
        if not isinstance(tools, Mapping):
            return tools
        return {name: {"verdict": said} if isinstance(said, str) else said for name, said in tools.items()}


@dataclass(frozen=True)
class TrustInForce:
    """What holds for a home at one moment.

    Args:
        home: The home.
        settings: The owner's `etc/trust.json` over the shipped one.
        owned: The tools that the owner's own file says something about; only the owner makes a risk smaller.
        rules: What `persona/decision-rules.json` says.
    """

    home: Path
    settings: TrustSettings
    owned: frozenset[str] = frozenset()
    rules: OwnersRules = field(default_factory=OwnersRules)

    @property
    def writable(self) -> tuple[Path, ...]:
        """The folders that may be written."""
        return tuple(self._folder(name) for name in self.settings.folders.write)

    @property
    def readable(self) -> tuple[Path, ...]:
        """The folders that may be read: also those that may be written."""
        return (*self.writable, *(self._folder(name) for name in self.settings.folders.read))

    @property
    def base(self) -> Path:
        """The folder that relative paths are in."""
        return next(iter(self.readable), self.home / FILES)

    @property
    def limits(self) -> Limits:
        """The bounds of every tool."""
        said = self.settings.limits
        return Limits(said.output, said.file, said.download, said.seconds)

    def part(self, name: str) -> dict[str, Any]:
        """Return a part of the file that this program's policy does not know: a tool's own settings."""
        found = (self.settings.model_extra or {}).get(name)
        return dict(found) if isinstance(found, Mapping) else {}

    def _folder(self, name: str) -> Path:
        return self.home / Path(name).expanduser()


class TrustFiles:
    """The files of a home that the policy goes by; an edit is in force from the next call on.

    Args:
        home: The home.
    """

    def __init__(self, home: Path) -> None:
        self.home = home
        self.own = home / "etc" / NAME
        self._files = (self.own, SHIPPED / NAME, home / "persona" / RULES)
        self._lock = threading.Lock()
        self._known: tuple[tuple[tuple[int, int, int], ...], TrustInForce] | None = None

    def read(self) -> TrustInForce:
        """Return what holds now.

        Raises:
            SettingError: If a file is wrong; nothing may be done until it is mended.
            StoreError: If one cannot be read.
        """
        with self._lock:
            marks = tuple(map(_mark, self._files))
            if self._known is None or self._known[0] != marks:
                self._known = marks, self._read()
            return self._known[1]

    def remember(self, tool: str, pattern: Mapping[str, str]) -> None:
        """Write down that such calls are approved for good.

        Raises:
            SettingError: If the file is wrong.
            StoreError: If it cannot be written.
        """
        entry = {"tool": tool, "pattern": dict(pattern)}
        with update_json(self.own) as content:
            known = content.setdefault("always", [])
            if not isinstance(known, list):
                raise SettingError(self.own, "always", "is no list", "make it one: []")
            if entry not in known:
                known.append(entry)

    def _read(self) -> TrustInForce:
        own = read_json(self.own) if self.own.exists() else {}
        content = _over(read_json(SHIPPED / NAME), own)
        try:
            settings = TrustSettings.model_validate(content)
        except ValidationError as error:
            problem = error.errors(include_url=False, include_context=False)[0]
            key = ".".join(map(str, problem["loc"]))
            raise SettingError(self.own, key, problem["msg"], "see docs/tools.md, or remove the key") from None
        _check_folders(self.own, settings.folders)
        return TrustInForce(self.home, settings, _named(own), read_rules(self._files[2]))


def _over(shipped: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Lay the owner's file over the shipped one: key by key, and in its objects key by key again."""
    both = dict(shipped)
    for key, value in own.items():
        under = both.get(key)
        both[key] = {**under, **value} if isinstance(under, dict) and isinstance(value, dict) else value
    return both


def _named(own: Mapping[str, Any]) -> frozenset[str]:
    said = own.get("tools")
    return frozenset(said) if isinstance(said, Mapping) else frozenset()


def _check_folders(file: Path, folders: Folders) -> None:
    for key, names in (("folders.read", folders.read), ("folders.write", folders.write)):
        for name in names:
            if not name.strip() or "\0" in name:
                raise SettingError(file, key, "holds a name that is empty", "remove it, or name a folder")
            try:
                Path(name).expanduser()
            except RuntimeError:
                raise SettingError(file, key, f"{name}: there is no such user", "name another folder") from None


def _mark(path: Path) -> tuple[int, int, int]:
    try:
        found = os.stat(path)  # noqa: PTH116 - twice as fast as Path.stat, before every call
    except OSError:
        return 0, 0, 0
    return found.st_mtime_ns, found.st_size, found.st_ino
