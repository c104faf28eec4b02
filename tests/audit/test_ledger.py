"""The usage ledger: right sums, whoever counts at once, whatever is in an event, whatever happens to the file."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from metahuman.audit.ledger import KEYS, Ledger, Row, Totals
from metahuman.audit.log import AuditLog
from metahuman.audit.reader import Reader
from metahuman.state.errors import StoreError
from metahuman.state.events import CANCELLED, AuditEvent
from metahuman.state.services import Spent, Usage
from tests.calls import a_call, a_try
from tests.fakes import FakeClock

DAY = "2026-05-17"


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with contextlib.closing(Ledger(tmp_path / "state" / "usage.sqlite")) as opened:
        yield opened


def totals(ledger: Ledger) -> Totals:
    return Totals(*(sum(values) for values in zip(*(row.totals for row in ledger.rows(DAY, DAY)), strict=True)))


def by_model(ledger: Ledger) -> dict[str, Totals]:
    return {row.key[0]: row.totals for row in ledger.rows(DAY, DAY, ["model"])}


def test_a_call_is_added_to_its_row(ledger: Ledger) -> None:
    for _ in range(2):
        ledger.add(DAY, a_call())
    key = (DAY, "ollama", "qwen3:8b", "default.persona", "persona", "dual", "main")
    assert ledger.rows(DAY, DAY) == [Row(key, Totals(2, 2, 0, 0, 200, 40, 120, 6.0, 1.0))]


def test_each_try_that_failed_counts_for_its_own_model(ledger: Ledger) -> None:
    ledger.add(DAY, a_call(fallback=True, failed=[a_try(), a_try(model="bigger")]))
    assert by_model(ledger) == {
        "big": Totals(calls=1, failures=1, prompt=7, completion=1, seconds=1.0, cost=0.25),
        "bigger": Totals(calls=1, failures=1, prompt=7, completion=1, seconds=1.0, cost=0.25),
        "qwen3:8b": Totals(1, 1, 0, 1, 100, 20, 60, seconds=1.0, cost=0.5),
    }


def test_of_a_call_that_nobody_answered_only_the_tries_count(ledger: Ledger) -> None:
    nobody = a_call(modelId=None, provider=None, model=None, error="no model could answer", failed=[a_try(), a_try()])
    ledger.add(DAY, nobody)
    assert by_model(ledger) == {"big": Totals(calls=2, failures=2, prompt=14, completion=2, seconds=2.0, cost=0.5)}


@pytest.mark.parametrize("kind", ["set_aside", "remote", "cap"])
def test_a_model_that_was_not_even_asked_was_not_used(ledger: Ledger, kind: str) -> None:
    ledger.add(DAY, a_call(failed=[a_try(kind)]))
    assert list(by_model(ledger)) == ["qwen3:8b"]
    assert ledger.spent("openai", DAY) == Spent(0, 0, 0.0)


def test_a_call_that_nobody_was_asked_for_is_one_failure_of_no_model(ledger: Ledger) -> None:
    ledger.add(DAY, a_call(modelId=None, provider=None, model=None, error="all set aside", failed=[a_try("set_aside")]))
    assert [(row.key[2], row.totals.calls, row.totals.failures) for row in ledger.rows(DAY, DAY)] == [("", 1, 1)]


def test_a_cancelled_call_is_neither_answer_nor_failure(ledger: Ledger) -> None:
    ledger.add(DAY, a_call(error=CANCELLED))
    ledger.add(DAY, a_call(error="it broke off"))
    found = totals(ledger)
    assert (found.calls, found.answers, found.failures, found.completion) == (2, 0, 1, 40)


def test_spent_is_what_one_provider_was_asked_for_on_one_day(ledger: Ledger) -> None:
    usage: Usage = ledger
    assert usage.spent("ollama", DAY) == Spent(0, 0, 0.0)
    ledger.add(DAY, a_call(failed=[a_try()]))
    ledger.add(DAY, a_call(role="coder", thread=None))
    ledger.add("2026-05-18", a_call())
    assert usage.spent("ollama", DAY) == Spent(2, 240, 1.0)
    assert usage.spent("openai", DAY) == Spent(1, 8, 0.25)


def test_rows_keep_apart_what_is_asked_for(ledger: Ledger) -> None:
    for day, role in (("2026-05-16", "coder"), (DAY, "persona"), (DAY, "coder"), ("2026-05-18", "coder")):
        ledger.add(day, a_call(role=role))
    days = [(row.key, row.totals.calls) for row in ledger.rows("2026-05-16", DAY, ["role", "day"])]
    assert days == [(("coder", "2026-05-16"), 1), (("coder", DAY), 1), (("persona", DAY), 1)]
    assert ledger.rows("2026-01-01", "2026-01-31") == []
    for by in ([], ["cost"], ["role; DROP TABLE usage"]):
        with pytest.raises(ValueError, match="name some of day, provider"):
            ledger.rows(DAY, DAY, by)


@pytest.mark.parametrize(
    "odd",
    [
        {},
        {"tokens": "many", "failed": "yes", "latencyMs": None, "cost": "free", "role": 3, "thread": ["x"]},
        {"tokens": {"prompt": float("nan"), "completion": 10**400, "cached": -1}, "latencyMs": float("inf")},
        {"failed": [None, 3, {}], "thread": "half a pair \ud83d", "role": "naïve \0"},
    ],
    ids=["empty", "wrong types", "no numbers", "odd texts"],
)
def test_an_event_of_another_program_cannot_spoil_the_sums(ledger: Ledger, odd: dict[str, Any]) -> None:
    ledger.add(DAY, odd)
    ledger.add(DAY, a_call())
    assert totals(ledger)[4:] == (100, 20, 60, 3.0, 0.5)


def test_a_rebuild_counts_the_days_of_the_log_and_keeps_the_others(tmp_path: Path, ledger: Ledger) -> None:
    log, clock = tmp_path / "audit", FakeClock()
    audit = AuditLog(log, clock)
    for call in (a_call(), a_call(failed=[a_try()])):
        audit.record(AuditEvent("llm_call", "assistant", call))
    audit.record(AuditEvent("memory_saved", "system", a_call()))
    audit.close()
    (log / "2026-05-18.ndjson").write_text(
        '{"event": "llm_call", "timestamp": "2026-05-18T01:00:00+02:00", "details": {"role": "coder"}}\n'
        '{"event": "llm_call", "timestamp": "0001-01-01T00:00:00+14:00"}\n{"event": "llm_call"}\nhalf a li'
    )
    ledger.add("2026-05-10", a_call())
    ledger.add(DAY, a_call(thread="of a call that the log does not have"))
    for _ in range(2):
        assert ledger.rebuild(Reader(log, event="llm_call")) == (3, 1)
        assert [(row.key, row.totals.calls) for row in ledger.rows("2026-01-01", "2026-12-31", ["day", "role"])] == [
            (("2026-05-10", "persona"), 1),
            ((DAY, "coder"), 1),
            ((DAY, "persona"), 3),
        ]


def test_a_rebuild_that_fails_changes_nothing(tmp_path: Path, ledger: Ledger) -> None:
    ledger.add(DAY, a_call())
    (tmp_path / f"{DAY}.ndjson").write_text(json.dumps({"event": "llm_call", "timestamp": f"{DAY}T12:00:00Z"}) + "\n")
    (tmp_path / "2026-05-18.ndjson").mkdir()
    before = ledger.rows(DAY, DAY)
    with pytest.raises(StoreError, match=r"2026-05-18\.ndjson"):
        ledger.rebuild(Reader(tmp_path, event="llm_call"))
    assert ledger.rows(DAY, DAY) == before


def test_every_key_can_be_kept_apart(ledger: Ledger) -> None:
    ledger.add(DAY, a_call())
    for key in KEYS:
        assert len(ledger.rows(DAY, DAY, [key])) == 1
