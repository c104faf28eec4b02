"""Fenced blocks, as CommonMark has them and as models write them."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from metahuman.state.fences import Block, blocks, lines_of

PIECES = ["```", "```py", "````", "~~~", "x = 1", "  y", "", "text", "   ```", "``` a.py", "\ttab", "```md"]


def read(text: str) -> list[Block]:
    return list(blocks(lines_of(text)))


def held(text: str) -> list[tuple[str, str, bool]]:
    return [(block.info, block.text, block.closed) for block in read(text)]


@pytest.mark.parametrize(
    ("text", "blocks"),
    [
        ("```python\nx\n```", [("python", "x\n", True)]),
        ("```python\nx", [("python", "x\n", False)]),
        ("```python", [("python", "", False)]),
        ("```\n```", [("", "", True)]),
        ("a\r\n```py\r\nx\r\n```\r\nb", [("py", "x\n", True)]),
        ("~~~py\n```\n~~~", [("py", "```\n", True)]),
        ("````\n```\nx\n```\n````", [("", "```\nx\n```\n", True)]),
        ("```py\nx\n`````  \nrest", [("py", "x\n", True)]),
        ("```make\nall:\n\techo\n```", [("make", "all:\n\techo\n", True)]),
        ("1. Do:\n\n   ```py\n   if x:\n       y\n   ```\n2. b", [("py", "if x:\n    y\n", True)]),
        ("- ```py\n  x\n  ```", [("py", "x\n", True)]),
        ("- a\n  - ```py\n    x\n    ```", [("py", "x\n", True)]),
        ("Step one:\n    ```py\n    x\n      y\n    ```", [("py", "x\n  y\n", True)]),
        ("\t```py\n\tx\n\t```", [("py", "x\n", True)]),
        ("1. ```py\nsloppy = 1\n```", [("py", "sloppy = 1\n", True)]),
        ("> ```py\n> x\n>   y\n> ```", [("py", "x\n  y\n", True)]),
        ("> > ```\n> > x\n> > ```", [("", "x\n", True)]),
        ("> ```py\n> x\nno quote", [("py", "x\n", False)]),
        ("<details>\n```py\nx\n```\n</details>", [("py", "x\n", True)]),
        ("```py\ns = '''\n      ```\n'''\n```", [("py", "s = '''\n      ```\n'''\n", True)]),
        ("say ```x``` twice", []),
        ("```x``` once", []),
        ("a\u2028b\n```py\nx\x0cy\u2028z\n```", [("py", "x\x0cy\u2028z\n", True)]),
        ("```md\n```sh\npip\n```\n```\n```py\nx\n```", [("md", "```sh\npip\n```\n", True), ("py", "x\n", True)]),
        ("```md\nx\n```\n```py\ny\n```", [("md", "x\n", True), ("py", "y\n", True)]),
        ("```md\n```py\nx\n```", [("md", "```py\nx\n", True)]),
    ],
)  # fmt: skip
def test_blocks_are_found_however_they_are_written(text: str, blocks: list[tuple[str, str, bool]]) -> None:
    assert held(text) == blocks


@settings(derandomize=True, database=None)
@given(st.lists(st.sampled_from([piece for piece in PIECES if piece != "```md"]), max_size=12).map("\n".join))
def test_what_keeps_to_commonmark_is_read_as_its_library_reads_it(text: str) -> None:
    fences = [token for token in MarkdownIt("zero").enable("fence").parse(text) if token.type == "fence"]
    expected = [(fence.info.strip(), fence.content.rstrip("\n"), (fence.map or [-1])[0]) for fence in fences]
    assert [(block.info, block.text.rstrip("\n"), block.first) for block in read(text)] == expected


@settings(derandomize=True, database=None)
@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=8), max_size=20).map("\n".join))
def test_any_text_is_read_and_its_blocks_lie_in_order(text: str) -> None:
    found, lines = read(text), lines_of(text)
    ends = [0, *(block.beyond for block in found)]
    assert all(end <= block.first < block.beyond <= len(lines) for end, block in zip(ends, found, strict=False))


@pytest.mark.parametrize(
    "part", ["> ", "- ", "`", "```\n", "1. ", "> ```\n", "```md\n```x\n```\n", "```md\n", "~~~ ~", "    ```\n", "\t"]
)
def test_no_text_takes_long(part: str) -> None:
    began = time.perf_counter()
    read(part * (60_000 // len(part)))
    assert time.perf_counter() - began < 2
