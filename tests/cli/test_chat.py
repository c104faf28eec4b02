"""Tests of a sitting at the terminal: what is said, and what the slash commands tell."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from rich.console import Console

from metahuman.api import MetaHuman
from metahuman.cli.console import Words
from metahuman.cli.session import Session
from metahuman.state.context import Mode
from metahuman.state.errors import ModelDown
from tests.fakes import Answer
from tests.homes import TALK, metahuman, scripted, served, write_registry
from tests.servers.answer import Answer as Served
from tests.servers.ollama import OllamaServer


class Sitting:
    """A session, and what it has printed."""

    def __init__(self, session: Session, screen: io.StringIO) -> None:
        self.session, self._screen = session, screen

    def take(self, line: str) -> str:
        self._screen.truncate(0)
        self._screen.seek(0)
        self.session.take(line)
        return self._screen.getvalue()


def sitting_with(twin: MetaHuman, mode: Mode | None = None) -> Sitting:
    screen = io.StringIO()
    return Sitting(Session(twin, Console(file=screen, width=100), "main", mode), screen)


@contextmanager
def sitting(home: Path, mode: Mode | None = None, **script: list[Answer]) -> Iterator[Sitting]:
    with scripted(home, **script) as twin:
        yield sitting_with(twin, mode)


def test_an_answer_and_how_it_came_about(tmp_path: Path) -> None:
    with sitting(tmp_path, orchestrator=[TALK], persona=["good morning"]) as it:
        assert "nothing has been answered here yet" in it.take("/why")
        said = it.take("hello")
        assert said.startswith("good morning\n")
        assert "conversation · persona · " in said
        why = it.take("/why")
    for told in ("conversation, decided by model, 1.00 sure", "recalled", "persona → persona (local: persona)", "evt-"):
        assert told in why
    assert why.count("model  ") == 2


@pytest.mark.parametrize(("terminal", "shown"), [(True, "the quick\nbrown owl"), (False, "the quick brown owl")])
def test_lines_break_between_words_where_a_terminal_ends(*, terminal: bool, shown: str) -> None:
    screen = io.StringIO()
    words = Words(Console(file=screen, width=12, force_terminal=terminal, color_system=None))
    for piece in ("the qu", "ick br", "own", " owl"):
        words.say(piece)
    words.end()
    assert screen.getvalue().replace(" \n", "\n") == shown


def test_an_answer_that_had_to_stop_says_so(tmp_path: Path) -> None:
    with OllamaServer(models=("m",), answers=[Served("once upon a", finish="length")]) as server:
        write_registry(tmp_path, served(server.url))
        with MetaHuman(tmp_path) as twin:
            assert "cut at its length limit" in sitting_with(twin).take("a story")


def test_a_fallback_is_marked_and_explained(tmp_path: Path) -> None:
    with sitting(tmp_path, orchestrator=[ModelDown("no server")], persona=["good morning"]) as it:
        it.take("hello")
        why = it.take("/why")
    assert "decided by fallback" in why
    assert "orchestrator: no server" in why


def test_specialists_are_shown_whole(tmp_path: Path) -> None:
    route = TALK.replace("conversation", "coder")
    with sitting(tmp_path, orchestrator=[route], coder=["```python\nsorted(x)\n```"], persona=["here"]) as it:
        said = it.take("sort it")
    assert "coder" in said
    assert "sorted(x)" in said


def test_threads(tmp_path: Path) -> None:
    with sitting(tmp_path, orchestrator=[TALK, TALK], persona=["one", "two"]) as it:
        it.take("first")
        assert "thread other: 0 messages" in it.take("/thread other")
        it.take("second")
        assert it.take("/thread").splitlines() == ["> other", "  main"]
        assert "thread main: 2 messages" in it.take("/thread main")
        assert it.session.prompt() == "you> "
        assert "messages" in it.take("/thread new")
        assert it.session.prompt().startswith("[2")


def test_the_mode_is_switched_for_good(tmp_path: Path) -> None:
    with sitting(tmp_path, persona=["hello"]) as it:
        assert it.take("/mode").startswith("mode dual: both minds")
        assert it.take("/mode dreaming").strip() == "mode: no mode 'dreaming'; use one of dual, agent, emulation"
        assert it.take("/mode emulation").strip() == "mode emulation: the persona alone; nothing is remembered"
        assert it.session.prompt() == "you> "
        assert "· emulation" in it.take("hi")
        assert "no memories yet" in it.take("/memory")
    with sitting(tmp_path) as it:
        assert it.take("/mode").startswith("mode emulation")


def test_a_mode_of_the_sitting_lasts_until_one_is_chosen_for_good(tmp_path: Path) -> None:
    with sitting(tmp_path, "emulation", persona=["hello"]) as it:
        assert it.session.prompt() == "(emulation) you> "
        assert it.take("/mode").strip() == "mode emulation in this sitting; your own is dual"
        assert "· emulation" in it.take("hi")
        assert it.take("/mode agent").startswith("mode agent")
        assert it.session.prompt() == "you> "


def test_memories(tmp_path: Path) -> None:
    with sitting(tmp_path, orchestrator=[TALK, TALK], persona=["one", "two"]) as it:
        assert "no memories yet" in it.take("/memory")
        it.take("the owl")
        it.take("the fox")
        assert [line.split()[-1] for line in it.take("/memory").splitlines()] == ["fox", "owl"]
        assert len(it.take("/memory OWL").splitlines()) == 1
        assert "no memories with 'bear'" in it.take("/memory bear")


def test_an_error_is_one_line_and_retry_answers_after_all(tmp_path: Path) -> None:
    with sitting(tmp_path, orchestrator=[TALK], persona=[ModelDown("no server"), "here I am"]) as it:
        assert "no model could answer as persona: persona: no server" in it.take("hello").replace("\n", " ")
        assert it.take("/retry").startswith("here I am")
        assert "nothing was left unanswered" in it.take("/retry")


@pytest.mark.parametrize(("line", "told"), [("/help", "/why"), ("/nonsense", "no command /nonsense"), ("", "")])
def test_other_lines(tmp_path: Path, line: str, told: str) -> None:
    with sitting(tmp_path) as it:
        assert told in it.take(line)
        it.take("/quit")
        assert it.session.ended


@pytest.mark.slow
def test_a_whole_sitting_in_a_process_of_its_own(tmp_path: Path) -> None:
    with OllamaServer(models=("m",), answers=[Served("good morning")]) as server:
        write_registry(tmp_path, served(server.url))
        done = metahuman(tmp_path, "chat", input="hello\n/why\n/quit\n")
    assert (done.returncode, done.stderr) == (0, "")
    assert "good morning" in done.stdout
    assert "persona → first (ollama: m)" in done.stdout
