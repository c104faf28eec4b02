"""Each voice keeps what it read: calls of others go elsewhere for as long as there is elsewhere to go."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from metahuman.models.providers.slots import Slots

SYSTEM = {"role": "system", "content": "You are kind."}


def said(*texts: str) -> list[dict[str, str]]:
    return [SYSTEM, *({"role": "user", "content": text * 20} for text in texts)]


def take(slots: Slots, voice: str, *texts: str) -> int:
    with slots.taken(voice, said(*texts)) as slot:
        return slot


def test_a_talk_stays_in_its_place() -> None:
    slots = Slots(4, 2)
    first = take(slots, "mine", "hello")
    assert take(slots, "plain", "hello") != first
    assert take(slots, "mine", "hello", "and now?") == first


def test_two_voices_in_one_talk_do_not_meet() -> None:
    slots = Slots(4, 2)
    texts = ["hello"]
    places = {"mine": take(slots, "mine", *texts), "plain": take(slots, "plain", *texts)}
    for turn in range(10):
        texts.append(f"turn {turn}")
        voice = ("mine", "plain")[turn % 2]
        assert take(slots, voice, *texts) == places[voice]


def test_another_talk_takes_a_place_of_its_own_while_there_is_one() -> None:
    slots = Slots(3, 1)
    assert len({take(slots, "mine", str(talk), "a") for talk in range(3)}) == 3
    assert take(slots, "mine", "1", "a", "b") == take(slots, "mine", "1", "a", "b", "c")


def test_when_all_are_used_a_voice_gives_up_its_own_oldest() -> None:
    slots = Slots(3, 1)
    plain = take(slots, "plain", "question")
    oldest = take(slots, "mine", "one")
    take(slots, "mine", "two")
    assert take(slots, "mine", "three") == oldest
    assert take(slots, "plain", "question", "more") == plain


def test_a_new_voice_takes_the_oldest_of_all() -> None:
    slots = Slots(2, 1)
    oldest = take(slots, "one", "a")
    take(slots, "two", "a")
    assert take(slots, "three", "a") == oldest


def test_more_calls_than_may_be_computed_at_once_wait() -> None:
    slots, under_way, most = Slots(4, 2), [0], [0]
    lock, together = threading.Lock(), threading.Barrier(2, timeout=5)

    def call(number: int) -> int:
        with slots.taken("mine", said(str(number))) as slot:
            with lock:
                under_way[0] += 1
                most[0] = max(most[0], under_way[0])
            together.wait()  # two are there, always
            with lock:
                under_way[0] -= 1
            return slot

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(call, range(8))) <= set(range(4))
    assert most == [2]


def test_a_call_that_fails_leaves_its_place_free() -> None:
    slots = Slots(1, 1)
    with pytest.raises(RuntimeError), slots.taken("mine", said("a")):
        raise RuntimeError
    assert take(slots, "mine", "a") == 0
