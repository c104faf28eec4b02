"""The lists that names are looked up in: Faker's (https://faker.readthedocs.io, MIT), of some seventy countries.

Faker makes up people for tests. Its lists of first names, last names and places are what is used here; it is the
optional extra `ner`.
"""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import Any

from metahuman.state.errors import SettingError

_PLACES = frozenset({"towns", "provinces", "states", "regions", "municipalities", "prefectures", "districts"})
_PLACES_TOO = frozenset({"counties", "departments", "cantons", "city_names", "countries"})


@dataclass(frozen=True)
class Lists:
    """What is known of names, all in small letters.

    Args:
        first: First names.
        last: Family names.
        places: Towns, regions and countries.
        ordinary: The commonest words of English.
    """

    first: frozenset[str]
    last: frozenset[str]
    places: frozenset[str]
    ordinary: frozenset[str]


@cache
def lists() -> Lists:
    """Return the lists, read once: about a second, and 20 MB.

    Raises:
        SettingError: The extra is not installed.
    """
    person, address = (_modules(kind) for kind in ("person", "address"))
    return Lists(
        first=_gathered(person, lambda key: "first_name" in key),
        last=_gathered(person, lambda key: "last_name" in key),
        places=_gathered(address, lambda key: key in _PLACES | _PLACES_TOO or key.endswith("cities")),
        ordinary=frozenset(_words(_provider("lorem.en_US").Provider.word_list)),
    )


def available() -> bool:
    """Tell whether the lists are installed."""
    return importlib.util.find_spec("faker") is not None


def _provider(name: str) -> ModuleType:
    try:
        return importlib.import_module(f"faker.providers.{name}")
    except ModuleNotFoundError as error:
        problem = f"names are looked up in lists that are not installed ({error})"
        raise SettingError("names", "", problem, "install metahuman[ner]") from error


def _modules(kind: str) -> list[Any]:
    package = _provider(kind)
    return [_provider(f"{kind}.{found.name}").Provider for found in pkgutil.iter_modules(package.__path__)]


def _gathered(providers: list[Any], wanted: Callable[[str], bool]) -> frozenset[str]:
    return frozenset(word for one in providers for key in dir(one) if wanted(key) for word in _words(getattr(one, key)))


def _words(value: object) -> Iterator[str]:
    """Yield the words of a list, which may be weighted, or hold pairs of which the last is the word."""
    for item in value if isinstance(value, dict | list | tuple | set) else ():
        word = item[-1] if isinstance(item, tuple | list) and item else item
        if isinstance(word, str) and len(word) > 1:
            yield word.casefold()
