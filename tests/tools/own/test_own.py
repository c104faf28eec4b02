"""The tools that need nothing but this program."""

from __future__ import annotations

from pathlib import Path

import pytest

from metahuman.state.errors import SpecialistFailed, ToolError
from metahuman.state.parts import Evidence
from metahuman.tools.own import calculate, code_generate, memory_save, memory_search, summarize_file
from metahuman.tools.own.all_of_them import TOOLS
from metahuman.tools.own.paging import page
from metahuman.tools.own.summarize_file import MOST, SummarizeFile
from metahuman.tools.tool import Touch
from tests.tools.own.desks import NOW, ListedMemories, ScriptedAsking, desk


def remembered(number: int, text: str) -> Evidence:
    return Evidence(
        id=f"evt-{number}", timestamp="2026-05-01T10:00:00.000Z", type="observation", text=text, score=1.0, why="words"
    )


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
def test_every_tool_tells_a_model_what_it_does(tool: object) -> None:
    offer = tool.offer()  # type: ignore[attr-defined]
    assert len(offer.description) > 20
    assert offer.parameters["additionalProperties"] is False
    named = [field for name, field in offer.parameters["properties"].items()]
    assert all("description" in field for field in named)


async def test_a_sum_is_told_with_what_it_comes_to(tmp_path: Path) -> None:
    done = await calculate.run(calculate.Calculate(expression="15% of\n 80"), desk(tmp_path))
    assert (done.text, done.trusted) == ("15% of 80 = 12", True)


async def test_a_long_number_is_cut_and_says_so(tmp_path: Path) -> None:
    done = await calculate.run(calculate.Calculate(expression="7 ** 1000"), desk(tmp_path, output=200))
    assert done.text.endswith("[cut after 120 of 858 characters]")


async def test_memories_are_told_with_id_and_day_and_never_trusted(tmp_path: Path) -> None:
    memories = ListedMemories([remembered(1, "Tom is\nthe cat."), remembered(2, "x" * 2000)])
    asked = memory_search.MemorySearch(about="the cat")
    done = await memory_search.run(asked, desk(tmp_path, memories=memories))
    first, second = done.text.split("\n")
    assert first == "evt-1 (2026-05-01, observation): Tom is the cat."
    assert second.endswith("x [cut: 800 more characters]")
    assert (done.sources, done.trusted) == (("evt-1", "evt-2"), False)
    assert (memories.questions[0].text, memories.questions[0].now) == ("the cat", NOW)


async def test_memories_come_in_pages(tmp_path: Path) -> None:
    memories = ListedMemories([remembered(number, f"one {number}") for number in range(20)])
    asked = memory_search.MemorySearch(about="one", start=4, limit=3)
    done = await memory_search.run(asked, desk(tmp_path, memories=memories))
    assert done.sources == ("evt-4", "evt-5", "evt-6")
    assert done.text.endswith("[memories 5 to 7 of 20; start=7 reads on]")


async def test_nothing_remembered_is_said(tmp_path: Path) -> None:
    done = await memory_search.run(memory_search.MemorySearch(about="x"), desk(tmp_path))
    assert (done.text, done.sources) == ("Nothing is remembered about that.", ())
    with pytest.raises(ToolError, match="search for what"):
        await memory_search.run(memory_search.MemorySearch(about=" "), desk(tmp_path))


async def test_what_is_noted_down_goes_to_the_memories(tmp_path: Path) -> None:
    memories = ListedMemories()
    done = await memory_save.run(memory_save.MemorySave(text=" Tom is a cat. "), desk(tmp_path, memories=memories))
    assert memories.saved == ["Tom is a cat."]
    assert (done.text, done.sources, done.trusted) == ("Noted down as memory evt-1.", ("evt-1",), True)
    with pytest.raises(ToolError, match="the text is empty"):
        await memory_save.run(memory_save.MemorySave(text="\n"), desk(tmp_path))


async def test_a_short_file_is_summarized_at_once(tmp_path: Path) -> None:
    ask = ScriptedAsking(["It rains."])
    at = desk(tmp_path, ask=ask)
    (at.base / "a.txt").write_text("Rain, rain.")
    done = await summarize_file.run(SummarizeFile(path="a.txt", focus="the weather"), at)
    assert (done.text, done.trusted) == ("It rains.", False)
    role, instruction, material = ask.asked[0]
    assert (role, material) == ("summarizer", "Rain, rain.")
    assert instruction.endswith("What matters most: the weather")


async def test_of_a_long_file_what_one_call_may_take_is_summarized(tmp_path: Path) -> None:
    ask = ScriptedAsking(["much rain", "the rest"])
    at = desk(tmp_path, ask=ask)
    text = "word " * 20_800
    (at.base / "a.txt").write_text(text)
    done = await summarize_file.run(SummarizeFile(path="a.txt"), at)
    assert done.text == "much rain\n[of characters 0 to 96,000 of 104,000; start=96000 goes on]"
    assert ask.asked[0][2] == text[:MOST]
    rest = await summarize_file.run(SummarizeFile(path="a.txt", start=96000), at)
    assert rest.text == "the rest\n[of characters 96,000 to 104,000 of 104,000]"


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("none.txt", "no such file"),
        ("link.txt", "outside"),
        ("../home/secret.txt", "outside"),
        ("image.png", "PNG image"),
        ("empty.txt", "no text from character 0 on"),
    ],
)
async def test_what_cannot_be_summarized_is_said(tmp_path: Path, path: str, why: str) -> None:
    at = desk(tmp_path)
    (at.home / "secret.txt").write_text("secret")
    (at.base / "link.txt").symlink_to(at.home / "secret.txt")
    (at.base / "image.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (at.base / "empty.txt").write_text("")
    with pytest.raises(ToolError, match=why):
        await summarize_file.run(SummarizeFile(path=path), at)


def test_the_policy_sees_the_file() -> None:
    assert list(summarize_file.TOOL.touches(SummarizeFile(path="a.txt"))) == [Touch("a.txt", "read")]


async def test_code_comes_back_as_it_was_written(tmp_path: Path) -> None:
    code = "```python\nprint( 'hello' )\n```"
    ask = ScriptedAsking([code, "x" * 500])
    asked = code_generate.CodeGenerate(task="Say hello.", language="Python", material="name = 'Ada'")
    done = await code_generate.run(asked, desk(tmp_path, ask=ask))
    assert (done.text, done.trusted) == (code, False)
    role, instruction, material = ask.asked[0]
    assert (role, material) == ("coder", "name = 'Ada'")
    assert instruction.endswith("The language: Python\nSay hello.")
    cut = await code_generate.run(asked, desk(tmp_path, ask=ask, output=200))
    assert cut.text == f"{'x' * 120}\n[cut after 120 of 500 characters; ask for it in parts]"


async def test_a_model_that_does_not_answer_is_told_in_a_line(tmp_path: Path) -> None:
    ask = ScriptedAsking([SpecialistFailed("no model could answer as coder: big: no server")])
    with pytest.raises(ToolError, match="the coder made nothing of it: no model could answer as coder: big: no server"):
        await code_generate.run(code_generate.CodeGenerate(task="x"), desk(tmp_path, ask=ask))


def test_a_page_says_how_to_read_on() -> None:
    lines = [f"line {number}" for number in range(10)]
    assert page(lines, 0, 20, 1000, what="lines") == "\n".join(lines)
    assert page(lines, 8, 2, 1000, what="lines") == "line 8\nline 9"
    assert page(lines, 0, 20, 99, what="lines") == "line 0\nline 1\n[lines 1 to 2 of 10; start=2 reads on]"
    assert page(lines, 10, 2, 1000, what="lines") == "[no lines from 10 on; there are 10]"
    long = page(["x" * 999, "y"], 0, 9, 200, what="lines")
    assert long == f"{'x' * 40}\n[cut after 40 of 999 characters]\n[lines 1 to 1 of 2; start=1 reads on]"
    assert max(len(page(["x" * size] * 200, 0, 200, 500, what="memories")) for size in (1, 9, 99, 499, 999)) <= 500
