"""A thread held by one turn at a time."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from metahuman.locks import ThreadLocks
from metahuman.state.errors import StoreError, ThreadBusy


async def test_a_thread_is_held_by_one_at_a_time(tmp_path: Path) -> None:
    locks = ThreadLocks(tmp_path, 0.05)
    async with locks.hold("main"), locks.hold("other"):
        with pytest.raises(ThreadBusy, match="'main' is in the middle of a turn elsewhere"):
            async with locks.hold("main"):
                pass
    async with locks.hold("main"):
        pass


async def test_a_lock_that_cannot_be_written_is_a_store_error(tmp_path: Path) -> None:
    (tmp_path / f"{hashlib.sha256(b'main').hexdigest()[:16]}.lock").mkdir()  # to root, too, that is no file
    with pytest.raises(StoreError, match="check that the folder can be written"):
        async with ThreadLocks(tmp_path, 0.05).hold("main"):
            pass
