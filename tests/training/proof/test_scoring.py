from __future__ import annotations

import random
from functools import cache
from typing import Any

import pytest

from metahuman.training.proof.scoring import Voices, scored
from metahuman.training.proof.texts import OTHERS, Unit, authors, unit, word_count
from tests.training.proof_texts import AGAIN, BASE, OTHER, TRAINED, pairs, units, voices

SAME = units(pairs(*AGAIN))
STRANGER = OTHER["melville"]


@cache
def score_of_the_owner() -> dict[str, Any]:
    return score_of(SAME)


def score_of(adapter: list[Unit]) -> dict[str, Any]:
    return scored(voices(adapter))


def value(found: dict[str, Any]) -> float:
    return float(found["score"]["adapter"]["value"])


def test_the_owner_speaks_like_the_owner() -> None:
    found = score_of_the_owner()
    score = found["score"]["adapter"]
    assert score["value"] > 0.7
    assert score["low"] <= score["value"] <= score["high"]
    assert found["gain"]["low"] > 0
    assert found["flags"] == {"base": [], "adapter": []}
    assert max(author["value"] for author in found["authors"].values()) < 0.5


def test_a_stranger_does_not() -> None:
    others = {name: found for name, found in OTHER.items() if name != "melville"}
    held_out = voices([]).held_out
    found = scored(Voices(TRAINED, held_out, {"base": BASE, "adapter": STRANGER}, others))
    assert value(found) < 0.35
    assert found["gain"]["low"] < 0


def test_half_of_each_is_about_half_way() -> None:
    half = word_count(SAME) // 2
    assert 0.2 < value(score_of([*_first(SAME, half), *_first(STRANGER, half)])) < 0.8


def test_it_is_the_same_each_time() -> None:
    assert score_of(SAME) == score_of_the_owner()


def test_a_catchphrase_is_heard_once() -> None:
    repeated = [unit("Well, by the dog of Egypt, my good friend, is not that so? " * 4, str(n)) for n in range(40)]
    found = score_of(repeated)
    assert found["score"] is None
    assert "the samples of the adapter have" in found["why"]


def test_a_catchphrase_around_foreign_words_does_not_help() -> None:
    stuffed = [
        unit(f"By the dog, my friend! {one.text} By the dog, my friend!", str(n)) for n, one in enumerate(STRANGER)
    ]
    assert value(score_of(stuffed)) < 0.4


def test_what_is_copied_is_not_judged() -> None:
    found = score_of(TRAINED[:20])
    assert found["score"] is None
    half = score_of([*TRAINED[:20], *SAME])
    assert [flag["kind"] for flag in half["flags"]["adapter"]] == ["recites"]


def test_the_owners_words_shuffled_are_flagged() -> None:
    drawn = random.Random(1)
    salad = [Unit(" ".join(drawn.sample(one.text.split(), len(one.text.split()))), one.group) for one in SAME]
    assert [flag["kind"] for flag in score_of(salad)["flags"]["adapter"]] == ["salad"]


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"trained": TRAINED[:5]}, "are needed to know a voice"),
        ({"samples": {}}, "nobody asked the models"),
        ({"others": {"one": STRANGER}}, "fewer than three other authors"),
        ({"held_out": TRAINED[-2:]}, "the held-out texts have"),
    ],
)
def test_with_too_little_text_nothing_is_said(changed: dict[str, Any], why: str) -> None:
    found = scored(voices(SAME)._replace(**changed))
    assert found["score"] is None
    assert why in found["why"]


def test_every_author_names_source_and_licence() -> None:
    for path in OTHERS.glob("*.txt"):
        first = path.read_text("utf-8").splitlines()[0]
        assert first.startswith("# "), path
        assert "Public domain." in first or "CC BY 4.0" in first, path


def test_there_are_enough_words_of_each_author() -> None:
    found = authors(OTHERS)
    assert len(found) >= 8
    assert min(map(word_count, found.values())) >= 600


def _first(found: list[Unit], words: int) -> list[Unit]:
    chosen: list[Unit] = []
    while found and word_count(chosen) < words:
        chosen.append(found[len(chosen)])
        if len(chosen) == len(found):
            break
    return chosen
