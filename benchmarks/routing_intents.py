"""Intents and specialists: CLINC150, from HWU64 to CLINC150, and specialist_mix."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, cast

import numpy as np

from benchmarks.routing_heads import Features, Kernel, one_hot, sharpness_of, solve
from benchmarks.routing_report import Report, Row
from benchmarks.routing_sets import CLINC, HWU, SPECIALISTS, SetMissingError, clinc, hwu, small_talk, specialists
from metahuman.detecting import detect_specialist_type
from metahuman.home import Home
from metahuman.routing.kernel import Array, Numbers, softmax
from metahuman.routing.measure import auroc, f1
from metahuman.state.parts import Destination

Encode = Callable[[Sequence[str]], Array]
#: Chosen on 3000 of CLINC150's training examples, of which another 6000 were learned.
INTENTS, RIDGE = Kernel(width=1.0, letters=0.2), 0.1
WAYS = {
    "runs of letters alone": Kernel(INTENTS.width, letters=1),
    "encoder alone": Kernel(INTENTS.width, letters=0),
    "encoder and letters": INTENTS,
}
#: What HWU64 calls talk.
TALK = ("general_", "qa_")
#: The keyword list of the plan's own specialist broker.
PLAN: dict[str, tuple[str, ...]] = {
    "coder": ("code", "implement", "debug", "refactor"),
    "planner": ("plan", "roadmap", "breakdown", "steps"),
    "summarizer": ("summarize", "brief", "overview", "digest"),
}
#: The destination that stands for "none of the three" where scores are counted.
NONE: Destination = "conversation"


class Fitted(NamedTuple):
    """Kernel ridge fitted to labelled texts: what is known, its mean, and what each adds to each label."""

    kernel: Kernel
    known: Features
    mean: Array
    added: Array

    def scores(self, asked: Features) -> Array:
        """Return the score of each label for each text, (n, labels)."""
        return self.kernel.near(asked, self.known, self.mean) @ self.added


def fitted(kernel: Kernel, known: Features, labels: Numbers, count: int) -> Fitted:
    """Return kernel ridge fitted to labelled texts, exactly: 15,000 of them take a minute and 2 GB."""
    mean = known.vectors.mean(0)
    return Fitted(kernel, known, mean, solve(kernel.near(known, known, mean), one_hot(labels, count), RIDGE))


def intents(report: Report, data: Path, encode: Encode, split: str) -> None:
    """CLINC150: which of 150 intents, and whether any."""
    sets = clinc(data)
    if split not in sets:
        raise SetMissingError(f"{CLINC.title}: it has no {split} split here")
    names = {name: number for number, name in enumerate(sorted({intent for _, intent in sets["train"]}))}
    known, asked, outside = (
        Features.of([text for text, _ in sets[part]], encode) for part in ("train", split, f"oos_{split}")
    )
    labels, right = (np.array([names[intent] for _, intent in sets[part]], np.int32) for part in ("train", split))
    rows = [
        Row("TF-IDF and support vectors (measured before)", {"accuracy": 0.93}),
        Row("MiniLM and logistic regression (measured before)", {"accuracy": 0.955, "AUROC outside": 0.959}),
    ]
    for name, kernel in WAYS.items():
        model = fitted(kernel, known, labels, len(names))
        inside, out = model.scores(asked), model.scores(outside)
        rows.append(
            Row(
                f"kernel ridge, {name}",
                {"accuracy": float((inside.argmax(1) == right).mean()), "AUROC outside": _told_apart(inside, out)},
            )
        )
    report.table("intents", f"{CLINC.title}, train → {split}", rows, aims={"accuracy": 0.96, "AUROC outside": 0.97})


def _told_apart(inside: Array, outside: Array) -> float | None:
    best = [float(one) for one in (*inside.max(1), *outside.max(1))]
    return auroc(best, [True] * len(inside) + [False] * len(outside))


def transfer(report: Report, data: Path, encode: Encode, split: str) -> None:
    """Tell talk from work on CLINC150, having learned it on HWU64."""
    known_rows, tuned_rows, asked_rows = (*(hwu(data)[part] for part in ("train", "valid")), clinc(data)[split])
    names = {name: number for number, name in enumerate(sorted({intent for _, intent in known_rows}))}
    work = np.array([not name.startswith(TALK) for name in names])
    known, tuned, asked = (
        Features.of([text for text, _ in rows], encode) for rows in (known_rows, tuned_rows, asked_rows)
    )
    labels, right = (np.array([names[intent] for _, intent in rows], np.int32) for rows in (known_rows, tuned_rows))
    talk = small_talk(data)
    truths = [intent not in talk for _, intent in asked_rows]
    rows = []
    for name, kernel in WAYS.items():
        intent_wise = fitted(kernel, known, labels, len(names))
        sharp = sharpness_of(intent_wise.scores(tuned), right)
        summed = softmax(intent_wise.scores(asked) * sharp)[:, work].sum(1)
        gate = fitted(kernel, known, work[labels].astype(np.int32), 2).scores(asked)[:, 1]
        rows.append(Row(f"yes or no, {name}", {"AUROC": auroc([*map(float, gate)], truths)}))
        rows.append(Row(f"64 intents, those of work summed, {name}", {"AUROC": auroc([*map(float, summed)], truths)}))
    report.table("transfer", f"{HWU.title} → {CLINC.title}, {split}: talk or work", rows, aims={"AUROC": 0.85})


def specialist(report: Report, data: Path, home: Home) -> None:
    """specialist_mix: coder, planner, summarizer or none of them."""
    items = specialists(data)
    right = [_counted(label) for _, label, _ in items]
    ways: dict[str, list[Destination]] = {
        "the plan's keyword list": [by_plan(text) for text, _, _ in items],
        "detect_specialist_type": [_counted(detect_specialist_type(text, home)) for text, _, _ in items],
    }
    rows = []
    for name, found in ways.items():
        scored = f1([[one] for one in right], [[one] for one in found])
        hits = [one == other for one, other in zip(right, found, strict=True)]
        values: dict[str, float] = {"macro-F1": sum(one.f1 for one in scored.values()) / len(scored)}
        values["accuracy"] = sum(hits) / len(hits)
        values |= {f"F1 {'none' if one == NONE else one} ({score.support})": score.f1 for one, score in scored.items()}
        for source in sorted({source for _, _, source in items}):
            of_it = [hit for hit, item in zip(hits, items, strict=True) if item[2] == source]
            values[f"{source} ({len(of_it)})"] = sum(of_it) / len(of_it)
        rows.append(Row(name, values))
    turned = [Row(column, {row.name: row.values[column] for row in rows}) for column in rows[0].values]
    report.table("specialists", SPECIALISTS.title, turned)
    report.note("aim: macro-F1 .800 over the labels that occur (keyword list, measured before: .479); by source: right")


def by_plan(text: str) -> Destination:
    """Return the specialist of whom a keyword stands in a text, be it in a longer word, as the plan has it."""
    lowered = text.lower()
    return next((_counted(name) for name, keywords in PLAN.items() if any(one in lowered for one in keywords)), NONE)


def _counted(label: str | None) -> Destination:
    return cast(Destination, label) if label in PLAN else NONE
