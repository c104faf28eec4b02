from __future__ import annotations

from pathlib import Path

import pytest

from metahuman.routing.model import SHIPPED_MODEL
from metahuman.routing.versions import KEPT, SHIPPED, Versions
from metahuman.state.errors import SettingError, StoreError
from metahuman.state.files import read_json, write_json


@pytest.fixture
def versions(tmp_path: Path) -> Versions:
    return Versions(tmp_path / "routing" / "models")


def files(versions: Versions) -> list[str]:
    return sorted(path.name for path in versions.folder.glob("[!.]*"))


def test_at_first_the_shipped_one_is_in_force(versions: Versions) -> None:
    assert (versions.current, versions.path) == (SHIPPED, SHIPPED_MODEL)
    assert not versions.folder.exists()
    with pytest.raises(StoreError, match="the shipped classifier is in force; there is none to go back to"):
        versions.roll_back()


def test_what_is_added_is_in_force(versions: Versions) -> None:
    name = versions.add(b"one")
    assert (versions.current, versions.path.read_bytes()) == (name, b"one")
    assert Versions(versions.folder).current == name
    assert versions.path.stat().st_mode & 0o077 == 0


def test_rolling_back_goes_one_step_and_then_no_further_than_the_shipped_one(versions: Versions) -> None:
    one, two = versions.add(b"one"), versions.add(b"two")
    assert versions.roll_back() == one == versions.current
    assert versions.path.read_bytes() == b"one"
    assert files(versions) == [f"{one}.npz", "current.json"]
    three = versions.add(b"three")
    assert (versions.path.read_bytes(), versions.roll_back()) == (b"three", one)
    assert three == two  # the name of the one that is gone is free again
    assert versions.roll_back() == SHIPPED == versions.current
    assert versions.path == SHIPPED_MODEL
    with pytest.raises(StoreError):
        versions.roll_back()


def test_the_last_few_are_kept(versions: Versions) -> None:
    names = [versions.add(str(number).encode()) for number in range(KEPT + 3)]
    assert names == sorted(set(names))
    assert files(versions) == sorted([*(f"{name}.npz" for name in names[-KEPT:]), "current.json"])
    assert [versions.roll_back() for _ in range(KEPT)] == [*reversed(names[-KEPT:-1]), SHIPPED]


def test_where_its_file_is_gone_the_one_before_is_in_force(versions: Versions) -> None:
    one, two = versions.add(b"one"), versions.add(b"two")
    versions.path_of(two).unlink()
    assert (versions.current, versions.path.read_bytes()) == (one, b"one")
    versions.path_of(one).unlink()
    assert (versions.current, versions.path) == (SHIPPED, SHIPPED_MODEL)


def test_a_crash_before_it_was_named_changes_nothing(versions: Versions) -> None:
    """Its file was written, and the process killed before the list was."""
    one = versions.add(b"one")
    (versions.folder / "0002.npz").write_bytes(b"half a wish")
    (versions.folder / ".0003.npz.abc.tmp").write_bytes(b"half a file")
    assert (versions.current, versions.path.read_bytes()) == (one, b"one")
    new = versions.add(b"new")
    assert new not in {one, "0002"}
    assert (versions.path.read_bytes(), versions.roll_back()) == (b"new", one)


def test_a_crash_before_the_oldest_were_removed_is_tidied_up_next_time(versions: Versions) -> None:
    names = [versions.add(str(number).encode()) for number in range(KEPT)]
    (versions.folder / "0000.npz").write_bytes(b"left over")
    assert versions.current == names[-1]
    new = versions.add(b"new")
    assert files(versions) == sorted([*(f"{name}.npz" for name in (*names[1:], new)), "current.json"])


def test_other_files_are_left_alone(versions: Versions) -> None:
    versions.folder.mkdir(parents=True)
    (versions.folder / "notes.txt").write_text("mine")
    versions.add(b"one")
    assert (versions.folder / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize("history", [None, 5, "0001", {"a": 1}])
def test_a_list_that_is_none_is_told(versions: Versions, history: object) -> None:
    versions.add(b"one")
    write_json(versions.folder / "current.json", {"history": history})
    with pytest.raises(SettingError, match=r"current\.json: history: is no list of names; delete the file"):
        _ = versions.current


def test_a_broken_list_is_told(versions: Versions) -> None:
    versions.add(b"one")
    (versions.folder / "current.json").write_text("[")
    with pytest.raises(SettingError, match="not JSON"):
        _ = versions.path


def test_names_that_mean_nothing_are_passed_over(versions: Versions) -> None:
    one = versions.add(b"one")
    write_json(versions.folder / "current.json", {"history": [None, "nowhere", one, 7]})
    assert (versions.current, versions.roll_back()) == (one, SHIPPED)
    assert read_json(versions.folder / "current.json") == {"history": []}
