"""The tools of tasks."""

from __future__ import annotations

from typing import Any

from metahuman.tools.tasks import create, delete, find, list_tasks, update
from metahuman.tools.tool import Tool

TOOLS: tuple[Tool[Any], ...] = (create.TOOL, list_tasks.TOOL, find.TOOL, update.TOOL, delete.TOOL)
