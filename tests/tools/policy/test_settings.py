from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from metahuman.state.context import TRUSTS
from metahuman.state.errors import SettingError
from metahuman.state.shipped import SHIPPED
from metahuman.tools.policy.rules import read_rules
from metahuman.tools.policy.settings import TrustFiles
from tests.tools.gates import write


def own(home: Path, **content: Any) -> Path:
    return write(home / "etc" / "trust.json", json.dumps(content))


def test_what_is_shipped_trusts_little(tmp_path: Path) -> None:
    trust = TrustFiles(tmp_path).read()
    assert (trust.settings.trust.dual, trust.settings.trust.agent) == ("supervised_auto", "supervised_auto")
    assert trust.readable == trust.writable == (tmp_path / "files",)
    assert trust.base == tmp_path / "files"
    assert not trust.settings.tools
    assert not trust.settings.always
    assert trust.part("http_get") == {"hosts": []}
    assert not trust.owned


def test_the_owners_file_lies_over_the_shipped_one_key_by_key(tmp_path: Path) -> None:
    own(
        tmp_path,
        trust={"agent": "bounded_auto"},
        limits={"output": 900},
        http_get={"private": True},
        ladder={"days": 3},
    )
    trust = TrustFiles(tmp_path).read()
    assert (trust.settings.trust.dual, trust.settings.trust.agent) == ("supervised_auto", "bounded_auto")
    assert (trust.limits.output, trust.limits.file) == (900, 5_000_000)
    assert trust.part("http_get") == {"hosts": [], "private": True}
    assert (trust.part("ladder")["days"], trust.part("ladder")["approved"]) == (3, 0.8)


def test_an_edit_is_in_force_at_once(tmp_path: Path) -> None:
    files = TrustFiles(tmp_path)
    assert files.read() is files.read()
    own(tmp_path, trust={"dual": "observe"})
    assert files.read().settings.trust.dual == "observe"
    (tmp_path / "etc" / "trust.json").unlink()
    assert files.read().settings.trust.dual == "supervised_auto"


def test_folders_are_in_the_home_or_where_they_say(tmp_path: Path) -> None:
    own(tmp_path, folders={"read": ["~/Books", "/srv"], "write": ["notes"]})
    trust = TrustFiles(tmp_path).read()
    assert trust.writable == (tmp_path / "notes",)
    assert trust.readable == (tmp_path / "notes", Path.home() / "Books", Path("/srv"))


@pytest.mark.parametrize(
    ("content", "key"),
    [
        ({"trust": {"dual": "everything"}}, "trust.dual"),
        ({"tools": {"fs_read": "perhaps"}}, "tools.fs_read.verdict"),
        ({"tools": {"fs_read": {"risk": "none"}}}, "tools.fs_read.risk"),
        ({"tools": []}, "tools"),
        ({"folders": {"read": "all"}}, "folders.read"),
        ({"folders": {"write": [""]}}, "folders.write"),
        ({"folders": {"write": ["~nobody-by-this-name/x"]}}, "folders.write"),
        ({"always": [{"tool": "fs_read"}]}, "always.0.pattern"),
        ({"limits": {"output": -1}}, "limits.output"),
        ({"approvalDays": 0}, "approvalDays"),
    ],
)
def test_a_mistake_is_told_with_file_key_and_remedy(tmp_path: Path, content: dict[str, Any], key: str) -> None:
    path = own(tmp_path, **content)
    with pytest.raises(SettingError, match=r"docs/tools\.md|name a|remove it") as told:
        TrustFiles(tmp_path).read()
    assert (told.value.file, told.value.key) == (str(path), key)


def test_what_is_approved_for_good_is_added_to_what_the_owner_wrote(tmp_path: Path) -> None:
    path = own(tmp_path, mine="kept")
    for _ in range(2):
        TrustFiles(tmp_path).remember("put", {"path": "/notes/*"})
    assert json.loads(path.read_text()) == {
        "mine": "kept",
        "always": [{"tool": "put", "pattern": {"path": "/notes/*"}}],
    }
    own(tmp_path, always={})
    with pytest.raises(SettingError, match="always: is no list"):
        TrustFiles(tmp_path).remember("put", {})


def test_decision_rules_are_read_as_far_as_they_are_understood(tmp_path: Path) -> None:
    rules = [
        "Never spend money",
        {"id": "mail", "tool": "mail", "verdict": "ask"},
        {"tool": "mail", "verdict": "refuse"},
        {"id": "x", "rule": "Be kind", "enforced": True},
        {"id": "y", "rule": "An old one", "enforced": False},
        7,
    ]
    content = {"trustLevel": "suggest", "hardRules": rules, "softPreferences": ["tea"]}
    found = read_rules(write(tmp_path / "r.json", json.dumps(content)))
    assert (found.ceiling, found.tools, found.words) == (
        "suggest",
        {"mail": "refuse"},
        ("Never spend money", "Be kind"),
    )
    assert len(found.remarks) == 2
    assert "name its tool" in found.remarks[0]


@pytest.mark.parametrize(
    ("level", "taken"),
    [
        *[(trust, trust) for trust in TRUSTS],
        ("adaptive_auto", "bounded_auto"),
        ("trusted", "suggest"),
        ("yolo", "observe"),
        (7, "observe"),
    ],
)
def test_a_trust_level_of_another_version_allows_no_more_than_it_says(tmp_path: Path, level: Any, taken: str) -> None:
    found = read_rules(write(tmp_path / "r.json", json.dumps({"trustLevel": level, "hardRules": {"a": "b"}})))
    assert found.ceiling == taken
    assert found.words == ("a: b",)
    assert ("is taken for" in found.remarks[0]) is (level != taken)


def test_without_decision_rules_there_are_none(tmp_path: Path) -> None:
    assert read_rules(tmp_path / "none.json").ceiling is None


def test_decision_rules_that_are_no_object_are_a_setting_error(tmp_path: Path) -> None:
    write(tmp_path / "persona" / "decision-rules.json", "[]")
    with pytest.raises(SettingError, match=r"decision-rules\.json"):
        TrustFiles(tmp_path).read()


def test_the_shipped_file_allows_no_tool_by_itself() -> None:
    shipped = json.loads((SHIPPED / "trust.json").read_text())
    assert shipped["tools"] == {}
    assert shipped["always"] == []
