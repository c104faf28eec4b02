"""The pages hold together: links lead somewhere, commands exist, drawings are the code's, and every page is listed."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, cast

import click
import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from metahuman.cli import cli
from metahuman.cli.route import TextOrCommand

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.glob("*.md")])
DRAWINGS = sorted((ROOT / "graph" / "drawings").glob("*.mmd"))
ABSOLUTE = ("http://", "https://")
_COMMAND = re.compile(r"(?:.*(?:\| |  ))?metahuman (.+)")
#: What a person puts something else for.
_PLACEHOLDER = re.compile(r"[A-Z][A-Z/ ]*|…|\.\.\.")


class Fence(NamedTuple):
    """A block of code in a page."""

    language: str
    text: str


def named(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def tokens(page: Path) -> list[Token]:
    return MarkdownIt("commonmark").enable("table").parse(page.read_text("utf-8"))


def links(page: Path) -> Iterator[str]:
    """Yield where a page's links lead, other sites left out."""
    inner = (child for token in tokens(page) for child in token.children or [])
    for href in (str(child.attrGet("href")) for child in inner if child.type == "link_open"):
        if not href.startswith(ABSOLUTE):
            yield href


def fences(page: Path) -> Iterator[Fence]:
    return (Fence(token.info.strip(), token.content) for token in tokens(page) if token.type == "fence")


def anchors(page: Path) -> set[str]:
    """Return the anchors that GitHub gives a page's headings."""
    found = tokens(page)
    titles = [found[at + 1].content for at, token in enumerate(found) if token.type == "heading_open"]
    plain = [re.sub(r"[^\w\- ]", "", title.lower()) for title in titles]
    return {title.replace(" ", "-") for title in plain}


def leads_nowhere(page: Path, href: str) -> bool:
    path, _, anchor = href.partition("#")
    target = (page.parent / path).resolve() if path else page
    if not target.exists():
        return True
    return bool(anchor) and target.suffix == ".md" and anchor not in anchors(target)


def commands(page: Path) -> Iterator[list[str]]:
    """Yield the words after `metahuman` wherever a page calls it: in a shell's lines, or in a sentence."""
    blocks = (fence.text for fence in fences(page) if fence.language in ("", "sh", "console"))
    lines = [line for block in blocks for line in block.replace(".venv/bin/", "").splitlines()]
    inner = (child for token in tokens(page) for child in token.children or [])
    for line in [*lines, *(child.content for child in inner if child.type == "code_inline")]:
        # What stands after a comment's mark, or two blanks, explains.
        bare = re.split(r"  +(?=\S)|\s#\s", line.strip(), maxsplit=1)[0]
        if found := _COMMAND.match(bare):
            yield shlex.split(found[1].split(" | ")[0])


def unknown(words: Sequence[str]) -> str | None:
    """Return the first word that the command line does not know, if there is one."""
    command, context, rest = cast(click.Command, cli), click.Context(cli), list(words)
    while rest:
        word = rest.pop(0)
        if word.startswith("--"):
            option = next((one for one in command.params if word in (*one.opts, *one.secondary_opts)), None)
            if option is None:
                return None if word == "--help" else word
            if not getattr(option, "is_flag", False) and rest:
                rest.pop(0)
        elif isinstance(command, click.Group) and not _PLACEHOLDER.fullmatch(word):
            inner = command.get_command(context, word)
            if inner is None:
                return None if isinstance(command, TextOrCommand) else word
            command, context = inner, click.Context(inner, parent=context)
    return None


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_links_lead_somewhere(page: Path) -> None:
    assert [href for href in links(page) if leads_nowhere(page, href)] == []


@pytest.mark.parametrize("page", [page for page in PAGES if page.name != "commands.md"], ids=named)
def test_commands_are_there(page: Path) -> None:
    assert [(words, word) for words in commands(page) if (word := unknown(words))] == []


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_python_can_be_read(page: Path) -> None:
    for fence in fences(page):
        if fence.language == "python":
            compile(fence.text, named(page), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


def test_every_page_is_listed() -> None:
    listed = {(DOCS / href.partition("#")[0]).resolve() for href in links(DOCS / "README.md")}
    assert set(DOCS.glob("*.md")) - listed == {DOCS / "README.md"}


@pytest.mark.parametrize("drawing", DRAWINGS, ids=lambda path: path.stem)
def test_the_architecture_shows_each_drawing(drawing: Path) -> None:
    shown = [fence.text for fence in fences(DOCS / "architecture.md") if fence.language == "mermaid"]
    assert drawing.read_text("utf-8").strip() in [text.strip() for text in shown], f"copy {named(drawing)} into it"


@pytest.mark.parametrize(
    ("words", "wrong"),
    [
        ("memory search Lisbon", None),
        ("--home x memory search Lisbon", None),
        ("memory find Lisbon", "find"),
        ("memory search Lisbon --deep", "--deep"),
        ("chatter", "chatter"),
        ("persona voices --drop RUN", None),
    ],
)
def test_the_look_at_commands_sees_what_it_must(words: str, wrong: str | None) -> None:
    assert unknown(words.split()) == wrong
