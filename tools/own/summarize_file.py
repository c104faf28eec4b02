"""`summarize_file`: what a text file says, in short; the summarizer reads a long one piece by piece."""

from __future__ import annotations

import asyncio
from pathlib import Path

from pydantic import Field

from metahuman.state.acting import Output
from metahuman.state.errors import ToolError
from metahuman.tools.desk import Desk
from metahuman.tools.files.opening import one_line, read_file
from metahuman.tools.files.places import place_of
from metahuman.tools.files.texts import text_of
from metahuman.tools.own.asking import answer
from metahuman.tools.own.paging import cut
from metahuman.tools.tool import Arguments, Tool, Touch

#: Characters that are summarized in one call, some 24,000 tokens.
MOST = 96_000
_TASK = "Summarize it in at most eight sentences, in its own language."


class SummarizeFile(Arguments):
    """Summarize a text file that is too long to read. To see its exact words, read the file instead."""

    path: str = Field(description="The file.")
    focus: str | None = Field(None, max_length=300, description="What matters most in it, if anything does.")
    start: int = Field(0, ge=0, description="The first character, to go on in a long file.")


async def run(arguments: SummarizeFile, desk: Desk) -> Output:
    """Have as much of the file summarized as one call may take."""
    path = place_of(arguments.path, desk)
    text = await asyncio.to_thread(_text, path, desk.limits.file)
    if not text[arguments.start :].strip():
        raise ToolError(
            f"{one_line(path)}: there is no text from character {arguments.start:,} on; it has {len(text):,}"
        )
    part = _beginning(text[arguments.start :])
    focus = f" What matters most: {arguments.focus}" if arguments.focus else ""
    summary = await answer(desk, "summarizer", f"{_TASK}{focus}", part)
    note = _span(arguments.start, arguments.start + len(part), len(text))
    return Output(f"{cut(summary, desk.limits.output - len(note))}{note}", (str(path),))


def _beginning(text: str) -> str:
    """Return as much of a text as may be read, to the end of a paragraph, a line or a word if one is late in it."""
    if len(text) <= MOST:
        return text
    ends = (text.rfind(mark, MOST // 2, MOST) + len(mark) for mark in ("\n\n", "\n", " "))
    return text[: next((end for end in ends if end > MOST // 2), MOST)]


def _text(path: Path, most: int) -> str:
    read = read_file(path, most)
    return text_of(read.data, path, cut=read.stamp.size > len(read.data)).text


def _span(start: int, end: int, length: int) -> str:
    if start == 0 and end == length:
        return ""
    more = f"; start={end} goes on" if end < length else ""
    return f"\n[of characters {start:,} to {end:,} of {length:,}{more}]"


TOOL = Tool(
    "summarize_file",
    SummarizeFile,
    run,
    touches=lambda arguments: (Touch(arguments.path, "read"),),
    seconds=300,
)
