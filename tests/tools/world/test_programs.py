from __future__ import annotations

from pathlib import Path

import pytest

from metahuman.state.errors import SettingError, ToolError
from metahuman.tools.world.programs import Program, found, rules_of


@pytest.mark.parametrize(
    ("rule", "command", "covers"),
    [
        ({"program": "date"}, ["date"], True),
        ({"program": "date"}, ["date", "-u"], False),
        ({"program": "date"}, ["/bin/date"], False),
        ({"program": "git", "arguments": ["status|log", "-?"]}, ["git", "log", "-5"], True),
        ({"program": "git", "arguments": ["status|log", "-?"]}, ["git", "push", "-5"], False),
        ({"program": "git", "arguments": ["status|log"]}, ["git"], False),
        ({"program": "git", "arguments": ["*"]}, ["git", "--exec=evil"], False),
        ({"program": "ls", "rest": "-l|-a|*"}, ["ls", "-l", "here", "-a"], True),
        ({"program": "ls", "rest": "-l|-a|*"}, ["ls", "-R"], False),
        ({"program": "ls", "rest": "*.txt"}, ["ls", "a.TXT"], False),
        ({"program": "ls", "rest": "*.txt"}, ["ls", "a.txt", "b.txt"], True),
        ({"program": "ls", "rest": ""}, ["ls", ""], True),
    ],
)
def test_a_rule_covers(rule: dict[str, object], command: list[str], covers: bool) -> None:
    assert Program.model_validate(rule).covers(command) is covers


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"programs": [{"program": "bin/x"}]}, r"run_command.programs.0.program.*has to be a name"),
        ({"programs": [{"program": "x", "shell": True}]}, r"run_command.programs.0.shell"),
        ({"programs": "x"}, r"run_command.programs"),
        ({"sandbox": "no"}, r"run_command.sandbox"),
    ],
)
def test_settings_that_are_wrong_are_told_with_their_key(settings: dict[str, object], said: str) -> None:
    with pytest.raises(SettingError, match=said):
        rules_of(settings, Path("home"))


def test_a_program_is_found_where_programs_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not where we happen to be, nor where the environment says, nor where a tool could have put it."""
    own = tmp_path / "sh"
    own.write_text("#!/bin/sh\n")
    own.chmod(0o700)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    rules = rules_of({"programs": [{"program": "sh"}, {"program": str(own)}, {"program": "nowhere"}]}, tmp_path)
    assert found(["sh"], rules, [tmp_path]).path.parent != tmp_path
    assert found([str(own)], rules, []).path == own
    with pytest.raises(ToolError, match="in a folder that tools may write"):
        found([str(own)], rules, [tmp_path])
    with pytest.raises(ToolError, match="no such program"):
        found(["nowhere"], rules, [])
    with pytest.raises(ToolError, match=r"rm -rf /: is not among the commands allowed; these are: sh, .*nowhere"):
        found(["rm", "-rf", "/"], rules, [])
    with pytest.raises(ToolError, match="null character"):
        found(["sh", "a\0b"], rules, [])
    with pytest.raises(ToolError, match="these are: there are none"):
        found(["sh"], rules_of({}, tmp_path), [])
