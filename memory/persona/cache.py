"""The home's persona cache: the file, and its changes, each one audited."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from metahuman.state import persona_cache as pure
from metahuman.state.events import persona_cache_changed
from metahuman.state.files import read_json, update_json
from metahuman.state.moments import iso
from metahuman.state.persona_cache import HUMAN, Mention, PersonaCache

if TYPE_CHECKING:
    from metahuman.state.services import Audit, Clock


class PersonaCacheFile:
    """`persona/cache.json` of a home.

    Args:
        path: The file; there need not be one.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def load(self) -> PersonaCache:
        """Return what the twin keeps referring to.

        Raises:
            SettingError: If the file holds no JSON object.
            StoreError: If it cannot be read.
        """
        return pure.from_file(self.content())

    def content(self) -> dict[str, Any]:
        """Return what the file holds, as it is; errors as for `load`."""
        return read_json(self.path) if self.path.exists() else {}

    def change(self, change: pure.Change) -> dict[str, list[str]]:
        """Write what `change` makes of the cache, and return, list by list, the names of what differs.

        Two processes take turns, so neither loses what the other changed; keys of other programs stay, and a value of
        another type under one of the cache's own keys stays until something is put there. Where nothing changes,
        nothing is written.

        Raises:
            SettingError: If the file holds no JSON object; it is left as it is.
            StoreError: If it cannot be read or written.
        """
        if not _differing(self.load(), change):
            return {}
        with update_json(self.path) as file:
            before = pure.from_file(file)
            after = _differing(before, change)
            file.update(after)
        return pure.changed_names(before, cast(PersonaCache, {**before, **after}))


class AuditedPersonaCache:
    """What the twin keeps referring to, for whoever learns it: the digest, or the owner's own scripts.

    `actor` is who changes it, for the audit; what `human` says, no machine changes afterwards. Every method that
    changes something raises as `PersonaCacheFile.change` does, and tells whether anything changed.

    Args:
        file: Where it is kept.
        audit: Where each change is written down.
        clock: Gives it its time.
    """

    def __init__(self, file: PersonaCacheFile, audit: Audit, clock: Clock) -> None:
        self._file, self._audit, self._clock = file, audit, clock

    def load_persona_cache(self) -> PersonaCache:
        """Return the cache."""
        return self._file.load()

    def save_persona_cache(self, cache: PersonaCache, actor: str = "system") -> bool:
        """Put `cache` in the place of the whole cache."""
        return self.change(lambda _: {**cache, "lastUpdated": self._now()}, actor)

    def update_frequent_fact(self, key: str, value: Any, actor: str = "system", memories: Iterable[str] = ()) -> bool:
        """Set a fact, with the memories it is read from; None takes it out. No machine changes the owner's facts."""
        now, named = self._now(), list(memories)
        return self.change(
            lambda cache: pure.update_frequent_fact(cache, key, value, now, actor=actor, memories=named), actor
        )

    def add_catchphrase(
        self, phrase: str, actor: str = "system", memory: str | None = None, at: str | None = None
    ) -> bool:
        """Add or count something that is often said, in the memory of that id and moment."""
        mention = Mention(self._now(), memory, at, actor)
        return self.change(lambda cache: pure.add_catchphrase(cache, phrase, mention), actor)

    def add_quirk(self, quirk: str, actor: str = "system", memory: str | None = None, at: str | None = None) -> bool:
        """Add or count a habit or preference, seen in the memory of that id and moment."""
        mention = Mention(self._now(), memory, at, actor)
        return self.change(lambda cache: pure.add_quirk(cache, quirk, mention), actor)

    def track_theme(self, theme: str, actor: str = "system", memory: str | None = None, at: str | None = None) -> bool:
        """Count one more mention of a theme, in the memory of that id and moment; each memory counts once."""
        mention = Mention(self._now(), memory, at, actor)
        return self.change(lambda cache: pure.track_theme(cache, theme, mention), actor)

    def forget_memory(self, memory: str, actor: str = "system") -> bool:
        """Take out a memory's id, and what was taken from that memory alone."""
        now = self._now()
        return self.change(lambda cache: pure.forget_memory(cache, memory, now), actor)

    def clear(self, actor: str = HUMAN, *, owners_too: bool = False) -> bool:
        """Empty the cache; the owner's own facts stay, unless they are to go, too."""
        now = self._now()
        return self.change(lambda cache: pure.clear_persona_cache(cache, now, owners_too=owners_too), actor)

    def get_persona_context(self) -> str:
        """Return the cache as the persona's prompt has it."""
        return pure.get_persona_context(self.load_persona_cache())

    def change(self, change: pure.Change, actor: str) -> bool:
        """Make several changes in one: the digest's, all of them written or none."""
        changed = self._file.change(change)
        if changed:
            self._audit.record(persona_cache_changed(changed, actor))
        return bool(changed)

    def _now(self) -> str:
        return iso(self._clock.now())


def _differing(before: PersonaCache, change: pure.Change) -> dict[str, Any]:
    """Return the keys that a change makes another value of; none if that is its date alone."""
    after = {key: value for key, value in change(before).items() if value != before.get(key)}
    return after if after.keys() - {"lastUpdated"} else {}
