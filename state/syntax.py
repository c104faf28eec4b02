"""Whether code can be read as the language that it says it is; nothing of it is run."""

from __future__ import annotations

import ast
import json
import re
import threading
import time
import tomllib
import warnings
from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pygments.lexer import Lexer

#: Characters of a file beyond which nothing of it is checked, and seconds that its brackets may be matched for: some
#: lexers take the square of a text's length for texts that nobody writes.
LONGEST, SECONDS = 200_000, 0.5
#: Lists in lists that YAML is read to: its parser takes the cube of their number.
DEEPEST = 100
TOO_DEEP = "it is nested too deeply"
PYTHON = frozenset({"python", "py", "python3"})
#: Languages whose brackets must match, as Pygments calls them; in others a lone one has a meaning.
_BRACKETED = frozenset(
    """
    c cpp csharp dart go java javascript kotlin php rust scala sql swift typescript
    """.split()  # noqa: SIM905 - a list of words is read as a text
)
#: What no lexer here gets right: text between tags in JavaScript, and braces in what is put into a string.
_UNTOLD = re.compile(r"(?:\breturn|=>|[(&?:])\s*<[A-Za-z>]|\$\{[^}]*\{")
_PAIRS = {")": "(", "]": "[", "}": "{"}
_PAGE = re.compile(r"\s*<(?:!doctype html|html)\b", re.I)
_PROGRAM = re.compile(r"#!\s*\S*/(?:env\s+)?(?P<language>[a-z]+)")
#: Which filters of warnings are in force is one setting for all threads.
_QUIET = threading.Lock()


def wrong_with(text: str, language: str) -> str | None:
    """Return why a text is no `language`, in one line; None if it is, or if nobody here can tell.

    Args:
        text: Code.
        language: As people name it: "python", "c++".
    """
    if len(text) > LONGEST:
        return None
    if read := _READERS.get(language):
        return read(text)
    lexer = None if _UNTOLD.search(text) else lexer_of(language)
    return _unbalanced(text, lexer) if lexer and _BRACKETED.intersection(lexer.aliases) else None


def defined_in(python: str) -> list[str]:
    """Return the classes and functions that Python code defines at its top; none if it cannot be compiled."""
    tree = None if _python(python) else _tree(python)
    kinds = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    return [node.name for node in tree.body if isinstance(node, kinds)] if tree else []


def language_of(text: str) -> str:
    """Return which language a text without any label must be in; "" if it may be none, as prose is."""
    if _PAGE.match(text):
        return "html"
    if program := _PROGRAM.match(text):
        return program["language"]
    if text.lstrip()[:1] in ("{", "[") and _json(text) is None:
        return "json"
    tree = None if _python(text) else _tree(text)
    return "python" if tree and any(map(_telling, tree.body)) else ""


@lru_cache(64)
def lexer_of(language: str) -> type[Lexer] | None:
    """Return Pygments' lexer for a language, if it knows it."""
    from pygments.lexers import find_lexer_class_by_name
    from pygments.util import ClassNotFound

    try:
        return find_lexer_class_by_name(language) if language else None
    except ClassNotFound:
        return None


def _python(text: str) -> str | None:
    try:
        with _QUIET, warnings.catch_warnings(action="ignore"):
            compile(text, "code", "exec", dont_inherit=True)
    except SyntaxError as error:
        return f"line {error.lineno or 1}: {error.msg}"
    except (ValueError, RecursionError, MemoryError, OverflowError) as error:
        return f"it cannot be compiled: {error or TOO_DEEP}"
    return None


def _telling(node: ast.stmt) -> bool:
    """Tell whether a statement is none that people's words make: "yes" is an expression, "Note: this" an annotation."""
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Call)
    return not isinstance(node, ast.Pass) and not (isinstance(node, ast.AnnAssign) and node.value is None)


def _tree(text: str) -> ast.Module:
    with _QUIET, warnings.catch_warnings(action="ignore"):
        return ast.parse(text)


def _reader(parse: Callable[[str], object], *failures: type[Exception]) -> Callable[[str], str | None]:
    def read(text: str) -> str | None:
        try:
            parse(text)
        except RecursionError:
            return TOO_DEEP
        except failures as error:
            return " ".join(str(error).split())
        return None

    return read


def _yaml(text: str) -> str | None:
    """Return what is wrong with YAML; what its tags, dates and aliases mean is left to who reads it."""
    import yaml

    depth = 0
    try:
        for event in yaml.parse(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > DEEPEST:
                return TOO_DEEP
    except yaml.MarkedYAMLError as error:
        return f"line {error.problem_mark.line + 1 if error.problem_mark else 1}: {error.problem}"
    except (yaml.YAMLError, ValueError) as error:
        return " ".join(str(error).split())
    return None


def _unbalanced(text: str, lexer: type[Lexer]) -> str | None:
    """Return which bracket has no partner, strings and comments left out."""
    opened, until = list[tuple[str, int]](), time.monotonic() + SECONDS
    for sign, line in _brackets(text, lexer):
        if sign in _PAIRS.values():
            opened.append((sign, line))
        elif not sign:
            if time.monotonic() > until:
                return None
        elif not opened or opened.pop()[0] != _PAIRS[sign]:
            return f"line {line}: nothing opens this {sign!r}"
    return f"line {opened[-1][1]}: nothing closes this {opened[-1][0]!r}" if opened else None


def _brackets(text: str, lexer: type[Lexer]) -> Iterator[tuple[str, int]]:
    """Yield the brackets of code with their lines, the first being 1, and "" after every token."""
    from pygments.token import Punctuation

    line = 1
    for kind, piece in lexer(stripnl=False).get_tokens(text):
        if kind is Punctuation or kind.parent is Punctuation:
            yield from ((sign, line) for sign in piece if sign in "()[]{}")
        line += piece.count("\n")
        yield "", line


# Python reads whole numbers of up to 4,300 digits.
_json = _reader(partial(json.loads, parse_int=str), ValueError)
_READERS: dict[str, Callable[[str], str | None]] = {
    **dict.fromkeys(PYTHON, _python),
    "json": _json,
    "toml": _reader(tomllib.loads, ValueError),
    **dict.fromkeys(("yaml", "yml"), _yaml),
}
