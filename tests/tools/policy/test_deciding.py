from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any, get_args

import pytest

from metahuman.state.acting import RISKS, Acting, Effect, Output, Risk, Ruling, Verdict
from metahuman.state.context import TRUSTS, Trust
from metahuman.tools.desk import Desk
from metahuman.tools.policy.deciding import decide, possible
from metahuman.tools.policy.settings import TrustFiles
from metahuman.tools.tool import Arguments, Tool
from tests.tools.gates import Tools, acting, write

EFFECTS: tuple[Effect, ...] = get_args(Effect)
TOOLS = {tool.name: tool for tool in Tools().all()}


class Anything(Arguments):
    """Take anything."""

    text: str = ""


async def nothing(_: Anything, __: Desk) -> Output:
    raise AssertionError("the policy runs nothing")


def ruled(
    home: Path, name: str, given: dict[str, Any] | None = None, whom: Acting | None = None, **more: Any
) -> Ruling:
    tool = TOOLS[name]
    arguments = tool.arguments.model_validate(given or {})
    return decide(tool, arguments, whom or acting(), TrustFiles(home).read(), **more)


def trusts(home: Path, **content: Any) -> None:
    write(home / "etc" / "trust.json", json.dumps(content))


def rules(home: Path, **content: Any) -> None:
    write(home / "persona" / "decision-rules.json", json.dumps(content))


@pytest.mark.parametrize(("trust", "risk", "effect"), [*itertools.product(TRUSTS, RISKS, EFFECTS)])
def test_trust_times_risk(tmp_path: Path, trust: Trust, risk: Risk, effect: Effect) -> None:
    alone = {"observe": -1, "suggest": -1, "supervised_auto": 0, "bounded_auto": 1}[trust]
    expected: Verdict = "allow" if RISKS.index(risk) <= alone else "refuse" if trust == "observe" else "ask"
    if risk == "low" and effect == "read":
        expected = "allow"
    tool = Tool("it", Anything, nothing, risk=risk, effect=effect)
    found = decide(tool, Anything(), acting(trust=trust), TrustFiles(tmp_path).read())
    assert (found["verdict"], found["rule"], found["risk"]) == (expected, f"trust.{trust}.{risk}", risk)
    assert possible(tool, acting(trust=trust), TrustFiles(tmp_path).read()) is (expected != "refuse")


def test_emulation_has_no_tools_whatever_the_owner_says(tmp_path: Path) -> None:
    trusts(tmp_path, tools={"look": "allow", "note": "allow"})
    whom = acting(mode="emulation", trust="bounded_auto")
    assert ruled(tmp_path, "note", whom=whom)["rule"] == "hard.mode"
    assert ruled(tmp_path, "look", {"path": "a"}, whom)["verdict"] == "refuse"


def test_each_mode_has_its_level_and_a_run_may_choose_another(tmp_path: Path) -> None:
    trusts(tmp_path, trust={"dual": "suggest", "agent": "bounded_auto"})
    assert ruled(tmp_path, "note")["rule"] == "trust.suggest.low"
    assert ruled(tmp_path, "note", whom=acting(mode="agent"))["rule"] == "trust.bounded_auto.low"
    assert ruled(tmp_path, "note", whom=acting(trust="observe"))["verdict"] == "refuse"


def test_no_run_goes_above_the_level_of_the_decision_rules(tmp_path: Path) -> None:
    rules(tmp_path, trustLevel="suggest")
    assert ruled(tmp_path, "note", whom=acting(trust="bounded_auto"))["rule"] == "trust.suggest.low"
    assert ruled(tmp_path, "note", whom=acting(trust="observe"))["rule"] == "trust.observe.low"


def test_paths_outside_are_refused_whatever_the_owner_says(tmp_path: Path) -> None:
    trusts(tmp_path, tools={"put": "allow"}, always=[{"tool": "put", "pattern": {"path": "*"}}])
    found = ruled(tmp_path, "put", {"path": "/etc/x"})
    assert (found["verdict"], found["rule"]) == ("refuse", "hard.paths")
    assert "files" in found["why"]
    assert ruled(tmp_path, "put", {"path": "a.txt"})["verdict"] == "allow"


def test_a_folder_for_reading_is_not_written(tmp_path: Path) -> None:
    trusts(tmp_path, folders={"read": [str(tmp_path / "books")]})
    where = {"path": str(tmp_path / "books" / "a")}
    assert ruled(tmp_path, "look", where)["verdict"] == "allow"
    assert ruled(tmp_path, "put", where)["rule"] == "hard.paths"


@pytest.mark.parametrize("path", [".ssh/config", ".env", "server.pem", "home/etc/models.json"])
def test_what_may_hold_keys_is_asked_about_each_time(tmp_path: Path, path: str) -> None:
    home = tmp_path / "home"
    always = [{"tool": "look", "pattern": {"path": "*", "text": "*"}}]
    trusts(home, folders={"read": [str(tmp_path)]}, tools={"look": "allow"}, always=always)
    found = ruled(home, "look", {"path": str(tmp_path / path)}, acting(trust="bounded_auto"))
    assert (found["verdict"], found["rule"], found["risk"]) == ("ask", "paths.secret", "high")


def test_what_is_hidden_is_not_written_without_asking(tmp_path: Path) -> None:
    whom = acting(trust="bounded_auto")
    assert ruled(tmp_path, "put", {"path": "a/.git/hooks/x"}, whom)["rule"] == "paths.hidden"
    assert ruled(tmp_path, "look", {"path": "a/.git/config"}, whom)["verdict"] == "allow"


def test_a_tainted_call_asks_whatever_else_was_said(tmp_path: Path) -> None:
    trusts(tmp_path, tools={"note": "allow"}, always=[{"tool": "note", "pattern": {"text": "*", "times": "*"}}])
    found = ruled(tmp_path, "note", whom=acting(trust="bounded_auto"), tainted="text stands in a page")
    assert (found["verdict"], found["rule"], found["why"]) == ("ask", "taint", "text stands in a page")
    assert ruled(tmp_path, "note", whom=acting(trust="observe"), tainted="so")["verdict"] == "refuse"


def test_a_host_has_to_be_listed(tmp_path: Path) -> None:
    found = ruled(tmp_path, "mail")
    assert (found["verdict"], found["rule"]) == ("refuse", "owner.hosts")
    assert '"mail.hosts" in etc/trust.json' in found["why"]
    for listed in ("mail.example.org", "*.example.org", "MAIL.example.org"):
        trusts(tmp_path, mail={"hosts": [listed]})
        assert ruled(tmp_path, "mail")["verdict"] == "ask"
    for other in ("example.org", "*.example.com", "evil-mail.example.org"):
        trusts(tmp_path, mail={"hosts": [other]}, tools={"mail": "allow"})
        assert ruled(tmp_path, "mail")["rule"] == "owner.hosts"


def test_secrets_never_leave_the_machine(tmp_path: Path) -> None:
    trusts(tmp_path, mail={"hosts": ["*"]}, tools={"mail": "allow"})
    token = "ghp_" + "a1B2" * 9
    found = ruled(tmp_path, "mail", {"text": f"the token is {token}"})
    assert (found["verdict"], found["rule"], found["risk"]) == ("refuse", "hard.secret", "high")
    assert token not in found["why"]
    assert ruled(tmp_path, "note", {"text": token})["verdict"] == "allow"


@pytest.mark.parametrize(
    ("said", "verdict", "rule"),
    [
        ("allow", "allow", "owner.tool"),
        ("ask", "ask", "owner.tool"),
        ("refuse", "refuse", "owner.tool"),
        ({"verdict": "allow"}, "allow", "owner.tool"),
        ({"risk": "low"}, "allow", "trust.supervised_auto.low"),
        ({"risk": "medium"}, "ask", "trust.supervised_auto.medium"),
    ],
)
def test_the_owner_may_say_what_becomes_of_a_tool(tmp_path: Path, said: Any, verdict: str, rule: str) -> None:
    trusts(tmp_path, tools={"shell": said})
    found = ruled(tmp_path, "shell")
    assert (found["verdict"], found["rule"]) == (verdict, rule)


def test_decision_rules_make_things_stricter_only(tmp_path: Path) -> None:
    rules(
        tmp_path,
        hardRules=[
            {"tool": "note", "verdict": "refuse"},
            {"tool": "look", "verdict": "ask"},
            {"tool": "shell", "verdict": "allow"},
        ],
    )
    trusts(tmp_path, tools={"note": "allow", "look": "allow"})
    assert ruled(tmp_path, "note")["rule"] == "owner.rule"
    assert ruled(tmp_path, "look", {"path": "a"})["rule"] == "owner.rule"
    assert ruled(tmp_path, "shell")["verdict"] == "ask"
    assert not possible(TOOLS["note"], acting(), TrustFiles(tmp_path).read())


def test_what_was_approved_for_good_is_allowed_but_not_when_observing(tmp_path: Path) -> None:
    trusts(tmp_path, always=[{"tool": "shell", "pattern": {"text": "ls *"}}])
    assert ruled(tmp_path, "shell", {"text": "ls -l"})["rule"] == "always"
    assert ruled(tmp_path, "shell", {"text": "rm -r"})["verdict"] == "ask"
    assert ruled(tmp_path, "shell", {"text": "ls -l", "times": 2})["verdict"] == "ask"
    assert ruled(tmp_path, "shell", {"text": "ls -l"}, acting(trust="observe"))["verdict"] == "refuse"
