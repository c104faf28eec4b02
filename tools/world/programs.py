"""The programs that the owner allows to be run, argument by argument, as `etc/trust.json` names them."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic.alias_generators import to_camel

from metahuman.state.errors import SettingError, ToolError
from metahuman.tools.world.texts import in_a_line

#: Where programs are looked for, wherever this program was started from.
FOLDERS = ("/usr/local/bin", "/opt/homebrew/bin", "/usr/bin", "/bin")


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", alias_generator=to_camel, populate_by_name=True)


class Program(_Part):
    """A program that may be run, and with which arguments.

    Args:
        program: Its name, or its whole path.
        arguments: What each argument has to be: alternatives between `|`, each a glob. A glob that does not begin
            with `-` is met by no argument that does, so that `*` lets no option in.
        rest: What every further argument has to be; without it there may be no further ones.
        writes: Whether it may write in the folders that tools may write.
    """

    program: str = Field(min_length=1)
    arguments: tuple[str, ...] = ()
    rest: str | None = None
    writes: bool = False

    @field_validator("program")
    @classmethod
    def _is_named(cls, value: str) -> str:
        if "/" in value and not value.startswith("/"):
            raise ValueError("has to be a name, or a whole path that begins with /")
        return value

    def covers(self, command: Sequence[str]) -> bool:
        """Tell whether it names a command."""
        name, *given = command
        fixed, further = given[: len(self.arguments)], given[len(self.arguments) :]
        if name != self.program or len(fixed) < len(self.arguments) or (further and self.rest is None):
            return False
        rules = [*self.arguments, *[self.rest or ""] * len(further)]
        return all(_fits(argument, rule) for argument, rule in zip(given, rules, strict=True))

    def __str__(self) -> str:
        return " ".join([self.program, *self.arguments, *([f"[{self.rest}]…"] if self.rest else [])])


class Rules(BaseModel):
    """What `run_command` of `etc/trust.json` says.

    Args:
        programs: What may be run.
        sandbox: Whether a program is run at all where the system has no sandbox.
    """

    model_config = ConfigDict(extra="ignore")

    programs: tuple[Program, ...] = ()
    sandbox: Literal["required", "wanted"] = "wanted"


class Found(NamedTuple):
    """The owner's word that lets a command be run, and where its program is."""

    rule: Program
    path: Path


def rules_of(settings: Mapping[str, Any], home: Path) -> Rules:
    """Return what the owner allows.

    Raises:
        SettingError: If it is not written as it should be.
    """
    try:
        return Rules.model_validate(settings)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(["run_command", *map(str, first["loc"])])
        raise SettingError(home / "etc" / "trust.json", key, first["msg"], "see docs/tools.md, Commands") from error


def found(command: Sequence[str], rules: Rules, folders: Sequence[Path]) -> Found:
    """Return what lets a command be run, and where its program is.

    Args:
        command: The program and its arguments.
        rules: What the owner allows.
        folders: The folders that tools may write: a program there could be anybody's.

    Raises:
        ToolError: If it may not be run, or is not there.
    """
    if any("\0" in word for word in command):
        raise ToolError("the command holds a null character, which no program takes; leave it out")
    rule = next((rule for rule in rules.programs if rule.covers(command)), None)
    if rule is None:
        wanted = in_a_line(" ".join(command), 120)
        raise ToolError(f"{wanted}: is not among the commands allowed; {_instead(command[0], rules)}")
    where = shutil.which(rule.program, path=":".join(FOLDERS))
    if where is None:
        raise ToolError(f"{rule.program}: there is no such program here; the owner has to install it")
    path = Path(where).resolve()
    if any(path.is_relative_to(folder.resolve()) for folder in folders):
        raise ToolError(f"{path}: is in a folder that tools may write, so it could be anything; it has to be elsewhere")
    return Found(rule, Path(where))


def _instead(name: str, rules: Rules) -> str:
    alike = [str(rule) for rule in rules.programs if rule.program == name] or [str(rule) for rule in rules.programs]
    there = ", ".join(alike[:12]) or "there are none"
    return f'these are: {there}; the owner can add to "run_command.programs" in etc/trust.json'


def _fits(argument: str, rule: str) -> bool:
    """Tell whether an argument is one of a rule's alternatives."""
    return any(
        fnmatchcase(argument, glob) and (glob.startswith("-") or not argument.startswith("-"))
        for glob in rule.split("|")
    )
