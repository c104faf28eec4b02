"""Answers shown blind, and votes on them, in a file that anybody may edit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from metahuman.state.errors import BadChoice, SettingError
from metahuman.voice.blind import FILE, Ab, next_pair, read_ab, vote
from metahuman.voice.counting import result
from tests.fakes import FakeAudit, FakeClock


def put(folder: Path, **changed: Any) -> Path:
    pairs = [
        {"id": f"p{number}", "prompt": f"{number}?", "origin": "neutral", "voice": f"v{number}", "base": f"b{number}"}
        for number in range(40)
    ]
    sheet = {"run": "r", "adapter": "ab" * 32, "modelId": "persona", "seed": 7, "createdAt": "2026", "pairs": pairs}
    path = folder / FILE
    path.write_text(json.dumps({**sheet, "votes": [], "mine": 1, **changed}))
    return path


def voted(ab: Ab, choose: Any, by: Any = "person") -> Ab:
    while shown := next_pair(ab, by):
        ab = vote(ab, shown.id, choose(shown), by, audit=FakeAudit(), clock=FakeClock())
    return ab


def test_places_are_drawn_and_so_is_the_order(tmp_path: Path) -> None:
    put(tmp_path)
    ab = read_ab(tmp_path)
    firsts = [ab.sides(pair.id)[0] for pair in ab.sheet.pairs]
    assert 10 < firsts.count("voice") < 30
    assert [pair.id for pair in ab.waiting("person")] != [pair.id for pair in ab.sheet.pairs]
    put(tmp_path, seed=8)
    other = read_ab(tmp_path)
    assert [other.sides(pair.id)[0] for pair in other.sheet.pairs] != firsts
    assert [one.id for one in other.waiting("person")] != [one.id for one in ab.waiting("person")]


def test_a_vote_counts_for_the_answer_that_was_shown_there(tmp_path: Path) -> None:
    put(tmp_path)
    ab = voted(read_ab(tmp_path), lambda shown: "1" if shown.first.startswith("v") else "2")
    count = result(ab).by["person"]
    assert (count.voice, count.base, count.left) == (40, 0, 0)
    written = json.loads((tmp_path / FILE).read_bytes())
    assert {one["chose"] for one in written["votes"]} == {"voice"}
    assert written["mine"] == 1


def test_every_vote_is_told_without_the_texts(tmp_path: Path) -> None:
    put(tmp_path)
    ab, audit = read_ab(tmp_path), FakeAudit()
    shown = next_pair(ab)
    assert shown is not None
    vote(ab, shown.id, "tie", audit=audit, clock=FakeClock())
    assert audit.named("voice_vote") == [{"run": "r", "pair": shown.id, "chose": "tie", "by": "person"}]
    assert audit.events[0].actor == "human"


def test_a_judges_votes_stand_apart(tmp_path: Path) -> None:
    put(tmp_path)
    ab = voted(read_ab(tmp_path), lambda _: "neither", "judge")
    told = result(ab)
    assert (told.by["judge"].neither, told.by["person"].left) == (40, 40)
    assert told.by["person"].rate_with_ties is None


def test_said_again_it_takes_the_place_of_what_was_said(tmp_path: Path) -> None:
    put(tmp_path)
    ab = read_ab(tmp_path)
    stale = ab
    for choice in ("1", "2", "skip"):
        ab = vote(stale, "p3", choice, audit=FakeAudit(), clock=FakeClock())
    assert [one.chose for one in ab.sheet.votes] == ["skip"]
    ab = vote(stale, "p4", "tie", audit=FakeAudit(), clock=FakeClock())
    assert ab.said("person") == {"p3": "skip", "p4": "tie"}


def test_the_same_words_twice_are_no_question(tmp_path: Path) -> None:
    same = {"id": "p", "prompt": "?", "origin": "neutral", "voice": "Yes,  so.", "base": "Yes, so."}
    put(tmp_path, pairs=[same])
    told = result(read_ab(tmp_path))
    assert next_pair(read_ab(tmp_path)) is None
    assert (told.pairs, told.alike, told.by["person"].left) == (1, 1, 0)


@pytest.mark.parametrize(("pair", "choice"), [("p1", "3"), ("p1", ""), ("p99", "1")])
def test_what_is_no_vote_is_refused(tmp_path: Path, pair: str, choice: str) -> None:
    path = put(tmp_path)
    before = path.read_bytes()
    with pytest.raises(BadChoice, match=r"no vote|no pair"):
        vote(read_ab(tmp_path), pair, choice, audit=FakeAudit(), clock=FakeClock())
    assert path.read_bytes() == before


def test_nothing_to_compare_is_said(tmp_path: Path) -> None:
    with pytest.raises(BadChoice, match="`metahuman persona ab` makes them"):
        read_ab(tmp_path)


PAIR = {"id": "p", "prompt": "?", "origin": "neutral", "voice": "v", "base": "b"}
VOTE = {"pair": "p", "by": "person", "chose": "voice", "at": "2026"}


@pytest.mark.parametrize(
    ("changed", "key"),
    [
        ({"seed": "x"}, "seed"),
        ({"pairs": {}}, "pairs"),
        ({"pairs": [{"id": 1}]}, "pairs.0.id"),
        ({"pairs": [PAIR, PAIR]}, "two have the same id"),
        ({"pairs": [PAIR], "votes": [{**VOTE, "chose": "both"}]}, "votes.0.chose"),
        ({"pairs": [PAIR], "votes": [{**VOTE, "by": "me"}]}, "votes.0.by"),
        ({"pairs": [PAIR], "votes": [{**VOTE, "pair": "q"}]}, "there is no pair 'q'"),
        ({"pairs": [PAIR], "votes": [VOTE, VOTE]}, "voted twice"),
    ],
)
def test_a_file_edited_badly_is_one_line_and_stays(tmp_path: Path, changed: dict[str, Any], key: str) -> None:
    put(tmp_path)
    ab = read_ab(tmp_path)
    path = put(tmp_path, **changed)
    before = path.read_bytes()
    for use in (lambda: read_ab(tmp_path), lambda: vote(ab, "p1", "1", audit=FakeAudit(), clock=FakeClock())):
        with pytest.raises(SettingError) as raised:
            use()
        assert key in str(raised.value)
        assert str(path) in str(raised.value)
        assert "\n" not in str(raised.value)
    assert path.read_bytes() == before
