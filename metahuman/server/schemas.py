"""JSON schemas that a client sends: only what can be checked here, without asking any other machine."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import jsonschema
from referencing import Registry
from referencing.exceptions import Unresolvable
from referencing.jsonschema import DRAFT202012

from metahuman.server.errors import Refused

JSON = dict[str, Any]


def checked(schema: JSON, param: str) -> JSON:
    """Return a schema that answers can be held to.

    Args:
        schema: The schema.
        param: What of the request it is.

    Raises:
        Refused: If it is none, or refers to something that is not in it.
    """
    try:
        jsonschema.Draft202012Validator.check_schema(schema)
        resolver = Registry().with_resource("", DRAFT202012.create_resource(schema)).resolver()
        for key, value in _keywords(schema):
            if key in ("$ref", "$dynamicRef"):
                resolver.lookup(str(value))
            elif key == "pattern":
                re.compile(str(value))
            elif key == "patternProperties" and isinstance(value, Mapping):
                [re.compile(pattern) for pattern in value]
    except (jsonschema.SchemaError, Unresolvable, re.error, ValueError, RecursionError) as error:
        told = error.message if isinstance(error, jsonschema.SchemaError) else str(error)
        raise Refused(400, "invalid_request", f"no JSON schema that can be used: {told[:200]}", param) from None
    return schema


def _keywords(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield every key inside a value, with what stands under it."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield key, inner
            yield from _keywords(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _keywords(inner)
