"""The tools for files."""

from __future__ import annotations

from typing import Any

from metahuman.tools.files import fs_delete, fs_edit, fs_list, fs_read, fs_save, fs_search, fs_write
from metahuman.tools.tool import Tool

TOOLS: tuple[Tool[Any], ...] = (
    fs_list.TOOL,
    fs_read.TOOL,
    fs_search.TOOL,
    fs_write.TOOL,
    fs_save.TOOL,
    fs_edit.TOOL,
    fs_delete.TOOL,
)
