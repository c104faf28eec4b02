"""Where a voice stands in the registry, and whether it may still be used."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from metahuman.opening import open_registry
from metahuman.voice.standing import standing, tainted
from tests.fakes import registry_content
from tests.homes import write_registry
from tests.voices import a_home, a_run


def named(home: Path, adapter: str, modes: dict[str, Any]) -> None:
    content = registry_content(cognitiveModeMappings=modes)
    content["models"]["mine"] = {"provider": "local", "model": "persona", "roles": ["persona"], "adapters": [adapter]}
    write_registry(home, content)


@pytest.mark.parametrize("place", ["adapter.gguf", "adapter"])
def test_a_voice_is_in_force_where_it_is_asked_first(tmp_path: Path, place: str) -> None:
    home = a_home(tmp_path)
    run = a_run(home)
    assert standing(open_registry(home), run.folder) == ([], [])
    inside = f"{run.folder.relative_to(tmp_path)}/{place}"
    named(tmp_path, inside, {"emulation": {"persona": "mine"}, "agent": {"persona": None}})
    assert standing(open_registry(home), run.folder) == (["mine"], ["emulation"])
    named(tmp_path, str(tmp_path / inside), {})
    assert standing(open_registry(home), run.folder) == (["mine"], [])


@pytest.mark.parametrize("file", ["job.json", "card.json"])
def test_a_tainted_voice_is_said_in_one_line(tmp_path: Path, file: str) -> None:
    home = a_home(tmp_path)
    run = a_run(home)
    named(tmp_path, str(run.gguf), {"emulation": {"persona": "mine"}})
    assert tainted(open_registry(home)) == []
    path = run.folder / file
    path.write_text(json.dumps({**json.loads(path.read_bytes()), "flagged": {"memoryIds": ["evt-1"]}}))
    (found,) = tainted(open_registry(home))
    assert (found.run, found.model_id, found.modes, found.forgotten) == (run.name, "mine", ["emulation"], 1)
    assert "in force in emulation) is tainted: it was trained on 1 forgotten memory; `metahuman train" in found.told()
    assert "\n" not in found.told()


def test_adapters_that_are_nobodys_run_are_let_be(tmp_path: Path) -> None:
    home = a_home(tmp_path)
    (tmp_path / "card.json").write_text("{cut")
    named(tmp_path, str(tmp_path / "adapter.gguf"), {})
    assert tainted(open_registry(home)) == []
