"""What a block of code is called: as its fence says, or its first lines, or the line before it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, NamedTuple

from metahuman.state.fences import Block
from metahuman.state.syntax import lexer_of

if TYPE_CHECKING:
    from pygments.lexer import Lexer

#: Characters of a line in which names are looked for.
LINE = 300

#: A file's name, with the folders before it: an ending begins with a letter, as no version's does.
_FILE = r"[\w@()\[\]./\\+-]*[\w)\]]\.[A-Za-z]\w{0,11}|\.[A-Za-z][\w.-]*"
_NAME = re.compile(rf"(?<![\w./\\])(?:{_FILE})(?!\w)")
#: A name that is said to be one: ```js title="a.js", ```python file=b.py.
_SAID = re.compile(r"\b(?:title|file(?:_?name)?|path|name)\s*=\s*[\"']?(?P<name>[^\"'\s}]+)", re.I)
#: A line that is a comment, and no more than a name.
_COMMENT = re.compile(
    rf"\s*(?://|#|--|/\*|<!--|;|%|\"\"\")\s*(?:file(?:name)?\s*:\s*)?(?P<name>{_FILE}|[A-Z]\w*file)\s*(?:\*/|-->|\"\"\")?\s*",
    re.I,
)
#: What stands round a name that has a line of its own.
_DRESS = re.compile(
    r"^[\s>]*(?:#+\s|[-*+]\s|\d+[.)]\s)?\s*(?:(?:file(?:name)?|datei|fichier|archivo|path)\s*\d*\s*:)?", re.I
)


class Label(NamedTuple):
    """What a fence says of its block: the language, "" if it does not, and the file's name, None if it does not."""

    language: str
    name: str | None


def label_of(info: str) -> Label:
    """Return what the info string of a fence says: "python search.py", "go:main.go", "{.js title=a.js}"."""
    attributes = info.lstrip().startswith("{")  # ```{.python .numbered}
    info = info[:LINE].strip().strip("{}").lstrip(".")
    first, rest = [*re.split(r"[\s:,{]+", info, maxsplit=1), ""][:2]
    said = _SAID.search(rest) or (None if attributes else _NAME.search(rest))
    name = (said["name"] if "name" in said.re.groupindex else said[0]) if said else None
    language = re.sub(r"[^\w+#.-]", "", first).lower().removeprefix("language-").removeprefix("lang-")
    if _NAME.fullmatch(first) and not lexer_of(language):  # ```search.py; but VB.net is a language
        return Label("", name or first)
    return Label(re.sub(r"^python[\d.]+$", "python", language), name)


def name_of(block: Block, lines: Sequence[str], language: str) -> str | None:
    """Return the name that a block's first lines give it, or the line before it; None if there is none.

    Args:
        block: The block.
        lines: Those of the text that it stands in.
        language: What it is in: names that are only mentioned must be of that language's files.
    """
    for line in block.text[: 2 * LINE].split("\n")[:2]:  # the first may call the interpreter
        if comment := _COMMENT.fullmatch(line):
            return comment["name"]
    before = next((line for line in reversed(lines[: block.first][-3:]) if line.strip()), "")[:LINE]
    bare = _DRESS.sub("", re.sub(r"\*\*|`", "", before)).strip("*\"': \t")
    bare = re.sub(r"\s*\([^()]*\)$", "", bare)
    lexer = lexer_of(language)
    if _NAME.fullmatch(bare) or (bare and not re.search(r"\s", bare) and _belongs(bare, lexer)):
        return bare
    named = {name for name in _NAME.findall(before) if _belongs(name, lexer)}
    return named.pop() if len(named) == 1 and before.rstrip("*_ ").endswith(":") else None


def ending_of(language: str) -> str:
    """Return how the files of a language end: ".py", ".rs"; ".txt" where nobody knows."""
    lexer = lexer_of(language)
    if not lexer:
        return f".{language}" if re.fullmatch(r"[a-z][a-z0-9]{0,6}", language) else ".txt"
    endings = [pattern[1:] for pattern in lexer.filenames if re.fullmatch(r"\*\.\w+", pattern)]
    return ".R" if language == "r" else next(iter(endings), ".txt")  # Pygments' first is that of S


def _belongs(name: str, lexer: type[Lexer] | None) -> bool:
    """Tell whether a file's name is one of a language's."""
    last = re.split(r"[/\\]", name)[-1]
    return any(fnmatchcase(last, pattern) for pattern in lexer.filenames) if lexer else False
