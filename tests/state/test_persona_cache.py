"""The persona cache: what it learns once and only once, what fades, and that the owner's word holds."""

from __future__ import annotations

import json
import math
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metahuman.state import persona_cache as cache
from metahuman.state.counting import COUNTED, HALF_LIFE
from metahuman.state.moments import iso
from metahuman.state.persona_cache import CATCHPHRASES, CUT, FEW, QUIRKS, THEMES, Mention, PersonaCache, from_file
from metahuman.state.themes import by_weight, current, weight_at
from tests.fakes import NOON

EMPTY = from_file({})
NOW = iso(NOON)
#: The plan's own example.
PLANS: dict[str, Any] = {
    "catchphrases": ["Let me check that for you"],
    "frequentFacts": {
        "name": "Gregory",
        "role": "AI researcher and developer",
        "currentProjects": ["MetaHuman OS", "LoRA fine-tuning"],
    },
    "quirks": ["Prefers detailed explanations", "Values code quality"],
    "recentThemes": [{"theme": "multi-model architecture", "frequency": 15, "lastSeen": "2025-11-04T12:00:00Z"}],
    "lastUpdated": "2025-11-04T12:00:00Z",
}


def day(number: float) -> str:
    return iso(NOON + timedelta(days=number))


def theme(known: PersonaCache, name: str) -> dict[str, Any]:
    return next(one for one in known["recentThemes"] if one["theme"] == name)


def test_the_plans_file_is_read_as_it_is_and_told() -> None:
    known = from_file(PLANS)
    assert {key: known[key] for key in PLANS} == PLANS  # type: ignore[literal-required]
    assert cache.get_persona_context(known).splitlines() == [
        "You know: name: Gregory; role: AI researcher and developer; currentProjects: MetaHuman OS, LoRA fine-tuning",
        "You often say: Let me check that for you",
        "Lately: multi-model architecture",
        "Quirks: Prefers detailed explanations, Values code quality",
    ]
    assert cache.get_persona_context(EMPTY) == ""


def test_a_fact_has_its_sources_and_the_day_since_when_it_is_known() -> None:
    known = cache.update_frequent_fact(EMPTY, "city", "London", day(0), memories=["evt-1"])
    known = cache.update_frequent_fact(known, "city", "London", day(3), memories=["evt-2", "evt-1"])
    assert known["frequentFacts"] == {"city": "London"}
    record = {"value": "London", "since": day(0), "memories": ["evt-1", "evt-2"]}
    assert known["sources"]["frequentFacts"] == {"city": record}
    moved = cache.update_frequent_fact(known, "city", "Paris", day(9), memories=["evt-3"])
    assert moved["sources"]["frequentFacts"]["city"] == {"value": "Paris", "since": day(9), "memories": ["evt-3"]}
    assert cache.update_frequent_fact(moved, "city", None, day(9))["frequentFacts"] == {}
    assert known["frequentFacts"] == {"city": "London"}  # nothing is changed in place


@pytest.mark.parametrize(
    "owners",
    [
        {"frequentFacts": {"city": "Rome"}},  # written by hand
        {"frequentFacts": {"city": "Rome"}, "ownerFacts": ["city"]},
        {"ownerFacts": ["city"]},
        {"frequentFacts": {"city": "Rome"}, "sources": {"frequentFacts": {"city": {"value": "London"}}}},  # edited
        {"frequentFacts": {}, "sources": {"frequentFacts": {"city": {"value": "London"}}}},  # taken out
        {"frequentFacts": {"city": "Rome"}, "sources": {"frequentFacts": {"city": 3}}},
    ],
)
def test_what_the_owner_wrote_edited_or_took_out_no_machine_changes(owners: dict[str, Any]) -> None:
    known = from_file(owners)
    assert cache.update_frequent_fact(known, "city", "Paris", NOW, actor="digest") is known
    said = cache.update_frequent_fact(known, "city", "Oslo", NOW, actor="human")
    assert (said["frequentFacts"]["city"], said["ownerFacts"]) == ("Oslo", ["city"])
    assert cache.update_frequent_fact(said, "city", "Paris", NOW, actor="digest") is said
    out = cache.update_frequent_fact(said, "city", None, NOW, actor="human")
    assert cache.update_frequent_fact(out, "city", "Paris", NOW, actor="digest") is out


def test_the_same_memory_never_counts_twice() -> None:
    mention = Mention(day(1), "evt-1", day(0))
    once = cache.track_theme(EMPTY, "Gardening", mention)
    assert cache.track_theme(once, " gardening ", mention._replace(now=day(20))) is once
    twice = cache.track_theme(once, "gardening", Mention(day(2), "evt-2", day(2)))
    assert (theme(twice, "Gardening")["frequency"], theme(twice, "Gardening")["lastSeen"]) == (2, day(2))
    phrase = cache.add_catchphrase(EMPTY, "indeed", mention)
    assert cache.add_catchphrase(phrase, "Indeed", mention) is phrase
    assert phrase["sources"]["catchphrases"]["indeed"]["count"] == 1


def test_a_theme_never_inflates_however_often_and_in_whatever_order_memories_come_again() -> None:
    many = [(f"evt-{number}", day(number / 10)) for number in range(3 * COUNTED)]
    known = EMPTY
    for _ in range(3):
        for memory, at in many:
            known = cache.track_theme(known, "rust", Mention(day(90), memory, at))
    assert theme(known, "rust")["frequency"] == len(many)
    assert len(theme(known, "rust")["memories"]) == COUNTED


def test_what_another_program_counted_is_not_counted_again() -> None:
    known = from_file(PLANS)
    old = Mention(NOW, "evt-old", "2025-11-01T12:00:00Z")
    assert cache.track_theme(known, "multi-model architecture", old) is known
    new = cache.track_theme(known, "multi-model architecture", Mention(NOW, "evt-new"))
    assert new["recentThemes"][0]["frequency"] == 16


@given(st.permutations(list(range(8))), st.lists(st.integers(0, 200), min_size=8, max_size=8))
def test_a_weight_is_the_sum_of_faded_mentions_in_whatever_order_they_come(order: list[int], days: list[int]) -> None:
    known = EMPTY
    for number in order:
        known = cache.track_theme(known, "tea", Mention(day(200), f"evt-{number}", day(days[number])))
    half_life = HALF_LIFE / 86_400
    expected = sum(0.5 ** ((200 - at) / half_life) for at in days)
    assert math.isclose(weight_at(theme(known, "tea"), day(200)), expected, rel_tol=1e-4)


def test_a_theme_of_now_outweighs_a_frequent_one_of_long_ago_and_single_ones_fade() -> None:
    known = EMPTY
    for number in range(8):
        known = cache.track_theme(known, "old", Mention(day(0), f"o{number}", day(0)))
    known = cache.track_theme(known, "once", Mention(day(1), "x", day(1)))
    known = cache.track_theme(known, "new", Mention(day(90), "n", day(90)))
    assert [one["theme"] for one in known["recentThemes"]] == ["new", "old", "once"]
    assert [one["theme"] for one in current(known["recentThemes"], day(90))] == ["new"]
    assert math.isclose(weight_at(theme(known, "old"), day(14)), 4)


def test_the_order_of_themes_does_not_depend_on_when_one_looks() -> None:
    themes = [{"theme": "a", "frequency": 3, "lastSeen": day(0)}, {"theme": "b", "frequency": 1, "lastSeen": day(20)}]
    assert by_weight(themes, day(0))[0]["theme"] == by_weight(themes, day(900))[0]["theme"]
    known = from_file({"recentThemes": themes, "lastUpdated": day(21)})
    assert cache.get_persona_context(known) == cache.get_persona_context(from_file(json.loads(json.dumps(known))))


def test_a_moment_in_the_future_or_nowhere_is_now() -> None:
    for at in (day(9999), "soon", ""):
        assert theme(cache.track_theme(EMPTY, "tea", Mention(NOW, "m", at)), "tea")["lastSeen"] == NOW


def test_nothing_grows_without_end() -> None:
    known = EMPTY
    for number in range(80):
        mention = Mention(day(number))
        known = cache.add_catchphrase(cache.add_quirk(known, f"q{number}", mention), f"c{number}", mention)
        known = cache.track_theme(known, f"t{number}", mention)
    assert known["catchphrases"] == [f"c{number}" for number in range(80 - CATCHPHRASES, 80)]
    assert known["quirks"] == [f"q{number}" for number in range(80 - QUIRKS, 80)]
    assert len(known["recentThemes"]) == THEMES
    assert known["recentThemes"][0]["theme"] == "t79"
    assert {len(records) for records in known["sources"].values()} == {CATCHPHRASES, QUIRKS}


def test_a_phrase_said_again_is_the_latest_and_one_taken_out_stays_out() -> None:
    known = from_file({"catchphrases": ["indeed", {"value": "quite"}, 3]})
    again = cache.add_catchphrase(known, "Indeed", Mention(NOW))
    assert again["catchphrases"] == [{"value": "quite"}, 3, "indeed"]
    out = from_file({**again, "catchphrases": []})
    assert cache.add_catchphrase(out, "indeed", Mention(NOW)) is out
    assert cache.add_catchphrase(out, "indeed", Mention(NOW, actor="human"))["catchphrases"] == ["indeed"]
    assert cache.add_quirk(out, " \n", Mention(NOW)) is out


def test_forgetting_a_memory_takes_what_rests_on_it_alone() -> None:
    known = cache.update_frequent_fact(EMPTY, "city", "London", NOW, memories=["m1"])
    known = cache.update_frequent_fact(known, "pet", "cat", NOW, memories=["m1", "m2"])
    known = cache.update_frequent_fact(known, "name", "Ada", NOW, memories=["m1"], actor="human")
    known = cache.add_catchphrase(known, "indeed", Mention(NOW, "m1"))
    known = cache.track_theme(cache.track_theme(known, "tea", Mention(NOW, "m1")), "tea", Mention(NOW, "m2"))
    known = cache.track_theme(known, "secret", Mention(NOW, "m1"))
    after = cache.forget_memory(known, "m1", day(1))
    assert "m1" not in json.dumps(after)
    assert after["frequentFacts"] == {"pet": "cat", "name": "Ada"}
    assert after["catchphrases"] == []
    assert [one["theme"] for one in after["recentThemes"]] == ["tea"]
    assert cache.forget_memory(after, "m1", day(2)) is after


def test_clearing_leaves_the_owners_facts_unless_told_otherwise() -> None:
    known = cache.update_frequent_fact(from_file(PLANS), "pet", "cat", NOW)
    assert set(cache.clear_persona_cache(known, NOW)["frequentFacts"]) == set(PLANS["frequentFacts"])
    assert cache.clear_persona_cache(known, NOW)["recentThemes"] == []
    assert cache.clear_persona_cache(known, NOW, owners_too=True) == {**EMPTY, "lastUpdated": NOW}


def test_the_context_is_lean_and_the_owners_facts_come_first() -> None:
    facts = {f"fact {number}": "x" * 500 for number in range(40)} | {"age": 41, "yes": True, "none": None}
    lists = {key: [f"{key} {number}\nline" * 20 for number in range(40)] for key in ("catchphrases", "quirks")}
    known = from_file({"frequentFacts": facts, **lists, "ownerFacts": ["age"]})
    lines = cache.get_persona_context(known).splitlines()
    assert lines[0].startswith("You know: age: 41; fact 0: xxx")
    assert all(len(line) < 15 * (CUT + 15) for line in lines)
    assert len(lines) == 3
    assert FEW == 5


@pytest.mark.parametrize(
    "odd", [None, 0, True, "text", [], [None, 3, {"theme": {}}, [1]], {"a": 1}, {"frequentFacts": 3}]
)
def test_a_file_of_any_shape_is_read_added_to_and_told(odd: Any) -> None:
    known = from_file(dict.fromkeys(EMPTY, odd))
    for step in (
        cache.track_theme(known, "tea", Mention(NOW, "m")),
        cache.add_catchphrase(known, "tea", Mention(NOW, "m")),
        cache.update_frequent_fact(known, "tea", "green", NOW),
        cache.forget_memory(known, "m", NOW),
    ):
        assert isinstance(cache.get_persona_context(step), str)


@pytest.mark.parametrize(
    "weight", [float("nan"), float("inf"), -3, 0, "many", None, True, 10**400], ids=lambda value: str(value)[:9]
)
def test_a_weight_that_is_no_number_is_none(weight: Any) -> None:
    known = from_file({"recentThemes": [{"theme": "a", "weight": weight, "frequency": weight, "lastSeen": weight}]})
    assert theme(cache.track_theme(known, "a", Mention(NOW)), "a")["weight"] == 2


def test_what_changed_is_named() -> None:
    known = cache.add_quirk(cache.update_frequent_fact(EMPTY, "city", "Rome", NOW), "hums", Mention(NOW))
    assert cache.changed_names(EMPTY, known) == {"frequentFacts": ["city"], "quirks": ["hums"]}
    marked = from_file({**known, "ownerFacts": ["city"]})
    assert cache.changed_names(known, marked) == {"frequentFacts": ["city"]}
    assert cache.changed_names(known, known) == {}
