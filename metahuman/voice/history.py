"""Which voice was put in force when, and what the registry said before: `state/voices.json`.

What is kept of the registry is exactly what a promotion may change: the voice's entry, and whom the persona's role and
each mode name. A change is written down before the registry is touched, so that one that a crash cut short can be taken
back as any other. Taken back, it stays in the list.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, StrictBool, StrictInt, StrictStr

from metahuman.home import Home
from metahuman.models.registry import Registry
from metahuman.state.context import MODES
from metahuman.state.errors import BadChoice
from metahuman.state.files import read_json, update_json
from metahuman.state.shipped import SHIPPED
from metahuman.state.written import Written, read_as
from metahuman.voice.standing import ROLE

NOTHING = "no voice was put in force that could be taken back"
_REMEDY = "mend it, or move it away: what is in force stays so, and cannot be taken back any more"


class Before(Written):
    """What stood under a key of the registry.

    Args:
        key: The key, part by part.
        above: How many parts of the key led somewhere: objects that are made for the rest go with it.
        there: Whether anything stood there: null means something.
        value: What did.
    """

    key: Annotated[list[StrictStr], Field(min_length=2)]
    above: Annotated[StrictInt, Field(ge=0)]
    there: StrictBool
    value: Any = None


class Change(Written):
    """A voice put in force.

    Args:
        at: When.
        run: The run's name.
        modes: In which modes.
        anyway: Why it was done though the gate said no; "" where it said yes.
        own_registry: Whether the home had a registry of its own before.
        before: What the registry said before.
        undone_at: When it was taken back; "" where it was not.
    """

    at: StrictStr
    run: StrictStr
    modes: list[StrictStr]
    anyway: StrictStr = ""
    own_registry: StrictBool
    before: list[Before]
    undone_at: StrictStr = ""

    def as_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return self.model_dump(mode="json", by_alias=True)


class _History(Written):
    """What the file holds: the changes, the oldest first."""

    changes: list[Change] = Field(default_factory=list)


def history_file(home: Home) -> Path:
    """Return where the changes are written down."""
    return home.root / "state" / "voices.json"


def changes(home: Home) -> list[Change]:
    """Return the changes of a home, the oldest first.

    Raises:
        SettingError: If the file was edited so that it cannot be read; nothing is changed.
        StoreError: If it cannot be read.
    """
    path = history_file(home)
    return _listed(path, read_json(path)) if path.exists() else []


def note(home: Home, model_id: str, run: str, modes: Sequence[str], anyway: str, at: str) -> None:
    """Write down what the registry says, before it is changed.

    Args:
        home: The home.
        model_id: The entry that is to be changed.
        run: The run's name.
        modes: The modes in which its voice is to be in force.
        anyway: Why, though the gate said no; "" where it said yes.
        at: When this is.

    Raises:
        SettingError: If a file cannot be used.
        StoreError: If one cannot be read or written.
    """
    own = home.registry != SHIPPED / home.registry.name
    before = kept(read_json(home.registry), keys_of(model_id))
    change = Change(at=at, run=run, modes=list(modes), anyway=anyway, own_registry=own, before=before)
    with update_json(history_file(home)) as content:
        listed = _listed(history_file(home), content)
        content["changes"] = [one.as_json() for one in (*listed, change)]


def take_back(home: Home, at: str) -> tuple[Change, list[str]]:
    """Make the registry say what it said before the latest change that was not taken back.

    Args:
        home: The home.
        at: When this is.

    Returns:
        The change, and the keys of the registry that were put back.

    Raises:
        BadChoice: If there is nothing to take back.
        SettingError: If a file cannot be used, or the registry could not be with what stood there before.
        StoreError: If one cannot be read or written.
    """
    path = history_file(home)
    if not path.exists():
        raise BadChoice(NOTHING)
    with update_json(path) as content:
        listed = _listed(path, content)
        latest = max((number for number, one in enumerate(listed) if not one.undone_at), default=None)
        if latest is None:
            raise BadChoice(NOTHING)
        keys = _put_back(home, listed[latest].before)
        if not listed[latest].own_registry:
            _leave_to_the_shipped(home)
        listed[latest] = listed[latest].model_copy(update={"undone_at": at})
        content["changes"] = [one.as_json() for one in listed]
    return listed[latest], keys


def keys_of(model_id: str) -> list[list[str]]:
    """Return which keys of the registry a promotion may change."""
    modes = [["cognitiveModeMappings", mode, ROLE] for mode in MODES]
    return [["models", model_id], *modes, ["defaults", ROLE], ["roleHierarchy", ROLE]]


def kept(content: Mapping[str, Any], keys: Iterable[list[str]]) -> list[Before]:
    """Return what stands under some keys of the registry."""
    return [_before(content, key) for key in keys]


def _before(content: Any, key: list[str]) -> Before:
    for above, part in enumerate(key):
        if not isinstance(content, Mapping) or part not in content:
            return Before(key=key, above=above, there=False)
        content = content[part]
    return Before(key=key, above=len(key), there=True, value=content)


def _put_back(home: Home, before: list[Before]) -> list[str]:
    """Put back what stood in the registry; return the dotted keys that differed.

    Raises:
        SettingError: If the registry could not be used then; nothing is written.
    """
    path = home.root / "etc" / "models.json"
    if not path.exists():  # a crash, before anything was changed
        return []
    with update_json(path) as content:
        Registry.checked(content, path, home.root)
        differing = [one for one in before if _before(content, one.key) != one]
        for one in differing:
            _put(content, one)
        Registry.checked(content, path, home.root)
    return [".".join(one.key) for one in differing]


def _put(content: dict[str, Any], one: Before) -> None:
    *above, last = one.key
    objects = [content]
    for part in above:
        objects.append(objects[-1].setdefault(part, {}))
    if one.there:
        objects[-1][last] = one.value
        return
    objects[-1].pop(last, None)
    for depth in range(len(above), one.above, -1):
        if not objects[depth]:
            objects[depth - 1].pop(above[depth - 1])


def _leave_to_the_shipped(home: Home) -> None:
    """Take away a registry that says what the shipped one does, where the home had none: it is to follow that again."""
    own, shipped = home.root / "etc" / "models.json", SHIPPED / "models.json"
    if own.exists() and read_json(own) == read_json(shipped):
        own.unlink()


def _listed(path: Path, content: Mapping[str, Any]) -> list[Change]:
    return read_as(_History, path, content, _REMEDY).changes
