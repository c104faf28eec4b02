"""Whether code can be read: what is wrong is named, and nothing that a model writes hangs or ends the program."""

from __future__ import annotations

import time
import warnings
from concurrent.futures import ThreadPoolExecutor

import pytest

from metahuman.state.syntax import LONGEST, TOO_DEEP, defined_in, language_of, wrong_with

#: Python that is hard on whoever compiles it: numbers and texts that would fill the memory, were they worked out.
HUGE = [
    "x = 10**10**10",
    "x = 2**2**30",
    "x = 1 << 10**9",
    "x = 'a' * 10**12",
    "x = (1,) * 10**9",
    "x = '%1000000000d' % 5",
    "x = " + "'a' " * 20_000,
]
NESTED = [
    "x = " + "(" * 5_000 + ")" * 5_000,
    "x = " + "[" * 50_000,
    "x = " + "-" * 50_000 + "1",
    "x = " + "not " * 40_000 + "1",
    "x = 1" + " + 1" * 40_000,
    "x" + ".a" * 90_000,
    "x" + "()" * 90_000,
    "x = " + "f'{" * 150 + "1" + "}'" * 150,
    "if a:\n    pass\n" + "elif b:\n    pass\n" * 5_000,
    "\n".join(" " * depth + "if a:" for depth in range(150)),
    "x = " + "lambda: " * 20_000 + "1",
]


@pytest.mark.parametrize("text", HUGE)
def test_what_would_be_huge_is_compiled_and_not_worked_out(text: str) -> None:
    began = time.perf_counter()
    assert wrong_with(text, "python") is None
    assert time.perf_counter() - began < 2


@pytest.mark.parametrize("text", NESTED)
def test_what_is_nested_too_deeply_is_told_and_not_crashed_on(text: str) -> None:
    with ThreadPoolExecutor(1) as other:  # whose stack may be smaller
        assert wrong_with(text, "python")
        assert other.submit(wrong_with, text, "python").result()


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("x = 1", None),
        ("if (n := 10) > 5: print(n)", None),
        ("x is 'a'; '\\d'; assert (1, 2)", None),
        ("# -*- coding: no-such -*-\nx = 1", None),
        ("x = " + "1, " * 30_000, None),
        ("", None),
        ("def f(:\n    pass", "line 1: "),
        ("x = 1\n  y = 2", "line 2: "),
        ("print 'hello'", "line 1: "),
        ("return 1", "line 1: 'return' outside function"),
        ("%pip install x", "line 1: "),
        ("x = '\x00'", ""),
        ("x = '\ud800'", "it cannot be compiled: "),
        ("x = " + "9" * 5_000, "line 1: "),
    ],
)
def test_python_is_compiled(text: str, wrong: str | None) -> None:
    found = wrong_with(text, "python")
    assert found is None if wrong is None else (found or "").startswith(wrong)
    assert "\n" not in (found or "x")


def test_compiling_side_by_side_leaves_warnings_as_they_were() -> None:
    before = list(warnings.filters)
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(wrong_with, ["x is 'a'"] * 200, ["python"] * 200)) == {None}
    assert warnings.filters == before


@pytest.mark.parametrize(
    ("language", "text", "wrong"),
    [
        ("json", '{"a": [1, 2]}', None),
        ("json", "{'a': 1}", "Expecting property name"),
        ("json", "9" * 5_000, None),
        ("json", "[" * 100_000, TOO_DEEP),
        ("toml", "a = 1\r\n[b]\r\nc = 2", None),
        ("toml", "a = ", "Invalid value"),
        ("toml", "a = " + "[" * 5_000, TOO_DEEP),
        ("yaml", "a: 1\n---\nb: [2]", None),
        ("yaml", "day: 2024-13-45\nx: !Ref y\nz: !include a.yaml", None),
        ("yml", "a: [1", "line "),
        ("yaml", "a: b: c", "line 1: "),
        ("yaml", "a:\n\tb: 1", "line 2: "),
        ("yaml", "[" * 100_000, TOO_DEEP),
        ("yaml", "- " * 50_000, TOO_DEEP),
        ("yaml", "a: \x00", "unacceptable character"),
        ("yaml", "a: \ud800", "'utf-8'"),
        ("yaml", "x: &a [1]\n" + "".join(f"k{n}: &k{n} {{<<: [*a, *a]}}\n" for n in range(40)), None),
    ],
)
def test_data_is_read(language: str, text: str, wrong: str | None) -> None:
    found = wrong_with(text, language)
    assert found is None if wrong is None else (found or "").startswith(wrong)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("javascript", "const f = (a) => { return `${a} (`; }; // {"),
        ("js", "const t = `${list.map((x) => { return `<li>${x}</li>`; }).join('')}`;"),
        ("js", "if (/[(]/.test(s)) { f(); }"),
        ("javascript", "const A = () => (\n  <p>Don't {name} :)</p>\n);"),
        ("typescript", "const m = new Map<string, Foo<Bar>>(); function f<T>(a: T): T { return a; }"),
        ("tsx", "const A = () => <p>:)</p>;"),
        ("rust", "fn f<'a>(x: &'a str) -> Vec<char> { let c = '('; let s = r#\"(\"#; vec![c] } // ("),
        ("go", "func main() { x := `(`; fmt.Println('(', x) }"),
        ("java", "class A { char c = '('; String s = \"(\"; }"),
        ("c", "int main(void) { char c = '('; /* { */ return 0; }"),
        ("c++", "std::vector<std::pair<int, int>> v{{1, 2}};"),
        ("csharp", "var s = $\"{a(b)} (\"; var c = '(';"),
        ("kotlin", 'fun f() { println("${a(b)} (") }'),
        ("swift", 'let s = "\\(a(b)) ("'),
        ("php", "<?php echo \"{$a['x']} (\"; f(')'); ?>"),
        ("css", "a::before { content: '('; width: calc(1px + (2px * 3)); }"),
        ("sql", "select ')' from t where a in (1, 2) -- ("),
        ("bash", "case $x in\n  a) ls;;\nesac"),
        ("markdown", ":)"),
        ("", "((("),
        ("brainfuck-9000", "((("),
    ],
)
def test_nothing_is_wrong_with_code_whose_brackets_match_or_need_not(language: str, text: str) -> None:
    assert wrong_with(text, language) is None


@pytest.mark.parametrize(
    ("language", "text", "wrong"),
    [
        ("js", "\n\nf(", "line 3: nothing closes this '('"),
        ("javascript", "f({\n a: [1)\n", "line 2: nothing opens this ')'"),
        ("rust", "fn main() {\n", "line 1: nothing closes this '{'"),
        ("go", "func main() {\n}\n}", "line 3: nothing opens this '}'"),
    ],
)
def test_a_bracket_without_a_partner_is_named(language: str, text: str, wrong: str) -> None:
    assert wrong_with(text, language) == wrong


@pytest.mark.parametrize(
    ("language", "text"),
    [("c", "\n" * 20_000), ("ts", "a." * 10_000), ("python", "(" * (LONGEST + 1))],
)
def test_what_takes_too_long_to_check_is_not_checked(language: str, text: str) -> None:
    began = time.perf_counter()
    assert wrong_with(text, language) is None
    assert time.perf_counter() - began < 3


def test_what_python_defines_at_its_top_is_listed() -> None:
    text = "class A:\n    def m(self): pass\n\nasync def f(): pass\n\nif x:\n    def g(): pass\n\ndef h(): pass"
    assert defined_in(text) == ["A", "f", "h"]
    assert defined_in("def f(:") == []


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("import os\nprint(os)", "python"),
        ("def f():\n    return 1", "python"),
        ("print('a')", "python"),
        ('{"a": 1}', "json"),
        ("<!DOCTYPE html>\n<html></html>", "html"),
        ("#!/bin/bash\nls", "bash"),
        ("#!/usr/bin/env python3\nx = 1", "python"),
        ("Hello", ""),
        ("yes, no", ""),
        ("I cannot do that.", ""),
        ("TODO: later", ""),
        ("pass", ""),
        ("", ""),
    ],
)
def test_only_what_can_be_nothing_else_has_a_language_without_a_label(text: str, language: str) -> None:
    assert language_of(text) == language
