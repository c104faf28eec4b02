"""The tools that reach beyond the home: the web, and programs of the machine."""

from __future__ import annotations

from typing import Any

from metahuman.tools.tool import Tool
from metahuman.tools.world import http_get, run_command

TOOLS: tuple[Tool[Any], ...] = (http_get.TOOL, run_command.TOOL)
