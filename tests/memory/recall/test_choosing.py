"""Which of the best memories are shown."""

from __future__ import annotations

from metahuman.memory.recall.choosing import fit_budget, overlap, spread, unlike


def test_what_says_the_same_is_shown_once() -> None:
    texts = [
        ["my", "dog", "is", "called", "rex", "now"],
        ["rex", "is", "called", "my", "dog"],
        ["my", "dog", "is", "old"],
    ]
    assert unlike(texts, 5) == [0, 2]
    assert unlike(texts, 1) == [0]
    assert unlike([[], [], ["a"]], 3) == [0, 1, 2]
    words = [str(number) for number in range(10)]
    assert unlike([words, words[:8]], 2) == [0]
    assert unlike([words, words[:7]], 2) == [0, 1]


def test_overlap_is_the_share_of_words_in_both() -> None:
    assert overlap({"a", "b"}, {"b", "c"}) == 1 / 3
    assert overlap(set(), set()) == 0


def test_items_are_taken_from_the_whole_of_a_time() -> None:
    assert spread(list(range(10)), 3) == [0, 3, 6]
    assert spread([1, 2], 3) == [1, 2]


def test_as_many_as_fit_are_kept() -> None:
    assert fit_budget(["aaa", "bbbbbb", "cc", "d"], 6, len) == [0, 2, 3]
    assert fit_budget(["aaa"], 2, len) == []
    assert fit_budget([], 2, len) == []
