"""`metahuman curate`, from its start to its exit code."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from metahuman.agents.alone import alone
from metahuman.curating import NAME, CurationRun, curator
from metahuman.home import Home
from tests.curations import ANSWERED, Desk, a_talk
from tests.fakes import registry_content
from tests.homes import files, in_process, write_registry

KEY = "ghp_" + "wWPw5k4aXcaT4fNP0UcnZwJUVFk6LO0pINUx"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    memories = [a_talk("evt-1"), a_talk("evt-2", "Thanks!", "Sure."), a_talk("evt-3", answered=f"{ANSWERED} {KEY}")]
    made = Desk(tmp_path / "home", *memories)
    made.keeper.close()
    return made


def test_rules_alone(desk: Desk) -> None:
    run = in_process(desk.root, "curate", "--without-model")
    assert (run.returncode, run.stderr) == (0, "")
    told, *refusals = run.stdout.splitlines()
    assert told == "1 pair, 2 refused; 1 pair in all"
    assert sorted(refusals) == ["     1  it has fewer than … words", "     1  it held secrets or personal data"]
    assert in_process(desk.root, "curate", "--without-model").stdout == "nothing to curate; 1 pair in all\n"


def test_as_json_and_some_at_a_time(desk: Desk) -> None:
    told = json.loads(in_process(desk.root, "curate", "--without-model", "--limit", "1", "--json").stdout)
    assert told == {"dryRun": False, "fates": {"pair": 1}, "refusals": {}, "replaced": {}, "pairs": 1}
    told = json.loads(in_process(desk.root, "curate", "--without-model", "--all", "--json").stdout)
    assert told["fates"] == {"refused": 2}


def test_a_dry_run_shows_and_writes_nothing(desk: Desk) -> None:
    before = files(desk.root, but="state")
    run = in_process(desk.root, "curate", "--without-model", "--dry-run")
    assert "pair     evt-1\n    I always take the long way home" in run.stdout
    assert "refused  evt-2: it has fewer than 3 words" in run.stdout
    assert run.stdout.splitlines()[-3] == "would be: 1 pair, 2 refused"
    assert KEY not in run.stdout
    assert files(desk.root, but="state") == before
    seen = json.loads(in_process(desk.root, "curate", "--without-model", "--dry-run", "--json").stdout)["memories"]
    assert {one["id"]: one["fate"] for one in seen} == {"evt-1": "pair", "evt-2": "refused", "evt-3": "refused"}


def test_a_model_that_does_not_answer_leaves_all_for_later(desk: Desk) -> None:
    content = registry_content()
    content["models"]["curator"] |= {"provider": "ollama"}
    write_registry(desk.root, {**content, "providers": {"ollama": {"baseUrl": "http://127.0.0.1:9"}}})
    run = in_process(desk.root, "curate")
    assert run.returncode == 1
    assert run.stdout.splitlines()[0] == "1 refused, 2 left for later; 0 pairs in all"
    assert "--without-model curates by rules alone" in run.stderr
    assert desk.curated().keys() <= {"evt-2"}


def test_one_run_at_a_time_and_once_is_quiet(desk: Desk) -> None:
    async def meanwhile() -> list[tuple[int, str, str]]:
        async with alone(Home(desk.root), NAME):
            runs = [
                await asyncio.to_thread(in_process, desk.root, "curate", "--without-model", *more)
                for more in ([], ["--once"])
            ]
        return [(run.returncode, run.stdout, run.stderr) for run in runs]

    (code, _, error), quiet = asyncio.run(meanwhile())
    assert code == 1
    assert "curate is already running (process " in error
    assert quiet == (0, "", "")


async def test_an_agent_tells_it_in_a_line(tmp_path: Path) -> None:
    assert await curator(Home(tmp_path / "home")) == "nothing to curate; 0 pairs in all"
    run = CurationRun({"pair": 2, "curated": 1, "again": 3}, {}, {}, 1_002)
    assert run.told() == "2 pairs, 1 kept that nobody answered, 3 left for later; 1,002 pairs in all"
