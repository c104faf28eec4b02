"""What the owner wrote with nobody to answer, made into pairs: their words as they stand, and only where they speak."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metahuman.memory.dataset.assembling import TWINS, Dataset, Wanted, assembled
from metahuman.memory.dataset.checking import checked
from metahuman.memory.dataset.comparing import compared
from metahuman.memory.dataset.passages import passages_in
from metahuman.memory.dataset.reviewing import items, say
from metahuman.memory.dataset.speaking import not_in_their_voice
from metahuman.memory.hygiene.wording import words
from metahuman.memory.store.forgetting import forget
from metahuman.state.errors import BadChoice, SettingError
from metahuman.state.files import write_json
from metahuman.state.memories import Memory
from tests.curated import as_it_is, rows
from tests.curations import ANSWERED, SAID, Desk, a_talk, distilled
from tests.fakes import NOON
from tests.keepers import keeper_of

DAY = (
    "I walked to the old harbour with Marta before breakfast, and we counted eleven herons on the breakwater. She says"
    " they never fish on Sundays; I told her that herons keep no calendar. After that I mended the blue boat's rudder"
    " with my father's drill, which took me until noon because two of the screws were rusty. My hands still smell of"
    " varnish. In the evening we ate the last of the plum jam, and I read her a chapter of the book about Iceland."
)
RECIPE = "- 200 g flour\n- 2 eggs\n- salt\n- 100 ml milk\n- 50 g butter and some sugar\n- bake at 180 degrees"


def entry(name: str = "evt-1", text: str = DAY, **more: Any) -> Memory:
    """Return a memory that the owner wrote, in no talk."""
    fields = {"id": name, "timestamp": "2026-05-17T12:00:00.000Z", "type": "journal", "content": text, **more}
    return Memory.model_validate(fields)


def all_rows(home: Path) -> list[Any]:
    return [row for each in rows(home).values() for row in each]


def build(home: Path, **wanted: Any) -> Dataset:
    return assembled(home, Wanted(**wanted), as_it_is(home))


def setting(home: Path, **said: Any) -> None:
    write_json(home / "etc" / "adapter-builder.json", said)


async def test_an_entry_gives_pairs_of_the_owners_own_words(tmp_path: Path) -> None:
    setting(tmp_path, wordsAtMost=50)
    desk = Desk(tmp_path, entry())
    assert await desk.curate() == {"curated": 1}
    made = all_rows(tmp_path)
    assert len(made) == 3
    for place, row in enumerate(made):
        asked, text = (message["content"] for message in row["messages"])
        assert text in DAY
        assert asked.endswith("?")
        about = row["metadata"]
        assert (about["sourceId"], about["type"], about["words"]) == ("evt-1", "journal", "own")
        assert (about["passage"], about["side"]) == (place, "asked by rule")
    assert len({row["metadata"]["split"] for row in made}) == 1
    card = build(tmp_path, name="one").card
    assert (card["pairs"], card["sources"], card["words"]) == (3, {"journal": 3}, {"own, asked by rule": 3})
    assert checked(tmp_path, as_it_is(tmp_path)).problems == []


@given(st.text(alphabet="aB .!?;\n#'\u2019\u201d", max_size=400), st.integers(1, 8), st.integers(8, 30))
def test_passages_are_parts_of_their_text_in_order_and_lose_no_sentence(text: str, least: int, most: int) -> None:
    found, place = list(passages_in(text, least, most)), 0
    for one in found:
        place = text.index(one.text, place) + len(one.text)
        assert one.text == one.text.strip() != ""
    heads = sum(len(words(line)) for line in text.splitlines() if line.strip().startswith("#"))
    assert sum(len(words(one.text)) for one in found) >= len(words(text)) - heads


def test_a_text_is_split_at_the_ends_of_sentences_and_only_a_long_one_between_clauses() -> None:
    assert [one.text for one in passages_in("I saw Mr. Pym at St. Paul's. He bowed. I did not.", 2, 8)] == [
        "I saw Mr. Pym at St. Paul's.", "He bowed. I did not.",
    ]  # fmt: skip
    long = "I rose at six and went to the river; there I found the boat gone; and so I went home on foot."
    assert [one.text[:7] for one in passages_in(long, 3, 12)] == ["I rose ", "there I", "and so "]
    titled = list(passages_in("# The harbour\nI went there alone today.\n\n# Home\nI slept.", 2, 20))
    assert [(one.title, one.text, one.opens) for one in titled] == [
        ("The harbour", "I went there alone today.", True),
        ("Home", "I slept.", False),
    ]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (RECIPE, "it is a list"),
        ("> From: Ana\n> I miss you all terribly, and Lisbon is far too hot.\n> Ana", "most of it is quoted"),
        ('She said "I will leave for Lisbon on Monday, and I take the cello with me and the dog" to me.', "quoted"),
        ("The harbour was built in 1880 by the Dutch company and enlarged after the great flood.", "of themselves"),
        ("We did it and we did it and we did it and we did it and we did it.", "carry anything"),
    ],
)
def test_what_is_not_in_their_voice_is_left_out(text: str, why: str) -> None:
    assert why in str(not_in_their_voice(text))
    assert not_in_their_voice(DAY) is None


async def test_what_is_left_out_is_counted_and_waits_for_nobody(tmp_path: Path) -> None:
    await Desk(tmp_path, entry(), entry("evt-2", "I slept badly again today."), entry("evt-3", RECIPE)).curate()
    card = build(tmp_path).card
    assert card["leftOut"] == {
        "a passage is left out because it has fewer than \u2026 words": 1,
        "a passage is left out because it is a list": 1,
    }
    assert items(tmp_path) == []


@pytest.mark.parametrize(
    "more",
    [
        {"type": "dream"},
        {"type": "reflection"},
        {"type": "summary"},
        {"metadata": {"speaker": "Ana"}},
        {"metadata": {"trainingConsent": False}},
        {"content": f"{DAY} Write to ana.perez@example.org."},
    ],
    ids=str,
)
async def test_what_the_twin_or_others_wrote_and_what_is_private_gives_nothing(
    tmp_path: Path, more: dict[str, Any]
) -> None:
    await Desk(tmp_path, entry(**more)).curate()
    assert all_rows(tmp_path) == []


async def test_of_a_chat_with_the_twin_only_what_the_owner_told_counts(tmp_path: Path) -> None:
    by_model = {"model": "qwen3:14b"}
    asks = "Can you look up when the ferry to Turku leaves on Sunday, and what I have to pay for my bicycle on it?"
    await Desk(tmp_path, a_talk(about=by_model), a_talk("evt-2", asks, about=by_model)).curate()
    made = {(row["metadata"]["sourceId"], row["metadata"]["words"]) for row in all_rows(tmp_path)}
    assert made == {("evt-1", "twin"), ("evt-1", "own"), ("evt-2", "twin")}
    dataset = build(tmp_path, name="one")
    texts = [json.loads(line)["messages"][1]["content"] for data in dataset.files.values() for line in data.splitlines()
             if b"messages" in line]  # fmt: skip
    assert texts == [SAID]
    assert dataset.card["leftOut"][TWINS] == 2
    setting(tmp_path, twinWords=0.5)
    assert build(tmp_path, name="two").card["words"] == {"own, asked by rule": 1, "twin": 2}


async def test_answers_of_a_model_alone_are_no_voice_until_the_owner_says_so(tmp_path: Path) -> None:
    desk = Desk(tmp_path, a_talk(said="What do herons eat on the canal, Marta asks?", about={"model": "m"}))
    await desk.curate()
    for path in desk.files():
        kept = json.loads(path.read_text())
        path.write_text(json.dumps(kept | {"refused": [], "suitableForTraining": True}))
    with pytest.raises(BadChoice, match="set twinWords"):
        build(tmp_path)
    say(tmp_path, "evt-1", "keep", NOON)
    assert build(tmp_path).card["words"] == {"own": 1}


async def test_a_turn_that_began_with_a_command_is_no_pair(tmp_path: Path) -> None:
    desk = Desk(tmp_path, a_talk(said=f"/code {SAID}"), a_talk("evt-2", f"/home/ana is where {SAID}"))
    assert (await desk.curate()).get("refused") == 1
    assert desk.curated()["evt-1"]["refused"] == ["it began with a command of the chat"]


@pytest.mark.parametrize(
    ("question", "taken"),
    [
        ("What did you mend at the harbour?", True),
        ("What did Rodrigo say in Lisbon?", False),
        ("You mended the boat.", False),
        ("What did you mend? And who helped?", False),
    ],
)
async def test_a_models_question_is_taken_if_it_asks_and_brings_in_nothing(
    tmp_path: Path, question: str, *, taken: bool
) -> None:
    desk = Desk(tmp_path, entry())
    await desk.run(distilled(DAY, "", question=question))
    asked = {row["messages"][0]["content"]: row["metadata"]["side"] for row in all_rows(tmp_path)}
    assert (asked.get(question) == "asked by model") is taken
    assert taken or set(asked.values()) == {"asked by rule"}


async def test_a_long_text_gives_no_more_than_so_many(tmp_path: Path) -> None:
    setting(tmp_path, wordsAtMost=30, passages=2)
    await Desk(tmp_path, entry()).curate()
    assert len(all_rows(tmp_path)) == 2
    assert build(tmp_path).card["passagesLeftOut"][
        "a passage is left out because \u2026 of its passages are pairs already"
    ]
    setting(tmp_path, wordsAtLeast=200)
    with pytest.raises(SettingError, match="wordsAtLeast: more than wordsAtMost"):
        build(tmp_path)


async def test_what_an_entry_counts_hangs_on_its_type(tmp_path: Path) -> None:
    setting(tmp_path, types={"journal": 0.5, "note": 0})
    await Desk(tmp_path, entry(), entry("evt-2", f"{SAID} {SAID}", type="note")).curate()
    dataset = build(tmp_path)
    assert dataset.card["sources"] == {"journal": 1}
    assert dataset.card["leftOut"] == {"memories of type note are not learned from": 1}
    [row] = [json.loads(line) for file in ("train", "held-out") for line in dataset.files[f"{file}.jsonl"].splitlines()]
    assert row["metadata"]["weight"] == 0.5


async def test_forgetting_takes_all_of_its_passages_and_the_card_counts_the_rest(tmp_path: Path) -> None:
    setting(tmp_path, wordsAtMost=50)
    await Desk(tmp_path, entry(), a_talk("evt-2", SAID, ANSWERED)).curate()
    before = build(tmp_path, name="one")
    build(tmp_path, name="two", limit=2)
    with keeper_of(tmp_path) as keeper:
        forget(keeper, tmp_path, "evt-1")
    card = json.loads((before.folder / "card.json").read_text())
    assert (before.card["chosen"], card["chosen"], card["memoryIds"]) == (4, 1, ["evt-2"])
    assert sum(side["pairs"] for side in card["sides"].values()) == 1
    found = compared(before.folder, before.folder.with_name("two"))
    assert found.moved == []
    assert [row["metadata"]["sourceId"] for row in all_rows(tmp_path)] == ["evt-2"]
