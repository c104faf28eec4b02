"""Whatever the servers do, every call answers or raises the right error, is audited once, and leaves nothing behind."""

from __future__ import annotations

import pytest

from metahuman.clock import SystemClock
from tests.fakes import FakeAudit
from tests.storm import servers, weather

pytestmark = pytest.mark.slow


async def test_every_call_of_a_storm_ends_as_it_should() -> None:
    audit = FakeAudit()
    with servers(share=0.4, seed=7) as registry:
        result = await weather(registry, audit, SystemClock(), calls=240, at_once=8)
    assert result.untyped == []
    assert result.answered + result.errors.total() == 240
    assert result.answered > 120
    assert set(result.errors) <= {"NoModelAnswered", "BadRequest", "BrokenAnswer"}
    assert len(audit.named("llm_call")) == 240
    assert sum(call["error"] is None for call in audit.named("llm_call")) == result.answered
    assert (result.tasks_left, result.sockets_left) == (0, 0)
    met = {failed["kind"] for call in audit.named("llm_call") for failed in call["failed"]}
    assert met >= {
        "failed", "overloaded", "context_overflow", "bad_request", "auth", "missing", "down", "timeout", "empty",
        "bad_answer", "refused",
    }  # fmt: skip
