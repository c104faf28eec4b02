"""What models put round a summary."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metahuman.state.lead_ins import bare


@pytest.mark.parametrize(
    "text",
    [
        "Here is a summary in 3 sentences:\nSales rose.",
        "Here's a concise summary of the report: Sales rose.",
        "Sure! Here is a 3-sentence summary:\n\nSales rose.",
        "Certainly! Below is the summary you asked for:\n\n**Summary**\n\nSales rose.",
        "Summary:\nSales rose.",
        "Summary: Sales rose.",
        "**Summary:** Sales rose.",
        "## Summary of the report\n\nSales rose.",
        "TL;DR: Sales rose.",
        "Key points:\nSales rose.",
        "Hier ist eine Zusammenfassung in drei Sätzen:\nSales rose.",
        "Voici un résumé :\nSales rose.",
        "Aquí tienes un resumen:\nSales rose.",
        "Ecco il riassunto in due frasi:\nSales rose.",
        "```\nSales rose.\n```",
        "```markdown\n# Summary\nSales rose.\n```",
        "<summary>\nSales rose.\n</summary>",
        "Sales rose.\n\n(98 words)",
        "Sales rose. (98 words)",
        "Sales rose.\nWord count: 98",
        "Sales rose.\n\nLet me know if you need more detail!",
    ],
)
def test_what_stands_round_a_summary_is_taken_off(text: str) -> None:
    assert bare(text) == "Sales rose."


@pytest.mark.parametrize(
    "text",
    [
        "- Sales rose.\n- Costs fell.",
        "The summary of the board: sales rose.",
        "Here is what happened: the summary was lost.",
        "Here is the summary.",
        "Summary",
        "Summary judgment was granted.",
        "Abstract art rose in price.",
        "Overview of sales.",
        "The essay had\n500 words",
        "It wrote 500 words",
        "```\na\n```\nb\n```\nc\n```",
        "",
    ],
)
def test_what_is_part_of_it_stays(text: str) -> None:
    assert bare(text) == text


def test_bullets_stay_as_they_are() -> None:
    assert bare("Here is a summary:\n- Sales rose.\n- Costs fell.") == "- Sales rose.\n- Costs fell."


@settings(derandomize=True, database=None)
@given(st.text())
def test_no_text_is_taken_whole_and_nothing_is_added(text: str) -> None:
    left = bare(text)
    assert bool(left) == bool(text.strip())


@pytest.mark.parametrize("part", ["```\n", "<summary>", "\n", "here is ", "(5 words) ", "\n let me know", "Summary:\n"])
def test_no_text_takes_long(part: str) -> None:
    began = time.perf_counter()
    bare(part * (40_000 // len(part)))
    assert time.perf_counter() - began < 2
