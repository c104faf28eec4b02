"""Which memories are curated, once each, and what becomes of them when they change, are forgotten, or a run dies."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from metahuman.memory.curation.home import HomeCuration
from metahuman.memory.curation.preparing import NO_CONSENT
from metahuman.state.files import write_json
from tests.curations import ANSWERED, SAID, Desk, a_talk
from tests.fakes import FakeClock

OTHER = "Yesterday Jonas and I carried the old cello up four flights of stairs, and I felt proud of my knees."
REPLY = "You carried it on your good shoulder, I hope; Jonas told you twice that your knees remember everything."
TALKS = (
    (SAID, ANSWERED),
    (
        "I want to learn to bake rye bread this winter, but I never have the patience for the second rise.",
        "You had the patience for the greenhouse, and I remember how glad you were; rye only wants one night of you.",
    ),
    (
        "My sister called from Turku because the ferry was late, and I told her about the job I did not take.",
        "I think you told her before you told anybody else, as you always do when you have decided already.",
    ),
)


def desk_of(root: Path, *ids: str) -> Desk:
    """Return a home with talks of which no two are alike."""
    return Desk(root, *(a_talk(one, *TALKS[place]) for place, one in enumerate(ids)))


def files(root: Path, name: str = "*.json*") -> dict[Path, bytes]:
    """Return what lies in a home."""
    return {path: path.read_bytes() for path in root.rglob(name)}


async def test_the_oldest_come_first(tmp_path: Path) -> None:
    moments = {"evt-b": "2024-01-01T00:00:00Z", "evt-c": "2023-01-01T00:00:00Z", "evt-a": "2025-01-01T00:00:00Z"}
    desk = Desk(tmp_path, *(a_talk(one, timestamp=moment) for one, moment in moments.items()))
    curation = HomeCuration(tmp_path, desk.keeper, FakeClock())
    assert await curation.due(2) == ["evt-c", "evt-b"]
    assert await curation.due(2) == ["evt-a"]
    assert await curation.due(2) == []
    await curation.aclose()


@pytest.mark.parametrize(
    "more",
    [
        {"type": "dream"},
        {"type": "reflection"},
        {"type": "inner_dialogue"},
        {"about": {"noise": "heartbeat"}},
        {"about": {"supersededBy": "evt-9"}},
        {"about": {"validUntil": "2026-01-01T00:00:00Z"}},
        {"about": {"curated": True}},
    ],
    ids=str,
)
async def test_inner_life_noise_and_what_no_longer_holds_are_left_alone(
    tmp_path: Path, more: dict[str, object]
) -> None:
    desk = Desk(tmp_path, a_talk(**more))
    before = desk.keeper.read("evt-1")
    assert await desk.curate() == {}
    assert (desk.files(), desk.keeper.read("evt-1")) == ([], before)


async def test_without_consent_it_is_marked_and_nothing_is_copied(tmp_path: Path) -> None:
    desk = Desk(tmp_path, a_talk(about={"trainingConsent": False}))
    assert await desk.curate() == {"refused": 1}
    about = desk.keeper.read("evt-1").metadata.model_dump(by_alias=True)
    assert (about["curated"], about["refused"]) == (True, NO_CONSENT)
    assert "heron" not in desk.words()
    assert await desk.curate() == {}


async def test_a_second_run_changes_nothing(tmp_path: Path) -> None:
    desk = desk_of(tmp_path, "evt-1", "evt-2", "evt-3")
    assert await desk.curate() == {"pair": 3}
    before = files(tmp_path)
    assert await desk.curate() == {}
    assert files(tmp_path) == before


async def test_an_edited_memory_is_curated_anew_in_its_place(tmp_path: Path) -> None:
    desk = desk_of(tmp_path, "evt-1")
    await desk.curate()
    desk.keeper.edit("evt-1", {"content": OTHER, "response": REPLY})
    assert await desk.curate() == {"pair": 1}
    assert len(desk.files()) == 1
    assert [row["messages"][0]["content"] for row in desk.rows()] == [OTHER]
    assert await desk.curate() == {}


async def test_what_changes_nothing_that_was_said_is_no_edit(tmp_path: Path) -> None:
    desk = desk_of(tmp_path, "evt-1")
    await desk.curate()
    desk.keeper.edit("evt-1", {"tags": ["canal"], "metadata": {"seen": 4}})
    assert await desk.curate() == {}


async def test_consent_that_is_taken_back_takes_the_pair_out_and_may_be_given_again(tmp_path: Path) -> None:
    desk = desk_of(tmp_path, "evt-1")
    await desk.curate()
    desk.keeper.edit("evt-1", {"metadata": {"trainingConsent": False}})
    assert await desk.curate() == {"refused": 1}
    assert (desk.rows(), desk.curated()["evt-1"]["userMessage"]) == ([], "")
    desk.keeper.edit("evt-1", {"metadata": {"trainingConsent": True}})
    assert await desk.curate() == {"pair": 1}
    assert len(desk.rows()) == 1


async def test_the_owners_word_on_a_copy_stands_but_for_consent(tmp_path: Path) -> None:
    desk = desk_of(tmp_path, "evt-1")
    await desk.curate()
    (path,) = desk.files()
    reviewed = {**desk.curated()["evt-1"], "review": {"verdict": "keep", "at": "2026-05-18T00:00:00Z"}}
    write_json(path, reviewed)
    desk.keeper.edit("evt-1", {"content": OTHER})
    assert await desk.curate() == {}
    assert desk.curated()["evt-1"] == reviewed
    desk.keeper.edit("evt-1", {"metadata": {"trainingConsent": False}})
    assert await desk.curate() == {"refused": 1}


async def test_of_two_that_say_nearly_the_same_one_is_a_pair(tmp_path: Path) -> None:
    desk = Desk(tmp_path, a_talk("evt-1"), a_talk("evt-2"), a_talk("evt-3", OTHER, REPLY))
    assert await desk.curate() == {"pair": 2, "refused": 1}
    desk.keeper.save(a_talk("evt-4", f"{OTHER} Really.", REPLY))
    assert await desk.curate() == {"refused": 1}
    assert desk.curated()["evt-4"]["refused"] == ["nearly the same is there already: evt-3"]


async def test_what_was_like_a_memory_that_is_forgotten_may_be_a_pair_then(tmp_path: Path) -> None:
    desk = Desk(tmp_path, a_talk("evt-1"), a_talk("evt-2"))
    assert await desk.curate() == {"pair": 1, "refused": 1}
    desk.keeper.forget(tmp_path, "evt-1")
    assert await desk.curate() == {"pair": 1}
    assert desk.curated().keys() == {"evt-2"}
    assert "evt-1" not in desk.words()


async def test_a_copy_whose_memory_was_not_marked_any_more_is_not_made_again(tmp_path: Path) -> None:
    desk = desk_of(tmp_path, "evt-1", "evt-2")
    await desk.curate()
    before = {path: path.read_bytes() for path in desk.files()}
    for one in ("evt-1", "evt-2"):
        desk.keeper.edit(one, {"metadata": {"curated": False, "processed": False, "curatedAt": None}})
    assert await desk.curate() == {}
    assert {path: path.read_bytes() for path in desk.files()} == before
    assert all(desk.keeper.read(one).metadata.curated for one in ("evt-1", "evt-2"))


async def test_what_is_forgotten_or_changed_meanwhile_is_not_marked(tmp_path: Path) -> None:
    desk = desk_of(tmp_path, "evt-1", "evt-2")
    curation = HomeCuration(tmp_path, desk.keeper, FakeClock())
    for one in await curation.due(2):
        ready = await curation.prepare(one)
        assert ready is not None
        kept = await curation.judge(ready, None, {"by": "rules"})
        if one == "evt-1":
            desk.keeper.remove(one)
        else:
            desk.keeper.edit(one, {"content": OTHER})
        await curation.keep(kept)
    await curation.aclose()
    assert desk.curated().keys() == {"evt-2"}
    assert not desk.keeper.read("evt-2").metadata.curated
    assert await desk.curate() == {"pair": 1}
    assert desk.curated()["evt-2"]["userMessage"] == OTHER


async def test_the_index_can_be_made_anew_from_the_files(tmp_path: Path) -> None:
    desk = desk_of(tmp_path, "evt-1", "evt-2")
    await desk.curate()
    for path in (tmp_path / "state").glob("curation.sqlite*"):
        path.unlink()
    assert await desk.curate() == {}
    desk.keeper.save(a_talk("evt-9", desk.keeper.read("evt-1").content, desk.keeper.read("evt-1").response))
    assert await desk.curate() == {"refused": 1}


async def test_a_copy_of_another_program_or_a_broken_one_is_left_as_it_is(tmp_path: Path) -> None:
    desk = desk_of(tmp_path, "evt-1", "evt-2")
    folder = tmp_path / "memory" / "curated" / "conversations"
    write_json(folder / "2025-11-04-evt-1.json", {"id": "evt-1", "userMessage": "theirs", "suitableForTraining": False})
    (folder / "2025-11-04-evt-2.json").write_text("{ broken")
    assert await desk.curate() == {}
    assert len(desk.files()) == 2
    assert json.loads((folder / "2025-11-04-evt-1.json").read_bytes())["userMessage"] == "theirs"
    assert (folder / "2025-11-04-evt-2.json").read_text() == "{ broken"


async def test_what_a_writer_that_died_left_is_swept_when_it_is_old(tmp_path: Path) -> None:
    desk = desk_of(tmp_path, "evt-1")
    await desk.curate()
    old, new = (desk.files()[0].with_name(f".x.{name}.tmp") for name in ("old", "new"))
    old.touch()
    new.touch()
    os.utime(old, (time.time() - 7_200,) * 2)
    await desk.curate()
    assert (old.exists(), new.exists()) == (False, True)


async def test_an_id_that_can_name_no_file_is_passed_over(tmp_path: Path) -> None:
    desk = desk_of(tmp_path, "evt-1")
    (place,) = (tmp_path / "memory" / "episodic").rglob("evt-1.json")
    write_json(place, {**json.loads(place.read_bytes()), "id": "../../evil"})
    desk.keeper.sync()
    assert await desk.curate() == {}
    assert not files(tmp_path, "*evil*")
