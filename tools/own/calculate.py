"""`calculate`: sums, exactly."""

from __future__ import annotations

import asyncio

from pydantic import Field

from metahuman.state.acting import Output
from metahuman.tools.desk import Desk
from metahuman.tools.own.arithmetic import LONGEST, calculated, told
from metahuman.tools.own.paging import cut
from metahuman.tools.tool import Arguments, Tool


class Calculate(Arguments):
    """Work out a sum exactly. Use it for every calculation, also for small ones.

    Understood are + - * / // % ** and parentheses; sqrt, log, log10, log2, exp, sin, cos, tan, round, floor, ceil, abs,
    min, max, sum, average; pi and e; percentages as in "15% of 80". Numbers have a point and no thousands separators.
    """

    expression: str = Field(
        description='The sum, such as "3 * 19.99 + 15% of 80" or "round(100 / 7, 2)".', max_length=LONGEST
    )


async def run(arguments: Calculate, desk: Desk) -> Output:
    """Return the sum and what it comes to."""
    value = await asyncio.to_thread(calculated, arguments.expression)
    text = f"{' '.join(arguments.expression.split())} = {told(value)}"
    return Output(cut(text, desk.limits.output), trusted=True)


TOOL = Tool("calculate", Calculate, run, seconds=5)
