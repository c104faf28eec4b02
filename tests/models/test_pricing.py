"""What a call costs."""

from __future__ import annotations

import pytest

from metahuman.models.pricing import cost
from metahuman.models.schema import Price
from metahuman.state.events import Tokens

TOKENS = Tokens(prompt=2_000_000, completion=500_000, cached=1_500_000)


@pytest.mark.parametrize(
    ("price", "expected"),
    [
        (Price(), 0),
        (Price(prompt=3), 6),
        (Price(prompt=3, cached=1), 3),
        (Price(prompt=3, cached=0), 1.5),
        (Price(completion=10), 5),
        (Price(second=0.25), 2.5),
        (Price(prompt=3, cached=1, completion=10, second=0.25), 10.5),
    ],
)
def test_prices_are_for_a_million_tokens_and_for_seconds(price: Price, expected: float) -> None:
    assert cost(price, TOKENS, 10) == pytest.approx(expected)


def test_a_server_that_counts_more_cached_than_it_read_is_not_paid_back() -> None:
    assert cost(Price(prompt=3, cached=1), Tokens(prompt=1_000_000, completion=0, cached=9_000_000), 0) == 1
