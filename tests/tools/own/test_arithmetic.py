"""Sums: exact where numbers are, and never code."""

from __future__ import annotations

import time
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metahuman.state.errors import ToolError
from metahuman.tools.own.arithmetic import LONGEST, calculated, told


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("1 + 2 * 3", "7"),
        ("(1 + 2) * 3", "9"),
        ("0.1 + 0.2", "0.3"),
        ("3 * 19.99", "59.97"),
        ("1e3 + .5", "1000.5"),
        ("-2 ** 2", "-4"),
        ("2 ^ 10", "1024"),
        ("2 ** -2", "0.25"),
        ("2 ** 0.5", "about 1.4142135623731"),
        ("6 \u00d7 7 \u00f7 2 \u2212 1", "20"),
        ("7 // 2", "3"),
        ("7 % 3", "1"),
        ("7 % (1 + 2)", "1"),
        ("10 / 4", "2.5"),
        ("1 / 3", "about 0.333333333333333 (1/3)"),
        ("15% of 80", "12"),
        ("20 + 15% of 80", "32"),
        ("(10 + 5)% of 80", "12"),
        ("50% of 50% of 80", "20"),
        ("15%", "0.15"),
        ("15% * 80", "12"),
        ("100 * (1 + 7%)", "107"),
        ("-15% of 80", "-12"),
        ("sqrt(16)", "4"),
        ("sqrt(0.25)", "0.5"),
        ("SQRT(2)", "about 1.4142135623731"),
        ("log(1000, 10)", "3"),
        ("log10(0.001)", "-3"),
        ("log(e)", "about 1"),
        ("sin(pi)", "about 0"),
        ("cos(0)", "about 1"),
        ("round(2.675, 2)", "2.68"),
        ("round(-2.5)", "-3"),
        ("round(1234, -2)", "1200"),
        ("round(10 / 3, 2)", "3.33"),
        ("min(3, 1, 2) + max(3, 1, 2)", "4"),
        ("sum(0.1, 0.1, 0.1)", "0.3"),
        ("average(1, 2)", "1.5"),
        ("abs(-0.5)", "0.5"),
        ("floor(-0.5)", "-1"),
        ("ceil(0.5)", "1"),
        ("2 ** 200", str(2**200)),
        ("1e300 * 1e300", f"1{'0' * 600}"),
        ("10 ** 400 / 3", f"about {'3' * 400}"),
        ("0.000001", "0.000001"),
    ],
)
def test_sums(expression: str, result: str) -> None:
    assert told(calculated(expression)) == result


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        ("", "no sum"),
        ("1 +", "no sum"),
        ("2 3", "no sum"),
        ("(((1)", "no sum"),
        ("1,234.50 + 1", "leave out separators"),
        ("1 / 0", "divides by zero"),
        ("1 % 0", "divides by zero"),
        ("0 ** -1", "divides by zero"),
        ("sqrt(-1)", "no result among real numbers"),
        ("(-8) ** 0.5", "no result among real numbers"),
        ("log(0)", "no result among real numbers"),
        ("9 ** 9 ** 9", "more than 3000 digits"),
        ("9 ** 9 ** 9 ** 9", "more than 3000 digits"),
        ("exp(1000)", "more than 3000 digits"),
        ("1e9999", "more than 3000 digits"),
        ("1e99999", "no sum"),
        ("sqrt(10 ** 2001)", "more than 3000 digits"),
        ("round(1, 1e9)", "at most 100"),
        ("round(1, 0.5)", "whole decimal places"),
        ("sqrt(1, 2)", "sqrt takes 1 numbers"),
        ("max()", "1 or more"),
        ("sqrt", "no sum"),
        ("percent", "not understood"),
        ("__import__('os')", "not understood"),
        ("open('x')", "not understood"),
        ("(1).real", "not understood"),
        ("1 if 1 else 2", "not understood"),
        ("x := 1", "not understood"),
        ("[1] * 99", "not understood"),
        ("'a' * 99", "not understood"),
        ("sum(*(1, 2))", "no sum"),
        ("1\x00", "not understood"),
        ("\u0661 + \u0661", "not understood"),
        ("(" * 500 + "1" + ")" * 499, "no sum"),
        ("-" * 990 + "1", "no sum"),
        ("1" * (LONGEST + 1), "longer than"),
    ],
)
def test_what_cannot_be_worked_out_is_said(expression: str, why: str) -> None:
    with pytest.raises(ToolError, match=why):
        calculated(expression)


@given(st.text(max_size=40) | st.text("0123456789.+-*/%() ,eof", max_size=40))
def test_no_text_is_a_traceback(text: str) -> None:
    try:
        told(calculated(text))
    except ToolError:
        return


@given(st.decimals(-(10**9), 10**9, places=2), st.decimals(-(10**9), 10**9, places=2))
def test_money_adds_up(one: object, other: object) -> None:
    assert calculated(f"({one}) + ({other})") == Fraction(str(one)) + Fraction(str(other))


def test_the_longest_sums_take_no_time() -> None:
    started = time.process_time()
    for expression in (
        "9" * 300 + " ** 9",
        "log(10 ** 300, 1 + 10 ** -10)",
        "*".join(["9" * 90] * 10),
        "+".join(["1/" + "7" * 60] * 15),
    ):
        told(calculated(expression))
    assert time.process_time() - started < 1
