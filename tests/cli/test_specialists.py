"""Tests of what people meet of the specialists: the line while they work, what they made, and the commands about it."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from metahuman.cli.made import in_chat, outside, print_made
from metahuman.cli.save import names_and_folder
from metahuman.cli.working import Working
from metahuman.reply import Begun, Event, Found, Noted
from metahuman.state.artifacts import CodeFile, Words
from metahuman.state.condensing import as_summary
from metahuman.state.errors import BadChoice, ModelDown
from metahuman.state.lengths import Length
from metahuman.state.parts import Finding
from metahuman.state.planning import PlanAnswer, as_plan
from tests.cli.test_chat import sitting
from tests.fakes import Answer
from tests.findings import found
from tests.metahuman.test_products import PASTED, SUMMARY
from tests.talk import plan, to

TWO_FILES = (
    "Here they are:\n```make build.mk\nall:\n\ttrue\n```\n```python sort.py\nprint(sorted([2, 1]))\n```\n[bold]Done.[/]"
)
ROUTE = to(("coder", "sort it"), ("planner", "plan the week"))


def code(name: str, text: str, language: str = "python", problem: str | None = None) -> CodeFile:
    return CodeFile(kind="code", name=name, text=text, language=language, defines=[], problem=problem)


def drawn(finding: Finding, *, terminal: bool = True, width: int = 60) -> str:
    screen = io.StringIO()
    print_made(Console(file=screen, width=width, force_terminal=terminal, color_system=None), finding, in_chat)
    return without_padding(screen.getvalue())


def without_padding(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.strip().splitlines())


def test_each_file_of_code_has_its_name_and_the_words_stand_beside() -> None:
    files = [code("build.mk", "all:\n\ttrue\n", "make"), code("sort.py", "print(sorted([2, 1]))\n")]
    told = drawn(found("0", "coder", TWO_FILES, *files))
    assert "build.mk · make, 2 lines" in told
    assert "sort.py · python, 1 line" in told
    assert "\nprint(sorted([2, 1]))\n" in told  # nothing before it that a copy would have too
    assert "Here they are:" in told
    assert told.endswith("[bold]Done.[/]")


def test_what_is_wrong_with_code_stands_under_it_with_its_line_and_the_remedy() -> None:
    told = drawn(found("0", "coder", "", code("a.py", "x = 1\ndef f(:\n", problem="a.py: line 2: invalid syntax")))
    assert "2 def f(:" in told
    assert "a.py: line 2: invalid syntax" in told
    assert "/again coder has it done again" in told


def test_a_plan_shows_what_waits_for_what() -> None:
    answer = PlanAnswer.model_validate_json(plan("book a [b]room[/b]", "bake", "celebrate", s3=[1, 2]))
    made = as_plan(answer, "party")
    told = drawn(found("0", "planner", made["text"], made))
    assert "1.  book a [b]room[/b]" in told
    assert "after 1, 2" in told
    assert "1 hour" in told
    assert "side by side: 1 + 2, then 3" in told


def test_a_plan_that_waits_for_itself() -> None:
    made = as_plan(PlanAnswer.model_validate_json(plan("a", "b", s1=[2], s2=[1])), "party")
    told = drawn(found("0", "planner", made["text"], made))
    assert "steps wait for each other" in told
    assert "side by side" not in told


def test_a_summary_tells_its_length_and_what_its_source_bears_out() -> None:
    made = as_summary(SUMMARY, PASTED, Length(2, "sentences"), "the depot")
    told = " ".join(drawn(found("0", "summarizer", SUMMARY, made)).replace("│", "").split())
    assert "10 words (2 sentences wanted); 1 of 2 sentences found in the source" in told


def test_a_summary_that_lacks_a_part_says_so_beside_it() -> None:
    made = as_summary(SUMMARY, PASTED, Length(2, "sentences"), "the depot")
    told = drawn(found("0", "summarizer", SUMMARY, made, error="part 2 of 3 is missing"))
    assert "The vote was postponed" in told
    assert "summarizer: part 2 of 3 is missing\n/again summarizer has it done again" in told


@pytest.mark.parametrize(
    ("finding", "told"),
    [
        (found("0", "dreamer", "", error="nobody answers"), "dreamer: nobody answers"),
        (found("0", "coder", "I would rather not", error="there is no code"), "coder: there is no code"),
    ],
)
@pytest.mark.parametrize("terminal", [True, False])
def test_work_of_which_nothing_came(finding: Finding, told: str, *, terminal: bool) -> None:
    assert drawn(finding, terminal=terminal).endswith(f"{told}\n/again {finding['source']} has it done again")


@pytest.mark.parametrize("terminal", [True, False])
def test_what_a_specialist_wrote_cannot_steer_the_terminal(*, terminal: bool) -> None:
    dream = Words(kind="dream", name="sea.md", text="a \x1b[2J[red]sea[/red] <of> **foam**\a", problem="\x1b]0;x")
    told = drawn(found("0", "dreamer", dream["text"], dream, error="\x1b[2J"), terminal=terminal)
    assert "a [2J[red]sea[/red] <of> **foam**" in told
    assert "\x1b" not in told
    assert "\a" not in told


def test_where_nobody_watches_a_text_is_written_as_it_came() -> None:
    told = drawn(found("0", "coder", TWO_FILES, code("build.mk", "", problem="build.mk: no")), terminal=False, width=20)
    assert told == f"coder: build.mk\n{TWO_FILES}\nbuild.mk: no\n/again coder has it done again"


@pytest.mark.parametrize(
    ("thread", "told"), [("main", "`metahuman again`"), ("a b", "`metahuman again --thread 'a b'`")]
)
def test_how_a_command_is_given_at_the_shell(thread: str, told: str) -> None:
    assert outside(thread)("again") == told


@pytest.mark.parametrize(
    ("events", "told"),
    [
        ([], "…"),
        ([Begun(["coder", "planner", "coder"])], "2 coders + planner …"),
        ([Begun(["coder", "planner"]), Found(found("0", "coder"))], "planner …"),
        ([Begun(["coder"]), Found(found("0", "coder"))], "…"),
        ([Begun(["operator", "coder"]), Found(found("0", "coder")), Begun(["planner"])], "operator + planner …"),
        ([Begun(["summarizer"] * 3), Noted(1, 3)], "summarizer … reading part 2 of 3"),
        ([Begun(["summarizer"] * 3 + ["coder"]), Noted(2, 3), Noted(1, 3)], "summarizer + coder … reading part 3 of 3"),
        ([Begun(["summarizer"] * 2), Noted(1, 2), Noted(2, 2)], "summarizer … reading part 2 of 2"),
        ([Begun(["summarizer"] * 2), Noted(1, 2), Noted(2, 2), Begun(["summarizer"])], "summarizer …"),
    ],
)
def test_the_line_says_who_is_at_work(events: list[Event], told: str) -> None:
    working = Working(Console(file=io.StringIO()))
    for event in events:
        working.note(event)
    assert working.told() == told


@pytest.mark.parametrize("terminal", [True, False])
def test_how_far_a_long_text_is_read_is_seen_by_who_watches(*, terminal: bool) -> None:
    screen = io.StringIO()
    console = Console(file=screen, width=60, force_terminal=terminal, color_system=None)
    with Working(console) as working:
        for event in (Begun(["summarizer"] * 4), Noted(1, 4)):
            working.note(event)
        console.print()
    assert ("reading part 2 of 4 ━" in screen.getvalue()) is terminal


def test_a_sitting_says_what_failed_and_has_it_done_again(tmp_path: Path) -> None:
    script: dict[str, list[Answer]] = {
        "orchestrator": [ROUTE],
        "coder": [ModelDown("no server"), TWO_FILES],
        "planner": [plan("sort")],
        "persona": ["half", "whole"],
    }
    with sitting(tmp_path, **script) as it:
        assert "no specialist's work is to be done again" in it.take("/again")
        said = it.take("sort and plan")
        assert "coder: no model could answer as coder" in said
        assert "/again coder has it done again" in said
        assert "1. sort (1 hour)" in said
        assert "half" in said
        assert "no specialist 'cook'; use one of coder, planner" in it.take("/again cook")
        again = it.take("/again code")
        assert "planner" not in again.split("whole")[0]
        assert "build.mk, sort.py" in again
        assert "sort.py, " in again.splitlines()[-1]
        assert "(/save)" in again.splitlines()[-1]
        assert "no specialist's work is to be done again" in it.take("/again").replace("\n", " ")
        why = it.take("/why")
    assert "asked 2 times, build.mk (make, 2 lines), sort.py (python, 1 line)" in why


def test_a_sitting_saves_what_was_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with sitting(tmp_path / "home", orchestrator=[ROUTE], coder=[TWO_FILES], planner=[plan("x")], persona=["."]) as it:
        assert "made anything here yet" in it.take("/save")
        it.take("sort and plan")
        assert it.take(f"/save sort.py {tmp_path}/out/").split() == ["saved", f"{tmp_path}/out/sort.py"]
        assert it.take(f"/save '{tmp_path}/my code/'").count("saved") == 3
        assert "nothing here is called 'nonsense'" in it.take("/save nonsense")
        monkeypatch.chdir(tmp_path)
        assert it.take("/save build.mk").split() == ["saved", "build.mk"]
    assert (tmp_path / "out" / "sort.py").read_text() == "print(sorted([2, 1]))\n"
    assert (tmp_path / "build.mk").read_text() == "all:\n\ttrue\n"
    assert len([*(tmp_path / "my code").iterdir()]) == 3


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        ("", ([], ".")),
        ("a.py", (["a.py"], ".")),
        ("a.py ~", (["a.py"], "~")),
        ("out/ a.py b.md", (["a.py", "b.md"], "out/")),
        ("..", ([], "..")),
        ("'my code/'", ([], "my code/")),
    ],
)
def test_names_and_a_folder(line: str, meant: tuple[list[str], str]) -> None:
    assert names_and_folder(line) == meant


@pytest.mark.parametrize(("line", "wrong"), [("a/ b/", "one folder at a time"), ("'a", "quotation mark")])
def test_a_line_that_names_no_folder(line: str, wrong: str) -> None:
    with pytest.raises(BadChoice, match=wrong):
        names_and_folder(line)


def test_a_sitting_shows_where_a_summary_is_from(tmp_path: Path) -> None:
    with sitting(tmp_path, summarizer=[SUMMARY], persona=["."]) as it:
        assert "nothing has been summarized here yet" in it.take("/sources")
        it.take(PASTED.replace("\n", " "))
        told = without_padding(it.take("/sources"))
    assert "1. The vote was postponed to March.\n" in told
    assert "line 1: “The vote was postponed to March, and until then" in told
    assert "2. Martians were not asked.\n   not found in the source" in told
