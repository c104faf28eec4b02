"""What models say to everybody goes; what they say of the matter stays."""

from __future__ import annotations

import pytest

from metahuman.memory.hygiene.boilerplate import without_boilerplate


@pytest.mark.parametrize(
    "answer",
    [
        "As an AI language model, I don't have feelings. How can I help you today?",
        "You're welcome! Let me know if you need anything else.",
        "I'm sorry, but I can't help with that.",
        "Certainly! I've noted that down. Is there anything else?",
        "Got it.",
        "I'm just an AI.",
        "Als KI-Sprachmodell habe ich keine Gefühle. Wie kann ich Ihnen helfen?",
        "De nada. ¿En qué puedo ayudarte?",
        "Je vous en prie. Comment puis-je vous aider ?",
    ],
)
def test_an_answer_that_says_nothing_is_none(answer: str) -> None:
    assert without_boilerplate(answer) == ""


@pytest.mark.parametrize(
    ("answer", "left"),
    [
        (
            "Great question! The dentist is on Tuesday at 9. Let me know if you need anything else!",
            "The dentist is on Tuesday at 9.",
        ),
        ("Sure! Anna's number is 555.", "Anna's number is 555."),
        ("Let me know when Anna arrives.", "Let me know when Anna arrives."),
        ("It rains. Feel free to ask. It snows.", "It rains. Feel free to ask. It snows."),
        ("I hope this helps Rosa with her exam on Friday.", "I hope this helps Rosa with her exam on Friday."),
        ("Bread needs flour, water, salt.", "Bread needs flour, water, salt."),
    ],
)
def test_what_an_answer_says_of_the_matter_stays(answer: str, left: str) -> None:
    assert without_boilerplate(answer) == left
