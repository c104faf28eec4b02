"""The loop in a thread: what callers of either kind get from it, and that nothing goes on behind their backs."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import AsyncIterator

import pytest

from metahuman.state.background import Background

INTERRUPTED = """
import asyncio, signal, sys, threading
from metahuman.state.background import Background

signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background is born ignoring it

async def numbers():
    yield 0
    try:
        await asyncio.sleep(0.1)  # by then the main thread waits
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
        await asyncio.sleep(60)
    except asyncio.CancelledError:
        await asyncio.sleep(0.05)
        print("tidied")
        raise

async def total():
    return sum([number async for number in numbers()])

background = Background()
try:
    background.run(total()) if sys.argv[1] == "run" else list(background.iterate(numbers()))
except KeyboardInterrupt:
    print("interrupted")
"""


class Source:
    """Numbers from 0 on, that end or fail where they are told to, and know how they were left."""

    def __init__(self, end: int = 1_000_000, error: Exception | None = None) -> None:
        self.end, self.error = end, error
        self.closed = threading.Event()
        self.threads: set[str] = set()

    async def numbers(self) -> AsyncIterator[int]:
        try:
            for number in range(self.end):
                self.threads.add(threading.current_thread().name)
                await asyncio.sleep(0.001)
                yield number
            if self.error:
                raise self.error
        finally:
            await asyncio.sleep(0.01)
            self.closed.set()

    async def total(self) -> int:
        return sum([number async for number in self.numbers()])


@pytest.fixture(scope="module")
def background() -> Background:
    return Background()


def test_run_returns_the_result_from_its_own_thread(background: Background) -> None:
    source = Source(4)
    assert background.run(source.total()) == 6
    assert source.threads == {"metahuman"}


def test_run_raises_what_the_work_raised(background: Background) -> None:
    with pytest.raises(LookupError, match="gone"):
        background.run(Source(3, LookupError("gone")).total())


def test_everything_runs_on_one_loop(background: Background) -> None:
    async def loop() -> asyncio.AbstractEventLoop:
        return asyncio.get_running_loop()

    assert background.run(loop()) is background.run(loop())


def test_callers_in_several_threads_do_not_wait_for_each_other(background: Background) -> None:
    barrier = asyncio.Barrier(3)
    waiting = [threading.Thread(target=background.run, args=(barrier.wait(),)) for _ in range(2)]
    for thread in waiting:
        thread.start()
    background.run(asyncio.wait_for(barrier.wait(), 5))
    for thread in waiting:
        thread.join()


def test_iterate_yields_in_order(background: Background) -> None:
    assert list(background.iterate(Source(5).numbers())) == [0, 1, 2, 3, 4]


def test_iterate_does_nothing_until_it_is_asked(background: Background) -> None:
    source = Source(5)
    background.iterate(source.numbers())
    assert not source.threads


def test_an_error_reaches_the_consumer_after_what_came_before_it(background: Background) -> None:
    seen: list[int] = []
    with pytest.raises(LookupError, match="gone"):
        seen.extend(background.iterate(Source(3, LookupError("gone")).numbers()))
    assert seen == [0, 1, 2]


def test_leaving_early_closes_the_source_before_the_next_line(background: Background) -> None:
    source = Source()
    for number in background.iterate(source.numbers()):
        if number == 2:
            break
    assert source.closed.is_set()


def test_an_error_of_the_consumers_own_closes_the_source(background: Background) -> None:
    source = Source()

    def consume() -> None:
        for number in background.iterate(source.numbers()):
            raise LookupError(number)

    with pytest.raises(LookupError, match="0"):
        consume()
    assert source.closed.wait(5)


@pytest.mark.parametrize("how", ["run", "iterate"])
def test_ctrl_c_cancels_the_work_and_waits_until_it_has_tidied_up(how: str) -> None:
    done = subprocess.run([sys.executable, "-c", INTERRUPTED, how], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("tidied\ninterrupted\n", "")


async def test_arun_serves_another_loop(background: Background) -> None:
    source = Source(4)
    assert await background.arun(source.total()) == 6
    assert source.threads == {"metahuman"}
    with pytest.raises(LookupError, match="gone"):
        await background.arun(Source(3, LookupError("gone")).total())


async def test_arun_cancelled_cancels_the_work(background: Background) -> None:
    source = Source()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(background.arun(source.total()), 0.05)
    assert await asyncio.to_thread(source.closed.wait, 5)


async def test_aiterate_yields_in_order_and_tells_errors(background: Background) -> None:
    numbers = background.aiterate(Source(2, LookupError("gone")).numbers())
    assert [await anext(numbers), await anext(numbers)] == [0, 1]
    with pytest.raises(LookupError, match="gone"):
        await anext(numbers)
    assert [number async for number in background.aiterate(Source(3).numbers())] == [0, 1, 2]


async def test_aiterate_left_early_closes_the_source(background: Background) -> None:
    source = Source()
    numbers = background.aiterate(source.numbers())
    assert await anext(numbers) == 0
    await numbers.aclose()  # type: ignore[attr-defined]
    assert source.closed.is_set()


async def test_aiterate_cancelled_closes_the_source(background: Background) -> None:
    source = Source()

    async def consume() -> None:
        async for _ in background.aiterate(source.numbers()):
            pass

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(consume(), 0.05)
    assert source.closed.is_set()
