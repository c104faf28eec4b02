"""`code_generate`: has the coder write code, which is shown and not run."""

from __future__ import annotations

from pydantic import Field

from metahuman.state.acting import Output
from metahuman.state.errors import ToolError
from metahuman.tools.desk import Desk
from metahuman.tools.own.asking import answer
from metahuman.tools.own.paging import cut
from metahuman.tools.tool import Arguments, Tool


class CodeGenerate(Arguments):
    """Have the coder model write code. The code comes back as it was written; it is neither saved nor run."""

    task: str = Field(max_length=4_000, description="What the code is to do, with all that matters: inputs, outputs.")
    language: str | None = Field(None, max_length=40, description='The language, such as "Python".')
    material: str = Field("", max_length=20_000, description="Code or data that it has to fit, word for word.")


async def run(arguments: CodeGenerate, desk: Desk) -> Output:
    """Return what the coder wrote."""
    if not arguments.task.strip():
        raise ToolError("which code? say in `task` what it is to do")
    wanted = f"The language: {arguments.language}\n{arguments.task}" if arguments.language else arguments.task
    code = await answer(desk, "coder", wanted, arguments.material)
    return Output(cut(code, desk.limits.output, "ask for it in parts"))


TOOL = Tool("code_generate", CodeGenerate, run, seconds=300)
