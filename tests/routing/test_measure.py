"""Tests of the numbers that routes are judged by."""

from __future__ import annotations

import json
import random

import pytest

from metahuman.routing.measure import SEVERAL, Bin, Decision, Score, auroc, calibration, calibration_error, f1, measure


def decided(right: str, found: str, confidence: float = 0.9, *, sure: bool = True) -> Decision:
    return Decision(tuple(right.split()), tuple(found.split()), confidence, sure)


def test_numbers_of_messages_with_one_task() -> None:
    found = measure(
        [
            decided("coder", "coder", 0.95),
            decided("coder", "coder", 0.85),
            decided("coder", "operator", 0.35, sure=False),
            decided("operator", "operator", 0.75),
            decided("operator", "operator coder", 0.65),
        ]
    )
    assert (found.lines, found.accuracy, found.decided, found.decided_accuracy) == (5, 0.6, 0.8, 0.75)
    assert found.confusion == {"operator": {"operator": 1, SEVERAL: 1}, "coder": {"operator": 1, "coder": 2}}
    assert found.went == ["operator", "coder", SEVERAL]
    assert found.scores == {"operator": Score(2 / 3, 1, 0.8, 2), "coder": Score(2 / 3, 2 / 3, 2 / 3, 3)}
    assert found.macro_f1 == pytest.approx((0.8 + 2 / 3) / 2)
    assert found.auroc == pytest.approx(1)
    assert (found.several, found.several_exact) == (0, None)


def test_several_tasks_are_right_as_a_set() -> None:
    found = measure(
        [
            decided("coder operator", "operator coder"),
            decided("coder operator", "coder"),
            decided("dreamer", "dreamer"),
        ]
    )
    assert (found.several, found.several_exact, found.accuracy) == (2, 0.5, 2 / 3)
    assert found.confusion == {"dreamer": {"dreamer": 1}}
    assert found.scores["operator"] == Score(1, 0.5, 2 / 3, 2)


def test_nothing_has_no_share() -> None:
    found = measure([]).as_json()
    assert (found["lines"], found["accuracy"], found["macroF1"], found["auroc"], found["bins"]) == (
        0,
        None,
        None,
        None,
        [],
    )


def test_numbers_are_json_to_four_places() -> None:
    told = json.loads(json.dumps(measure([decided("coder", "coder"), decided("coder", "memory", 1 / 3)]).as_json()))
    assert told["destinations"] == {"coder": {"precision": 1, "recall": 0.5, "f1": 0.6667, "support": 2}}
    assert told["bins"][0] == {"decisions": 1, "confidence": 0.3333, "accuracy": 0}


def test_a_destination_that_is_never_named_has_no_score() -> None:
    assert f1([("coder",)], [("memory",)]) == {"coder": Score(0, 0, 0, 1)}


def test_confidence_is_compared_with_what_comes_of_it() -> None:
    bins = calibration([0, 0.05, 0.5, 0.55, 1], [False, False, True, False, True])
    assert bins == [Bin(2, 0.025, 0), Bin(2, pytest.approx(0.525), 0.5), Bin(1, 1, 1)]
    assert calibration_error(bins) == pytest.approx(2 / 5 * 0.025 + 2 / 5 * 0.025)
    assert calibration_error([]) is None


def test_confidence_that_holds_has_no_error() -> None:
    dice = random.Random(1)
    sure = [dice.random() for _ in range(20_000)]
    assert calibration_error(calibration(sure, [dice.random() < one for one in sure])) == pytest.approx(0, abs=0.02)


@pytest.mark.parametrize(
    ("scores", "truths", "area"),
    [
        ([0.1, 0.9], [False, True], 1),
        ([0.1, 0.9], [True, False], 0),
        ([0.5, 0.5], [True, False], 0.5),
        ([0.1, 0.4, 0.35, 0.8], [False, False, True, True], 0.75),
        ([0.2, 0.7, 0.7, 0.7], [False, False, True, True], 0.75),
        ([0.3, 0.4], [True, True], None),
        ([], [], None),
    ],
)
def test_the_area_under_the_curve_counts_pairs(scores: list[float], truths: list[bool], area: float | None) -> None:
    assert auroc(scores, truths) == (None if area is None else pytest.approx(area))


def test_the_area_is_that_of_every_pair() -> None:
    dice = random.Random(2)
    scores = [dice.randrange(8) / 8 for _ in range(60)]
    truths = [dice.random() < 0.4 for _ in scores]
    pairs = [
        (a, b) for a, t in zip(scores, truths, strict=True) if t for b, u in zip(scores, truths, strict=True) if not u
    ]
    assert auroc(scores, truths) == pytest.approx(sum((a > b) + (a == b) / 2 for a, b in pairs) / len(pairs))
