"""What teaches how a person speaks passes; what anybody says does not, and is told why."""

from __future__ import annotations

import pytest

from metahuman.memory.curation.rubric import judged

SAID = "I love making sourdough with my grandmother's starter from 1962, because it never fails."
ANSWERED = "It never fails because you feed it every morning, as she did in Lyon."


def test_a_telling_pair_is_suitable() -> None:
    assert judged(SAID, ANSWERED).reasons == ()
    assert judged(SAID).suitable


@pytest.mark.parametrize(
    ("message", "answer", "reason"),
    [
        ("hi", None, "fewer than 3"),
        ("word " * 401, None, "more than 400"),
        ("Thanks a lot!", "You're welcome!", "greeting"),
        (SAID, "As an AI language model I don't have personal feelings.", "write for everybody"),
        ("It is what it is and that is that.", None, "particular"),
        (SAID, "Quantum physics is hard. Tuesdays come after Mondays.", "hardly takes up"),
        ("What is the capital of the country of France?", None, "feels much"),
        ("I want to go and go and go and go and go and go and go and go.", None, "carry anything"),
    ],
)
def test_each_refusal_has_a_reason(message: str, answer: str | None, reason: str) -> None:
    found = judged(message, answer)
    assert not found.suitable
    assert any(reason in each for each in found.reasons)


@pytest.mark.parametrize("text", ["", "\u2026", "a", SAID, "{}", "<think>"])
def test_scores_are_between_nothing_and_one(text: str) -> None:
    assert all(0 <= score <= 1 for score in judged(text, text).scores.named().values())
