from __future__ import annotations

import numpy as np
import pytest

from metahuman.routing.kernel import CONTEXT, RIDGE, Array, Known, Seen, fit, softmax, unit

RANDOM = np.random.default_rng(3)


def vectors(count: int, wide: int = 16) -> Array:
    return unit(RANDOM.normal(size=(count, wide)).astype(np.float32), np.zeros(wide, np.float32))


def situations(count: int = 12, led: int = 5) -> Seen:
    before = vectors(count, 4)
    before[led:] = 0
    return Seen(vectors(count), before)


def test_nearness_is_a_share_and_the_same_both_ways() -> None:
    seen = situations()
    near = Known.of(seen).near(seen)
    assert near.shape == (12, 12)
    assert np.allclose(near, near.T, atol=1e-6)
    assert np.allclose(near.diagonal(), 1, atol=1e-6)
    assert near.min() > 0
    assert near.max() <= 1 + 1e-6
    assert np.linalg.eigvalsh(near.astype(np.float64)).min() > -1e-6  # a kernel, or the fit means nothing


def test_the_distance_of_what_went_before_is_what_it_says() -> None:
    one, other = situations(), situations(7, led=3)
    known = Known.of(one)
    away = ((other.before[:, None] - one.before[None]) ** 2).sum(2)
    wanted = known.near_message(other.message) * (1 - CONTEXT + CONTEXT * np.exp(-away))
    assert np.allclose(known.near(other), wanted, atol=1e-6)


def test_what_went_before_matters_only_where_something_did() -> None:
    seen = situations()
    known = Known.of(seen)
    first = Seen(seen.message, np.zeros_like(seen.before))
    plain, near = known.near_message(seen.message), known.near(first)
    assert list(known.led) == [0, 1, 2, 3, 4]
    assert np.allclose(near[:, 5:], plain[:, 5:])
    assert (near[:, :5] < plain[:, :5]).all()
    nobody = Known.of(first)
    assert np.allclose(nobody.near(first), nobody.near_message(seen.message))
    assert (nobody.near(seen)[:5] < plain[:5]).all()


def test_no_situation_at_all_is_near_to_nothing() -> None:
    known = Known.of(situations())
    assert known.near(Seen(np.zeros((0, 16), np.float32), np.zeros((0, 4), np.float32))).shape == (0, 12)


def test_a_fit_recovers_what_it_was_shown() -> None:
    near = Known.of(seen := situations()).near(seen)
    targets = RANDOM.normal(size=(12, 3)).astype(np.float32)
    exact = fit(near, targets, np.full(12, 1e5, np.float32))
    assert np.allclose(near @ exact, targets, atol=1e-2)
    loose = fit(near, targets, np.ones(12, np.float32))
    assert np.allclose((near + RIDGE * np.eye(12)) @ loose, targets, atol=1e-4)


def test_a_weightier_example_is_met_more_closely() -> None:
    near = np.ones((2, 2), np.float32)  # the same message with two answers
    added = fit(near, np.array([[1, 0], [0, 1]], np.float32), np.array([1, 4], np.float32))
    one, other = (near @ added)[0]
    assert other > 3 * one


def test_vectors_are_seen_from_their_mean() -> None:
    mean = np.array([1, 0], np.float32)
    found = unit(np.array([[3, 0], [1, 5], [0, 0], [1, 0]], np.float32), mean)
    assert found.tolist() == [[1, 0], [0, 1], [0, 0], [0, 0]]


@pytest.mark.parametrize("scores", [[0, 0, 0], [1000, 0, -1000], [-1e30, -1e30, 0]])
def test_scores_become_probabilities_however_big(scores: list[float]) -> None:
    shares = softmax(np.array([scores], np.float32))
    assert np.isclose(shares.sum(), 1)
    assert shares.min() >= 0
    assert shares.argmax() == np.argmax(scores)
