"""What `etc/agents.json` may say, and how it is told what is wrong."""

from __future__ import annotations

import json
from datetime import time
from pathlib import Path
from typing import Any

import pytest

from metahuman.agents.loading import Agents, load_agents, named, switch
from metahuman.home import Home
from metahuman.state.errors import BadChoice, SettingError

KNOWN = ("curator", "digest", "maintenance")


def write(home: Path, said: Any) -> None:
    (home / "etc").mkdir(exist_ok=True)
    (home / "etc" / "agents.json").write_text(said if isinstance(said, str) else json.dumps(said))


def load(home: Path, **curator: Any) -> Agents:
    write(home, {"agents": {"curator": curator}})
    return load_agents(Home(home), KNOWN)


def test_a_home_without_a_file_has_the_shipped_agents(tmp_path: Path) -> None:
    agents = load_agents(Home(tmp_path), KNOWN)
    assert sorted(agents.known) == sorted(KNOWN)
    assert agents.others == []
    assert all(agent.settings.enabled and agent.settings.has_trigger for agent in agents.known.values())


def test_the_homes_own_keys_lie_over_the_shipped_ones(tmp_path: Path) -> None:
    agents = load(tmp_path, enabled=False)
    assert not agents.known["curator"].settings.enabled
    assert agents.known["curator"].settings.interval == 1800
    assert agents.known["digest"].settings.at == (time(3),)


def test_who_says_when_has_none_of_the_shipped_times(tmp_path: Path) -> None:
    settings = load(tmp_path, at="5:30").known["curator"].settings
    assert (settings.interval, settings.inactivity, settings.at) == (None, None, (time(5, 30),))


@pytest.mark.parametrize(
    ("said", "seconds"), [(90, 90), ("90s", 90), ("30m", 1800), ("1h30m", 5400), ("1.5 h", 5400), ("2d", 172_800)]
)
def test_times_are_seconds_or_words(tmp_path: Path, said: Any, seconds: float) -> None:
    assert load(tmp_path, interval=said).known["curator"].settings.interval == seconds


def test_a_file_of_metahuman_os_is_understood(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "globalSettings": {
                "pauseAll": True,
                "timezone": "America/Los_Angeles",
                "quietHours": {"enabled": True, "start": "22:00", "end": "08:00"},
                "maxConcurrentAgents": 3,
            },
            "agents": {
                "curator": {
                    "id": "curator",
                    "enabled": True,
                    "type": "activity",
                    "priority": "low",
                    "agentPath": "curator/index.ts",
                    "interval": 0,
                    "inactivityThreshold": 600,
                    "runOnBoot": True,
                    "autoRestart": False,
                    "maxRetries": 2,
                },
                "digest": {"type": "time-of-day", "schedule": "02:00", "interval": 900},
                "maintenance": {"type": "manual"},
                "robot-observer": {"type": "event", "interval": "whenever it pleases"},
            },
        },
    )
    agents = load_agents(Home(tmp_path), KNOWN)
    assert (agents.paused, agents.concurrency, agents.others) == (True, 3, ["robot-observer"])
    curator, digest = agents.known["curator"], agents.known["digest"].settings
    assert str(curator.zone) == "America/Los_Angeles"
    assert curator.quiet
    assert curator.quiet.cover(time(23))
    assert not curator.quiet.cover(time(8))
    assert (curator.settings.inactivity, curator.settings.interval, curator.settings.again) == (600, None, 0)
    assert curator.settings.run_on_boot
    assert (digest.at, digest.interval) == ((time(2),), None)
    assert not agents.known["maintenance"].settings.has_trigger


@pytest.mark.parametrize(
    ("own", "covered"),
    [("22:00-07:00", (time(23), time(3))), ({"start": "12:00", "end": "13:00"}, (time(12), time(12, 59))), (False, ())],
)
def test_an_agent_may_have_quiet_hours_of_its_own(tmp_path: Path, own: Any, covered: tuple[time, ...]) -> None:
    everybody = {"quietHours": {"start": "09:00", "end": "10:00"}}
    write(tmp_path, {"globalSettings": everybody, "agents": {"curator": {"quietHours": own}}})
    agents = load_agents(Home(tmp_path), KNOWN).known
    quiet = agents["curator"].quiet
    assert all(quiet and quiet.cover(moment) for moment in covered)
    assert not (quiet and quiet.cover(time(9, 30)))
    shared = agents["digest"].quiet
    assert shared
    assert shared.cover(time(9, 30))


@pytest.mark.parametrize(
    ("said", "key", "problem"),
    [
        ({"agents": {"curator": {"interval": "soon"}}}, "agents.curator.interval", '"6h"'),
        ({"agents": {"curator": {"interval": 0}}}, "agents.curator.interval", "greater than 0"),
        ({"agents": {"curator": {"at": 7}}}, "agents.curator.at", ""),
        ({"agents": {"curator": {"at": ["03:00", "25:00"]}}}, "agents.curator.at.1", ""),
        ({"agents": {"curator": {"schedule": "noon"}}}, "agents.curator.schedule.0", '"03:00"'),
        ({"agents": {"curator": {"days": ["mom"]}}}, "agents.curator.days.0", "'mon'"),
        ({"agents": {"curator": {"maxRetries": -1}}}, "agents.curator.maxRetries", ""),
        ({"agents": {"curator": {"quietHours": {"start": "9"}}}}, "agents.curator.quietHours.start", ""),
        ({"agents": {"curator": 5}}, "agents.curator", ""),
        ({"agents": [1]}, "agents", ""),
        ({"globalSettings": 3}, "globalSettings", ""),
        ({"globalSettings": {"timezone": "Mars/Base"}}, "globalSettings.timezone", "Mars/Base"),
        ({"globalSettings": {"concurrency": 0}}, "globalSettings.concurrency", ""),
    ],
)
def test_what_is_wrong_is_told_in_one_line(tmp_path: Path, said: Any, key: str, problem: str) -> None:
    write(tmp_path, said)
    with pytest.raises(SettingError) as error:
        load_agents(Home(tmp_path), KNOWN)
    assert error.value.key == key
    assert problem in str(error.value)
    assert "\n" not in str(error.value)
    assert "agents.json" in str(error.value)


def test_no_json_is_told_too(tmp_path: Path) -> None:
    write(tmp_path, '{"agents": ')
    with pytest.raises(SettingError, match="not JSON"):
        load_agents(Home(tmp_path), KNOWN)


def test_switching_keeps_all_else(tmp_path: Path) -> None:
    theirs = {"_COMMENT": "mine", "agents": {"curator": {"interval": 60, "note": 1}, "robot": {"enabled": True}}}
    write(tmp_path, theirs)
    assert switch(Home(tmp_path), "curator", KNOWN, on=False)
    assert not switch(Home(tmp_path), "curator", KNOWN, on=False)
    theirs["agents"]["curator"]["enabled"] = False  # type: ignore[index]
    assert json.loads((tmp_path / "etc" / "agents.json").read_text()) == theirs
    assert switch(Home(tmp_path), "digest", KNOWN, on=False)
    assert not load_agents(Home(tmp_path), KNOWN).known["digest"].settings.enabled


def test_a_name_that_is_no_agents_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadChoice, match="there are maintenance, curator"):
        named(Home(tmp_path), ["curator", "nobody"], KNOWN)
