"""Code in a model's answer: the files in its fenced blocks, and whether they can be read as what they say they are."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from metahuman.state.artifacts import UNTITLED, CodeFile, file_name, named
from metahuman.state.fences import Block, blocks, lines_of
from metahuman.state.naming import ending_of, label_of, name_of
from metahuman.state.syntax import PYTHON, defined_in, language_of, wrong_with

#: Lines of a block of commands beyond which it is a script.
COMMANDS = 8
#: What no block of code is unless it has a name, and blocks that show how code is run.
_TALK = frozenset({"text", "txt", "markdown", "md", "output", "plaintext", "console", "shell-session"})
_SHELL = frozenset({"sh", "bash", "shell", "zsh", "fish", "powershell", "ps1", "bat", "cmd"})
#: A script does more than call programs.
_SCRIPT = re.compile(r"^#!|^\s*(?:if|for|while|case|function|set|export)\b|^\s*\w+\s*\(\)|^\s*\$?\w+\s?=", re.M)
_ASKED_SHELL = re.compile(r"\b(?:shell|bash|zsh|powershell|batch|commands?|one-?liner|script\.sh|\w+\.sh)\b", re.I)
#: Files that are called one thing only.
_WHOLE_NAMES = {"docker": "Dockerfile", "dockerfile": "Dockerfile", "make": "Makefile", "makefile": "Makefile"}
_PATCHED = re.compile(r"^\+\+\+ (?:b/)?(\S+)", re.M)


class Answer(NamedTuple):
    """What an answer with code in it holds: the files, and the words outside them."""

    files: list[CodeFile]
    remarks: str


class _Found(NamedTuple):
    """A block that may be a file: how likely it is none, 0 being certain that it is one."""

    file: CodeFile
    block: Block
    doubt: int


def read_code(answer: str, task: str) -> Answer:
    """Return the files of code in a model's answer.

    Of blocks without a name, those that only show how the others are run, or what they print, are remarks. An answer
    without any block may be code as a whole.

    Args:
        answer: Markdown, as a model wrote it.
        task: What was asked for, to name files by that have no name.
    """
    lines = lines_of(answer)
    found = [_found(block, lines, task) for block in blocks(lines) if block.text.strip()]
    if not found:
        return _unfenced(answer, task)
    least = min(one.doubt for one in found)
    kept = [one for one in found if one.doubt == least]
    within = {number for one in kept for number in range(one.block.first, one.block.beyond)}
    outside = [line for number, line in enumerate(lines) if number not in within]
    return Answer(_apart(one.file for one in kept), "\n".join(filter(str.strip, outside)))


def problem_of(files: list[CodeFile]) -> str | None:
    """Return what is wrong with an answer that was to be code, in one line; None if nothing is."""
    if not files:
        return "there is no fenced block of code in the answer"
    return next((file["problem"] for file in files if file["problem"]), None)


def _found(block: Block, lines: Sequence[str], task: str) -> _Found:
    label = label_of(block.info)
    said = label.name or name_of(block, lines, label.language)
    ending = (said or "").rpartition(".")[2].lower() if "." in (said or "") else ""
    language = label.language or ending or language_of(block.text)
    file = _file(block.text, language, said, task, closed=block.closed)
    return _Found(file, block, 0 if said else _doubt(block.text, label.language, task))


def _doubt(text: str, language: str, task: str) -> int:
    """Return how likely a block without a name is no file that was asked for."""
    if language in _SHELL:
        commands = len(text.splitlines()) <= COMMANDS and not _SCRIPT.search(text)
        return 1 if commands and not _ASKED_SHELL.search(task) else 0
    return 3 if language in _TALK else 0 if language else 2


def _unfenced(answer: str, task: str) -> Answer:
    """Return an answer without a block as a file, if all of it can only be code."""
    text = answer.strip()
    language = language_of(text)
    if not language or text.startswith(("```", "~~~")):
        return Answer([], "\n".join(filter(str.strip, lines_of(answer))))
    return Answer([_file(f"{text}\n", language, None, task, closed=True)], "")


def _file(text: str, language: str, said: str | None, task: str, *, closed: bool) -> CodeFile:
    defines = defined_in(text) if language in PYTHON else []
    name = file_name(said or _name(text, language, defines, task), f"{UNTITLED}{ending_of(language)}")
    wrong = wrong_with(text, language) if closed else "it breaks off before its end"
    problem = f"{name}: {wrong}" if wrong else None
    return CodeFile(kind="code", name=name, language=language, text=text, defines=defines, problem=problem)


def _name(text: str, language: str, defines: Sequence[str], task: str) -> str:
    """Return a name for a file that has none: of what it defines or changes, or else of what was asked for."""
    if language == "diff" and (changed := _PATCHED.search(text)):
        return f"{changed[1]}.diff"
    if language in _WHOLE_NAMES:
        return _WHOLE_NAMES[language]
    public = next((name for name in defines if not name.startswith("_")), "")
    return f"{public}.py" if public else named(task, ending_of(language))


def _apart(files: Iterable[CodeFile]) -> list[CodeFile]:
    """Return files of which no two have one name, and no two are the same: a model may show a file twice."""
    apart = dict[str, CodeFile]()
    for file in {(file["name"], file["text"]): file for file in files}.values():
        stem, dot, ending = file["name"].rpartition(".") if "." in file["name"] else (file["name"], "", "")
        name, count = file["name"], 1
        while name.lower() in apart:  # many file systems do not tell capitals
            count += 1
            name = f"{stem}-{count}{dot}{ending}"
        apart[name.lower()] = {**file, "name": name}
    return [*apart.values()]
