"""What a text states, and which statements cannot both hold."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import pytest

from metahuman.memory.hygiene.facts import Fact, stated

PAIRS = Path(__file__).parents[3] / "benchmarks" / "data" / "memory" / "facts.jsonl"
AT = datetime(2024, 5, 1)


def contradicted(old: str, new: str) -> bool:
    mine = stated(new, AT).facts
    return any(fact.contradicts(other) for fact in mine for other in stated(old, AT).facts)


def test_a_statement_supersedes_what_it_contradicts_and_a_trap_nothing() -> None:
    pairs = [json.loads(line) for line in PAIRS.read_text("utf-8").splitlines()]
    traps = sum(not pair["supersedes"] for pair in pairs)
    found = [pair for pair in pairs if contradicted(pair["old"], pair["new"])]
    right = sum(pair["supersedes"] for pair in found)
    assert len(pairs) >= 300
    assert traps >= len(pairs) / 2
    assert right / len(found) >= 0.97
    assert right / (len(pairs) - traps) >= 0.9


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ("Hi! I live in Lisbon.", Fact("owner", "home", "lisbon")),
        ("we moved to New York last week", Fact("owner", "home", "new york")),
        ("My doctor is Dr. Anna Reyes", Fact("owner", "doctor", "dr. anna reyes")),
        ("my number is (030) 555-12 34", Fact("owner", "phone number", "0305551234")),
        ("Tom's birthday is the 3rd of June", Fact("tom", "birthday", "3 june")),
        ("I used to hate olives", Fact("owner", "likes olives", "yes")),
        ("I don't live in Lisbon anymore", Fact("owner", "home", "lisbon", ended=True)),
        ("Ich wohne jetzt in Berlin", Fact("owner", "home", "berlin")),
    ],
)
def test_a_plain_statement_is_a_fact(text: str, fact: Fact) -> None:
    assert stated(text, AT).facts == (fact,)


def test_a_story_with_two_homes_states_none() -> None:
    assert stated("I moved to Rome. We moved to Milan.", AT).facts == ()


def test_this_year_is_now_and_another_year_is_past() -> None:
    assert stated("I moved to Rome in 2024", AT).facts
    assert not stated("I moved to Rome in 2015", AT).facts


def test_the_rest_is_what_else_a_text_says() -> None:
    assert stated("I live in Rome.").rest == 0
    assert stated("I live in Rome. My dog Rex had surgery and is asleep.").rest == 8


def test_a_sign_is_one_word_for_all_values() -> None:
    assert Fact("owner", "home", "rome").sign == Fact("owner", "home", "oslo").sign
    assert Fact("owner", "home", "rome").sign != Fact("anna", "home", "rome").sign
    assert Fact("ýrsa", "home", "rome").sign.isalnum()
