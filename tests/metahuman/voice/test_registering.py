"""Voices are written into the registry, and nothing else of it changes; what would not load is never written."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from metahuman.home import Home
from metahuman.models.registry import Registry
from metahuman.opening import open_registry
from metahuman.state.errors import BadChoice, SettingError
from metahuman.state.shipped import SHIPPED
from metahuman.voice.registering import MODEL_ID, note_score, register, set_voice, unregister
from metahuman.voice.runs import Run
from tests.voices import NAME, a_home, a_run


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return a_home(tmp_path)


def content(home: Home) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((home.root / "etc" / "models.json").read_text())
    return found


def persona(home: Home, mode: str | None) -> str:
    model = open_registry(home).resolve_model("persona", mode)
    assert model is not None
    return model.model_id


def based_on(run: Run, **changed: str) -> Run:
    return replace(run, job=run.job.model_copy(update={"base": run.job.base.model_copy(update=changed)}))


def test_an_entry_is_its_bases_with_the_voice(home: Home) -> None:
    changed = content(home)
    changed["models"]["persona"] |= {"options": {"temperature": 0.7, "newer": 1}}
    (home.root / "etc" / "models.json").write_text(json.dumps(changed))
    run = a_run(home)
    report = run.folder / "evaluation" / "report.json"
    assert register(home, run, score=0.42, report=report) == home.root / "etc" / "models.json"
    adapter = f"out/adapters/2026-05-17/{NAME}/adapter.gguf"
    assert content(home)["models"][MODEL_ID] == {
        "provider": "local",
        "model": "persona",
        "adapters": [adapter],
        "baseModel": "persona",
        "roles": ["persona", "conversation"],
        "description": "The persona's own voice, learned from its memories on 2026-05-17.",
        "metadata": {
            "run": NAME,
            "dataset": "one",
            "trainedOn": "persona",
            "evalScore": 0.42,
            "evalReport": f"out/adapters/2026-05-17/{NAME}/evaluation/report.json",
            "baseSha256": run.job.base.sha256,
        },
        "options": {"temperature": 0.7, "newer": 1},
    }
    del (made := content(home))["models"][MODEL_ID]
    assert made == changed
    model = open_registry(home).resolve_model("persona", overrides={"modelId": MODEL_ID})
    assert model is not None
    assert (model.adapters, model.base_sha256) == ((run.gguf,), run.job.base.sha256)
    assert persona(home, "emulation") == "persona"  # nobody speaks with it by that alone


def test_a_home_without_a_registry_gets_the_shipped_one(tmp_path: Path) -> None:
    run = based_on(a_run(a_home(tmp_path)), model_id="embedded", path="/not/here.gguf")
    (tmp_path / "etc" / "models.json").unlink()
    path = register(Home(tmp_path), run)
    made = content(Home(tmp_path))
    assert made["models"].pop(MODEL_ID)["model"] == "smollm2-135m-instruct"
    assert made == json.loads((SHIPPED / "models.json").read_bytes())
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(("server", "adapter"), [("vllm", "adapter"), ("llama-server", "adapter.gguf")])
def test_vllm_is_told_the_folder(tmp_path: Path, server: str, adapter: str) -> None:
    home = a_home(tmp_path, providers={"openai": {"server": server, "baseUrl": "http://127.0.0.1:9/v1"}})
    changed = content(home)
    changed["models"]["persona"]["provider"] = "openai"
    (tmp_path / "etc" / "models.json").write_text(json.dumps(changed))
    run = based_on(a_run(home), path=str(tmp_path / "weights"))
    register(home, run)
    entry = content(home)["models"][MODEL_ID]
    assert entry["adapters"] == [f"out/adapters/2026-05-17/{NAME}/{adapter}"]
    assert "baseSha256" not in entry["metadata"]  # of a folder it says nothing about a GGUF file
    assert open_registry(home).validate_registry() == (True, [])


def test_a_file_that_was_trained_on_instead_of_the_registrys_is_served(home: Home, tmp_path: Path) -> None:
    own = tmp_path / "own.gguf"
    own.write_bytes(b"GGUF own")
    changed = content(home)
    changed["models"]["persona"]["model"] = str(own)
    (tmp_path / "etc" / "models.json").write_text(json.dumps(changed))
    run = a_run(home)
    register(home, run)
    assert content(home)["models"][MODEL_ID]["model"] == run.job.base.path
    register(home, based_on(run, path=str(own)))
    assert content(home)["models"][MODEL_ID]["model"] == str(own)


def test_what_cannot_be_registered_leaves_the_registry_as_it_is(home: Home) -> None:
    run, path = a_run(home), home.root / "etc" / "models.json"
    before = path.read_bytes()
    with pytest.raises(BadChoice, match="has no model gone any more, which the voice was trained on"):
        register(home, based_on(run, model_id="gone"))
    with pytest.raises(BadChoice, match=f"run {NAME} has no adapter; `metahuman train --resume"):
        register(home, replace(run, card=None))
    with pytest.raises(SettingError, match=r"cognitiveModeMappings\.emulation\.persona: no model 'nobody'"):
        set_voice(home, "nobody")
    with pytest.raises(BadChoice, match=f"has no model {MODEL_ID}"):
        unregister(home)
    with pytest.raises(BadChoice, match="somebody has to speak by default"):
        set_voice(home, None, default=True)
    assert path.read_bytes() == before
    path.write_text("{broken")
    for act in (lambda: register(home, run), lambda: set_voice(home, None), lambda: unregister(home)):
        with pytest.raises(SettingError, match="not JSON"):
            act()
    assert path.read_text() == "{broken"


def test_a_voice_speaks_in_the_modes_it_is_set_for_and_is_taken_out_everywhere(home: Home) -> None:
    before = content(home)
    register(home, a_run(home))
    set_voice(home, MODEL_ID)
    assert [persona(home, mode) for mode in (None, "dual", "emulation")] == ["persona", "persona", MODEL_ID]
    assert content(home)["cognitiveModeMappings"]["emulation"]["orchestrator"] is None
    set_voice(home, None)
    assert persona(home, "emulation") == "persona"
    set_voice(home, MODEL_ID, ("dual", "agent"))
    assert [persona(home, mode) for mode in (None, "dual", "agent")] == ["persona", MODEL_ID, MODEL_ID]
    changed = content(home)
    changed["roleHierarchy"]["persona"].append(MODEL_ID)
    (home.root / "etc" / "models.json").write_text(json.dumps(changed))
    unregister(home)
    assert MODEL_ID not in json.dumps(content(home))
    assert content(home)["models"] == before["models"]
    set_voice(home, "coder", (), default=True)
    assert persona(home, None) == "coder"
    register(home, a_run(home))
    set_voice(home, MODEL_ID, (), default=True)
    changed = content(home)
    del changed["roleHierarchy"]["persona"]
    (home.root / "etc" / "models.json").write_text(json.dumps(changed))
    with pytest.raises(SettingError, match=r"defaults\.persona: missing"):
        unregister(home)
    assert persona(home, None) == MODEL_ID


def test_a_score_is_noted_wherever_the_voice_is_named(home: Home) -> None:
    run = a_run(home)
    report = run.folder / "evaluation" / "report.json"
    assert note_score(home, run, 0.1, report) == []
    register(home, run)
    register(home, run, model_id="persona.second")
    assert note_score(home, run, 0.5, report) == [MODEL_ID, "persona.second"]
    for one in (MODEL_ID, "persona.second"):
        assert content(home)["models"][one]["metadata"]["evalScore"] == 0.5
    (home.root / "etc" / "models.json").unlink()
    assert note_score(home, run, 0.6, report) == []
    assert not (home.root / "etc" / "models.json").exists()


def test_many_at_once_lose_nothing(home: Home) -> None:
    run = a_run(home)
    threads = [threading.Thread(target=register, args=(home, run), kwargs={"model_id": f"v{n}"}) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {f"v{n}" for n in range(8)} <= content(home)["models"].keys()
    Registry.load(home.registry, home.root)


@pytest.mark.slow
def test_killed_at_any_moment_the_registry_is_the_old_one_or_the_new_one(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.voice_kills", str(tmp_path), "25"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    outcome = json.loads(done.stdout.splitlines()[-1])
    assert outcome["wrong"] == []
    assert (outcome["kills"], len(outcome["states"]) > 1) == (25, True)
