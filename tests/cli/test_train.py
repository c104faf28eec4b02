"""`metahuman train`: what is shown before, what is refused, and what was trained."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from metahuman.home import Home
from metahuman.memory.dataset.assembling import Wanted, assembled
from metahuman.state.files import read_json, write_json
from metahuman.training.job import GGUF, Job
from metahuman.voice.runs import runs
from tests.curated import as_it_is, home_with
from tests.homes import in_process
from tests.voice_runs import a_base, a_job

LOSSES = {"train": 2.0, "heldOutBase": 4.0, "heldOut": 3.0, "neutralBase": 1.5, "neutral": 1.55}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with a dataset, and a base that looks like one as far as nobody loads it."""
    home_with(tmp_path, 30)
    assembled(tmp_path, Wanted("one"), as_it_is(tmp_path))
    return tmp_path


@pytest.fixture
def base(tmp_path: Path) -> Path:
    gguf = pytest.importorskip("gguf")
    writer = gguf.GGUFWriter(tmp_path / "base.gguf", "llama")
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return tmp_path / "base.gguf"


def a_run(home: Path, name: str, card: dict[str, Any] | None, base: Path = Path("base.gguf")) -> Job:
    folder = home / "out" / "adapters" / name[:10] / name
    job = a_job(folder, a_base(base)).model_copy(update={"name": name, "created_at": f"{name[:10]}T12:00:00.000Z"})
    job.write(folder)
    if card is not None:
        write_json(folder / "card.json", {"name": name, "losses": LOSSES, **card})
    return job


def test_it_is_shown_first_what_would_be_done(home: Path, base: Path) -> None:
    done = in_process(home, "train", "--base-path", str(base), "--dry-run", columns=200)
    assert (done.returncode, done.stderr) == (0, "")
    card = read_json(home / "out" / "datasets" / "one" / "card.json")
    assert "would train: " in done.stdout
    assert f"dataset one: {card['sides']['train']['pairs']} pairs to learn from" in done.stdout
    assert "base.gguf (llama)" in done.stdout
    assert not (home / "out" / "adapters").exists()


def test_the_same_as_json(home: Path, base: Path) -> None:
    done = in_process(home, "train", "--base-path", str(base), "--dry-run", "--json")
    told = json.loads(done.stdout)
    job = Job.model_validate(told["job"])
    assert (job.dataset.name, job.base.architecture, job.base.path) == ("one", "llama", str(base))
    assert job.dataset.memory_ids
    assert told["folder"].endswith(f"out/adapters/{job.name[:10]}/{job.name}")


def spoil_nothing(home: Path) -> None:
    pass


def taint(home: Path) -> None:
    path = home / "out" / "datasets" / "one" / "card.json"
    write_json(path, read_json(path) | {"tainted": {"reason": "x", "memoryIds": []}})


def change(home: Path) -> None:
    (home / "out" / "datasets" / "one" / "train.jsonl").write_bytes(b"")


def break_setting(home: Path) -> None:
    write_json(home / "etc" / "training.json", {"rank": 0})


@pytest.mark.parametrize(
    ("spoil", "words", "told"),
    [
        (taint, [], "dataset one is tainted; `metahuman dataset build --name one` mends that"),
        (change, [], "train.jsonl is not as the card says"),
        (break_setting, [], "training.json: rank: Input should be greater than or equal to 1"),
        (spoil_nothing, ["--dataset", "two"], "there is no dataset 'two'"),
        (spoil_nothing, ["--base", "two"], "models.two: no such model"),
        (spoil_nothing, ["--base", "default.persona"], "is run by ollama: say with --base-path where its GGUF file is"),
        (spoil_nothing, ["--base-path", "nowhere"], "there is no model there; name a GGUF file, or a folder"),
        (spoil_nothing, ["--again"], "no voice was trained on anything that is forgotten"),
        (spoil_nothing, ["--resume", "x"], "no voice was trained yet"),
    ],
)
def test_what_cannot_be_trained_is_refused_in_one_line(
    home: Path, base: Path, spoil: Any, words: list[str], told: str
) -> None:
    spoil(home)
    if not {"--base", "--base-path"} & set(words):
        words = [*words, "--base-path", str(base)]
    done = in_process(home, "train", "--dry-run", *words)
    assert done.returncode == 1
    assert told in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_fresh_home_has_nothing_to_train_on(tmp_path: Path) -> None:
    done = in_process(tmp_path / "home", "train", "--dry-run")
    assert (done.returncode, done.stdout) == (1, "")
    assert "there is no dataset yet; `metahuman dataset build` makes one" in done.stderr


def test_a_kind_of_base_that_cannot_be_written_is_refused_before(home: Path, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(b"x")
    write_json(folder / "config.json", {"model_type": "mamba"})
    done = in_process(home, "train", "--dry-run", "--base-path", str(folder))
    assert "'mamba' cannot be trained here" in done.stderr


def test_an_unfinished_run_is_gone_on_with(home: Path) -> None:
    a_run(home, "2026-05-17-120000-aaaaaa", None)
    done = in_process(home, "train", "--dry-run", "--json")
    assert json.loads(done.stdout)["name"] == "2026-05-17-120000-aaaaaa"
    named = in_process(home, "train", "--dry-run", "--resume", "2026-05-17")
    assert "going on with 2026-05-17-120000-aaaaaa" in named.stdout
    other = in_process(home, "train", "--dry-run", "--dataset", "two")
    assert "there is no dataset 'two'" in other.stderr


def test_a_finished_run_is_not_gone_on_with(home: Path) -> None:
    a_run(home, "2026-05-17-120000-aaaaaa", {})
    done = in_process(home, "train", "--dry-run", "--resume", "2026-05-17")
    assert "is finished; `metahuman train` begins a new one" in done.stderr


def test_a_flagged_run_is_planned_anew_on_its_dataset_built_anew(home: Path, base: Path) -> None:
    flagged = {"flagged": {"reason": "it was trained on memories that are to be forgotten: train it anew"}}
    job = a_run(home, "2026-05-17-120000-aaaaaa", flagged, base)
    taint(home)
    done = in_process(home, "train", "--again", "--dry-run", "--json")
    told = json.loads(done.stdout)
    assert told["job"]["dataset"]["name"] == "one"
    assert told["job"]["settings"] == job.settings.model_dump(mode="json", by_alias=True)
    assert "tainted" not in read_json(home / "out" / "datasets" / "one" / "card.json")


def test_runs_are_listed_with_what_they_gained(home: Path) -> None:
    a_run(home, "2026-05-16-120000-aaaaaa", {"flagged": {"reason": "forgotten"}})
    a_run(home, "2026-05-17-120000-aaaaaa", None)
    (home / "out" / "adapters" / "2026-05-17" / "x").mkdir()
    (home / "out" / "adapters" / "2026-05-17" / "x" / "job.json").write_text("{")
    done = in_process(home, "train", "list", columns=160)
    lines = done.stdout.splitlines()
    assert "not finished" in lines[1]
    assert "54.6 → 20.09 (-63%)" in lines[2]
    assert "flagged: train it anew" in lines[2]
    assert "x/job.json: not JSON" in done.stderr
    told = json.loads(in_process(home, "train", "list", "--json").stdout)
    assert [run["finished"] for run in told["runs"]] == [False, True]
    assert len(told["problems"]) == 1


def test_a_run_is_shown(home: Path) -> None:
    job = a_run(home, "2026-05-16-120000-aaaaaa", {"flagged": {"reason": "forgotten"}, "seconds": 12.5, "steps": 7})
    shown = in_process(home, "train", "show", "2026-05-16", columns=200).stdout
    assert "perplexity of the held-out answers: 54.6 → 20.09 (-63%)" in shown
    assert f"flagged: forgotten; `metahuman train --again --resume {job.name}`" in shown
    assert GGUF in shown
    card = json.loads(in_process(home, "train", "show", "--json").stdout)
    assert card["seconds"] == 12.5


def test_nothing_was_trained_yet(tmp_path: Path) -> None:
    done = in_process(tmp_path / "home", "train", "list")
    assert (done.returncode, done.stdout) == (0, "No voice was trained yet; `metahuman train` does that.\n")
    assert not (tmp_path / "home").exists()


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_voice_is_trained_from_start_to_end(home: Path, tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="the extra `train` is not installed: `make setup-train`")
    from tests.tiny_base import tiny_base

    write_json(home / "etc" / "training.json", {"epochs": 1, "topLayers": None, "batchTokens": 256})
    path = tiny_base(tmp_path / "tiny.gguf")
    done = in_process(home, "train", "--base-path", str(path), "--yes", columns=200)
    assert done.returncode == 0, done.stderr
    [run] = runs(Home(home))
    assert run.finished
    assert f"next: `metahuman persona eval {run.name}`" in done.stdout
    assert "llama.cpp beside the trainer" in done.stdout
