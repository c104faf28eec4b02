"""Where the settings are that come with the program."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from metahuman.state.errors import StoreError


def _shipped() -> Path:
    """Return the shipped `etc` folder, which is a package of data, wherever it was installed."""
    spec = find_spec("metahuman.etc")
    if spec is None or not spec.submodule_search_locations:
        raise StoreError("metahuman.etc", "not installed", "install the metahuman package again")
    return Path(next(iter(spec.submodule_search_locations)))


#: The settings that hold until the owner has their own, and the adapters that come with them.
SHIPPED = _shipped()
