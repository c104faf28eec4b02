"""Fits the routing classifier to routing/examples, and its thresholds to what it gets right unseen.

    .venv/bin/python scripts/train_routing.py

Writes routing/model.npz, routing/words.npz and the thresholds in etc/routing.json. Takes some minutes, most of them for
encoding the examples; the same examples give the same model.
"""

from __future__ import annotations

import argparse
import io
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from rich.console import Console

from metahuman.deciding import RoutingEncoder
from metahuman.routing.classifier import ByMeaning, wishes_of
from metahuman.routing.clauses import clauses
from metahuman.routing.examples import Example, read_examples, singles
from metahuman.routing.fitting import FOLDS, SHARPNESS, Lesson, Unseen, cross_validate, folds_of, learn, lesson_of
from metahuman.routing.kernel import Array, Numbers, softmax
from metahuman.routing.model import HIGH, LOW, SEVERAL, SHIPPED_MODEL, load_model
from metahuman.routing.settings import load_settings
from metahuman.routing.words import SHIPPED_WORDS, WordModel, learn_words
from metahuman.state.files import read_json, write_atomic, write_json
from metahuman.state.parts import DESTINATIONS

ROOT = Path(__file__).parent.parent
SETTINGS = ROOT / "etc" / "routing.json"
#: What the decisions without a model are right in, at least: where something is done, more.
RIGHT, RIGHT_OPERATOR = 0.9, 0.92
#: The share of messages with several wishes whose pieces need not be heard.
UNHEARD = 0.05
#: Thresholds that are tried: nobody is sure of what is as likely wrong as right.
GRID = np.arange(0.5, 0.99, 0.01)
console = Console()


def main() -> None:
    """Fit, measure and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--thresholds", action="store_true", help="fit the thresholds alone, to the model that is there"
    )
    if parser.parse_args().thresholds:
        lesson = lesson_of(load_model(SHIPPED_MODEL))
        _settle(lesson, cross_validate(lesson))
        return
    files = sorted((ROOT / "routing" / "examples").glob("*.jsonl"))
    examples = singles(example for file in files for example in read_examples(file))
    console.print(f"{len(examples)} examples; encoding them")
    lesson = Lesson.of(examples, RoutingEncoder())
    unseen = cross_validate(lesson)
    write_atomic(SHIPPED_MODEL, learn(lesson, unseen.sharpness).content())
    write_atomic(SHIPPED_WORDS, _words(examples, lesson.labels))
    for path in (SHIPPED_MODEL, SHIPPED_WORDS):
        path.chmod(0o644)  # they go into a package that everybody may read
    _settle(lesson, unseen)


def _settle(lesson: Lesson, unseen: Unseen) -> None:
    """Write the thresholds, and tell what comes of them."""
    write_json(SETTINGS, read_json(SETTINGS) | _thresholds(lesson, unseen))
    write_json(SETTINGS, read_json(SETTINGS) | _wishes(lesson, unseen.sharpness))
    SETTINGS.chmod(0o644)
    _tell(lesson, unseen)


def _thresholds(lesson: Lesson, unseen: Unseen) -> dict[str, object]:
    """Return the lowest thresholds under which what is decided is right often enough, on unseen examples."""
    single = np.array([len(one.tasks) == 1 for one in lesson.examples])
    shares = unseen.destinations[single]
    found, sure, right = shares.argmax(1), shares.max(1), shares.argmax(1) == lesson.labels[single]
    thresholds = {
        name: _lowest(sure[found == number], right[found == number], RIGHT_OPERATOR if name == "operator" else RIGHT)
        for number, name in enumerate(DESTINATIONS)
    }
    urgency = np.array([one.urgency for one in lesson.examples])
    cut = np.array([len(clauses(one.situation.message)) > 1 for one in lesson.examples])
    perhaps = np.quantile(unseen.raw[cut & ~single, SEVERAL], UNHEARD)
    return {
        "thresholds": thresholds,
        "perhaps": round(float(perhaps), 2),
        "high": _best_f1(unseen.raw[:, HIGH], urgency == "high"),
        "low": _best_f1(unseen.raw[:, LOW], urgency == "low"),
    }


def _wishes(lesson: Lesson, sharpness: float) -> dict[str, float]:
    """Return from which scores on messages are taken for several wishes, and decided: those right on a fifth."""
    fold, settings = folds_of(lesson), load_settings(SETTINGS)
    scorer = ByMeaning(learn(lesson.part(np.flatnonzero(fold != 0)), sharpness), RoutingEncoder())
    held = [lesson.examples[one] for one in np.flatnonzero(fold == 0)]
    verdicts = scorer.score([one.situation for one in held])
    heard = [
        (one, wishes)
        for one, verdict in zip(held, verdicts, strict=True)
        if verdict.several >= settings.perhaps and (wishes := wishes_of(one.situation, verdict, scorer, settings))
    ]
    several = _best_f1(np.array([w.score for _, w in heard]), np.array([len(one.tasks) > 1 for one, _ in heard]))
    taken = [(one, wishes) for one, wishes in heard if wishes.score >= several]
    right = [set(one.destinations) == {task["destination"] for task in wishes.tasks} for one, wishes in taken]
    together = _lowest(np.array([wishes.confidence for _, wishes in taken]), np.array(right), RIGHT)
    return {"several": several, "together": together}


def _lowest(sure: Array, right: Numbers, wanted: float) -> float:
    """Return the lowest threshold from which on the share of right decisions is as wanted; the highest if none is."""
    good = (float(at) for at in GRID if right[sure >= at].size and right[sure >= at].mean() >= wanted)
    return round(next(good, float(GRID[-1])), 2)


def _best_f1(scores: Array, wanted: Numbers) -> float:
    """Return the threshold whose yes and no agree best with what was wanted (F1)."""

    def f1(at: float) -> float:
        said = scores >= at
        return float(2 * (said & wanted).sum() / max(1, said.sum() + wanted.sum()))

    return round(float(max(np.arange(0.1, 1.0, 0.01), key=f1)), 2)


def _words(examples: Sequence[Example], labels: Numbers) -> bytes:
    """Return the content of the lesser classifier, which goes by letters."""
    kept = np.flatnonzero([not one.situation.earlier and len(one.tasks) == 1 for one in examples])
    messages = [examples[one].situation.message for one in kept]
    targets = (np.eye(len(DESTINATIONS))[labels[kept]] - 1 / len(DESTINATIONS)).astype(np.float32)
    weights = np.ones(len(kept), np.float32)
    fold = np.array([zlib.crc32(examples[one].group.encode()) % FOLDS for one in kept])
    raw = np.zeros_like(targets)
    for number in range(FOLDS):
        rest, held = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
        mean, linear = learn_words([messages[one] for one in rest], targets[rest], weights[rest])
        raw[held] = WordModel(mean, linear, 1.0).scores([messages[one] for one in held])
    right = np.arange(len(kept)), labels[kept]
    sharpness = float(min(SHARPNESS, key=lambda sharp: -np.log(softmax(raw * sharp)[right] + 1e-9).mean()))
    console.print(f"letters alone: {(raw.argmax(1) == labels[kept]).mean():.3f} right, sharpness {sharpness}")
    mean, linear = learn_words(messages, targets, weights)
    file = io.BytesIO()
    np.savez(file, mean=mean.astype(np.float16), weights=linear.astype(np.float16), sharpness=sharpness)
    return file.getvalue()


def _tell(lesson: Lesson, unseen: Unseen) -> None:
    single = np.array([len(one.tasks) == 1 for one in lesson.examples])
    shares, settings = unseen.destinations[single], load_settings(SETTINGS)
    right = shares.argmax(1) == lesson.labels[single]
    sure = shares.max(1) >= np.array([settings.needed(DESTINATIONS[one]) for one in shares.argmax(1)])
    console.print(f"unseen single wishes right: {right.mean():.4f}; sharpness {unseen.sharpness}")
    console.print(f"decided at these thresholds: {sure.mean():.3f}, of which right: {right[sure].mean():.4f}")
    console.print(f"{SHIPPED_MODEL.stat().st_size / 1e6:.1f} MB + {SHIPPED_WORDS.stat().st_size / 1e6:.1f} MB")
    console.print(read_json(SETTINGS))


if __name__ == "__main__":
    main()
