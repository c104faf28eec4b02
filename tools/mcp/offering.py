"""A server's tool as one of ours: its arguments checked, its words bounded, its answers taken for what others wrote."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Awaitable, Callable, Iterator
from copy import deepcopy
from typing import TYPE_CHECKING, Any, ClassVar

from jsonschema import Draft202012Validator, SchemaError, validators
from jsonschema.exceptions import best_match
from pydantic import ConfigDict, model_validator
from referencing import Registry
from referencing.exceptions import Unresolvable

from metahuman.state.acting import Output
from metahuman.state.errors import ToolError
from metahuman.tools.desk import Desk
from metahuman.tools.mcp.settings import ServerSettings
from metahuman.tools.tool import Arguments, Tool
from metahuman.tools.world.texts import in_a_line, plain

if TYPE_CHECKING:  # the adapters are an extra
    from mcp.types import CallToolResult, ContentBlock
    from mcp.types import Tool as Listed

#: Characters of a tool's name, as providers of models take them; of its description; and of its arguments' schema.
NAME, DESCRIPTION, SCHEMA = 64, 1_000, 12_000
#: Calls a tool of a server by the server's name for it.
Calling = Callable[[str, dict[str, Any]], Awaitable["CallToolResult"]]


def _unchecked(*_: Any) -> Iterator[Any]:
    return iter(())


# A server's regular expressions are left to the server: some take Python hours.
_VALIDATOR = validators.extend(  # type: ignore[no-untyped-call]
    Draft202012Validator, {"pattern": _unchecked, "patternProperties": _unchecked}
)


class Passed(Arguments):
    """Arguments that a server's own schema describes."""

    model_config = ConfigDict(extra="allow", frozen=True)

    offered: ClassVar[dict[str, Any]]
    checker: ClassVar[Any]

    @model_validator(mode="before")
    @classmethod
    def _fit(cls, value: Any) -> Any:
        try:
            problem = best_match(cls.checker.iter_errors(value))
        except (Unresolvable, RecursionError) as error:
            raise ValueError("the server describes its arguments in a way that cannot be followed") from error
        if problem is not None:
            where = ".".join(map(str, problem.absolute_path))
            raise ValueError(f"{where + ': ' if where else ''}{in_a_line(problem.message)}")
        return value

    @classmethod
    def model_json_schema(cls, *_: Any, **__: Any) -> dict[str, Any]:
        """Return the server's schema, with the description that models read."""
        return deepcopy(cls.offered)


def as_tool(server: str, settings: ServerSettings, listed: Listed, call: Calling) -> Tool[Passed]:
    """Return a server's tool as one of ours.

    Args:
        server: The server's name.
        settings: Its settings, with what the owner says of its tools.
        listed: The tool, as the server describes it.
        call: Calls it.

    Raises:
        ToolError: If the server describes it in a way that cannot be used.
    """
    arguments = _arguments(server, listed)
    said = settings.said(listed.name)

    async def run(given: Passed, desk: Desk) -> Output:
        result = await call(listed.name, given.model_dump(mode="json"))
        return _output(f"{server}/{listed.name}", result, desk.limits.output)

    seconds = settings.start_seconds + settings.seconds + 10
    name = _name(server, listed.name)
    return Tool(name, arguments, run, risk=said.risk, effect=said.effect, seconds=seconds)


def _name(server: str, tool: str) -> str:
    """Return our name for a tool, of letters that all providers take; one that had to be changed bears a mark."""
    whole = f"{server}__{tool}"
    fit = re.sub(r"[^A-Za-z0-9_-]", "_", whole)
    if fit == whole and len(whole) <= NAME:
        return whole
    return f"{fit[: NAME - 7]}_{hashlib.sha256(whole.encode()).hexdigest()[:6]}"


def _arguments(server: str, listed: Listed) -> type[Passed]:
    schema = _schema(listed)
    told = in_a_line(listed.description or listed.title or listed.name, DESCRIPTION)
    description = f'A tool of the server "{server}", which describes it so: {told}'
    members = {
        "__doc__": description,
        "__module__": __name__,
        "offered": {**schema, "description": description},
        "checker": _VALIDATOR(listed.inputSchema, registry=Registry()),
        "__annotations__": {"offered": "ClassVar[dict[str, Any]]", "checker": "ClassVar[Any]"},
    }
    return type("Passed", (Passed,), members)


def _schema(listed: Listed) -> dict[str, Any]:
    """Return the schema that models are told: the server's, without its explanations if those are too many.

    Raises:
        ToolError: If it is none, or too big.
    """
    try:
        Draft202012Validator.check_schema(listed.inputSchema)
    except (SchemaError, RecursionError) as error:
        raise ToolError(f"{in_a_line(listed.name, 60)}: its arguments are described wrongly") from error
    schema = {"type": "object", "properties": {}, **listed.inputSchema}
    schema.pop("$schema", None)
    if schema["type"] != "object":
        raise ToolError(f"{in_a_line(listed.name, 60)}: its arguments are no object")
    for one in (schema, _bare(schema)):
        if len(json.dumps(one)) <= SCHEMA:
            return dict(one)
    raise ToolError(f"{in_a_line(listed.name, 60)}: its arguments take more than {SCHEMA} characters to describe")


def _bare(schema: Any) -> Any:
    """Return a schema without words that explain: texts under the names that JSON Schema has for these."""
    if isinstance(schema, list):
        return [_bare(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    words = ("description", "title", "$comment")
    return {name: _bare(one) for name, one in schema.items() if not (name in words and isinstance(one, str))}


def _output(name: str, result: CallToolResult, room: int) -> Output:
    """Return what a tool brought.

    Raises:
        ToolError: If it says that it failed.
    """
    text = "\n\n".join(map(_shown, result.content))
    if not text and result.structuredContent is not None:
        text = json.dumps(result.structuredContent, ensure_ascii=False, indent=2)
    text = plain(text)
    if result.isError:
        raise ToolError(f"{name} failed; it says: {in_a_line(text, 300) or 'nothing'}")
    if len(text) > room:
        text = f"{text[: room - 100]}\n\n(cut here: {room - 100} of {len(text)} characters; ask the tool for less)"
    return Output(text or "(it brought nothing)", (name,), trusted=False)


def _shown(block: ContentBlock) -> str:
    """Return a part of an answer as text; what is none is named."""
    if block.type == "text":
        return block.text
    if block.type == "resource_link":
        return f"{block.name}: {block.uri}"
    if block.type == "resource":
        text, kind = getattr(block.resource, "text", None), block.resource.mimeType or "data"
        return text if isinstance(text, str) else f"(not shown: {kind}, {block.resource.uri})"
    return f"(not shown: {block.mimeType}, {len(block.data) * 3 // 4} bytes)"
