"""What the fault harness spoils, and that a seed spoils it again."""

from __future__ import annotations

from pathlib import Path
from random import Random

from tests.faults.model import wish
from tests.faults.spoiling import WAYS, spoil

CONTENT = b'{"facts": []}' * 20


def _home(root: Path) -> Path:
    for place in ("persona/core.json", "state/memory.sqlite", "memory/episodic/2026/evt-1.json"):
        (root / place).parent.mkdir(parents=True)
        (root / place).write_bytes(CONTENT)
    return root


def test_a_seed_spoils_the_same_bytes_of_the_same_file(tmp_path: Path) -> None:
    ways = set()
    for seed in range(60):
        first, second = (_home(tmp_path / f"{seed}-{number}") for number in (1, 2))
        one, other = spoil(first, Random(seed)), spoil(second, Random(seed))
        assert one == other
        assert one.before == CONTENT
        assert (first / one.place).read_bytes() == (second / one.place).read_bytes()
        ways.add(one.how.split()[0])
    assert ways == {*WAYS}


def test_one_kind_may_be_chosen(tmp_path: Path) -> None:
    assert spoil(_home(tmp_path), Random(1), "index").place == "state/memory.sqlite"


def test_the_last_wish_in_the_words_is_heard() -> None:
    said = "Please write one into a.txt. Then remind me to rest"
    assert wish(said) == ("task_create", {"title": "rest"})
    assert wish("Please write one two into a-1.txt") == ("fs_write", {"path": "a-1.txt", "content": "one two\n"})
    assert wish("hello") is None
