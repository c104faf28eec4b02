"""Tests of files that are no backups, or were made to do damage."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from metahuman.keeping.manifest import NAME, Manifest
from metahuman.keeping.reading import open_archive
from metahuman.keeping.writing import back_up
from metahuman.state.errors import BadChoice, StoreError
from tests.backups import no_passphrase, restored, small_home
from tests.homes import in_process


@pytest.mark.parametrize("word", ["../x", "/etc/x", "etc/../../x", "home/x", "etc", "etc//x", "etc/./x", "etc/x\0y"])
def test_a_place_outside_of_a_home_is_refused(tmp_path: Path, word: str) -> None:
    kept = {"bytes": 0, "sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}
    with zipfile.ZipFile(tmp_path / "bad.zip", "w") as packed:
        packed.writestr(NAME, json.dumps({"format": "metahuman-backup", "files": {word: kept}}))
    with pytest.raises(StoreError, match="no place in a home"):
        restored(tmp_path / "bad.zip", tmp_path / "new")
    assert not (tmp_path / "new").exists()


def rewritten(source: Path, target: Path, *, manifest: Manifest | None = None, more: str = "", swap: str = "") -> Path:
    """Write a backup anew, and not as it was."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            data = old.read(info)
            if info.filename == NAME and manifest:
                data = manifest.model_dump_json(by_alias=True).encode()
            new.writestr(info.filename, b"!" * len(data) if info.filename == swap else data)
        if more:
            new.writestr(more, "more")
    return target


def test_an_archive_that_is_not_its_manifest_s_is_refused(tmp_path: Path) -> None:
    kept, bad = tmp_path / "kept.zip", tmp_path / "bad.zip"
    manifest = back_up(small_home(tmp_path / "home"), kept)
    first = manifest.files["files/x"]
    bomb = {**manifest.files, "files/x": first.model_copy(update={"size": 10**15})}
    for made in (
        rewritten(kept, bad, more="etc/more.json"),
        rewritten(kept, bad, more="../../more"),
        rewritten(kept, bad, swap="files/x"),
        rewritten(kept, bad, manifest=manifest.model_copy(update={"files": {"files/x": first}})),
        rewritten(kept, bad, manifest=manifest.model_copy(update={"files": bomb})),
        rewritten(kept, bad, manifest=manifest.model_copy(update={"version": 2})),
    ):
        with pytest.raises(StoreError):
            restored(made, tmp_path / "new")
        assert {path.name for path in tmp_path.iterdir()} == {"home", "kept.zip", "bad.zip"}


def test_no_byte_can_be_changed_unnoticed_or_cause_a_traceback(tmp_path: Path) -> None:
    kept, bad = tmp_path / "kept.zip", tmp_path / "bad.zip"
    back_up(small_home(tmp_path / "home"), kept)
    data = kept.read_bytes()
    with open_archive(kept, no_passphrase) as archive:
        before = archive.manifest
    for at in range(0, len(data), 3):
        bad.write_bytes(data[:at] + bytes([data[at] ^ 0x41]) + data[at + 1 :])
        try:
            with open_archive(bad, no_passphrase) as archive:
                archive.verify(lambda _done, _total: None)
                assert archive.manifest.files == before.files  # what changed says nothing: a time, an attribute
        except (StoreError, BadChoice):
            pass
    for length in range(0, len(data), 7):
        bad.write_bytes(data[:length])
        with pytest.raises(StoreError), open_archive(bad, no_passphrase) as archive:
            archive.verify(lambda _done, _total: None)


def test_a_file_that_is_no_backup_is_one_line(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as packed:
        packed.writestr("hello", "world")
    (tmp_path / "text").write_text("hello")
    for name in ("other.zip", "text", "nowhere"):
        done = in_process(tmp_path / "home", "restore", str(tmp_path / name))
        assert (done.returncode, done.stderr.count("\n")) == (1, 1), done.stderr
        assert name in done.stderr
    assert not (tmp_path / "home").exists()
