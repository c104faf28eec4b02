"""The persona as a card for the terminal. What its files say is text: never markup, never control."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from metahuman.cli.text import plain
from metahuman.memory.persona.files import PersonaFiles
from metahuman.memory.persona.summary import open_goals, opening, section
from metahuman.state.moments import iso
from metahuman.state.persona_cache import PersonaCache, fact_words, is_owners
from metahuman.state.themes import current, weight_at
from metahuman.state.words_of import name_of, word, words

#: How many of each list are shown.
SHOWN = 10


def card(files: PersonaFiles) -> Panel:
    """Return who the twin is, with its facet, and what it keeps referring to."""
    core, facet, cache = files.shown(), files.facets.shown(), files.cache.load()
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for label, text in [("facet", facet.id), *_core_rows(core), *_fact_rows(cache), *_cache_rows(cache)]:
        if text:
            table.add_row(label, Text(plain(text)))
    place = files.path if files.path.exists() else "the shipped persona: `metahuman init` makes it yours"
    return Panel(table, title=Text(plain(opening(core))), subtitle=Text(str(place)))


def _core_rows(core: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    personality, values = section(core, "personality"), section(core, "values")
    yield "about", word(section(core, "background").get("narrative"))
    yield "tone", _listed(section(personality, "communicationStyle").get("tone"))
    traits = section(personality, "traits").items()
    yield "traits", ", ".join(f"{name} {value:g}" for name, value in traits if isinstance(value, int | float))
    yield "values", _listed(values.get("core"))
    yield "boundaries", _listed(values.get("boundaries"))
    yield "interests", _listed(personality.get("interests"))
    yield "goals", _listed(open_goals(core))
    yield "projects", _listed(section(core, "context").get("projects"))
    yield "focus", _listed(section(core, "context").get("currentFocus"))


def _fact_rows(cache: PersonaCache) -> Iterator[tuple[str, str]]:
    """Yield the facts, and of those that a machine found since when they are known."""
    records = cache["sources"].get("frequentFacts", {})
    for key, value in cache["frequentFacts"].items():
        record = None if is_owners(cache, key) else records.get(key)
        since = f" (since {str(record['since'])[:10]})" if isinstance(record, dict) and "since" in record else ""
        yield f"fact: {plain(key)}", f"{', '.join(fact_words(value))}{since}"


def _cache_rows(cache: PersonaCache) -> Iterator[tuple[str, str]]:
    now = iso(datetime.now(UTC))
    yield "often says", _listed(cache["catchphrases"][-SHOWN:])
    yield "quirks", _listed(cache["quirks"][-SHOWN:])
    themes = [
        f"{name_of(one)} ({weight_at(one, now):.1f})" for one in current(cache["recentThemes"], now) if name_of(one)
    ]
    yield "themes", ", ".join(themes[:SHOWN])


def _listed(value: object) -> str:
    return ", ".join(words(value)[:SHOWN])
