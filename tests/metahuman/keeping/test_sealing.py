"""Tests of files under a passphrase."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

pytest.importorskip("cryptography")

from metahuman.keeping.sealing import CHUNK, HEADER, TAG, SealedReader, SealedWriter, is_sealed
from metahuman.state.errors import BadChoice, StoreError
from tests.backups import small_home
from tests.homes import files, in_process

#: scrypt's least cost: these tests open many files.
CHEAP = 10
PATH = Path("sealed")
WORD = "correct horse battery staple"


def sealed(data: bytes, step: int = 10_000) -> bytes:
    file = io.BytesIO()
    writer = SealedWriter(file, WORD, CHEAP)
    for start in range(0, len(data), step):
        writer.write(data[start : start + step])
    writer.finish()
    return file.getvalue()


def opened(data: bytes, word: str = WORD) -> bytes:
    return io.BufferedReader(SealedReader(io.BytesIO(data), PATH, word), CHUNK).read()


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 3 * CHUNK + 5])
def test_what_goes_in_comes_out(size: int) -> None:
    data = os.urandom(size)
    assert opened(sealed(data)) == data


def test_it_can_be_read_from_anywhere() -> None:
    data = os.urandom(3 * CHUNK + 5)
    file = io.BufferedReader(SealedReader(io.BytesIO(sealed(data)), PATH, WORD), CHUNK)
    for at, length in ((2 * CHUNK - 3, 10), (0, 5), (3 * CHUNK, 9), (CHUNK, 2 * CHUNK)):
        file.seek(at)
        assert file.read(length) == data[at : at + length]
    file.seek(-2, os.SEEK_END)
    assert file.read() == data[-2:]


def test_nothing_of_it_shows_and_no_two_are_alike() -> None:
    data = b"my diary" * 100
    one, other = sealed(data), sealed(data)
    assert is_sealed(io.BytesIO(one))
    assert b"diary" not in one
    assert one[HEADER:] != other[HEADER:]


def test_another_passphrase_is_told_from_damage() -> None:
    with pytest.raises(BadChoice, match="not its passphrase"):
        opened(sealed(b"x"), "another")
    with pytest.raises(BadChoice, match="empty"):
        SealedWriter(io.BytesIO(), "")


def test_any_change_is_noticed() -> None:
    whole = sealed(os.urandom(2 * CHUNK + 100))
    step = CHUNK + TAG
    one, two, rest = whole[HEADER : HEADER + step], whole[HEADER + step : HEADER + 2 * step], whole[HEADER + 2 * step :]
    head = whole[:HEADER]
    changed = [head + two + one + rest, head + one + rest, head + one + two, head, head + one, b"", head[:20]]
    changed += [whole[:-1], whole + b"x", whole + rest]
    changed += [
        whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :] for at in (16, 20, 40, HEADER + 5, len(whole) - 1)
    ]
    for data in changed:
        with pytest.raises((StoreError, BadChoice)):
            opened(data)


@pytest.mark.slow  # scrypt, as dear as it is for whoever guesses
def test_a_backup_under_a_passphrase(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home, kept = small_home(tmp_path / "home").root, tmp_path / "kept"
    done = in_process(home, "backup", str(kept), "--encrypt", typed=f"{WORD}\n{WORD}\n")
    assert done.returncode == 0, done.stderr
    assert WORD not in done.stdout + done.stderr
    assert b"episodic" not in kept.read_bytes()
    wrong = in_process(home, "restore", str(kept), "--dry-run", typed="another\n")
    assert (wrong.returncode, "not its passphrase" in wrong.stderr) == (1, True)
    monkeypatch.setenv("METAHUMAN_BACKUP_PASSPHRASE", WORD)
    right = in_process(home, "restore", str(kept), "--into", str(tmp_path / "new"))
    assert right.returncode == 0, right.stderr
    assert files(tmp_path / "new", but="logs") == files(home, but="logs")
