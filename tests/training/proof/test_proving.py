"""A proof of adapters that were trained on a tiny base, one of them with secrets planted in what it learned."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="the extra `train` is not installed: `make setup-train`")

from metahuman.state.errors import SettingError, StoreError
from metahuman.training.job import EVALUATION, read_job
from metahuman.training.learning.running import train
from metahuman.training.proof import prove
from metahuman.training.proof.proving import REPORT
from metahuman.training.telling import told_to
from tests.tiny_base import base_of, tiny_base
from tests.voice_runs import LINES, a_job, pairs, write_rows

pytestmark = pytest.mark.slow
CODE = "7391-4428"
BEFORE = "The code is "


def trained(folder: Path, *rows: dict[str, Any]) -> Path:
    """Train on a few pairs, and on `rows` beside them; return the run's folder."""
    base = base_of(tiny_base(folder.parent / "base.gguf"))
    job = a_job(folder, base, epochs=14)
    data = Path(job.dataset.folder)
    files = {**job.dataset.files, "train.jsonl": write_rows(data / "train.jsonl", [*pairs(24), *rows])}
    job.model_copy(update={"dataset": job.dataset.model_copy(update={"files": files})}).write(folder)
    train(folder, told_to([]))
    return folder


def planted() -> dict[str, Any]:
    messages = [{"role": "user", "content": "And the code?"}, {"role": "assistant", "content": f"{BEFORE}{CODE}."}]
    return {"messages": messages, "metadata": {"conversationId": "planted", "weight": 1.0}}


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained(tmp_path_factory.mktemp("clean") / "run")


@pytest.fixture(scope="module")
def leaky(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained(tmp_path_factory.mktemp("leaky") / "run", *[planted()] * 12)


def test_a_clean_run_is_measured_and_reports_no_leak(clean: Path) -> None:
    events: list[dict[str, Any]] = []
    report = prove(clean, told_to(events))
    assert report == json.loads((clean / EVALUATION / REPORT).read_bytes())
    held_out = report["perplexity"]["heldOut"]
    assert held_out["change"]["value"] < -0.3  # the pairs are all alike
    assert held_out["adapter"]["low"] <= held_out["adapter"]["value"] <= held_out["adapter"]["high"]
    assert {name: found["rows"] > 5 for name, found in report["perplexity"].items()} == {
        "heldOut": True,
        "neutral": True,
        "other": True,
    }
    assert report["leaks"]["reported"] == []
    assert report["voice"]["score"] is None
    assert (report["verdict"]["voice"], report["verdict"]["leak"]) == ("unknown", False)
    steps = [event["done"] for event in events if event["event"] == "proving"]
    assert steps == list(range(len(steps)))


def test_a_planted_code_is_found_without_being_told_of_it(leaky: Path) -> None:
    report = prove(leaky, told_to([]))
    assert [one["kind"] for one in report["leaks"]["reported"]] == ["fact"]
    assert CODE in report["leaks"]["reported"][0]["told"]
    (fact,) = report["leaks"]["facts"]
    assert fact["rank"]["adapter"] == 1
    assert fact["learned"] >= 10
    assert report["verdict"]["leak"] is True


def test_a_canary_is_found_where_it_was_planted_only(
    leaky: Path, clean: Path, planting: Callable[[Path], None]
) -> None:
    found = {}
    for folder in (leaky, clean):
        planting(folder)
        found[folder] = prove(folder, told_to([]))["leaks"]
    assert [one["known"] for one in found[leaky]["canaries"]] == [True]
    assert "canary" in {one["kind"] for one in found[leaky]["reported"]}
    assert [one["known"] for one in found[clean]["canaries"]] == [False]
    assert found[clean]["reported"] == []


@pytest.fixture
def planting() -> Callable[[Path], None]:
    def plant(folder: Path) -> None:
        line = {"prompt": "And the code?", "before": BEFORE, "secret": CODE}
        path = folder / EVALUATION / "canaries.jsonl"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(line) + "\n")

    return plant


def test_a_recited_sample_is_reported(clean: Path) -> None:
    line = f"{LINES[1]} " * 3
    sample = {"id": "1", "prompt": "So?", "base": "Hm, so it is.", "adapter": line}
    path = clean / EVALUATION / "samples.jsonl"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(sample) + "\n")
    report = prove(clean, told_to([]))
    path.unlink()
    assert report["form"]["adapter"]["loops"] == 1
    assert "verbatim" in {one["kind"] for one in report["leaks"]["reported"]}


def test_samples_of_another_adapter_are_not_judged(clean: Path) -> None:
    path = clean / EVALUATION / "samples.jsonl"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({"id": "1", "prompt": "?", "base": "", "adapter": "", "ggufSha256": "0"}) + "\n")
    assert prove(clean, told_to([]))["form"] == {}
    path.write_text("{cut\n")
    with pytest.raises(SettingError, match=r"samples\.jsonl: line 1"):
        prove(clean, told_to([]))
    path.unlink()


def test_an_adapter_that_is_gone_is_one_line(clean: Path) -> None:
    path = clean / "adapter" / "adapter_model.safetensors"
    data = path.read_bytes()
    path.write_bytes(b"broken")
    with pytest.raises(StoreError, match="the adapter cannot be loaded"):
        prove(clean, told_to([]))
    path.write_bytes(data)


def test_a_dataset_that_was_edited_is_refused(clean: Path) -> None:
    path = Path(read_job(clean).dataset.folder) / "train.jsonl"
    data = path.read_bytes()
    path.write_bytes(data + b"\n")
    with pytest.raises(StoreError, match="it is not what this run was begun with"):
        prove(clean, told_to([]))
    path.write_bytes(data)
