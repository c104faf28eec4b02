"""What the digest found goes into the persona cache: counted once, nothing of the owner's touched."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from metahuman.memory.digest.applying import applied, cited
from metahuman.state.digesting import Item, Kind
from metahuman.state.persona_cache import PersonaCache, from_file, update_frequent_fact
from tests.digests import moment

NOW = "2026-05-17T12:00:00.000Z"
AT = {f"m{number}": moment(number) for number in range(57)}


def item(kind: Kind, text: str, *memories: str, value: str = "", ended: bool = False) -> Item:
    return Item(kind=kind, text=text, value=value, ended=ended, memories=list(memories), by="rules")


def after(*items: Item, cache: PersonaCache | None = None, now: str = NOW, gone: tuple[str, ...] = ()) -> PersonaCache:
    return applied(from_file({}) if cache is None else cache, items, AT, gone, now)


def themes(cache: PersonaCache) -> dict[str, int]:
    return {theme["theme"]: theme["frequency"] for theme in cache["recentThemes"]}


FOUND = (
    item("theme", "harbour wall", "m1", "m5", "m9"),
    item("fact", "home", "m2", value="Oslo"),
    item("catchphrase", "easy does it", "m1", "m20", "m30"),
    item("quirk", "asks for short answers", "m3", "m4", "m31"),
)


def test_each_thing_names_the_memories_that_it_rests_on() -> None:
    cache = after(*FOUND)
    assert themes(cache) == {"harbour wall": 3}
    assert list(cache["recentThemes"][0]["memories"]) == ["m1", "m5", "m9"]
    assert (cache["frequentFacts"], cache["catchphrases"]) == ({"home": "Oslo"}, ["easy does it"])
    assert cache["sources"]["catchphrases"]["easy does it"]["count"] == 3
    assert cache["quirks"] == ["asks for short answers"]
    assert set(cited(cache)) == {"m1", "m2", "m3", "m4", "m5", "m9", "m20", "m30", "m31"}


def test_a_second_time_changes_nothing() -> None:
    cache = after(*FOUND)
    assert after(*FOUND, cache=cache, now="2026-05-18T12:00:00.000Z") == cache
    more = after(item("theme", "harbour wall", "m1", "m5", "m9", "m10"), cache=cache)
    assert themes(more) == {"harbour wall": 4}


def test_a_theme_keeps_its_name_in_another_form() -> None:
    cache = after(item("theme", "harbour wall", "m1", "m2"))
    assert themes(after(item("theme", "Harbour walls", "m1", "m2", "m3"), cache=cache)) == {"harbour wall": 3}


def test_of_more_themes_than_are_kept_the_heaviest_stay_whatever_came_first() -> None:
    many = [item("theme", f"matter {number}", *(f"m{one}" for one in range(2 + number % 7))) for number in range(45)]
    cache = after(*many)
    assert len(cache["recentThemes"]) == 30
    assert min(themes(cache).values()) >= 3
    assert after(*many, cache=cache) == cache
    assert after(*reversed(many), cache=cache) == cache


def test_a_habit_that_a_model_words_anew_is_the_same_habit() -> None:
    cache = after(*FOUND)
    anew = Item(**{**item("quirk", "wants it brief", "m3", "m4", "m31"), "by": "model"})
    assert after(anew, cache=cache) == cache
    other = Item(**{**item("quirk", "wants it brief", "m3", "m4", "m7", "m9"), "by": "model"})
    assert after(other, cache=cache)["quirks"] == ["asks for short answers", "wants it brief"]


def test_the_owners_own_facts_stay() -> None:
    cache = update_frequent_fact(from_file({}), "home", "Bergen", NOW, actor="human")
    assert after(*FOUND, cache=cache)["frequentFacts"] == {"home": "Bergen"}
    edited = after(*FOUND)
    edited["frequentFacts"] = {"home": "Rome"}
    assert after(*FOUND, cache=edited)["frequentFacts"] == {"home": "Rome"}
    taken_out = {**after(*FOUND), "catchphrases": [], "quirks": [], "frequentFacts": {}}
    again = after(*FOUND, cache=from_file(taken_out))
    assert (again["catchphrases"], again["quirks"], again["frequentFacts"]) == ([], [], {})


def test_a_fact_that_holds_no_longer_goes_and_another_stays() -> None:
    cache = after(*FOUND)
    ended = item("fact", "home", "m7", value="Oslo", ended=True)
    assert after(ended, cache=cache)["frequentFacts"] == {}
    other = item("fact", "home", "m7", value="Rome", ended=True)
    assert after(other, cache=cache) == cache
    assert after(ended) == from_file({})


def test_what_rests_on_forgotten_memories_alone_is_gone() -> None:
    cache = after(*FOUND)
    left = after(cache=cache, gone=("m1", "m2", "m5", "m9", "m20", "m30"))
    assert (left["frequentFacts"], left["catchphrases"], left["recentThemes"]) == ({}, [], [])
    assert left["quirks"] == ["asks for short answers"]
    partly = after(cache=cache, gone=("m1",))
    assert list(partly["recentThemes"][0]["memories"]) == ["m5", "m9"]


def test_what_another_program_wrote_is_left_as_it_is() -> None:
    theirs = from_file({"recentThemes": [{"theme": "rust"}, "tea", 7], "quirks": ["dry"], "catchphrases": [None]})
    assert after(cache=theirs) == theirs
    assert cited(theirs) == []
    assert cited(from_file({"sources": {"quirks": {"a": {"memories": 3}, "b": [], "c": {"memories": [1, "m1"]}}}})) == [
        "m1"
    ]


ITEMS = st.builds(
    item,
    st.sampled_from(["theme", "catchphrase", "quirk"]),
    st.sampled_from([f"thing {letter}" for letter in "abcdefgh"]),
    *([st.sampled_from(sorted(AT))] * 3),
)


@given(st.lists(ITEMS, max_size=12))
def test_whatever_was_found_counts_once(found: list[Item]) -> None:
    unique = [{**one, "memories": list(dict.fromkeys(one["memories"]))} for one in found]
    once = after(*unique)
    assert json.dumps(after(*unique, cache=once, now="2026-06-01T00:00:00.000Z")) == json.dumps(once)
