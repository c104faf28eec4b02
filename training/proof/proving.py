"""A proof from beginning to end: what is measured of an adapter, and `evaluation/report.json`."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from metahuman.state.files import read_json, write_json
from metahuman.state.moments import iso
from metahuman.training.job import CARD, EVALUATION, GGUF, PEFT, Job, read_job
from metahuman.training.learning.retention import neutral_rows
from metahuman.training.learning.rows import HELD_OUT, TRAIN, Row, rows_of, verify
from metahuman.training.learning.templates import Message, Template
from metahuman.training.proof.continuing import continued
from metahuman.training.proof.copying import recited
from metahuman.training.proof.exposing import Secret, canaries, exposed, secrets_of
from metahuman.training.proof.form import form_of
from metahuman.training.proof.given import Given, answers_of, digest_if_there, read
from metahuman.training.proof.pair import BOTH, Pair, load_pair
from metahuman.training.proof.perplexity import Reads, membership, perplexity
from metahuman.training.proof.personal import facts_in, given_away
from metahuman.training.proof.scoring import Voices, scored
from metahuman.training.proof.texts import Unit, unit
from metahuman.training.proof.verdict import leaks_reported, verdict_of
from metahuman.training.telling import Tell

REPORT, FORM = "report.json", 1
#: Tokens of the training rows, of the held-out ones, and of other authors that are read, at most.
TRAINED, HELD, OTHER = 12_000, 12_000, 2_400
GO_ON = "Tell me more."


def prove(folder: Path, tell: Tell) -> dict[str, Any]:
    """Prove a run's adapter, and write what was found into `evaluation/report.json`; return that.

    Args:
        folder: The run's folder: its job, its adapter, its dataset, and the samples if there are any.
        tell: Told how far it is.

    Raises:
        SettingError: If the job, a row or a sample is wrong.
        StoreError: If something cannot be read or written, or was changed.
    """
    started = time.monotonic()
    job = read_job(folder)
    verify(job.dataset, folder)
    steps = _Steps(tell)
    steps("reading")
    given = read(job, folder)
    steps("the voice of the samples")
    said = _said(given, job.settings.seed)
    steps("loading the base and the adapter")
    pair = load_pair(job, folder)
    seen = _read(pair, job, folder, given, steps)
    found = {**said, "perplexity": seen.pop("perplexity"), "leaks": leaks_reported(said["leaks"], seen)}
    report = {
        "version": FORM,
        "run": job.name,
        "createdAt": iso(datetime.now(UTC)),
        "dataset": job.dataset.name,
        "adapterSha256": digest_if_there(folder / PEFT / "adapter_model.safetensors"),
        "ggufSha256": digest_if_there(folder / GGUF),
        "tainted": _tainted(folder),
        **found,
        "verdict": verdict_of(found),
        "seconds": round(time.monotonic() - started, 1),
    }
    write_json(folder / EVALUATION / REPORT, report)
    tell("finished", what="proof", verdict=report["verdict"])
    return report


class _Steps:
    """Tells how far it is."""

    COUNT = 8

    def __init__(self, tell: Tell) -> None:
        self._tell, self._done = tell, 0

    def __call__(self, what: str) -> None:
        self._tell("proving", what=what, done=self._done, of=self.COUNT)
        self._done += 1


def _said(given: Given, seed: int) -> dict[str, Any]:
    """Return what the texts alone show."""
    trained, held_out, answers = answers_of(given.trained), answers_of(given.held_out), given.answers()
    samples = {name: _units(given, texts) for name, texts in answers.items()}
    return {
        "voice": scored(Voices(trained, held_out, samples, given.others), seed),
        "form": {name: form_of(texts) for name, texts in answers.items()},
        "leaks": {
            "verbatim": recited(answers, trained),
            "personal": given_away(answers, (str(line["prompt"]) for line in given.samples), trained),
        },
    }


def _units(given: Given, texts: Sequence[str]) -> list[Unit]:
    lines = zip(given.samples, texts, strict=True)
    return [unit(text, str(line.get("group") or number)) for number, (line, text) in enumerate(lines) if text.strip()]


def _read(pair: Pair, job: Job, folder: Path, given: Given, steps: _Steps) -> dict[str, Any]:
    """Return what the model shows when it reads."""
    dataset, settings, seed = folder / job.dataset.folder, job.settings, job.settings.seed
    every, held = (rows_of(dataset / name, pair.tokenizer, settings) for name in (TRAIN, HELD_OUT))
    trained = _some(_first_codes(every, given), TRAINED)
    steps("the held-out pairs")
    of_held = _both(pair, held := _some(held, HELD))
    steps("neutral chat, and other authors")
    neutral, other = neutral_rows(pair.tokenizer, settings)[1], _other_rows(pair, given, settings.max_tokens)
    found = {
        "heldOut": perplexity(held, of_held, seed),
        "neutral": perplexity(neutral, _both(pair, neutral), seed),
        "other": perplexity(other, _both(pair, other), seed),
    }
    steps("the training pairs")
    of_trained = _both(pair, trained)
    steps("single facts")
    facts = _exposed(pair, secrets_of(given.trained, seed))
    steps("planted canaries")
    planted = _exposed(pair, list(canaries(given.canaries, given.trained, seed)))
    return {
        "perplexity": found,
        "continued": continued(trained, of_trained, pair.tokenizer),
        "continuedHeldOut": continued(held, of_held, pair.tokenizer),
        "membership": membership(of_trained, of_held),
        "facts": facts,
        "canaries": planted,
    }


def _both(pair: Pair, rows: Sequence[Row]) -> Reads:
    return {which: pair.read(rows, which) for which in BOTH}


def _exposed(pair: Pair, secrets: Sequence[Secret]) -> list[dict[str, Any]]:
    return [found.told() for secret in secrets if (found := exposed(pair, secret))]


def _first_codes(rows: Sequence[Row], given: Given) -> list[Row]:
    """Return the training rows, those first that hold a code: they are looked at even where there are many."""
    holds = [any(fact.code for fact in facts_in(one.text)) for one in answers_of(given.trained)]
    order = sorted(range(len(rows)), key=lambda place: (not holds[place], place * 2654435761 % 2**32))
    return [rows[place] for place in order]


def _some(rows: Sequence[Row], tokens: int) -> list[Row]:
    found, total = list[Row](), 0
    for row in rows:
        total += row.length
        if found and total > tokens:
            break
        found.append(row)
    return found


def _other_rows(pair: Pair, given: Given, most: int) -> list[Row]:
    """Return passages of other authors as answers, a few of each."""
    template = Template(pair.tokenizer)
    prompt = template.prompt([Message(role="user", content=GO_ON)])
    share = OTHER // max(1, len(given.others))
    found = list[Row]()
    for name, units in given.others.items():
        rows = [Row(prompt, template.answer(one.text)[: most - len(prompt)], talk=name) for one in units]
        found += _some(rows, share)
    return found


def _tainted(folder: Path) -> dict[str, Any] | None:
    found = read_json(folder / CARD).get("flagged") if (folder / CARD).exists() else None
    return found if isinstance(found, dict) else None
