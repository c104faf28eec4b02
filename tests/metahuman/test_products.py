"""Tests of what specialists made: chosen by name, saved as files, and traced to its source."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage

from metahuman.products import Sourced, chosen, save, sourced
from metahuman.state.artifacts import Artifact, Kept, Words
from metahuman.state.broking import Work, jobs_of
from metahuman.state.condensing import as_summary
from metahuman.state.errors import BadChoice, EmptyTurn, StoreError
from metahuman.state.lengths import Length
from metahuman.state.parts import Task

#: A message with a text pasted into it.
PASTED = "/summarize in 2 sentences:\n" + "\n".join(
    [
        "The council met on Tuesday about the old tram depot.",
        "It has stood empty since 2011, and its roof leaks in three places.",
        "A market hall would cost four million euros, a school nine million.",
        "Maria Keller spoke for the school, because the state would pay half of it.",
        "Tom Brandt, who owns the bakery next door, wants the market hall.",
        "The vote was postponed to March, and until then an engineer looks at the roof.",
        "Residents may write to the council until the end of February.",
    ]
)
SUMMARY = "The vote was postponed to March. Martians were not asked."


def made(name: str, text: str = "words\n") -> Words:
    return Words(kind="text", name=name, text=text, problem=None)


def kept(turn: str, artifact: Artifact, job: str = "0") -> Kept:
    return Kept(turn=turn, job=job, artifact=artifact)


def test_all_of_the_last_turn_or_what_is_named() -> None:
    old, first, second = made("a.txt", "old"), made("a.txt", "new"), made("b.txt")
    of_thread = [kept("q1", old), kept("q2", first), kept("q2", second, "1")]
    assert chosen(of_thread, []) == [first, second]
    assert chosen(of_thread, ["b.txt", "a.txt", "b.txt"]) == [second, first]
    with pytest.raises(BadChoice, match=r"nothing here is called 'c.txt'; there is a.txt, b.txt"):
        chosen(of_thread, ["a.txt", "c.txt"])
    with pytest.raises(EmptyTurn, match="made anything"):
        chosen([], ["a.txt"])


def test_files_are_never_written_over(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("mine")
    saved = save([made("a.txt", "one\n"), made("a.txt", "two\n"), made("Makefile", "all:\n\ttrue\n")], tmp_path)
    assert [path.name for path in saved] == ["a-2.txt", "a-3.txt", "Makefile"]
    assert [path.read_text() for path in saved] == ["one\n", "two\n", "all:\n\ttrue\n"]
    assert (tmp_path / "a.txt").read_text() == "mine"


def test_a_text_is_saved_as_it_is(tmp_path: Path) -> None:
    (path,) = save([made("a.txt", "10\u202f000 €\r\n\tend \ud83d")], tmp_path / "new" / "folder")
    assert path.read_bytes().decode() == "10\u202f000 €\r\n\tend \ufffd"


def test_a_link_that_leads_nowhere_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "a.txt").symlink_to(tmp_path / "elsewhere")
    (path,) = save([made("a.txt")], tmp_path)
    assert path.name == "a-2.txt"
    assert not (tmp_path / "elsewhere").exists()


def test_a_folder_that_is_none_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="file"):
        save([made("a.txt")], tmp_path / "file")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(StoreError, match="check that the folder can be written"):
        save([made("a.txt")], tmp_path)
    assert [*tmp_path.iterdir()] == []


def thread(message: str = PASTED, source: str = PASTED, *later: str) -> dict[str, Any]:
    """Return what a thread knows in which a message was summarized, and other things said later."""
    summary = as_summary(SUMMARY, source, Length(2, "sentences"), "summarize")
    task = Task(destination="summarizer", task="in 2 sentences")
    said = [HumanMessage(message, id="q1"), AIMessage("There.", id="a1")]
    said += [HumanMessage(words, id=f"q{number}") for number, words in enumerate(later, 2)]
    work = Work(turn="q1", began="", jobs=jobs_of([task]), wave=[])
    return {"messages": said, "work": work, "findings": [], "artifacts": [kept("q1", summary)]}


def test_each_sentence_of_a_summary_and_where_it_is_from() -> None:
    postponed, martians = sourced(thread(PASTED, PASTED, "thank you"))
    assert postponed.sentence == "The vote was postponed to March."
    assert postponed.place
    assert postponed.place.startswith("The vote was postponed to March, and until then")
    assert postponed.line == 7
    assert martians == Sourced("Martians were not asked.", None, None)


def test_nothing_points_into_a_text_that_is_not_the_source() -> None:
    with pytest.raises(EmptyTurn, match="no longer here"):
        sourced(thread(PASTED, f"Before it stood this.\n{PASTED}"))


def test_a_source_that_the_thread_has_forgotten() -> None:
    state = thread()
    for lost in ({"messages": [AIMessage("There.", id="a1")]}, {"work": {**state["work"], "turn": "q9"}}):
        with pytest.raises(EmptyTurn, match="no longer here"):
            sourced({**state, **lost})
    with pytest.raises(EmptyTurn, match="summarized"):
        sourced({**state, "artifacts": [kept("q1", made("a.txt"))]})
