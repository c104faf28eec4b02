"""The persona cache: what the twin keeps referring to, as `persona/cache.json` has it.

Every function takes a cache and returns a new one, or the same if nothing changes; moments are ISO texts, as
`state.moments.iso` writes them. The lists have the plan's plain shapes, for the owner and for MetaHuman OS to read;
what is known about their items stands apart, in `sources`. What the owner wrote, changed or took out, no machine
changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal, NamedTuple, cast

from typing_extensions import TypedDict  # before Python 3.12, pydantic can only describe this one

from metahuman.state.ages import seconds_between
from metahuman.state.counting import counted, counts, only, without
from metahuman.state.themes import by_weight, current, mentioned, positive
from metahuman.state.words_of import name_of, word, words

#: How many are kept; the plan's figures.
CATCHPHRASES, QUIRKS, THEMES = 50, 30, 30
#: How many of a list, and of the facts, a prompt is told, and how many characters of one item.
FEW, FACTS, CUT = 5, 12, 80
#: Memories named as the source of a fact.
SOURCES = 20
#: Who the owner is in the audit: what they say goes before what a machine found.
HUMAN = "human"

Phrases = Literal["catchphrases", "quirks"]
LIMITS: dict[Phrases, int] = {"catchphrases": CATCHPHRASES, "quirks": QUIRKS}


class PersonaCache(TypedDict):
    """What `cache.json` holds.

    `ownerFacts` names the facts that only the owner changes. `sources` has, for facts, catchphrases and quirks, a
    record each: since when, from which memories, how often.
    """

    catchphrases: list[Any]
    frequentFacts: dict[str, Any]
    quirks: list[Any]
    recentThemes: list[Any]
    ownerFacts: list[str]
    sources: dict[str, dict[str, Any]]
    lastUpdated: str


#: What changes a cache.
Change = Callable[[PersonaCache], PersonaCache]


class Mention(NamedTuple):
    """That something came up.

    Args:
        now: When it was noticed.
        memory: The id of the memory in which it did; the same memory never counts twice.
        at: When that was made, if not now.
        actor: Who noticed.
    """

    now: str
    memory: str | None = None
    at: str | None = None
    actor: str = "system"

    @property
    def moment(self) -> str:
        """When it came up: what lies in the future, or is no moment, came up now."""
        ahead = seconds_between(self.now, self.at)
        return self.at if self.at and ahead is not None and ahead <= 0 else self.now


def from_file(value: Mapping[str, Any]) -> PersonaCache:
    """Return the cache that a file's content tells; what is missing or of another type is empty."""
    sources = _dict(value.get("sources"))
    return PersonaCache(
        catchphrases=_list(value.get("catchphrases")),
        frequentFacts=_dict(value.get("frequentFacts")),
        quirks=_list(value.get("quirks")),
        recentThemes=_list(value.get("recentThemes")),
        ownerFacts=[key for key in _list(value.get("ownerFacts")) if isinstance(key, str)],
        sources={key: records for key, records in sources.items() if isinstance(records, dict)},
        lastUpdated=word(value.get("lastUpdated")),
    )


def is_owners(cache: PersonaCache, key: str) -> bool:
    """Tell whether a fact is the owner's: marked so, or not as the machine that is on record for it left it."""
    record, facts = _records(cache, "frequentFacts").get(key), cache["frequentFacts"]
    new = key not in facts and record is None
    as_left = key in facts and isinstance(record, dict) and record.get("value") == facts[key]
    return key in cache["ownerFacts"] or not (new or as_left)


def update_frequent_fact(
    cache: PersonaCache, key: str, value: Any, now: str, *, actor: str = "system", memories: Iterable[str] = ()
) -> PersonaCache:
    """Return the cache with a fact, or without it.

    Args:
        cache: The cache before.
        key: What it is about, such as "city".
        value: A text, a list, or another JSON value; None takes the fact out.
        now: When it became known; a value that is known already keeps its date.
        actor: Who says so. The owner's own facts are marked as such, and a machine leaves them alone.
        memories: The ids of the memories it is read from.
    """
    nothing = value is None and key not in cache["frequentFacts"]
    if actor != HUMAN and (nothing or is_owners(cache, key)):
        return cache
    facts, records = {**cache["frequentFacts"]}, {**_records(cache, "frequentFacts")}
    known = _dict(records.pop(key, None)) if facts.pop(key, None) == value else {}
    records.pop(key, None)
    if value is not None:
        named = list(dict.fromkeys([*_list(known.get("memories")), *memories]))[-SOURCES:]
        facts[key] = value
        records[key] = {"value": value, "since": known.get("since") or now, "memories": named}
    owners = list(dict.fromkeys([*cache["ownerFacts"], key])) if actor == HUMAN else cache["ownerFacts"]
    sources = {**cache["sources"], "frequentFacts": records}
    return _dated({**cache, "frequentFacts": facts, "ownerFacts": owners, "sources": sources}, now)


def add_catchphrase(cache: PersonaCache, phrase: str, mention: Mention) -> PersonaCache:
    """Return the cache with something that is often said, the latest said last."""
    return _add("catchphrases", cache, word(phrase), mention)


def add_quirk(cache: PersonaCache, quirk: str, mention: Mention) -> PersonaCache:
    """Return the cache with a habit or preference, the latest seen last."""
    return _add("quirks", cache, word(quirk), mention)


def track_theme(cache: PersonaCache, theme: str, mention: Mention) -> PersonaCache:
    """Return the cache with one more mention of a theme.

    A mention halves in weight every two weeks (`state.counting`); the heaviest themes are kept, in that order.
    """
    name = word(theme)
    known = next((one for one in cache["recentThemes"] if name_of(one).casefold() == name.casefold()), None)
    after = mentioned(known, name, mention.memory, mention.moment) if name else None
    if after is None:
        return cache
    others = [one for one in cache["recentThemes"] if one is not known]
    return _dated({**cache, "recentThemes": by_weight([*others, after], mention.now)[:THEMES]}, mention.now)


def forget_memory(cache: PersonaCache, memory: str, now: str) -> PersonaCache:
    """Return the cache without a memory, and without what a machine took from that memory alone."""
    records = _records(cache, "frequentFacts")
    gone = {key for key, record in records.items() if only(record, memory) and not is_owners(cache, key)}
    after: dict[str, Any] = {
        **cache,
        "frequentFacts": {key: fact for key, fact in cache["frequentFacts"].items() if key not in gone},
        "recentThemes": [without(one, memory) for one in cache["recentThemes"] if not only(one, memory)],
        "sources": {kind: _all_without(records, memory) for kind, records in cache["sources"].items()},
    }
    for kind in LIMITS:
        taken = _records(cache, kind)
        after[kind] = [item for item in cache[kind] if not only(taken.get(name_of(item)), memory)]
    return cache if after == cache else _dated(after, now)


def clear_persona_cache(cache: PersonaCache, now: str, *, owners_too: bool = False) -> PersonaCache:
    """Return an empty cache; the owner's own facts stay, unless they are to go, too."""
    kept = {} if owners_too else {key: fact for key, fact in cache["frequentFacts"].items() if is_owners(cache, key)}
    return _dated(from_file({"frequentFacts": kept, "ownerFacts": list(kept)}), now)


def get_persona_context(cache: PersonaCache) -> str:
    """Return what the twin keeps referring to, a line a matter, the same until the cache changes; "" for nothing."""
    facts = cache["frequentFacts"]
    order = sorted(facts, key=lambda key: key not in cache["ownerFacts"])
    known = [f"{word(key)}: {text}" for key in order if (text := _told(fact_words(facts[key])))]
    told = {
        "You know": "; ".join(known[:FACTS]),
        "You often say": _told(words(cache["catchphrases"])[-FEW:]),
        "Lately": _told(words(current(cache["recentThemes"], cache["lastUpdated"]))),
        "Quirks": _told(words(cache["quirks"])[-FEW:]),
    }
    return "\n".join(f"{label}: {text}" for label, text in told.items() if text)


def fact_words(value: object) -> list[str]:
    """Return what a fact says; a number says itself."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return [str(value)] if number else words(value)


def changed_names(before: PersonaCache, after: PersonaCache) -> dict[str, list[str]]:
    """Return, for each list that differs, the names of what came, went, was counted or is now the owner's."""
    found: dict[str, list[str]] = {}
    for kind in ("frequentFacts", "catchphrases", "quirks", "recentThemes"):
        old, new = _items(before, kind), _items(after, kind)
        names = [name for name in dict.fromkeys([*old, *new]) if old.get(name) != new.get(name)]
        found |= {kind: names} if names else {}
    return found


def _add(kind: Phrases, cache: PersonaCache, text: str, mention: Mention) -> PersonaCache:
    """Add to one of the lists of phrases, or count one that is there; what the owner took out, only they put back."""
    records = {**_records(cache, kind)}
    item = next((one for one in cache[kind] if name_of(one).casefold() == text.casefold()), None)
    name = name_of(item) or next((key for key in records if key.casefold() == text.casefold()), text)
    taken_out, record = item is None and name in records and mention.actor != HUMAN, _dict(records.get(name))
    if not text or taken_out or not counts(record, mention.memory, mention.moment):
        return cache
    times = int(positive(record.get("count"), 0)) + 1
    records[name] = {**record, "count": times, **counted(record, mention.memory, mention.moment)}
    added = [*(one for one in cache[kind] if one is not item), name if item is None else item]
    dropped = {name_of(one) for one in added[: -LIMITS[kind]]}
    kept = {key: value for key, value in records.items() if key not in dropped}
    changed = {kind: added[-LIMITS[kind] :], "sources": {**cache["sources"], kind: kept}}
    return _dated({**cache, **changed}, mention.now)


def _items(cache: PersonaCache, kind: str) -> dict[str, Any]:
    """Return the items of a list by name, each with its record and whether it is marked as the owner's."""
    value, records = cast(dict[str, Any], cache)[kind], _records(cache, kind)
    named = value if isinstance(value, dict) else {name_of(item): item for item in value if name_of(item)}
    return {name: (item, records.get(name), name in cache["ownerFacts"]) for name, item in named.items()}


def _records(cache: PersonaCache, kind: str) -> dict[str, Any]:
    return cache["sources"].get(kind, {})


def _all_without(records: Mapping[str, Any], memory: str) -> dict[str, Any]:
    return {key: without(record, memory) for key, record in records.items() if not only(record, memory)}


def _dated(cache: Mapping[str, Any], now: str) -> PersonaCache:
    return cast(PersonaCache, {**cache, "lastUpdated": now})


def _told(items: Iterable[str]) -> str:
    return ", ".join(text if len(text) <= CUT else f"{text[: CUT - 1]}…" for text in list(items)[:FEW])


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
