"""`metahuman usage`: what people and scripts see of the ledger."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from metahuman.audit.ledger import Ledger
from metahuman.audit.log import AuditLog
from metahuman.cli.usage import usage
from metahuman.home import Home
from metahuman.state.events import AuditEvent
from tests.calls import a_call, a_try
from tests.fakes import FakeClock, registry_content
from tests.homes import write_registry

TODAY = datetime.now(UTC).date()
LONG = "qwen3:30b-a3b-instruct-2507-q4_K_M"


def day(ago: int) -> str:
    return (TODAY - timedelta(days=ago)).isoformat()


def fill(home: Path, *calls: tuple[int, dict[str, Any]]) -> None:
    ledger = Ledger(Home(home).ledger)
    for ago, call in calls:
        ledger.add(day(ago), call)
    ledger.close()


def run(home: Path, *arguments: str, columns: int = 120) -> Result:
    runner = CliRunner(env={"COLUMNS": str(columns)})
    return runner.invoke(usage, arguments, obj=Home(home), catch_exceptions=False)


def told(home: Path, *arguments: str) -> dict[str, Any]:
    result = run(home, "--json", *arguments)
    assert result.exit_code == 0
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def rows(found: Mapping[str, Any], *keys: str) -> list[tuple[Any, ...]]:
    return [tuple(row[key] for key in keys) for row in found["rows"]]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    fill(
        tmp_path,
        (0, a_call(fallback=True, failed=[a_try(model=LONG)])),
        (0, a_call(role="orchestrator", thread=None, cost=0.0)),
        (6, a_call()),
        (7, a_call(role="coder")),
    )
    return tmp_path


def test_the_table_has_the_last_seven_days_by_role_and_model(home: Path) -> None:
    lines = run(home).stdout.splitlines()
    assert lines[0].strip() == f"model calls, {day(6)} to {day(0)}"
    assert [line.split() for line in lines if line.strip() and not line.startswith(" ──")][1:] == [
        ["fall-", "tokens", "tokens"],
        ["role", "model", "calls", "failed", "backs", "in", "out", "seconds", "USD"],
        ["orchestrator", "qwen3:8b", "1", "0", "0", "100", "20", "3.0", "0"],
        ["persona", LONG, "1", "1", "0", "7", "1", "1.0", "0.2500"],
        ["persona", "qwen3:8b", "2", "0", "1", "200", "40", "5.0", "1.0000"],
        ["total", "4", "1", "1", "307", "61", "9.0", "1.2500"],
    ]


@pytest.mark.parametrize("columns", [80, 200])
@pytest.mark.parametrize("form", [[], ["--plot"], ["--by", "day", "--by", "role", "--by", "thread"]])
def test_lines_fit_the_terminal_and_no_number_is_cut(home: Path, columns: int, form: list[str]) -> None:
    fill(home, (0, a_call(model=LONG, tokens={"prompt": 123_456_789, "completion": 999_999}, cost=1234.5)))
    shown = run(home, *form, columns=columns).stdout
    assert max(map(len, shown.splitlines())) <= columns
    assert re.search(r" 1,23[45]\.\d{4}\b", shown)
    assert "--plot" in form or ("123M" in shown and "1M" in shown)
    assert "…" not in shown or (columns, form) == (80, ["--plot"])


def test_json_has_all_digits(home: Path) -> None:
    found = told(home)
    assert (found["since"], found["until"], found["currency"]) == (day(6), day(0), "USD")
    assert found["rows"][1] == {
        "role": "persona",
        "model": LONG,
        "calls": 1,
        "answers": 0,
        "failures": 1,
        "fallbacks": 0,
        "prompt": 7,
        "completion": 1,
        "cached": 0,
        "seconds": 1.0,
        "cost": 0.25,
    }
    assert (found["total"]["calls"], found["total"]["cost"]) == (4, 1.25)


def test_by_says_what_is_kept_apart(home: Path) -> None:
    assert rows(told(home, "--by", "day"), "day", "calls") == [(day(6), 1), (day(0), 3)]
    assert rows(told(home, "--by", "thread", "--by", "mode", "--by", "thread"), "thread", "mode", "calls") == [
        (None, "dual", 1),
        ("main", "dual", 3),
    ]
    assert rows(told(home, "--by", "provider"), "provider", "calls") == [("ollama", 3), ("openai", 1)]
    assert "—" in run(home, "--by", "thread").stdout


def test_ranges_are_whole_days(home: Path) -> None:
    noon, later = f"{day(6)}T12:00:00+00:00", f"{day(6)}T13:00:00+00:00"
    assert rows(told(home, "--by", "day", "--since", "2w"), "day") == [(day(7),), (day(6),), (day(0),)]
    assert rows(told(home, "--by", "day", "--since", noon, "--until", later), "day") == [(day(6),)]
    midnight = f"{day(0)}T00:00:00+00:00"
    assert rows(told(home, "--by", "day", "--until", midnight), "day") == [(day(7),), (day(6),)]
    assert "say for example 15m" in run(home, "--since", "soon").stderr


def test_the_currency_is_the_registrys(home: Path) -> None:
    write_registry(home, registry_content(globalSettings={"currency": "EUR"}))
    assert told(home)["currency"] == "EUR"
    assert "EUR" in run(home).stdout
    assert run(home, "--plot").stdout.startswith("cost (EUR) by role and model")


def test_an_empty_ledger_says_so(tmp_path: Path) -> None:
    for form in ([], ["--plot"], ["--plot", str(tmp_path / "x.png")]):
        said = run(tmp_path, *form).stdout
        assert said == f"No model call is counted from {day(6)} to {day(0)}: talk with the twin first.\n"
    found = told(tmp_path)
    assert (found["rows"], found["total"]["calls"]) == ([], 0)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "logs" / "audit").mkdir(parents=True)
    assert "`metahuman usage --rebuild` counts what the audit log has" in run(tmp_path).stdout


def test_a_rebuild_counts_the_log(tmp_path: Path) -> None:
    log = AuditLog(Home(tmp_path).audit, FakeClock())
    log.record(AuditEvent("llm_call", "assistant", a_call()))
    log.record(AuditEvent("memory_saved", "system"))
    log.close()
    since = ("--since", "2026-05-17T00:00+00:00", "--until", "2026-05-18T00:00+00:00")
    result = run(tmp_path, "--rebuild", "--json", *since)
    assert result.stderr == "Counted anew: calls 1, days 1\n"
    assert json.loads(result.stdout)["total"]["calls"] == 1
    assert told(tmp_path, *since)["total"]["calls"] == 1


def test_bars_are_as_long_as_what_they_stand_for(home: Path) -> None:
    first, *lines = run(home, "--plot", "--by", "role").stdout.splitlines()
    assert first.strip() == f"cost (USD) by role, {day(6)} to {day(0)}"
    lengths = {line.split()[0]: line.count("█") for line in lines}
    assert lengths["orchestrator"] == 0
    assert lengths["persona"] > 50
    assert lines[-1].rstrip().endswith("1.2500")


def test_bars_are_of_tokens_where_nothing_costs_and_of_calls_where_there_are_none(tmp_path: Path) -> None:
    fill(tmp_path, (0, a_call(cost=0, tokens={})))
    assert run(tmp_path, "--plot", "--by", "role").stdout.startswith("calls by role")
    fill(tmp_path, (0, a_call(cost=0, tokens={"prompt": 1_234_567})))
    shown = run(tmp_path, "--plot", "--by", "role").stdout
    assert shown.startswith("tokens by role")
    assert "1,234,567" in shown


@pytest.mark.parametrize("by", [[], ["--by", "day"], ["--by", "model", "--by", "day", "--since", "9w"]])
@pytest.mark.parametrize(("ending", "magic"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF")])
def test_a_picture_is_drawn_into_a_file(home: Path, by: list[str], ending: str, magic: bytes) -> None:
    path = home / "new folder" / f"usage.{ending}"
    result = run(home, "--plot", str(path), *by)
    assert (result.stdout, result.stderr) == ("", f"Drawn: {path}\n")
    assert path.read_bytes().startswith(magic)


def test_a_picture_of_no_known_kind_is_refused(home: Path) -> None:
    result = run(home, "--plot", "usage.jpg")
    assert result.exit_code == 2
    assert "name a file that ends in .png, .svg, .pdf" in result.stderr


def test_without_matplotlib_a_picture_is_one_line(home: Path) -> None:
    code = (
        "import sys; sys.modules['matplotlib'] = None\n"
        "import metahuman.cli as c; sys.argv = ['metahuman', '--home', sys.argv[1], 'usage', '--plot', 'x.png']\n"
        "c.main()"
    )
    done = subprocess.run([sys.executable, "-c", code, str(home)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "Error: --plot x.png: pictures need matplotlib; "
        "`pip install metahuman[notebooks]`, or --plot alone for bars here\n"
    )


def test_names_are_never_markup_or_control(tmp_path: Path) -> None:
    fill(tmp_path, (0, a_call(role="[red]no[/]", model="\x1b[2J")))
    for form in ([], ["--plot"]):
        shown = run(tmp_path, *form).stdout
        assert "[red]no[/]" in shown
        assert "\x1b" not in shown


def test_the_command_is_light_to_import() -> None:
    heavy = "{'rich', 'asyncio', 'matplotlib', 'sqlite3', 'metahuman.audit'}"
    code = f"import sys, metahuman.cli.usage; print(sorted({heavy} & set(sys.modules)))"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout == "[]\n"
