"""Arithmetic on a written expression, exact where numbers are rational; nothing of it is ever run as code."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

from metahuman.state.errors import ToolError

#: Exact while it can be told as a fraction; a float once a root or a logarithm is no longer one.
Number = Fraction | float

#: Characters of an expression, and bits of a number in it: some 3,000 digits.
LONGEST, BITS = 1_000, 10_000
#: Digits that are told of a number which does not end.
DIGITS = 15
#: A fraction of smaller numbers than this is told as such, too.
_SMALL = 10_000
#: Decimal places that can be rounded to.
_MOST_PLACES = 100
#: Decimal places of a sine: what follows is the error of pi, and sin(pi) is 0.
_PLACES = 15
_TOKEN = re.compile(r"\s*(?:((?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,4})?)|([a-z]\w*)|(\*\*|//|[-+*/%(),]))", re.ASCII)
#: Signs that people and models write besides: of multiplication, division and subtraction.
_SIGNS = str.maketrans({"^": "**", "\u00d7": "*", "\u00b7": "*", "\u00f7": "/", "\u2212": "-", "\u2013": "-"})
#: Stands for "a hundredth": Python has no operator behind its operand, and `**` binds as tightly as one.
_PERCENT = "** percent"


def calculated(expression: str) -> Number:
    """Return what an expression comes to.

    Args:
        expression: Numbers, + - * / // % **, parentheses, the functions in `FUNCTIONS`, pi, e, tau, and percentages
            such as "15% of 80".

    Raises:
        ToolError: If it is none, too big, or has no result.
    """
    if len(expression) > LONGEST:
        raise ToolError(f"the expression is longer than {LONGEST} characters; work it out in parts")
    text = _python(expression)
    try:
        return _Reader(text).value(ast.parse(text, mode="eval").body)
    except (SyntaxError, RecursionError, MemoryError) as error:
        raise ToolError(f"{expression!r} is no sum that can be read; write for example (2 + 3) * 15% of 80") from error
    except ZeroDivisionError as error:
        raise ToolError("that divides by zero, which has no result") from error
    except OverflowError as error:
        raise ToolError(_TOO_BIG) from error
    except ValueError as error:
        raise ToolError("that has no result among real numbers: a root or logarithm of too small a number") from error


def told(value: Number) -> str:
    """Return a number as people write it: all its digits where they end, else "about" and the first of them."""
    if isinstance(value, float):
        return f"about {value:.{DIGITS}g}"
    if value.denominator == 1:
        return str(value.numerator)
    places = _places(value.denominator)
    if places is None or places > DIGITS:
        shown = f"about {_rounded(value)}"
        return f"{shown} ({value})" if max(abs(value.numerator), value.denominator) < _SMALL else shown
    digits = f"{abs(value.numerator) * 10**places // value.denominator:0{places + 1}}"
    return f"{'-' * (value < 0)}{digits[:-places]}.{digits[-places:]}"


def _rounded(value: Fraction) -> str:
    try:
        return f"{float(value):.{DIGITS}g}"
    except OverflowError:  # more than a float holds: the digits behind the point say nothing
        return str(round(value))


def _places(denominator: int) -> int | None:
    """Return how many decimal places a fraction has; None if they do not end."""
    twos, fives = 0, 0
    while denominator % 2 == 0:
        denominator, twos = denominator // 2, twos + 1
    while denominator % 5 == 0:
        denominator, fives = denominator // 5, fives + 1
    return max(twos, fives) if denominator == 1 else None


def _python(expression: str) -> str:
    """Return an expression as Python writes it, of nothing but numbers, known names and operators.

    Raises:
        ToolError: If anything else stands in it.
    """
    text = expression.translate(_SIGNS).strip().lower()
    found, at = list[str](), 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None or (match[2] and match[2] not in _KNOWN):
            unknown = match[2] if match else text[at:].split()[0][:20]
            raise ToolError(f"{unknown!r} is not understood in a sum; there are {', '.join(sorted(_KNOWN))}")
        found.append(match[1] or match[2] or match[3])
        at = match.end()
    return " ".join(_percent(found, place) for place in range(len(found)))


def _percent(tokens: list[str], place: int) -> str:
    """Return a token in Python's words; "%" is a percentage where nothing follows that it could divide by."""
    found, follows = tokens[place], tokens[place + 1] if place + 1 < len(tokens) else ""
    if found == "%":
        return "%" if re.match(r"[\w.(]", follows) and follows != "of" else _PERCENT
    return "*" if found == "of" else found


class _Reader:
    """Works out the tree of an expression.

    Args:
        text: The expression, for numbers as they are written: the tree has floats.
    """

    def __init__(self, text: str) -> None:
        self._text = text

    def value(self, node: ast.expr) -> Number:
        """Return what a part of the tree comes to."""
        if isinstance(node, ast.Constant):
            return _bounded(Fraction(self._text[node.col_offset : node.end_col_offset]))
        if isinstance(node, ast.Name) and node.id in CONSTANTS:
            return CONSTANTS[node.id]
        if isinstance(node, ast.UnaryOp):
            value = self.value(node.operand)
            return -value if isinstance(node.op, ast.USub) else value
        if isinstance(node, ast.BinOp):
            return self._operation(node)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in FUNCTIONS:
            return self._call(node.func.id, node.args)
        raise ToolError("that is no sum; leave out separators in numbers, and put a function's numbers in parentheses")

    def _operation(self, node: ast.BinOp) -> Number:
        left = self.value(node.left)
        if isinstance(node.right, ast.Name) and node.right.id == "percent":
            return left / 100
        return _bounded(_OPERATORS[type(node.op)](left, self.value(node.right)))

    def _call(self, name: str, arguments: list[ast.expr]) -> Number:
        function, fewest, most = FUNCTIONS[name]
        if not fewest <= len(arguments) <= most:
            wanted = str(fewest) if fewest == most else f"{fewest} or more"
            raise ToolError(f"{name} takes {wanted} numbers in parentheses, not {len(arguments)}")
        return _bounded(function(*map(self.value, arguments)))


def _bounded(value: Number) -> Number:
    if isinstance(value, float):
        if not math.isfinite(value):
            raise OverflowError
        return value
    if max(value.numerator.bit_length(), value.denominator.bit_length()) > BITS:
        raise OverflowError
    return value


def _power(base: Number, exponent: Number) -> Number:
    if isinstance(base, Fraction) and isinstance(exponent, Fraction) and exponent.denominator == 1:
        bits = max(base.numerator.bit_length(), base.denominator.bit_length())
        if bits > 1 and abs(exponent) * (bits - 1) > BITS:
            raise OverflowError
        return Fraction(base**exponent.numerator)
    if exponent == Fraction(1, 2):
        return _root(base)
    return math.pow(base, exponent)


def _root(value: Number) -> Number:
    """Return the square root, exact where it is a fraction."""
    if isinstance(value, Fraction) and value >= 0:
        above, below = math.isqrt(value.numerator), math.isqrt(value.denominator)
        if above**2 == value.numerator and below**2 == value.denominator:
            return Fraction(above, below)
    return math.sqrt(value)


def _round(value: Number, places: Number = Fraction(0)) -> Number:
    """Round as people do with money: a half goes away from zero."""
    if places != int(places) or not -_MOST_PLACES <= places <= _MOST_PLACES:
        raise ToolError(f"round takes whole decimal places, at most {_MOST_PLACES}")
    scale = Fraction(10) ** int(places)
    scaled = Fraction(value) * scale
    whole = math.floor(abs(scaled) + Fraction(1, 2))
    return Fraction(whole if scaled >= 0 else -whole) / scale


def _log(value: Number, base: Number | None = None) -> Number:
    if base is None:
        return math.log(value)
    found = math.log(value, base)
    exact, root = round(found), Fraction(base)  # log(1000, 10) is 3, and not a little less
    bits = max(root.numerator.bit_length(), root.denominator.bit_length())
    return Fraction(exact) if abs(exact) * bits <= BITS and Fraction(root**exact) == value else found


def _log_to(base: int) -> Callable[..., Number]:
    return lambda value: _log(value, Fraction(base))


def _wave(function: Callable[[float], float]) -> Callable[..., Number]:
    return lambda value: round(function(value), _PLACES)


def _total(*values: Number) -> Number:
    return sum(values, Fraction(0))


def _whole(function: Callable[[Number], int]) -> Callable[..., Number]:
    return lambda value: Fraction(function(value))


_MANY = 200
#: What each function does, and how many numbers it takes, from and to.
FUNCTIONS: Mapping[str, tuple[Callable[..., Number], int, int]] = {
    "abs": (abs, 1, 1),
    "acos": (math.acos, 1, 1),
    "asin": (math.asin, 1, 1),
    "atan": (math.atan, 1, 1),
    "average": (lambda *values: _total(*values) / len(values), 1, _MANY),
    "ceil": (_whole(math.ceil), 1, 1),
    "cos": (_wave(math.cos), 1, 1),
    "degrees": (math.degrees, 1, 1),
    "exp": (math.exp, 1, 1),
    "floor": (_whole(math.floor), 1, 1),
    "log": (_log, 1, 2),
    "log10": (_log_to(10), 1, 1),
    "log2": (_log_to(2), 1, 1),
    "max": (max, 1, _MANY),
    "min": (min, 1, _MANY),
    "radians": (math.radians, 1, 1),
    "round": (_round, 1, 2),
    "sin": (_wave(math.sin), 1, 1),
    "sqrt": (_root, 1, 1),
    "sum": (_total, 1, _MANY),
    "tan": (_wave(math.tan), 1, 1),
}
CONSTANTS: Mapping[str, float] = {"e": math.e, "pi": math.pi, "tau": math.tau}
_KNOWN = frozenset(FUNCTIONS) | frozenset(CONSTANTS) | {"of"}
_TOO_BIG = f"that is a number of more than {BITS * 3 // 10} digits, or beyond what can be worked out; take smaller ones"
_OPERATORS: Mapping[type[ast.operator], Callable[[Any, Any], Number]] = {
    ast.Add: lambda left, right: left + right,
    ast.Sub: lambda left, right: left - right,
    ast.Mult: lambda left, right: left * right,
    ast.Div: lambda left, right: left / right,
    ast.FloorDiv: lambda left, right: Fraction(left // right),
    ast.Mod: lambda left, right: left % right,
    ast.Pow: _power,
}
