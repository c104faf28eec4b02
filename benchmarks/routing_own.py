"""The product's own classifier on messages written for this project: how right, how sure, and when to ask a model."""

from __future__ import annotations

import asyncio
import io
import json
import re
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.intent_model import outcomes, resolved
from benchmarks.routing_report import Report, Row
from benchmarks.routing_sets import EXAMPLES, OWN
from metahuman.routing.classifier import LocalClassifier
from metahuman.routing.examples import Example, read_examples
from metahuman.routing.fitting import FOLDS, Lesson, cross_validate, lesson_of
from metahuman.routing.measure import BINS, Decision, Measured, calibration, measure
from metahuman.routing.model import SHIPPED_MODEL, load_model
from metahuman.state.files import write_atomic
from metahuman.state.parts import DESTINATIONS

FILES = ("paraphrases", "turns", "several")
#: Shares of the turns that a model is asked about, the least sure first.
SENT = np.arange(0, 1.01, 0.05)

Decide = Callable[[Example], Decision]
Truths = NDArray[np.bool_]


def own_sets(report: Report, classifier: LocalClassifier) -> None:
    """Print how right routes are on messages that nothing was fitted to, and how far confidence can be believed."""
    keywords = read_keywords()
    sets = {name: read_examples(OWN / f"{name}.jsonl") for name in FILES}
    _check(report, sets, keywords)
    ways: dict[str, Decide] = {
        "keyword rules": lambda one: by_keywords(one, keywords),
        "classifier": judged(classifier),
    }
    found = {
        (name, way): [decide(one) for one in examples]
        for name, examples in sets.items()
        for way, decide in ways.items()
    }
    rows = [Row(f"{name}, {way}", _numbers(measure(each), way)) for (name, way), each in found.items()]
    aims = {"accuracy": "paraphrases 0.880", "decided": "turns 0.850"}
    report.table("own_sets", f"Own sets ({', '.join(f'{k}: {len(v)}' for k, v in sets.items())})", rows, aims=aims)
    one_by_one = measure(found["turns", "classifier"]).scores
    by_place = [Row(name, {**score._asdict()}) for name, score in one_by_one.items()]
    report.table("destinations", "turns.jsonl, by destination", by_place)
    _reliability(report, [one for (_, way), each in found.items() if way == "classifier" for one in each])


def unseen(report: Report) -> None:
    """Print what cross-validation says of the examples themselves: models judge what they were not fitted to."""
    row = Row("each judged by a model that has not seen it", _unseen(lesson_of(load_model(SHIPPED_MODEL))))
    report.table("unseen", f"The shipped examples, those that ask for one thing, {FOLDS} folds by dialogue", [row])


def _unseen(lesson: Lesson) -> dict[str, float | None]:
    found = cross_validate(lesson)
    single = np.array([len(one.tasks) == 1 for one in lesson.examples])
    shares, labels = found.destinations[single], lesson.labels[single]
    decisions = [
        Decision((DESTINATIONS[label],), (DESTINATIONS[row.argmax()],), float(row.max()), sure=False)
        for row, label in zip(shares, labels, strict=True)
    ]
    measured = measure(decisions)
    numbers = {"examples": measured.lines, "accuracy": measured.accuracy, "macro-F1": measured.macro_f1}
    return {**numbers, "ECE": measured.calibration_error}


def judged(classifier: LocalClassifier) -> Decide:
    """Return what decides by the product's classifier."""

    def decide(example: Example) -> Decision:
        found = classifier.judge_now(example.situation)
        went = tuple(dict.fromkeys(task["destination"] for task in found.tasks))
        return Decision(example.destinations, went, found.confidence, found.sure)

    return decide


def read_keywords() -> dict[str, re.Pattern[str]]:
    """Return the keyword rule of each destination."""
    words: dict[str, list[str]] = json.loads((OWN / "keywords.json").read_text(encoding="utf-8"))
    return {name: re.compile(rf"\b(?:{'|'.join(map(re.escape, of))})\b", re.IGNORECASE) for name, of in words.items()}


def by_keywords(example: Example, keywords: dict[str, re.Pattern[str]]) -> Decision:
    """Decide by whose keywords a message has most of; of none, it is talk."""
    counts = {name: len(pattern.findall(example.situation.message)) for name, pattern in keywords.items()}
    best = max(counts, key=counts.__getitem__)
    return Decision(example.destinations, (best if counts[best] else "conversation",), 1.0, sure=True)


def _check(report: Report, sets: dict[str, list[Example]], keywords: dict[str, re.Pattern[str]]) -> None:
    """Print whether the sets are what they are said to be."""
    texts = [one.situation.message for one in sets["paraphrases"]]
    with_words = sum(any(pattern.search(text) for pattern in keywords.values()) for text in texts)
    known = {_plain(one) for file in EXAMPLES.glob("*.jsonl") for one in read_examples(file)}
    report.note(f"paraphrases with a word of a keyword rule: {with_words} of {len(texts)}")
    for name, examples in sets.items():
        report.note(f"{name}: messages that are an example too: {sum(_plain(one) in known for one in examples)}")


def _plain(example: Example) -> str:
    return " ".join(re.findall(r"\w+", example.situation.message.casefold())) or example.situation.message


def _numbers(measured: Measured, way: str) -> dict[str, float | None]:
    found = {"accuracy": measured.accuracy, "macro-F1": measured.macro_f1, "several right": measured.several_exact}
    if way != "classifier":
        return found
    more = {"decided": measured.decided, "decided right": measured.decided_accuracy, "AUROC": measured.auroc}
    return {**found, **more, "ECE": measured.calibration_error}


def _reliability(report: Report, decisions: Sequence[Decision]) -> None:
    measured = measure(decisions)
    bins = calibration([one.confidence for one in decisions], [one.hit for one in decisions])
    rows = [Row(f"from {int(one.confidence * BINS) / BINS}", {**one._asdict()}) for one in bins]
    title = f"Reliability over all three sets, steps of a tenth; ECE {measured.calibration_error:.3f}"
    report.table("reliability", title, rows)


def cascade(report: Report, classifier: LocalClassifier, *, embedded: bool, plot: Path | None) -> None:
    """Print what asking a model about the least sure turns brings, by the share it is asked about."""
    examples = read_examples(OWN / "turns.jsonl")
    alone = [judged(classifier)(one) for one in examples]
    models = {"a perfect model": np.ones(len(alone), bool)}
    if embedded:
        models["the embedded model"] = asyncio.run(_embedded(examples))
    hits = np.array([one.hit for one in alone])
    order = np.argsort([one.confidence for one in alone], kind="stable")
    curves = {name: [_with_model(hits, right, order, share) for share in SENT] for name, right in models.items()}
    columns = [dict(zip(curves, values, strict=True)) for values in zip(*curves.values(), strict=True)]
    rows = [Row(f"{share:.0%}", column) for share, column in zip(SENT, columns, strict=True)]
    unsure = np.array([not one.sure for one in alone])
    shipped = {name: float(np.where(unsure, right, hits).mean()) for name, right in models.items()}
    rows.append(Row(f"shipped thresholds: {unsure.mean():.1%}", shipped))
    report.table("cascade", f"turns.jsonl ({len(alone)}): share right by share of turns sent to a model", rows)
    if plot and find_spec("matplotlib"):
        _draw(curves, float(unsure.mean()), shipped, plot)
    elif plot:
        report.note(f"{plot} not drawn: it needs matplotlib (`pip install metahuman[notebooks]`)")


def _with_model(hits: Truths, right: Truths, order: NDArray[np.intp], share: float) -> float:
    """Return the share that is right when a model decides that share of the turns, those that come first."""
    sent = round(share * len(order))
    return float(np.concatenate([right[order[:sent]], hits[order[sent:]]]).mean())


async def _embedded(examples: Sequence[Example]) -> Truths:
    """Return which turns the embedded orchestrator gets right."""
    return np.array([set(one.wanted) == set(one.got) for one in await outcomes(resolved(), examples)])


def _draw(curves: dict[str, list[float]], sent: float, shipped: dict[str, float], path: Path) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4.5), layout="constrained")
    axes = figure.subplots()
    for name, curve in curves.items():
        (line,) = axes.plot(SENT, curve, marker=".", label=name)
        axes.plot([sent], [shipped[name]], "o", color=line.get_color())
    axes.axvline(sent, color="grey", linestyle=":", label="shipped thresholds")
    axes.set_xlabel("share of the turns sent to a model, the least sure first")
    axes.set_ylabel("share of the turns routed right")
    axes.legend()
    picture = io.BytesIO()
    figure.savefig(picture, format=path.suffix[1:] or "png", dpi=150)
    write_atomic(path, picture.getvalue())
