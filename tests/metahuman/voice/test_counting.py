"""What votes come to: the figures are those of the literature, or worked out by hand."""

from __future__ import annotations

import pytest

from metahuman.voice.counting import Count, Rate, sign_test, votes_needed, wilson


@pytest.mark.parametrize(
    ("wins", "of", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),  # Newcombe 1998, Statistics in Medicine 17, table I, method 3
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_the_interval_is_wilsons(wins: int, of: int, low: float, high: float) -> None:
    found = wilson(wins, of)
    assert found is not None
    assert (round(found.low, 4), round(found.high, 4)) == (low, high)
    turned = wilson(of - wins, of)
    assert turned == pytest.approx(Rate(1 - found.value, 1 - found.high, 1 - found.low))


@pytest.mark.parametrize(
    ("wins", "of", "p"), [(5, 5, 0.0625), (0, 5, 0.0625), (8, 10, 0.109375), (5, 10, 1.0), (1, 1, 1.0)]
)
def test_the_sign_test_is_exact(wins: int, of: int, p: float) -> None:
    assert sign_test(wins, of) == pytest.approx(p)


def test_nothing_is_said_of_no_votes() -> None:
    nobody = Count(0, 0, 0, 0, 3, 5)
    assert (nobody.rate, nobody.rate_with_ties, nobody.p, nobody.needed) == (None, None, None, None)
    only_ties = Count(0, 0, 4, 2, 0, 0)
    assert (only_ties.rate, only_ties.p, only_ties.rate_with_ties and only_ties.rate_with_ties.value) == (
        None,
        None,
        0.5,
    )


@pytest.mark.parametrize(("wins", "of"), [(7, 10), (6, 10), (3, 10), (11, 20), (1, 4)])
def test_so_many_votes_settle_it_and_no_fewer(wins: int, of: int) -> None:
    needed = votes_needed(wins, of)
    assert needed is not None
    share = wins / of
    enough, fewer = wilson(share * needed, needed), wilson(share * (needed - 1), needed - 1)
    assert enough is not None
    assert fewer is not None
    assert enough.low > 0.5 or enough.high < 0.5
    assert fewer.low <= 0.5 <= fewer.high


@pytest.mark.parametrize(("wins", "of"), [(5, 10), (0, 0), (5001, 10_000)])
def test_where_nobody_can_vote_enough_nothing_is_said(wins: int, of: int) -> None:
    assert votes_needed(wins, of) is None


def test_a_count_is_told_in_plain_values() -> None:
    told = Count(9, 1, 2, 1, 0, 0).as_json()
    assert (told["winRate"]["value"], told["moreVotesNeeded"]) == (0.9, 0)
    assert told["winRateWithTies"]["value"] == pytest.approx(10.5 / 13)
    assert told["p"] == pytest.approx(22 / 1024)
