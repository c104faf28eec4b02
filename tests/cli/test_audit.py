"""`metahuman audit`: what people and scripts see of the log."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner, Result

from metahuman.audit.log import AuditLog
from metahuman.cli.audit import audit
from metahuman.cli.audit_lines import summary
from metahuman.state.events import AuditEvent, ModelCall, llm_call, route_decided
from tests.fakes import StandingClock

NOW = datetime.now(UTC)
COMMAND = """
import signal
import sys
from pathlib import Path
from types import SimpleNamespace
from metahuman.cli.audit import audit
signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background is born ignoring it
audit.main(sys.argv[2:], obj=SimpleNamespace(audit=Path(sys.argv[1])), standalone_mode=False)
"""


def write(folder: Path, *events: AuditEvent, ago: timedelta = timedelta(0)) -> None:
    log = AuditLog(folder, StandingClock(NOW - ago))
    for event in events:
        log.record(event)
    log.close()


def numbered(*numbers: int) -> list[AuditEvent]:
    return [AuditEvent("memory_saved", "system", {"n": n}) for n in numbers]


def run(folder: Path, *arguments: str, env: dict[str, str | None] | None = None) -> Result:
    return CliRunner(env=env).invoke(audit, arguments, obj=SimpleNamespace(audit=folder), catch_exceptions=False)


def start(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", COMMAND, str(folder), *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def a_call(**changes: Any) -> ModelCall:
    call = {
        "role": "persona",
        "modelId": "persona.local",
        "tokens": {"prompt": 156, "completion": 89, "cached": 0},
        "latencyMs": 1234.4,
        "fallback": False,
        "why": None,
        "error": None,
    }
    return call | changes  # type: ignore[return-value]  # the keys that a summary does not show are left out


def test_a_line_shows_time_level_event_actor_and_what_happened(tmp_path: Path) -> None:
    write(tmp_path, llm_call(a_call()))
    rest = " info  llm_call           assistant    persona → persona.local, 156+89 tokens, 1,234 ms\n"
    assert run(tmp_path).stdout.endswith(f"{NOW.astimezone():%H:%M:%S}{rest}")


def test_another_day_shows_its_date(tmp_path: Path) -> None:
    write(tmp_path, *numbered(1), ago=timedelta(days=3))
    assert run(tmp_path).stdout.startswith(f"{(NOW - timedelta(days=3)).astimezone():%Y-%m-%d %H:%M:%S} info ")


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (
            llm_call(a_call(fallback=True, why="ollama is down")),
            "persona → persona.local, fallback: ollama is down, 156+89 tokens, 1,234 ms",
        ),
        (
            llm_call(a_call(modelId=None, tokens=None, latencyMs=None, error="nobody answered")),
            "persona → no model, error: nobody answered",
        ),
        (AuditEvent("llm_call", "x", {}), "? → no model"),
        (
            route_decided(
                {
                    "tasks": [{"destination": "coder", "task": "x"}, {"destination": "planner", "task": "y"}],
                    "decidedBy": "model",
                    "confidence": 0.871,
                    "why": None,
                },
                "t1",
            ),
            "→ coder + planner, by model, 0.87 sure",
        ),
        (
            route_decided({"tasks": "odd", "decidedBy": "fallback", "confidence": 0, "why": "model down"}, None),
            "→ nowhere, by fallback, 0.00 sure, why: model down",
        ),
        (
            AuditEvent("other", "x", {"path": "a b", "none": None, "n": 1.5, "list": ["ä"], "on": True}),
            'path=a b n=1.5 list=["ä"] on=true',
        ),
    ],
)
def test_summaries(event: AuditEvent, said: str) -> None:
    assert summary(event.event, event.details) == said


def test_text_from_the_log_is_never_markup_or_control(tmp_path: Path) -> None:
    text = "[red]no[/red] :smile: \x1b[2J\x07 \u202eltr\n\x9b"
    write(tmp_path, AuditEvent(text, text, {"text": text}))
    shown = run(tmp_path, env={"FORCE_COLOR": "1", "COLUMNS": "400"}).stdout
    said = r"[red]no[/red] :smile: \x1b[2J\x07 \u202eltr\n\x9b"
    assert shown.count(said) == 3
    assert shown.count("\n") == 1
    assert not {"\x07", "\u202e", "\x9b"} & set(shown)
    assert "\x1b[2J" not in shown


def test_a_terminal_gets_colours_and_lines_of_its_width(tmp_path: Path) -> None:
    write(tmp_path, AuditEvent("registry_rejected", "system", {"error": "x" * 300}, "error"))
    terminal = {"FORCE_COLOR": "1", "COLUMNS": "70", "TERM": "xterm", "NO_COLOR": None}
    shown = run(tmp_path, env=terminal).stdout
    assert shown.endswith("…\n")
    assert "\x1b[31m error" in shown
    assert shown.count("x") < 40
    assert run(tmp_path).stdout.count("x") == 300


def test_json_prints_the_lines_as_they_are_but_for_the_chain(tmp_path: Path) -> None:
    write(tmp_path, AuditEvent("e", "system", {"text": "ä \ud83d \u2028"}))
    with (tmp_path / f"{NOW:%Y-%m-%d}.ndjson").open("a") as file:
        file.write('{ "event" : "foreign", "n": 1.50 }\n')
    lines = (tmp_path / f"{NOW:%Y-%m-%d}.ndjson").read_bytes()
    assert run(tmp_path, "--json").stdout_bytes == re.sub(rb',"seq":.*"}', b"}", lines)
    assert run(tmp_path, "--json", "--event", "foreign").stdout == '{ "event" : "foreign", "n": 1.50 }\n'


def numbers(result: Result) -> list[int]:
    assert result.exit_code == 0
    return [json.loads(line)["details"]["n"] for line in result.stdout.splitlines()]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], range(11, 31)),
        (["-n", "2"], [29, 30]),
        (["--since", "1w"], range(1, 31)),
        (["--since", "2d"], range(3, 31)),
        (["--since", "90m", "--number", "1"], [30]),
        (["--since", "1800s"], range(5, 31)),
        (["--until", "30m"], [1, 2, 3, 4]),
        (["--since", "3d", "--until", "2h"], [2]),
        (["--since", (NOW - timedelta(days=2)).isoformat()], range(3, 31)),
        (["--since", f"{(NOW + timedelta(days=2)).date()}"], []),
    ],
)
def test_ranges(tmp_path: Path, arguments: Sequence[str], expected: Sequence[int]) -> None:
    for number, ago in ((1, timedelta(days=6)), (2, timedelta(days=2.5)), (3, timedelta(minutes=70))):
        write(tmp_path, *numbered(number), ago=ago)
    write(tmp_path, *numbered(4), ago=timedelta(hours=1))
    write(tmp_path, *numbered(*range(5, 31)))
    assert numbers(run(tmp_path, "--json", *arguments)) == list(expected)


def test_a_date_is_local(tmp_path: Path) -> None:
    midnight = NOW.astimezone().replace(hour=0, minute=0, second=0, microsecond=0)
    write(tmp_path, *numbered(1), ago=NOW - midnight + timedelta(seconds=1))
    write(tmp_path, *numbered(2), ago=NOW - midnight)
    assert numbers(run(tmp_path, "--json", "--since", f"{midnight:%Y-%m-%d}")) == [2]
    assert numbers(run(tmp_path, "--json", "--until", f"{midnight:%Y-%m-%d}")) == [1]


def test_filters(tmp_path: Path) -> None:
    write(
        tmp_path,
        AuditEvent("llm_call", "assistant", {"n": 1, "role": "persona", "thread": "t1"}),
        AuditEvent("llm_call", "orchestrator", {"n": 2, "role": "orchestrator", "thread": "t1"}, "warn"),
        AuditEvent("registry_rejected", "system", {"n": 3}, "error"),
    )
    for arguments, expected in (
        (["--event", "llm_call"], [1, 2]),
        (["--actor", "system"], [3]),
        (["--role", "persona"], [1]),
        (["--level", "warn"], [2, 3]),
        (["--thread", "t1", "--level", "warn"], [2]),
    ):
        assert numbers(run(tmp_path, "--json", *arguments)) == expected


@pytest.mark.parametrize("when", ["soon", "5 minutes", "99999999999999d", "2026-13-01", "0001-01-01T00:00+23:00", ""])
def test_a_time_that_is_none_is_explained(tmp_path: Path, when: str) -> None:
    result = run(tmp_path, "--since", when)
    assert result.exit_code == 2
    assert "say for example 15m, 2h" in result.stderr


def test_nothing_to_show_is_one_line_or_none(tmp_path: Path) -> None:
    assert run(tmp_path / "none").stdout == f"No event in {tmp_path / 'none'} yet: talk with the twin first.\n"
    write(tmp_path, *numbered(1))
    result = run(tmp_path, "--event", "nothing")
    assert (result.exit_code, result.stdout) == (0, f"No event in {tmp_path} matches.\n")
    result = run(tmp_path, "--json", "--event", "nothing")
    assert (result.exit_code, result.output) == (0, "")


def test_broken_lines_are_mentioned_apart(tmp_path: Path) -> None:
    write(tmp_path, *numbered(1))
    (tmp_path / "2026-01-01.ndjson").write_text("half a li")
    result = run(tmp_path, "--json")
    assert numbers(result) == [1]
    assert result.stderr == "Broken lines skipped: 1\n"


def test_odd_events_are_shown(tmp_path: Path) -> None:
    lines = [
        '{"details": "text"}',
        '{"timestamp": "0001-01-01T00:00:00+14:00", "event": null, "level": 3}',
        '{"timestamp": [1], "details": {"deep": ' + "[" * 900 + "]" * 900 + "}}",
    ]
    (tmp_path / "2026-03-01.ndjson").write_text("\n".join(lines))
    result = run(tmp_path)
    assert result.exit_code == 0
    assert len(result.stdout.splitlines()) == 3


def test_follow_shows_new_events_until_ctrl_c(tmp_path: Path) -> None:
    write(tmp_path, *numbered(1, 2, 3))
    process = start(tmp_path, "--follow", "--json", "-n", "2")
    assert process.stdout is not None
    assert process.stderr is not None
    assert [json.loads(process.stdout.readline())["details"]["n"] for _ in range(2)] == [2, 3]
    write(tmp_path, *numbered(4))
    assert json.loads(process.stdout.readline())["details"]["n"] == 4
    process.send_signal(signal.SIGINT)
    assert process.communicate() == ("", "")
    assert process.returncode == 0


@pytest.mark.parametrize("form", [[], ["--json"]], ids=["pretty", "json"])
def test_a_reader_that_leaves_early_is_no_error(tmp_path: Path, form: list[str]) -> None:
    """As in `metahuman audit | head -1`, through the real command line."""
    write(tmp_path / "logs" / "audit", *numbered(*range(3000)))
    command = [sys.executable, "-m", "metahuman", "--home", str(tmp_path), "audit", "-n", "3000", *form]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stderr is not None
    assert "memory_saved" in process.stdout.readline()
    process.stdout.close()
    assert process.stderr.read() == ""
    process.stderr.close()
    process.wait()


def test_the_command_is_light_to_import() -> None:
    """`metahuman --help` and completion import it; the room it shows and Rich must wait until it runs."""
    heavy = "{'rich', 'asyncio', 'metahuman.audit'}"
    code = f"import sys, metahuman.cli.audit; print(sorted({heavy} & set(sys.modules)))"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout == "[]\n"
