"""Which specialist a task is for, by the plan's `detect_specialist_type`."""

from __future__ import annotations

from pathlib import Path

import pytest

from metahuman import detect_specialist_type
from metahuman.home import Home
from tests.resolved import real_encoder

REPORT = "The survey of the orchard ran from March to June. Ninety trees were counted, eleven of them dead. " * 12


@real_encoder
@pytest.mark.parametrize(
    ("text", "specialist"),
    [
        ("write a python function that parses dates", "coder"),
        ("break my move to Bergen down into steps", "planner"),
        ("good morning, did you sleep well?", None),
        (f"Summarize this report in three sentences: {REPORT}", "summarizer"),
        (f"{REPORT}\nSummarize the report above in three sentences.", "summarizer"),
        (f"{REPORT}\nWrite a Python script that counts the trees in a CSV file with these columns.", "coder"),
    ],
)
def test_it_is_told_by_the_task_wherever_that_stands(tmp_path: Path, text: str, specialist: str | None) -> None:
    assert detect_specialist_type(text, Home(tmp_path)) == specialist
