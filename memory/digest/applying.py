"""What the digest found, put into the persona cache: a memory counts once, however often this is done."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from metahuman.memory.digest.themes import stems_of
from metahuman.memory.hygiene.wording import words
from metahuman.state.digesting import Item
from metahuman.state.persona_cache import (
    THEMES,
    Mention,
    PersonaCache,
    add_catchphrase,
    add_quirk,
    forget_memory,
    track_theme,
    update_frequent_fact,
)
from metahuman.state.themes import by_weight
from metahuman.state.words_of import name_of

#: Who learns it, in the audit.
ACTOR = "digest"
#: Two wordings of a model's mean one habit if they share so much of their memories.
SAME = 0.8


def applied(
    cache: PersonaCache, items: Sequence[Item], at: Mapping[str, str], gone: Sequence[str], now: str
) -> PersonaCache:
    """Return the cache with what was found; what the owner wrote, changed or took out stays as it is.

    Args:
        cache: The cache before.
        items: What was found.
        at: When each memory was made, by id.
        gone: Ids that the cache cites and that are no more: they go, and what rests on them alone.
        now: When this is.
    """
    after = _with_all(cache, items, at, gone, now)
    return after if {**after, "lastUpdated": cache["lastUpdated"]} != cache else cache


def cited(cache: PersonaCache) -> list[str]:
    """Return the ids of all memories that a cache says it rests on."""
    records: list[Any] = [*cache["recentThemes"], *(one for kind in cache["sources"].values() for one in kind.values())]
    found = [record.get("memories") for record in records if isinstance(record, dict)]
    ids = [memory for memories in found if isinstance(memories, dict | list) for memory in memories]
    return list(dict.fromkeys(memory for memory in ids if isinstance(memory, str)))


def _with_all(
    cache: PersonaCache, items: Sequence[Item], at: Mapping[str, str], gone: Sequence[str], now: str
) -> PersonaCache:
    for memory in gone:
        cache = forget_memory(cache, memory, now)
    cache = _with_themes(cache, [item for item in items if item["kind"] == "theme"], at, now)
    for item in _by_last_mention(items, at):
        add = add_catchphrase if item["kind"] == "catchphrase" else add_quirk
        text = _known_quirk(item, cache) or item["text"]
        for memory in item["memories"]:
            cache = add(cache, text, Mention(now, memory, at[memory], ACTOR))
    for item in items:
        if item["kind"] == "fact":
            cache = _with_fact(cache, item, now)
    return cache


def _with_themes(cache: PersonaCache, themes: Iterable[Item], at: Mapping[str, str], now: str) -> PersonaCache:
    """Count each theme by itself, and then keep the heaviest: a light one must not lose its count half way."""
    known, changed = list(cache["recentThemes"]), False
    for theme in themes:
        name = _known_name(theme["text"], known)
        before = next((one for one in known if name_of(one).casefold() == name.casefold()), None)
        alone: PersonaCache = {**cache, "recentThemes": [] if before is None else [before]}
        for memory in theme["memories"]:
            alone = track_theme(alone, name, Mention(now, memory, at[memory], ACTOR))
        if alone["recentThemes"] != ([] if before is None else [before]):
            known = [*(one for one in known if one is not before), *alone["recentThemes"]]
            changed = True
    if not changed:
        return cache
    kept = by_weight(known, now)[:THEMES]
    return cache if kept == cache["recentThemes"] else {**cache, "recentThemes": kept, "lastUpdated": now}


def _known_name(name: str, known: Iterable[Any]) -> str:
    """Return what the cache calls a theme: the same words in another form are the same theme."""
    stems = stems_of(name)
    return next((name_of(one) for one in known if stems and stems_of(name_of(one)) == stems), name)


def _known_quirk(item: Item, cache: PersonaCache) -> str | None:
    """Return what the cache calls a habit that a model words anew: it shows in nearly the same memories."""
    if item["kind"] != "quirk" or item["by"] != "model":
        return None
    shown = set(item["memories"])
    for name, record in cache["sources"].get("quirks", {}).items():
        known = record.get("memories") if isinstance(record, dict) else None
        if isinstance(known, dict) and len(shown & known.keys()) >= SAME * len(shown | known.keys()):
            return name
    return None


def _by_last_mention(items: Iterable[Item], at: Mapping[str, str]) -> list[Item]:
    said = [item for item in items if item["kind"] in ("catchphrase", "quirk") and item["memories"]]
    return sorted(said, key=lambda item: at[item["memories"][-1]])


def _with_fact(cache: PersonaCache, item: Item, now: str) -> PersonaCache:
    """Set a fact; one that holds no longer goes, unless something else is known of the matter."""
    key, value = item["text"], item["value"]
    if not item["ended"]:
        return update_frequent_fact(cache, key, value, now, actor=ACTOR, memories=item["memories"])
    known = set(words(str(cache["frequentFacts"].get(key, ""))))
    same = not value or set(words(value)) <= known or known <= set(words(value))
    return update_frequent_fact(cache, key, None, now, actor=ACTOR) if same else cache
