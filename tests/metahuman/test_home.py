"""The home: where it is, how it is made, and that nothing of the owner's in it is touched."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import platformdirs
import pytest
from click.testing import CliRunner, Result

from metahuman.cli import cli
from metahuman.home import SHIPPED, Home, find_home, init
from metahuman.state.errors import StoreError
from tests.homes import files

SETTINGS = [f"etc/{path.name}" for path in sorted(SHIPPED.glob("*.json"))]
CORE = "persona/core.json"


def core(home: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((home / CORE).read_text("utf-8"))
    return content


def invoke(home: Path, *arguments: str, typed: str | None = None) -> Result:
    return CliRunner().invoke(cli, ["--home", str(home), "init", *arguments], input=typed, catch_exceptions=False)


def test_the_home_chosen_goes_before_the_environments_before_the_platforms(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("METAHUMAN_HOME", str(tmp_path / "environment"))
    assert find_home(tmp_path / "chosen") == find_home(str(tmp_path / "chosen")) == Home(tmp_path / "chosen")
    assert find_home() == find_home("") == Home(tmp_path / "environment")
    monkeypatch.setenv("METAHUMAN_HOME", "")
    assert find_home() == Home(platformdirs.user_data_path("metahuman", appauthor=False))


def test_a_home_may_be_named_from_the_users_or_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert find_home("~/twin") == Home(tmp_path / "twin")
    assert find_home("twin") == Home(Path.cwd() / "twin")


def test_a_home_of_nobody_is_one_line() -> None:
    with pytest.raises(StoreError, match=r"^~no-such-user/twin: there is no such user; choose another"):
        find_home("~no-such-user/twin")


def test_finding_a_home_makes_none(tmp_path: Path) -> None:
    assert find_home(tmp_path / "twin").registry == SHIPPED / "models.json"
    assert list(tmp_path.iterdir()) == []


def test_a_home_is_made_for_its_owner_only_and_only_once(tmp_path: Path) -> None:
    home = find_home(tmp_path / "above" / "twin")
    home.create()
    assert [path.stat().st_mode & 0o777 for path in (home.root, home.root.parent)] == [0o700, 0o700]
    home.root.chmod(0o750)
    home.create()
    assert home.root.stat().st_mode & 0o777 == 0o750
    assert files(home.root) == {}


def test_a_setting_of_the_homes_own_goes_before_the_shipped_one(tmp_path: Path) -> None:
    home = find_home(tmp_path)
    init(home)
    assert home.registry == tmp_path / "etc" / "models.json"
    assert home.setting("not-there.json") == SHIPPED / "not-there.json"


def test_init_writes_copies_of_the_settings_and_a_persona(tmp_path: Path) -> None:
    done = init(find_home(tmp_path), "Zoë", "Paints.\nLives by the sea.")
    assert (done.written, done.kept) == ([*SETTINGS, CORE], [])
    assert "etc/models.json" in SETTINGS
    written = files(tmp_path)
    assert sorted(written) == sorted(done.written)
    assert {place: written[place] for place in SETTINGS} == {
        place: (SHIPPED.parent / place).read_bytes() for place in SETTINGS
    }
    shipped = core(SHIPPED)
    shipped["identity"] |= {"name": "Zoë", "humanName": "Zoë", "role": "the digital twin of Zoë"}
    shipped["background"]["narrative"] = "Paints.\nLives by the sea."
    assert core(tmp_path) == shipped


def test_init_without_a_name_leaves_the_shipped_persona(tmp_path: Path) -> None:
    init(find_home(tmp_path))
    assert core(tmp_path) == core(SHIPPED)


def test_init_takes_a_name_typed_in_another_encoding(tmp_path: Path) -> None:
    """What a terminal sends that is no UTF-8 reaches a program as halves of characters."""
    init(find_home(tmp_path), "Zo\udceb")
    assert core(tmp_path)["identity"]["name"] == "Zo\udceb"


def test_init_keeps_what_is_there_byte_for_byte(tmp_path: Path) -> None:
    own = {"etc/models.json": b'{"mine": 1, }', CORE: b"\xff not even text", "memory/episodic/2025/a.json": b"{}"}
    for place, content in own.items():
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).write_bytes(content)
    done = init(find_home(tmp_path), "Ada", "about")
    assert done.kept == ["etc/models.json", CORE]
    first = files(tmp_path)
    assert {place: first[place] for place in own} == own
    assert init(find_home(tmp_path), "Bob").written == []
    assert files(tmp_path) == first


def test_a_place_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(StoreError, match=f"^{tmp_path / 'file'}: .*; check that the folder can be written"):
        find_home(tmp_path / "file").create()
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "etc").write_text("mine")
    with pytest.raises(StoreError, match=f"^{tmp_path / 'home' / 'etc'}: .*; check that the folder can be written"):
        init(find_home(tmp_path / "home"))
    assert files(tmp_path) == {"file": b"mine", "home/etc": b"mine"}


def test_the_command_says_so_too(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(StoreError, match=f"^{tmp_path / 'file' / 'home'}: .*; check that the folder can be written"):
        invoke(tmp_path / "file" / "home", "--yes")


def test_the_command_asks_nothing_when_told_so(tmp_path: Path) -> None:
    result = invoke(tmp_path / "h", "--yes", "--name", "Ada", "--about", "Counts.")
    assert result.exit_code == 0
    places = [*SETTINGS, CORE]
    assert result.output.splitlines()[:-1] == [f"wrote  {tmp_path / 'h' / place}" for place in places]
    assert (core(tmp_path / "h")["identity"]["name"], core(tmp_path / "h")["background"]["narrative"]) == (
        "Ada",
        "Counts.",
    )
    again = invoke(tmp_path / "h", "--yes", "--name", "Bob")
    assert again.output.splitlines()[:-1] == [f"kept   {tmp_path / 'h' / place}" for place in places]
    assert core(tmp_path / "h")["identity"]["name"] == "Ada"


@pytest.mark.parametrize(
    ("arguments", "typed", "name", "about"),
    [
        ([], " Ada \nCounts.\n", "Ada", "Counts."),
        ([], "\n\n", "MetaHuman", ""),
        (["--name", "Ada"], "Counts.\n", "Ada", "Counts."),
    ],
)
def test_the_command_asks_for_what_it_was_not_told(
    tmp_path: Path, arguments: list[str], typed: str, name: str, about: str
) -> None:
    assert invoke(tmp_path, *arguments, typed=typed).exit_code == 0
    assert core(tmp_path)["identity"]["name"] == name
    assert core(tmp_path)["background"]["narrative"] == about


def test_the_command_asks_nothing_of_someone_it_knows(tmp_path: Path) -> None:
    init(find_home(tmp_path), "Ada")
    assert invoke(tmp_path, typed="").exit_code == 0


def test_leaving_at_a_question_writes_nothing(tmp_path: Path) -> None:
    assert invoke(tmp_path / "h", typed="").exit_code == 1
    assert not (tmp_path / "h").exists()


def test_the_command_is_audited_by_what_it_did_not_by_what_was_said(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "models.json").write_text("{}")
    invoke(tmp_path, "--yes", "--name", "Ada")
    (log,) = (tmp_path / "logs" / "audit").iterdir()
    event = json.loads(log.read_text())
    assert event["event"] == "home_initialised"
    assert event["details"] == {
        "written": [place for place in [*SETTINGS, CORE] if place != "etc/models.json"],
        "kept": ["etc/models.json"],
    }
