from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from metahuman.state.errors import ToolError
from metahuman.state.shipped import SHIPPED
from metahuman.tools.policy.paths import LONGEST_PATH, hidden, resolve, secret, shown


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """An allowed folder with a file, a link out of it, and something outside to steal."""
    folder = tmp_path / "allowed"
    (folder / "sub").mkdir(parents=True)
    (folder / "a.txt").write_text("mine")
    (tmp_path / "secret.txt").write_text("not yours")
    (folder / "out").symlink_to(tmp_path)
    (folder / "dangling").symlink_to(tmp_path / "not-there")
    (folder / "loop").symlink_to(folder / "loop")
    return folder


@pytest.mark.parametrize(
    ("path", "leads"),
    [
        ("a.txt", "a.txt"),
        ("", "."),
        (".", "."),
        ("sub/../a.txt", "a.txt"),
        ("not/yet/there.txt", "not/yet/there.txt"),
        ("./sub//", "sub"),
        ("überall 日本.txt", "überall 日本.txt"),
        ("family 👨‍👩‍👧.txt", "family 👨‍👩‍👧.txt"),
    ],
)
def test_a_path_leads_to_where_it_leads(base: Path, path: str, leads: str) -> None:
    assert resolve(path, base, [base]) == (base / leads)
    assert resolve(str(base / path), base, [base], "write") == (base / leads)


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("../secret.txt", "outside the folders that may be read"),
        ("sub/../../secret.txt", "outside"),
        ("not-there/../../secret.txt", "outside"),
        ("out/secret.txt", "leads to .*secret.txt, which is outside"),
        ("dangling", "outside"),
        ("sub/../out/allowed/../secret.txt", "outside"),
        ("/etc/passwd", "outside"),
        ("~root/x", "outside"),
        ("~nobody-here-by-this-name/x", "cannot be looked up"),
        ("loop", "a link that leads to itself"),
        ("a\0.txt", "cannot be seen"),
        ("a\n.txt", "cannot be seen"),
        ("txt.\u202egpj", "cannot be seen"),
        ("half\ud83d", "cannot be seen"),
        ("x" * 300, "too long"),
        ("x/" * LONGEST_PATH, "too long"),
        ("/proc/self/environ", "belongs to the machine"),
        ("/dev/zero", "belongs to the machine"),
        ("/sys/kernel", "belongs to the machine"),
    ],
)
def test_a_path_that_may_not_be_used_is_refused_in_one_line(base: Path, path: str, why: str) -> None:
    for how in ("read", "write"):
        with pytest.raises(ToolError, match=why if how == "read" else None) as told:
            resolve(path, base, [base], how)
        assert "\n" not in str(told.value)
        assert len(str(told.value)) < 1_000


def test_the_machine_is_refused_even_where_everything_is_allowed() -> None:
    with pytest.raises(ToolError, match="belongs to the machine"):
        resolve("/proc/self/mem", Path("/"), [Path("/")])


def test_what_is_no_file_is_refused(base: Path) -> None:
    os.mkfifo(base / "pipe")
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(str(base / "socket"))
        for name in ("pipe", "socket"):
            with pytest.raises(ToolError, match="only files and folders"):
                resolve(name, base, [base])


def test_a_link_to_a_device_is_refused(base: Path) -> None:
    (base / "zero").symlink_to("/dev/zero")
    with pytest.raises(ToolError, match="belongs to the machine"):
        resolve("zero", base, [base])


def test_an_allowed_folder_may_itself_be_a_link(base: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(base)
    assert resolve("a.txt", tmp_path / "link", [tmp_path / "link"]) == base / "a.txt"


def test_a_folder_beside_one_of_like_name_is_outside(base: Path, tmp_path: Path) -> None:
    (tmp_path / "allowed-not").mkdir()
    with pytest.raises(ToolError, match="outside"):
        resolve(str(tmp_path / "allowed-not" / "x"), base, [base])


def test_without_folders_everything_is_outside(base: Path) -> None:
    with pytest.raises(ToolError, match="there are none"):
        resolve("a.txt", base, [])


@pytest.mark.parametrize(
    "path",
    [
        "etc/trust.json", "ETC/trust.json", "logs/audit/x", "state/actions.sqlite", "persona/decision-rules.json",
        "persona/cognitive-mode.json", "routing/corrections.jsonl", "trash/x", "memory/episodic/x.json", "new.txt", ".",
    ],
)  # fmt: skip
def test_the_home_is_not_written_though_it_lies_in_an_allowed_folder(tmp_path: Path, path: str) -> None:
    home = tmp_path / "home"
    (home / "etc").mkdir(parents=True)
    with pytest.raises(ToolError, match="own"):
        resolve(str(home / path), tmp_path, [tmp_path, home], "write", home=home)
    assert resolve("notes.txt", tmp_path, [tmp_path], "write", home=home)


def test_a_folder_within_the_home_is_written_where_the_owner_names_it(tmp_path: Path) -> None:
    files, state = tmp_path / "files", tmp_path / "state" / "mine"
    assert resolve("x", files, [files, state], "write", home=tmp_path) == files / "x"
    with pytest.raises(ToolError, match="the program's own"):
        resolve(str(state / "x"), files, [files, state], "write", home=tmp_path)


def test_the_program_is_not_written() -> None:
    with pytest.raises(ToolError, match="part of the program"):
        resolve(str(SHIPPED / "trust.json"), Path("/"), [Path("/")], "write")


@pytest.mark.parametrize(
    "path", ["/u/.ssh/id", "/u/.SSH/x", "/p/.env", "/p/.env.local", "/x/server.pem", "/h/etc/models.json"]
)
def test_what_may_hold_keys_is_known_by_its_name(path: str) -> None:
    assert secret(Path(path), Path("/h"))


@pytest.mark.parametrize(
    "path", ["/u/notes.txt", "/u/environment.md", "/p/secrets.py", "/h/persona/core.json", "/p/etc/x"]
)
def test_what_is_usual_holds_none(path: str) -> None:
    assert not secret(Path(path), Path("/h"))


def test_what_is_hidden_is_so_below_the_allowed_folder(tmp_path: Path) -> None:
    top = tmp_path / ".config" / "notes"
    assert not hidden(top / "a.txt", [top])
    assert hidden(top / ".git" / "hooks" / "post-commit", [top])
    assert hidden(top / "a" / ".bashrc", [top, tmp_path / "other"])


def test_what_is_shown_is_one_line() -> None:
    assert shown("a\nb\u202e") == "a\\nb\\u202e"
    assert len(shown("x" * 900)) < 210
