"""Code in a model's answer: the files in its fenced blocks, and whether they can be read as what they say they are."""

from __future__ import annotations

import ast
import json
import re
import tomllib
import warnings
from collections.abc import Callable
from typing import NamedTuple

import yaml
from markdown_it import MarkdownIt
from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name
from pygments.token import Punctuation
from pygments.util import ClassNotFound

from metahuman.state.artifacts import CodeFile, file_name, named

#: Characters of a file beyond which nothing of it is checked.
LONGEST = 400_000
#: What no block of code is, whatever its fence says.
_TALK = frozenset({"text", "txt", "markdown", "md", "output", "plaintext"})
#: Languages whose brackets must match, as Pygments calls them; in others a lone one has a meaning.
_BRACKETED = frozenset({"c", "cpp", "csharp", "css", "dart", "go", "java", "javascript", "kotlin", "php", "rust"})
_BRACKETED |= {"scala", "scss", "sql", "swift", "typescript", "tsx", "jsx"}
_PAIRS = {")": "(", "]": "[", "}": "{"}
#: A name in the fence: ```python search.py, ```js title="a.js", ```go:main.go.
_NAME = re.compile(r"[\w.-]+\.\w{1,8}\b")
#: A first line that is a comment naming the file.
_NAMED = re.compile(
    r"^\s*(?://|#|--|/\*|<!--|;)\s*(?:file(?:name)?\s*:\s*)?([\w./-]+\.\w{1,8})\s*(?:\*/|-->)?\s*$", re.I
)


class Answer(NamedTuple):
    """What an answer with code in it holds: the files, and the words outside them."""

    files: list[CodeFile]
    remarks: str


def read_code(answer: str, task: str) -> Answer:
    """Return the files of code in a model's answer.

    Args:
        answer: Markdown, as a model wrote it.
        task: What was asked for, to name files by that have no name.
    """
    lines = answer.splitlines()
    files, outside = list[CodeFile](), list(lines)
    for fence in (token for token in MarkdownIt().parse(answer) if token.type == "fence" and token.map):
        start, end = fence.map or (0, 0)
        outside[start:end] = [""] * (end - start)
        closed = end - start >= 2 and lines[end - 1].strip().startswith(fence.markup)
        if fence.content.strip():
            files.append(_file(fence.info, fence.content, task, len(files), closed=closed))
    code = [file for file in files if file["language"] not in _TALK] or files
    return Answer(_apart(code), "\n".join(filter(str.strip, outside)))


def problem_of(files: list[CodeFile]) -> str | None:
    """Return what is wrong with an answer that was to be code, in one line; None if nothing is."""
    if not files:
        return "there is no fenced block of code in the answer"
    return next((file["problem"] for file in files if file["problem"]), None)


def _file(info: str, text: str, task: str, number: int, *, closed: bool) -> CodeFile:
    first, _, rest = info.strip().replace(":", " ", 1).partition(" ")
    language = re.sub(r"[^\w+#.-]", "", first).lower()
    lexer = _lexer(language)
    said = _NAME.search(rest) or _NAMED.match(text.split("\n", 1)[0])
    defines = _defined(text) if language in _PYTHON else []
    fallback = f"{defines[0]}.py" if defines else named(task, _ending(lexer))
    name = file_name((said[1] if said.re is _NAMED else said[0]) if said else fallback, fallback)
    wrong = _wrong(text, language, lexer) if closed else "it breaks off before its end"
    problem = f"{name}: {wrong}" if wrong else None
    return CodeFile(kind="code", name=name, language=language, text=text, defines=defines, problem=problem)


def _apart(files: list[CodeFile]) -> list[CodeFile]:
    """Return files of which no two have one name: a model may show a file twice."""
    seen = dict[str, int]()
    for place, file in enumerate(files):
        count = seen[file["name"]] = seen.get(file["name"], 0) + 1
        if count > 1:
            stem, dot, ending = file["name"].rpartition(".")
            files[place] = {**file, "name": f"{stem}-{count}{dot}{ending}" if dot else f"{ending}-{count}"}
    return files


def _wrong(text: str, language: str, lexer: Lexer | None) -> str | None:
    if len(text) > LONGEST:
        return None
    if read := _READERS.get(language):
        return read(text)
    return _unbalanced(text, lexer) if lexer and _BRACKETED & set(lexer.aliases) else None


def _python(text: str) -> str | None:
    try:
        with warnings.catch_warnings(action="ignore"):
            compile(text, "code", "exec", dont_inherit=True)
    except SyntaxError as error:
        return f"line {error.lineno}: {error.msg}"
    except (ValueError, RecursionError, MemoryError, OverflowError) as error:
        return f"it cannot be compiled: {error or type(error).__name__}"
    return None


def _with(parse: Callable[[str], object], failure: type[Exception]) -> Callable[[str], str | None]:
    def read(text: str) -> str | None:
        try:
            parse(text)
        except (failure, RecursionError) as error:
            return " ".join(str(error).split()) or "it is nested too deeply"
        return None

    return read


def _unbalanced(text: str, lexer: Lexer) -> str | None:
    """Return which bracket has no partner, strings and comments left out."""
    opened, line = list[tuple[str, int]](), 1
    for kind, piece in lexer.get_tokens(text):
        for sign in piece if Punctuation in kind.split() else "":
            if sign in _PAIRS.values():
                opened.append((sign, line))
            elif sign in _PAIRS and (not opened or opened.pop()[0] != _PAIRS[sign]):
                return f"line {line}: nothing opens this {sign!r}"
        line += piece.count("\n")
    return f"line {opened[-1][1]}: nothing closes this {opened[-1][0]!r}" if opened else None


def _defined(text: str) -> list[str]:
    """Return the classes and functions that Python code defines at its top."""
    if _python(text):
        return []
    with warnings.catch_warnings(action="ignore"):
        body = ast.parse(text).body
    return [node.name for node in body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)]


def _lexer(language: str) -> Lexer | None:
    try:
        return get_lexer_by_name(language) if language else None
    except ClassNotFound:
        return None


def _ending(lexer: Lexer | None) -> str:
    """Return how files of a language end: ".py", ".rs"."""
    patterns = [pattern for pattern in lexer.filenames if re.fullmatch(r"\*\.\w+", pattern)] if lexer else []
    return patterns[0][1:] if patterns else ".txt"


_PYTHON = frozenset({"python", "py", "python3"})
_READERS: dict[str, Callable[[str], str | None]] = {
    **dict.fromkeys(_PYTHON, _python),
    "json": _with(json.loads, ValueError),
    "toml": _with(tomllib.loads, ValueError),
    **dict.fromkeys(("yaml", "yml"), _with(lambda text: list(yaml.safe_load_all(text)), yaml.YAMLError)),
}
