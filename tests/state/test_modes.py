"""The rules of the cognitive modes."""

from __future__ import annotations

import pytest

from metahuman.state.context import MODES, Mode
from metahuman.state.errors import SettingError
from metahuman.state.modes import RULES, as_mode, may_write, switch_mode
from tests.fakes import FakeAudit, FakeClock
from tests.memories import FakeMemory


def test_every_mode_has_rules() -> None:
    assert tuple(RULES) == MODES


@pytest.mark.parametrize(
    ("mode", "said", "done"), [("dual", True, True), ("agent", False, True), ("emulation", False, False)]
)
def test_what_may_be_written(mode: Mode, *, said: bool, done: bool) -> None:
    assert (may_write(mode, done=False), may_write(mode, done=True)) == (said, done)


@pytest.mark.parametrize("word", ["Dual", "", None, 1, ["dual"]])
def test_a_word_that_is_no_mode_is_told(word: object) -> None:
    with pytest.raises(SettingError) as raised:
        as_mode(word)
    assert str(raised.value) == f"mode: no mode {word!r}; use one of dual, agent, emulation"


async def test_a_switch_is_audited_once() -> None:
    memory, audit = FakeMemory(), FakeAudit()
    assert await switch_mode("agent", "human", memory, audit, FakeClock()) == "dual"
    assert await switch_mode("agent", "human", memory, audit, FakeClock()) == "agent"
    assert memory.mode == "agent"
    assert audit.named("mode_changed") == [{"before": "dual", "after": "agent"}]
    assert audit.events[0].actor == "human"


async def test_a_word_that_is_no_mode_switches_nothing() -> None:
    memory, audit = FakeMemory(), FakeAudit()
    with pytest.raises(SettingError, match="no mode 'dreaming'"):
        await switch_mode("dreaming", "human", memory, audit, FakeClock())
    assert (memory.mode, audit.events) == ("dual", [])
