"""`metahuman persona ab`: voted on at the command line, blind."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from metahuman.cli.persona_ab import ab
from metahuman.home import Home
from metahuman.state.errors import BadChoice, SettingError
from metahuman.voice.blind import read_ab
from tests.voices import a_home, a_run, an_ab


def run(home: Home, *words: str, typed: str = "", columns: int = 80) -> Result:
    return CliRunner().invoke(ab, words, obj=home, input=typed, env={"COLUMNS": str(columns)}, catch_exceptions=False)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home with a run whose answers to four prompts are there."""
    made = a_home(tmp_path)
    an_ab(a_run(made), 4)
    return made


def told(home: Home, *words: str) -> Any:
    return json.loads(run(home, "--n", "4", "--json", *words).stdout)


def votes(home: Home) -> dict[str, str]:
    (folder,) = home.root.glob("out/adapters/*/*/evaluation")
    return dict(read_ab(folder).said("person"))


def test_nothing_says_whose_an_answer_is_before_the_end(home: Home) -> None:
    done = run(home, "--n", "4", typed="1\nt\nq\n")
    assert done.stdout.count("╭─ 1 ─") == 3
    assert "2 are left: the same command goes on" in done.stdout
    shown = done.stdout.replace("VOICE", "").replace("BASE", "")  # the answers themselves
    assert not any(word in shown for word in ("voice", "without", "won", "base"))
    assert told(home) == {"blind": True, "run": read_name(home), "pairs": 4, "left": 2}
    assert len(votes(home)) == 2


def read_name(home: Home) -> str:
    (folder,) = home.root.glob("out/adapters/*/*")
    return folder.name


def test_the_end_tells_what_it_comes_to(home: Home) -> None:
    done = run(home, "--n", "4", typed="1\n2\nx\nn\ns\n")
    assert "the last" in done.stdout
    assert "person" in done.stdout
    assert "two-sided sign test: p = " in done.stdout
    assert "judge" not in done.stdout
    found = told(home)
    assert (found["blind"], found["person"]["neither"], found["person"]["skipped"]) == (False, 1, 1)
    assert found["person"]["voice"] + found["person"]["base"] == 2
    assert run(home, "--n", "4").stdout.count("╭─") == 0


def test_the_result_can_be_had_early(home: Home) -> None:
    run(home, "--n", "4", typed="1\n")
    assert "the voice won" in run(home, "--result").stdout
    assert told(home, "--result")["person"]["left"] == 3


def test_two_answers_stand_side_by_side_where_there_is_room(home: Home) -> None:
    narrow, wide = (run(home, "--n", "4", columns=columns).stdout for columns in (80, 120))
    assert not any("╭─ 1 ─" in line and "╭─ 2 ─" in line for line in narrow.splitlines())
    assert any("╭─ 1 ─" in line and "╭─ 2 ─" in line for line in wide.splitlines())


def test_what_answers_hold_is_text(home: Home) -> None:
    (path,) = home.root.glob("out/adapters/*/*/evaluation/ab.json")
    sheet = json.loads(path.read_bytes())
    sheet["pairs"][0] |= {"voice": "[bold]x[/]\x1b[31m", "prompt": "[red]\x1b]0;t\x07?"}
    path.write_text(json.dumps(sheet))
    shown = run(home, "--n", "4", typed="s\n" * 4).stdout
    assert "[bold]x[/][31m" in shown
    assert "\x1b]0" not in shown


def test_without_a_judge_the_line_says_what_to_add(home: Home) -> None:
    with pytest.raises(BadChoice, match=r'names no judge: add "judge": "MODEL ID" under `defaults`'):
        run(home, "--judge")


def test_a_file_edited_badly_is_one_line_and_stays(home: Home) -> None:
    (path,) = home.root.glob("out/adapters/*/*/evaluation/ab.json")
    path.write_text('{"run": 1}')
    for words in ([], ["--result"], ["--json"]):
        with pytest.raises(SettingError, match=r"ab\.json: run: .*move it away"):
            run(home, *words)
    assert path.read_text() == '{"run": 1}'


def test_without_a_run_or_answers_that_is_said(tmp_path: Path) -> None:
    home = a_home(tmp_path / "home")
    with pytest.raises(BadChoice, match="no voice was trained yet"):
        run(home)
    a_run(home)
    with pytest.raises(BadChoice, match="there are no answers to compare"):
        run(home, "--result")
