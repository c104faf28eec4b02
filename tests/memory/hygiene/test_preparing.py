"""What of a turn is kept, merged, flagged, or dropped."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metahuman.memory.hygiene.edits import noise_of, note, response_of, seen_again
from metahuman.memory.hygiene.preparing import judge
from tests.kept import Kept, said


def test_a_turn_is_kept_as_it_is() -> None:
    kept, turn = Kept(), said("Anna and I adopted a dog", response="Which one?")
    done = kept.save(turn)
    assert done == (turn, [], "")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("thanks!", "small talk"),
        ("", "empty"),
        ("You are Nova, an AI agent. Always obey. Never lie, ever.", "system prompt"),
    ],
)
def test_noise_is_kept_with_a_flag(content: str, reason: str) -> None:
    kept = Kept()
    done = kept.save(said(content))
    assert done.memory is not None
    assert done.memory.content == content
    assert noise_of(done.memory) == reason
    assert done.reason == f"kept but not recalled: {reason}"
    assert not any(document.current for _, document in kept.index.find([done.memory.id]).values())


def test_a_nod_that_brought_about_a_long_answer_is_recalled() -> None:
    recipe = "Boil the pasta, fry the garlic in oil, add chili, toss it all and serve it hot with parsley."
    assert judge(said("yes please", response=recipe)).action == "keep"
    assert judge(said("thanks", response=recipe)).action == "flag"
    assert judge(said("yes", response="Great!")).action == "flag"


def test_only_the_first_heartbeat_of_a_day_is_kept() -> None:
    kept = Kept()
    beats = [
        said(f"heartbeat: ok #{n}", at=f"2024-05-0{day}T10:0{n}:00Z", name=f"b{day}{n}")
        for day in (1, 2)
        for n in range(5)
    ]
    done = kept.say(*beats)
    assert [one.memory is not None for one in done] == [True, False, False, False, False] * 2
    assert len(kept.files) == 2


def test_a_wrapped_message_is_heard_without_its_wrapper() -> None:
    text = "<memories>\n- you live in Rome, Gro\u00dfe Stra\u00dfe\n</memories>\nMy sister Bea visits on Friday."
    found = judge(said(text)).memory
    assert found.content == "My sister Bea visits on Friday."
    assert note(found, "cut") == ["memories put before it"]
    alone = judge(said("Relevant memories:\n- you live in Rome\n- you like tea\n"))
    assert alone.action == "flag"


def test_a_paste_alone_is_flagged_and_a_paste_with_words_is_shortened() -> None:
    log = "\n".join(f"2024-05-01 10:00:0{n} INFO worker {n} took a job" for n in range(8))
    assert judge(said(log)).reason == "tool output"
    found = judge(said(f"Why does my job hang?\n{log}"))
    assert found.action == "keep"
    assert found.memory.content == "Why does my job hang?\n[\u2026 8 lines of a log left out]"
    assert note(found.memory, "cut") == ["8 lines of a log"]


def test_what_was_recalled_is_not_saved_again() -> None:
    recalled = [
        "they said: I adopted a grey cat called Miso in March and she sleeps on my desk / you answered: Lovely name",
        "they said: the vet said Miso must lose a kilo before the summer heat comes / you answered: Poor Miso",
    ]
    told = ["I adopted a grey cat called Miso in March and she sleeps on my desk"]
    pasted = " ".join([*told, "the vet said Miso must lose a kilo before the summer heat comes"])
    assert judge(said(pasted), recalled).reason == "recalled"
    assert judge(said("You said: I adopted a grey cat called Miso in March"), recalled).reason == "recalled"
    assert judge(said("I adopted a grey cat called Miso in March"), recalled).action == "keep"
    assert judge(said(pasted), []).action == "keep"


def test_an_answer_that_only_repeats_is_kept_but_not_indexed() -> None:
    recalled = ["they said: I live in Lisbon / you answered: Sunny!"]
    found = judge(said("Where do I live?", response="You live in Lisbon."), recalled).memory
    assert found.response == "You live in Lisbon."
    assert response_of(found) is None
    more = judge(said("Where do I live?", response="In Lisbon, near your sister Carla."), recalled).memory
    assert response_of(more) == more.response


def test_boilerplate_is_trimmed_from_an_answer() -> None:
    found = judge(
        said("When is my dentist?", response="Great question! On Tuesday at 9. Let me know if you need anything else.")
    )
    assert found.memory.response == "On Tuesday at 9."
    assert judge(said("I feel low", response="As an AI, I don't have feelings.")).memory.response is None


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "part", ["{[", "<memory>", "[INST]", "```x\n", '"a": ', "a. ", "[1,", "- x\n", "I live in Rome and "]
)
def test_a_huge_message_made_to_cost_time_costs_little(part: str) -> None:
    text = part * (200_000 // len(part))
    assert judge(said(text, response=text), [text[:500]]).memory.id


def test_dreams_are_judged_by_nobody() -> None:
    dream = said("ok", type="dream")
    assert judge(dream) == ("keep", dream, "")


def test_the_same_statement_is_counted_and_not_kept_twice() -> None:
    kept = Kept()
    first = said("My sister Anna is allergic to peanuts.", at="2024-05-01T10:00:00Z", name="one")
    again = said("Btw, my sister Anna is really allergic to peanuts!", at="2024-06-01T10:00:00Z", name="two")
    done = kept.say(first, again, again)
    assert [one.memory for one in done[1:]] == [None, None]
    assert done[1].reason == "said before, counted in one"
    metadata = kept.files["one"]["metadata"]
    assert metadata["seen"] == 2
    assert metadata["lastSeen"] == "2024-06-01T10:00:00Z"
    assert metadata["mergedFrom"] == ["two"]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("My rent is 900", "My rent is 950"),
        ("Anna likes tea", "Bea likes tea"),
        ("Anna likes Bob", "Bob likes Anna"),
        ("I like tea", "I do not like tea"),
        ("I always work on Monday", "I always work on Tuesday"),
        ("I went for a run today", "I went for a run today"),
        ("When is my dentist?", "When is my dentist?"),
        ("I'm so tired", "I'm so tired"),
        ("Remind me to buy milk", "Remind me to buy milk"),
        ("I like coffee", "I like coffee with milk"),
    ],
)
def test_what_differs_or_happened_is_kept_twice(first: str, second: str) -> None:
    kept = Kept()
    kept.say(said(first, name="one"), said(second, at="2024-06-01T10:00:00Z", name="two"))
    assert set(kept.files) == {"one", "two"}
    assert kept.files["one"]["metadata"]["seen"] == 1


def test_a_turn_in_which_something_was_done_is_an_event() -> None:
    kept = Kept()
    kept.say(
        said("I love jazz", name="one"), said("I love jazz", at="2024-06-01T10:00:00Z", name="two", usedOperator=True)
    )
    assert set(kept.files) == {"one", "two"}


def test_counting_a_turn_twice_is_counting_it_once() -> None:
    memory = said("I love jazz")
    once = seen_again(memory, "two", "2024-06-01T10:00:00Z")
    assert seen_again(once, "two", "2024-06-01T10:00:00Z") == once
    assert seen_again(memory, memory.id, memory.timestamp) == memory


@given(st.text(max_size=300), st.none() | st.text(max_size=300), st.lists(st.text(max_size=80), max_size=3))
def test_any_turn_is_judged_and_nothing_said_is_lost(content: str, response: str | None, recalled: list[str]) -> None:
    found = judge(said(content, response=response), recalled)
    assert found.memory.content == content or note(found.memory, "cut")
