"""`metahuman audit verify`: one line if all is as it was written, else every place, and the exit code 1."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner, Result

from metahuman.audit.log import AuditLog
from metahuman.audit.verifying import KEPT, verify
from metahuman.cli.audit import audit
from metahuman.state.events import AuditEvent
from tests.fakes import StandingClock

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def write(folder: Path, events: int, day: int = 0) -> None:
    log = AuditLog(folder, StandingClock(NOON + timedelta(days=day)))
    for number in range(events):
        log.record(AuditEvent("memory_saved", "system", {"n": number}))
    log.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path / "audit", 3)
    write(tmp_path / "audit", 2, day=1)
    return tmp_path / "audit"


def run(folder: Path, *arguments: str) -> Result:
    obj = SimpleNamespace(audit=folder)
    return CliRunner().invoke(audit, ["verify", *arguments], obj=obj, catch_exceptions=False)


def spoil(folder: Path) -> None:
    path = folder / "2026-03-01.ndjson"
    first, second, third = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(first + third + second.replace(b'"n":1', b'"n":\x1b'))


def test_a_whole_log_is_one_line(folder: Path) -> None:
    result = run(folder)
    head = verify(folder).head.hash
    assert (result.exit_code, result.stdout) == (
        0,
        f"The log is as it was written: days 2, events 5, head {head}\n",
    )


def test_what_else_is_known_is_told_too(tmp_path: Path) -> None:
    (tmp_path / "2026-02-01.ndjson").write_text('{"timestamp":"2026-02-01T12:00:00.000Z"}\n')
    write(tmp_path, 1)
    noted = verify(tmp_path).head.hash
    with (tmp_path / "2026-03-01.ndjson").open("a") as file:
        file.write('{"half')
    result = run(tmp_path, "--head", noted.upper())
    assert result.exit_code == 0
    assert result.stdout.endswith(
        f"head {noted}; the head that you noted is that of event 1; unchained until 2026-02-01T12:00:00.000Z, lines 1; "
        "unfinished lines of programs that were cut short: 1\n"
    )


def test_each_place_is_a_line_and_the_exit_code_is_1(folder: Path) -> None:
    spoil(folder)
    result = run(folder)
    assert result.exit_code == 1
    *places, last = result.stdout.splitlines()
    assert places == [
        "2026-03-01.ndjson:2: missing: event 2",
        "2026-03-01.ndjson:3: added: no event of the chain",
    ]
    assert last.startswith("The log is not as it was written: 1 missing, 1 added: days 2, events 4, head ")


def test_json_says_the_same(folder: Path) -> None:
    spoil(folder)
    result = run(folder, "--json")
    told = json.loads(result.stdout)
    assert (result.exit_code, told["ok"], told["events"], told["counts"]) == (1, False, 4, {"missing": 1, "added": 1})
    place = {"file": "2026-03-01.ndjson", "line": 2, "what": "missing", "told": "event 2"}
    assert (told["places"][0], told["more"], told["head"]["seq"]) == (place, 0, 5)


def test_since_leaves_out_earlier_days(folder: Path) -> None:
    spoil(folder)
    assert run(folder, "--since", "2026-03-02T12:00Z").exit_code == 0


def test_a_long_list_is_cut(tmp_path: Path) -> None:
    write(tmp_path, KEPT + 5)
    path = tmp_path / "2026-03-01.ndjson"
    path.write_bytes(path.read_bytes().replace(b"system", b"nobody"))
    result = run(tmp_path)
    assert len(result.stdout.splitlines()) == KEPT + 2
    assert "\n… and 5 more places\n" in result.stdout


@pytest.mark.parametrize("head", ["abc", "g" * 64, ""])
def test_a_head_that_is_none_is_explained(folder: Path, head: str) -> None:
    result = run(folder, "--head", head)
    assert result.exit_code == 2
    assert "64 hexadecimal digits" in result.stderr


def test_an_empty_home_has_nothing_to_verify(tmp_path: Path) -> None:
    result = run(tmp_path / "none")
    assert (result.exit_code, result.stdout) == (0, f"No event in {tmp_path / 'none'} yet: talk with the twin first.\n")


def test_options_of_the_list_do_not_go_before_it(folder: Path) -> None:
    result = CliRunner().invoke(audit, ["--since", "2h", "verify"], obj=SimpleNamespace(audit=folder))
    assert result.exit_code == 2
    assert "write the options after `verify`" in result.stderr
