"""Whole runs on a tiny base: what they leave, that they can be done again, and go on after any crash."""

from __future__ import annotations

import json
import random
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="the extra `train` is not installed: `make setup-train`")

from metahuman.state.errors import BadChoice, MetaHumanError, SettingError, StoreError
from metahuman.training.job import CARD, CHECKPOINTS, GGUF, PROGRESS, read_job
from metahuman.training.learning.keeping import kept
from metahuman.training.learning.running import train
from metahuman.training.telling import Event, events_in, told_to
from tests.tiny_base import base_of, tiny_base
from tests.voice_runs import a_job, pairs, write_rows

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_base(tmp_path_factory.mktemp("base") / "tiny.gguf")


class StopHere(Exception):  # noqa: N818
    """What a test ends a run with."""


def stopping_at(name: str, step: int) -> Any:
    """Return a `Tell` that ends the run at an event of a step."""

    def tell(event: str, /, **about: Any) -> None:
        if event == name and about.get("step") == step:
            raise StopHere

    return tell


def weights(folder: Path) -> bytes:
    return (folder / "adapter" / "adapter_model.safetensors").read_bytes()


def test_a_run_learns_and_leaves_all_that_is_needed(tmp_path: Path, base: Path) -> None:
    job, told = a_job(tmp_path / "run", base_of(base), epochs=3), list[Event]()
    card = train(tmp_path / "run", told_to(told))
    losses = card["losses"]
    assert losses["heldOut"] < 0.7 * losses["heldOutBase"]
    assert card == json.loads((tmp_path / "run" / CARD).read_text())
    assert (card["job"], card["memoryIds"]) == (job.model_dump(mode="json", by_alias=True), ["evt-1", "evt-2"])
    assert set(card["files"]) == {
        "adapter/adapter_config.json",
        "adapter/adapter_model.safetensors",
        "adapter.gguf",
        "loss.png",
    }
    assert card["equality"]["prompts"] > 0
    assert (card["template"], card["stopped"]) == ("the base's own", "all epochs")
    assert not (tmp_path / "run" / CHECKPOINTS).exists()
    names = [event["event"] for event in told]
    assert (names[0], names[-1]) == ("started", "finished")
    assert names.count("step") == card["steps"] == told[0]["steps"]
    assert [event["event"] for event in events_in(tmp_path / "run" / PROGRESS)] == names[:-1]
    assert (tmp_path / "run" / CARD).stat().st_mode & 0o777 == 0o600


def test_a_finished_run_is_left_alone(tmp_path: Path, base: Path) -> None:
    a_job(tmp_path / "run", base_of(base), epochs=1)
    first, told = train(tmp_path / "run", told_to([])), list[Event]()
    assert train(tmp_path / "run", told_to(told)) == first
    assert [event["event"] for event in told] == ["finished"]


@pytest.mark.parametrize("settings", [{}, {"topLayers": 1, "dropout": 0.1}], ids=["all layers", "the upper, dropout"])
def test_a_run_that_was_cut_short_ends_as_one_that_was_not(tmp_path: Path, base: Path, settings: Any) -> None:
    for name in ("whole", "cut"):
        a_job(tmp_path / name, base_of(base), checkpointSeconds=1e-6, **settings)
    whole = train(tmp_path / "whole", told_to([]))
    for step in (1, 4, 7):
        with pytest.raises(StopHere):
            train(tmp_path / "cut", stopping_at("saved", step))
        with pytest.raises(StopHere):
            train(tmp_path / "cut", stopping_at("step", step + 2))
        assert kept(tmp_path / "cut").step == step + 1
    cut = train(tmp_path / "cut", told_to([]))
    assert weights(tmp_path / "cut") == weights(tmp_path / "whole")
    assert (tmp_path / "cut" / GGUF).stat().st_size == (tmp_path / "whole" / GGUF).stat().st_size
    assert (cut["losses"], cut["looks"], cut["steps"]) == (whole["losses"], whole["looks"], whole["steps"])
    steps = [event["step"] for event in events_in(tmp_path / "cut" / PROGRESS) if event["event"] == "step"]
    assert steps == list(range(1, cut["steps"] + 1))


def test_the_layers_below_are_computed_once_and_make_no_difference(tmp_path: Path, base: Path) -> None:
    """One epoch computes them as it goes, for that is quicker; the first of several does not."""
    a_job(tmp_path / "once", base_of(base), topLayers=1, epochs=1, warmUp=0)
    a_job(tmp_path / "several", base_of(base), topLayers=1, epochs=50, warmUp=0)
    train(tmp_path / "once", told_to([]))
    first = next(e for e in events_in(tmp_path / "once" / PROGRESS) if e["event"] == "step")
    with pytest.raises(StopHere):
        train(tmp_path / "several", stopping_at("step", 1))
    second = next(e for e in events_in(tmp_path / "several" / PROGRESS) if e["event"] == "step")
    assert second["loss"] == pytest.approx(first["loss"], abs=1e-3)


def test_it_stops_early_and_keeps_the_best(tmp_path: Path, base: Path) -> None:
    a_job(tmp_path / "run", base_of(base), epochs=40, learningRate=0.3, patience=2)
    card = train(tmp_path / "run", told_to([]))
    looked = [look["heldOut"] for look in card["looks"]]
    assert card["stopped"] == "early"
    assert card["epochsRun"] < 40
    assert card["losses"]["heldOut"] == pytest.approx(min(looked), abs=1e-3)
    assert looked[-1] > min(looked)


def test_nothing_held_out_is_no_obstacle(tmp_path: Path, base: Path) -> None:
    a_job(tmp_path / "run", base_of(base), held_out=0, epochs=1)
    card = train(tmp_path / "run", told_to([]))
    assert card["losses"]["heldOut"] is None
    assert card["stopped"] == "all epochs"


def test_retention_keeps_what_is_neutral_as_it_was(tmp_path: Path, base: Path) -> None:
    drift = {}
    for name, retention in (("held", 20.0), ("free", 0.0)):
        a_job(tmp_path / name, base_of(base), retention=retention, epochs=6, patience=99)
        losses = train(tmp_path / name, told_to([]))["losses"]
        drift[name] = losses["neutral"] - losses["neutralBase"]
    assert abs(drift["held"]) < 0.75 * abs(drift["free"])


@pytest.mark.parametrize("interrupt", [signal.SIGINT, signal.SIGTERM])
def test_told_to_stop_it_writes_down_how_far_it_is(tmp_path: Path, base: Path, interrupt: signal.Signals) -> None:
    a_job(tmp_path / "run", base_of(base), epochs=200, patience=999)
    with start(tmp_path / "run") as process:
        for line in process.stdout or ():
            if json.loads(line)["event"] == "step":
                break
        process.send_signal(interrupt)
        assert process.communicate(timeout=60)[1] == ""
    assert process.returncode == 130
    state = kept(tmp_path / "run")
    assert state is not None
    assert state.step >= 1


def test_killed_at_any_moment_it_ends_as_if_it_were_not(tmp_path: Path, base: Path) -> None:
    for name in ("whole", "killed"):
        a_job(tmp_path / name, base_of(base), checkpointSeconds=1e-6)
    train(tmp_path / "whole", told_to([]))
    chance, kills = random.Random(7), 0
    for _ in range(4):
        with start(tmp_path / "killed") as process:
            next(iter(process.stdout or ()), "")
            time.sleep(chance.uniform(0, 1.5))
            process.kill()
        kills += process.returncode == -signal.SIGKILL
    train(tmp_path / "killed", told_to([]))
    assert kills
    assert weights(tmp_path / "killed") == weights(tmp_path / "whole")
    assert [path for path in (tmp_path / "killed").rglob("*") if path.name.endswith(".tmp")] == []


def test_two_do_not_train_in_one_folder(tmp_path: Path, base: Path) -> None:
    a_job(tmp_path / "run", base_of(base), epochs=200, patience=999)
    with start(tmp_path / "run") as process:
        next(iter(process.stdout or ()))
        try:
            with pytest.raises(StoreError, match="another process trains in it"):
                train(tmp_path / "run", told_to([]))
        finally:
            process.kill()


def change(**about: Any) -> Any:
    def changed(folder: Path) -> None:
        job = read_job(folder)
        job.model_copy(update={"base": job.base.model_copy(update=about)}).write(folder)

    return changed


def nothing_to_learn(folder: Path) -> None:
    job = read_job(folder)
    job.dataset.files["train.jsonl"] |= write_rows(Path(job.dataset.folder) / "train.jsonl", [])
    job.write(folder)


def half_a_checkpoint(folder: Path) -> None:
    (folder / CHECKPOINTS).mkdir()
    (folder / CHECKPOINTS / "state.pt").write_bytes(b"PK\x03\x04half")


@pytest.mark.parametrize(
    ("spoil", "error", "words"),
    [
        (change(sha256="00" * 32), StoreError, r"not the base that this run was begun with; begin anew"),
        (change(path="nowhere.gguf"), StoreError, r"there is no model there; name a GGUF file"),
        (change(architecture="mamba"), BadChoice, r"'mamba' cannot be trained"),
        (
            lambda folder: write_rows(Path(read_job(folder).dataset.folder) / "train.jsonl", pairs(3)),
            StoreError,
            "begun",
        ),
        (nothing_to_learn, StoreError, r"there is nothing to learn from; build a dataset"),
        (half_a_checkpoint, StoreError, r"state.pt: it is no whole checkpoint; delete it"),
        (lambda folder: (folder / "job.json").write_text("{"), SettingError, r"job.json: not JSON"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_line(
    tmp_path: Path, base: Path, spoil: Any, error: type[MetaHumanError], words: str
) -> None:
    a_job(tmp_path / "run", base_of(base), epochs=1)
    spoil(tmp_path / "run")
    with pytest.raises(error, match=words) as refused:
        train(tmp_path / "run", told_to([]))
    assert "\n" not in str(refused.value)
    assert not (tmp_path / "run" / CARD).exists()


def test_a_base_that_is_none_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "base.gguf").write_bytes(b"GGUF" + bytes(40))
    a_job(tmp_path / "run", base_of(tmp_path / "base.gguf"))
    with pytest.raises(StoreError, match="transformers cannot load it") as refused:
        train(tmp_path / "run", told_to([]))
    assert "\n" not in str(refused.value)


def test_a_loss_that_runs_away_is_told(tmp_path: Path, base: Path) -> None:
    broken = tmp_path / "base.gguf"
    broken.write_bytes(base.read_bytes()[:-4] + struct.pack("<f", float("nan")))
    a_job(tmp_path / "run", base_of(broken))
    with pytest.raises(SettingError, match=r"learningRate: at step .* lower it, and train anew"):
        train(tmp_path / "run", told_to([]))


def test_the_command_says_in_one_line_what_is_wrong(tmp_path: Path) -> None:
    with start(tmp_path / "nothing") as process:
        said = process.communicate(timeout=60)
    assert (process.returncode, said[0]) == (1, "")
    assert "job.json" in said[1]
    assert said[1].count("\n") == 1


def start(folder: Path) -> subprocess.Popen[str]:
    """Start the process that trains."""
    words = [sys.executable, "-m", "metahuman.training", "train", str(folder)]
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
