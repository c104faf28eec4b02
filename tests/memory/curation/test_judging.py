"""What is kept of a memory, and what never is: whatever was said, and whatever a model answers."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from metahuman.memory.curation.cleaning import cleaned, found_in
from metahuman.memory.curation.flags import flags_of
from metahuman.memory.curation.judging import judged_memory
from metahuman.memory.curation.preparing import NO_CONSENT, NOTHING_LEFT, prepared, source_hash
from metahuman.memory.dataset.rows import made_of
from metahuman.memory.dataset.settings import BuilderSettings
from metahuman.state.curating import ONE_SIDED, Curated, CuratorAnswer, fate_of, reason_kind
from metahuman.state.memories import Memory
from tests.curations import ANSWERED, SAID, a_talk

NOON = "2026-05-17T12:00:00.000Z"
#: What must never be learned from, as a text may hold it.
SECRETS = (
    "ana.perez@example.org",
    "+49 151 23456789",
    "4111 1111 1111 1111",
    "DE89 3704 0044 0532 0130 00",
    "ghp_" + "wWPw5k4aXcaT4fNP0UcnZwJUVFk6LO0pINUx",
    "my password is hunter2",
    "221B Baker Street",
    "https://ana:Tr0ub4dor@example.org/x",
    "my PIN is 4821",
)
MACHINES = (
    '<tool_call>{"name": "search", "arguments": {"q": "x"}}</tool_call>',
    "Action: search\nAction Input: herons\nObservation: 3 found",
    "```bash\n$ ls -la /home\n```",
    '{"role": "tool", "content": "done"}',
)
PROSE = (SAID, ANSWERED, "I miss the sea.", "Marta laughed at the boat.", "We painted the kitchen green in May.", "ok")
TEXTS = st.lists(st.one_of(st.sampled_from(SECRETS + MACHINES + PROSE), st.text(max_size=20)), max_size=5).map(" ".join)
ANSWERS = st.builds(
    CuratorAnswer,
    conversational_essence=TEXTS.map(lambda text: text[:600]),
    context=TEXTS.map(lambda text: text[:300]),
    user_message=TEXTS.map(lambda text: text[:4000]),
    assistant_response=TEXTS.map(lambda text: text[:6000]),
    flags=st.lists(st.one_of(st.sampled_from([*SECRETS, "none", "sensitive-data", "technical"])), max_size=4),
    suitable_for_training=st.booleans(),
)


def kept(memory: Memory, answer: CuratorAnswer | None = None) -> Curated:
    return judged_memory(prepared(memory), answer, {"by": "rules"}, NOON)


def an_answer(**more: Any) -> CuratorAnswer:
    quoted = {"user_message": SAID, "assistant_response": ANSWERED}
    return CuratorAnswer(**{"conversational_essence": "", "suitable_for_training": True, **quoted, **more})


@example(MACHINES[1], ANSWERED, None, True)
@given(TEXTS, TEXTS, st.one_of(st.none(), ANSWERS), st.booleans())
def test_nothing_flagged_is_in_a_dataset_ever(
    said: str, answered: str, answer: CuratorAnswer | None, consent: bool
) -> None:
    memory = a_talk(said=said, answered=answered, about={"trainingConsent": consent})
    ready, one = prepared(memory), kept(memory, answer)
    assert found_in(one["userMessage"]) == found_in(one["assistantResponse"]) == []
    assert found_in(one["conversationalEssence"]) == found_in(one["context"]) == []
    rows = made_of(one, BuilderSettings()).rows
    if set(one["refused"]) - {ONE_SIDED} or one["flags"] or ready["found"] or not consent:
        assert rows == ()
    for row in rows:
        texts = [message["content"] for message in row["messages"]]
        assert not any(secret in text for text in texts for secret in SECRETS)
        assert all("tool_call" not in text and "Observation:" not in text for text in texts)
    assert bool(rows) == (fate_of(one) == "pair") or fate_of(one) == "curated"


@given(TEXTS)
def test_what_is_clean_stays_as_it_is(text: str) -> None:
    once = cleaned(text).text
    assert cleaned(once) == (once, ())


def test_without_consent_nothing_of_it_is_kept() -> None:
    one = kept(a_talk(about={"trainingConsent": False}))
    assert one["refused"] == [NO_CONSENT]
    assert one["userMessage"] == one["assistantResponse"] == one["conversationalEssence"] == ""


@pytest.mark.parametrize(
    ("said", "answered", "reason"),
    [
        (MACHINES[0], None, NOTHING_LEFT),
        ("", "", NOTHING_LEFT),
        ("Thanks!", "Sure.", "it has fewer than 3 words"),
        ("word " * 9_000, None, "it has more than 40,000 characters"),
        (SAID, None, ONE_SIDED),
        ("", ANSWERED, ONE_SIDED),
        (f"{SAID} Write to ana.perez@example.org.", ANSWERED, "it held secrets or personal data: email"),
    ],
)
def test_every_refusal_says_why(said: str, answered: str | None, reason: str) -> None:
    assert reason in kept(a_talk(said=said, answered=answered))["refused"]


def test_what_a_model_invents_gives_way_to_what_was_said() -> None:
    one = kept(a_talk(), an_answer(assistant_response="Rodrigo will fly us to Lisbon."))
    assert (one["assistantResponse"], one["curator"]["replaced"]) == (ANSWERED, ["assistantResponse"])
    assert fate_of(one) == "pair"


def test_an_answer_that_nobody_gave_is_none() -> None:
    one = kept(a_talk(answered=None), an_answer())
    assert (one["assistantResponse"], one["refused"]) == ("", [ONE_SIDED])


def test_a_model_may_quote_in_part() -> None:
    part = SAID.partition(",")[0]
    one = kept(a_talk(), an_answer(user_message=part))
    assert (one["userMessage"], one["curator"]["replaced"]) == (part, [])


@pytest.mark.parametrize(
    ("words", "flags"),
    [
        (["sensitive-data", "Sensitive Data", "PII"], ["sensitive-data"]),
        (["contains code", "log output"], ["technical", "tool-output"]),
        (["", "None", "n/a", "no issues", "OK"], []),
        (["reflective"], ["other"]),
        (["ghp_123 my key"], ["sensitive-data"]),
    ],
)
def test_flags_are_few_words(words: list[str], flags: list[str]) -> None:
    assert flags_of(words) == flags


def test_reasons_are_counted_without_their_figures() -> None:
    assert reason_kind("dense 0.21 is below 0.3") == reason_kind("dense 0.1 is below 0.3")
    assert reason_kind("it held secrets or personal data: email") == "it held secrets or personal data"


def test_a_hash_is_of_what_was_said_and_answered() -> None:
    memory = a_talk()
    assert source_hash(memory) == source_hash(json.loads(json.dumps(memory.as_json())))
    assert source_hash(memory) != source_hash(a_talk(answered="Otherwise."))
    assert source_hash(a_talk(answered=None)) == source_hash(a_talk(answered=""))
