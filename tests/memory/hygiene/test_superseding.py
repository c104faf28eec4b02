"""A newer fact takes an older one's place; the older one is kept, with the day it ended."""

from __future__ import annotations

from typing import Any

from metahuman.memory.hygiene.edits import fact_signs, outdated
from metahuman.state.memories import Memory
from tests.kept import Kept, said

ROME = said("I moved to Rome last week.", at="2024-03-01T00:00:00Z", name="rome")
LISBON = said("I live in Lisbon.", at="2023-01-01T00:00:00Z", name="lisbon")
OSLO = said("Good news: I live in Oslo now.", at="2024-09-01T00:00:00Z", name="oslo")


def metadata(kept: Kept, name: str) -> dict[str, Any]:
    return kept.files[name]["metadata"]


def current(kept: Kept) -> set[str]:
    return {name for name, value in kept.files.items() if Memory.model_validate(value).current}


def test_the_newer_fact_supersedes_the_older() -> None:
    kept = Kept()
    done = kept.say(LISBON, ROME)
    assert done[1].reason == "replaces lisbon"
    assert metadata(kept, "lisbon")["validUntil"] == ROME.timestamp
    assert metadata(kept, "lisbon")["supersededBy"] == "rome"
    assert metadata(kept, "rome")["supersedes"] == ["lisbon"]
    assert metadata(kept, "rome")["validFrom"] == ROME.timestamp
    assert current(kept) == {"rome"}


def test_an_older_fact_that_comes_later_is_closed_by_the_next_one() -> None:
    kept = Kept()
    kept.say(OSLO, ROME, LISBON)
    assert current(kept) == {"oslo"}
    assert metadata(kept, "lisbon")["supersededBy"] == "rome"
    assert metadata(kept, "rome")["supersededBy"] == "oslo"


def test_who_goes_back_lives_there_again() -> None:
    kept = Kept()
    back = said("I live in Lisbon.", at="2025-01-01T00:00:00Z", name="back")
    kept.say(LISBON, ROME, back)
    assert current(kept) == {"back"}
    assert metadata(kept, "back")["supersedes"] == ["rome"]


def test_an_end_without_a_successor() -> None:
    kept = Kept()
    kept.say(LISBON, said("I don't live in Lisbon anymore.", at="2024-01-01T00:00:00Z", name="end"))
    assert current(kept) == {"end"}


def test_what_else_a_memory_says_still_holds() -> None:
    kept = Kept()
    both = said("I live in Lisbon. My dog Rex had surgery on his left paw.", at="2023-01-01T00:00:00Z", name="both")
    kept.say(both, ROME)
    old = kept.read("both")
    assert old is not None
    assert old.current
    assert outdated(old) == ["home: lisbon (until 2024-03-01)"]
    assert metadata(kept, "both")["facts"][0]["by"] == "rome"


def test_another_persons_words_supersede_nothing() -> None:
    kept = Kept()
    theirs = said("I live in Rome.", at="2024-01-01T00:00:00Z", name="theirs", speaker="Anna")
    summary = said("I live in Rome.", at="2024-01-01T00:00:00Z", name="summary", type="summary")
    kept.say(LISBON, theirs, summary)
    assert current(kept) == {"lisbon", "theirs", "summary"}


def test_what_a_hand_wrote_into_the_facts_stops_nothing() -> None:
    kept = Kept()
    kept.say(LISBON)
    sign = fact_signs(Memory.model_validate(kept.files["lisbon"]))
    kept.files["lisbon"]["metadata"]["facts"] = ["nonsense", {"subject": 1}, None]
    kept.say(ROME)
    assert sign
    assert current(kept) == {"lisbon", "rome"}


def test_saving_the_same_turn_again_changes_nothing() -> None:
    kept = Kept()
    kept.say(LISBON, ROME)
    before = {name: dict(value) for name, value in kept.files.items()}
    kept.say(ROME, LISBON)
    assert kept.files == before
