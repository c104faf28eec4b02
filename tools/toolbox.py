"""The operator's tools by name, those of other programs too, once they have been asked for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from difflib import get_close_matches
from typing import Any

from metahuman.state.errors import ToolError
from metahuman.tools.tool import Tool

#: Brings tools that only another program knows, such as a server's; asked each time, so it remembers by itself.
Source = Callable[[], Awaitable[Sequence[Tool[Any]]]]


class Toolbox:
    """The tools there are.

    Args:
        tools: This program's own.
        sources: Bring those of other programs; one that has the name of an own tool is left out.

    Raises:
        ValueError: If two own tools have one name.
    """

    def __init__(self, tools: Iterable[Tool[Any]], sources: Sequence[Source] = ()) -> None:
        self._own: dict[str, Tool[Any]] = {}
        for tool in tools:
            if tool.name in self._own:
                raise ValueError(f"two tools are called {tool.name}")
            self._own[tool.name] = tool
        self._sources, self._others = tuple(sources), dict[str, Tool[Any]]()

    async def load(self) -> None:
        """Ask the sources for their tools, so that the other methods know them."""
        found = [tool for source in self._sources for tool in await source()]
        self._others = {tool.name: tool for tool in found if tool.name not in self._own}

    def all(self) -> list[Tool[Any]]:
        """Return every tool that is known, own ones first."""
        return [*self._own.values(), *self._others.values()]

    def get(self, name: str) -> Tool[Any]:
        """Return the tool of that name.

        Raises:
            ToolError: If there is none; the error names what there is.
        """
        tool = self._own.get(name) or self._others.get(name)
        if tool is None:
            raise ToolError(f"there is no tool {name[:64]!r}; {self._instead(name)}")
        return tool

    def _instead(self, name: str) -> str:
        names = [tool.name for tool in self.all()]
        near = get_close_matches(name[:64], names, n=3)
        return f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(names) or 'none'}"
