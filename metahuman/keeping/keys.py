"""Keys that stand in a home's settings, where whoever has a copy of them can read them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from metahuman.state.errors import MetaHumanError
from metahuman.state.files import read_json
from metahuman.state.secrets import shaped

#: Names under which keys stand. `keys` of remote.json are files, and `apiKeyEnv` of MetaHuman OS names a variable.
_NAME = re.compile(r"(?i)(api[-_]?key|token|secret|password|passphrase|authorization)$")
#: What takes a key from the environment, as it should be.
_VARIABLE = re.compile(r"\$\{\w+\}")


def keys_in_settings(root: Path) -> list[str]:
    """Return where keys stand in a home's settings, as `etc/models.json: providers.openai.apiKey`; never the keys.

    Args:
        root: The home.
    """
    found = list[str]()
    for path in sorted((root / "etc").glob("*.json")):
        try:
            content = read_json(path)
        except MetaHumanError:  # what is wrong with it, others tell
            continue
        found += [f"etc/{path.name}: {where}" for where in _keys(content, ())]
    return found


def _keys(value: Any, above: tuple[str, ...]) -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _keys(inner, (*above, str(name)))
    elif isinstance(value, list):
        for inner in value:
            yield from _keys(inner, above)
    elif isinstance(value, str) and above and _is_key(above[-1], value):
        yield ".".join(above)


def _is_key(name: str, value: str) -> bool:
    return bool(value) and not _VARIABLE.search(value) and bool(_NAME.search(name) or shaped(value))
