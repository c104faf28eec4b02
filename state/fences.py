"""The fenced blocks of Markdown as models write it: indented anyhow, one in another, never closed.

What keeps to CommonMark is read as CommonMark says (https://spec.commonmark.org/0.31.2/#fenced-code-blocks).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

#: A block of these may hold blocks, whose fences name a language.
MARKDOWN = frozenset({"markdown", "md", "mdx"})
#: Columns that a closing fence may stand further in than the opening one, and those between the stops of tabs.
FURTHER, TAB = 3, 4

_OPENS = re.compile(
    r"(?P<lead>(?:[ \t]*>)*(?:[ \t]*(?:[-*+]|\d{1,9}[.)])(?=[ \t]))*[ \t]*)(?P<mark>`{3,}(?!.*`)|~{3,})(?P<info>.*)"
)
_QUOTE = re.compile(r" {0,3}> ?")
_CLOSES = re.compile(r"(?P<lead>[ \t]*)(?P<mark>`{3,}|~{3,})[ \t]*")


class Block(NamedTuple):
    """A fenced block.

    Args:
        info: What stands after its opening fence.
        text: What it holds, without the indentation that its fence has too.
        first: The line of its opening fence, the first of the text being 0.
        beyond: The first line that is no part of it.
        closed: Whether its closing fence is there.
    """

    info: str
    text: str
    first: int
    beyond: int
    closed: bool


def lines_of(text: str) -> list[str]:
    """Return the lines of a text as Markdown counts them."""
    lines = re.split(r"\r\n?|\n", text)
    return lines if lines[-1] else lines[:-1]


def blocks(lines: Sequence[str]) -> Iterator[Block]:
    """Yield the fenced blocks of a text's lines, in order."""
    number, nests = 0, True
    while number < len(lines):
        if not (opened := _OPENS.fullmatch(lines[number])):
            number += 1
            continue
        holds = nests and opened["info"].strip().lower() in MARKDOWN
        block = _block(lines, number, opened, nests=holds)
        if holds and not block.closed:
            nests, block = False, _block(lines, number, opened, nests=False)
        yield block
        number = block.beyond


def _block(lines: Sequence[str], first: int, opened: re.Match[str], *, nests: bool) -> Block:
    """Return the block that is opened in line `first`; where it `nests`, blocks in it are passed over."""
    quotes, width, depth = opened["lead"].count(">"), _width(opened["lead"].rpartition(">")[2]), 0
    if quotes and opened["lead"].rpartition(">")[2].startswith(" "):
        width -= 1  # which belongs to the mark of the quotation
    held = list[str]()
    for number in range(first + 1, len(lines)):
        line = _unquoted(lines[number], quotes)
        if line is None:
            return Block(opened["info"].strip(), _joined(held), first, number, closed=False)
        if _closes(line, opened["mark"], width):
            if not depth:
                return Block(opened["info"].strip(), _joined(held), first, number + 1, closed=True)
            depth -= 1
        elif nests and (inner := _OPENS.fullmatch(line)) and inner["mark"].startswith(opened["mark"]):
            depth += 1
        held.append(_undented(line, width))
    return Block(opened["info"].strip(), _joined(held), first, len(lines), closed=False)


def _closes(line: str, mark: str, width: int) -> bool:
    found = _CLOSES.fullmatch(line)
    return found is not None and found["mark"].startswith(mark) and _width(found["lead"]) <= width + FURTHER


def _unquoted(line: str, quotes: int) -> str | None:
    """Return a line without the marks of so many quotations; None if it has fewer."""
    for _ in range(quotes):
        mark = _QUOTE.match(line)
        if not mark:
            return None
        line = line[mark.end() :]
    return line


def _undented(line: str, width: int) -> str:
    """Return a line without its first `width` columns, as far as nothing stands in them."""
    column = 0
    for place, sign in enumerate(line):
        if column >= width or sign not in " \t":
            return " " * (column - width) + line[place:]
        column += TAB - column % TAB if sign == "\t" else 1
    return " " * (column - width)


def _width(lead: str) -> int:
    return len(lead.expandtabs(TAB))


def _joined(lines: Sequence[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
