"""The tools that need nothing but this program."""

from __future__ import annotations

from typing import Any

from metahuman.tools.own import calculate, code_generate, date, memory_save, memory_search, summarize_file
from metahuman.tools.tool import Tool

TOOLS: tuple[Tool[Any], ...] = (
    memory_search.TOOL,
    memory_save.TOOL,
    calculate.TOOL,
    date.TOOL,
    summarize_file.TOOL,
    code_generate.TOOL,
)
