"""`fs_search`: files by name, and lines by what stands in them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from pydantic import Field

from metahuman.state.acting import Output
from metahuman.state.errors import ToolError
from metahuman.tools.desk import Desk
from metahuman.tools.files.opening import folder, one_line, read_at, tool_errors
from metahuman.tools.files.pages import AROUND, page_of
from metahuman.tools.files.places import like, passed_over, place_of, size_of
from metahuman.tools.files.stopping import in_thread
from metahuman.tools.files.texts import lines_of, text_of
from metahuman.tools.files.walking import Budget, Found, walk
from metahuman.tools.tool import Arguments, Tool, Touch

#: Characters of a line that are shown before what was sought, and in all.
BEFORE, WIDEST = 60, 240


class Search(Arguments):
    """Search a folder and all below it: files by name, or lines of text files by the words in them, or both."""

    path: str = Field("", description="The folder; empty for the one that relative paths are in.")
    name: str = Field("", description='Only files with names like this, such as "*.md"; with "/", paths like this.')
    text: str = Field("", description="Only lines in which this stands, word for word; capitals do not matter.")
    whole_word: bool = Field(default=False, description="Only where the text stands as words of its own.")
    hidden: bool = Field(default=False, description='Also what begins with ".".')
    start: int = Field(1, ge=1, description="The first hit wanted, counted from 1.")
    limit: int = Field(100, ge=1, description="Hits at most.")


@dataclass
class Looking:
    """A search under way.

    Args:
        wanted: What is sought in lines; None where names are enough.
        named: Tells whether a place is one of those wanted.
        largest: Bytes of a file beyond which it is left out.
        budget: What the search may cost.
        large: Files that were left out, being too large.
        closed: Files that could not be read.
    """

    wanted: re.Pattern[str] | None
    named: Callable[[str], bool]
    largest: int
    budget: Budget = field(default_factory=Budget)
    large: int = 0
    closed: int = 0

    def hits(self, found: Found) -> Iterator[str]:
        """Yield a line for each hit in a file or folder that was come by."""
        if not self.named(found.place):
            return
        if self.wanted is None:
            yield one_line(found.place) + ("/" if found.is_folder else "")
        elif found.is_file:
            yield from self._in_file(found, self.wanted)

    def _in_file(self, found: Found, wanted: re.Pattern[str]) -> Iterator[str]:
        for number, line in enumerate(lines_of(self._text(found, wanted)), start=1):
            if hit := wanted.search(line):
                yield f"{one_line(found.place)}:{number}: {_excerpt(line, hit.start())}"

    def _text(self, found: Found, wanted: re.Pattern[str]) -> str:
        """Return the text of a file in which what is sought stands somewhere; else nothing."""
        try:
            size = found.entry.stat(follow_symlinks=False).st_size
            if size > self.largest:
                self.large += 1
            elif self.budget.read(size):
                text = text_of(read_at(found.held, found.entry.name, self.largest).data, Path(found.place)).text
                return text if wanted.search(text) else ""
        except OSError:
            self.closed += 1
        except ToolError:  # no text
            pass
        return ""


async def run(arguments: Search, desk: Desk) -> Output:
    """Search a folder."""
    if not (arguments.name or arguments.text):
        raise ToolError("nothing is sought: give name, or text, or both")
    if "\n" in arguments.text:
        raise ToolError("text is sought within lines: give one line of it")
    path = place_of(arguments.path, desk)
    return Output(await in_thread(lambda: _search(path, arguments, desk)), (str(path),))


def _search(path: Path, arguments: Search, desk: Desk) -> str:
    looking = Looking(_wanted(arguments), _named(arguments.name), desk.limits.file)
    passed = passed_over(path, desk, hidden=arguments.hidden, secrets=not arguments.text)
    with tool_errors(path), folder(path) as held:
        found = (hit for one in walk(held, looking.budget, passed) for hit in looking.hits(one))
        hits = list(islice(found, arguments.start - 1, arguments.start + arguments.limit))
    page = page_of(hits[: arguments.limit], 0, desk.limits.output - AROUND - len(str(path)))
    after = arguments.start + page.shown
    head = f"{one_line(path)}: {_hits(arguments.start, page.shown)}"
    on = f"[cut here: read on with start={after}]" if len(hits) > page.shown else ""
    return "\n".join(filter(None, [head, page.text, on, *_left_out(looking)]))


def _wanted(arguments: Search) -> re.Pattern[str] | None:
    """Return what is sought in lines: words taken literally, which cost no more than their length."""
    if not arguments.text:
        return None
    literal = re.escape(arguments.text)
    return re.compile(rf"(?<!\w){literal}(?!\w)" if arguments.whole_word else literal, re.IGNORECASE)


def _named(glob: str) -> Callable[[str], bool]:
    alike = like(glob)
    return alike if "/" in glob else lambda place: alike(place.rpartition("/")[2])


def _excerpt(line: str, at: int) -> str:
    """Return a line around what was found in it."""
    first = max(0, at - BEFORE) if len(line) > WIDEST else 0
    part = line[first : first + WIDEST]
    return f"{'…' if first else ''}{part.strip()}{'…' if first + WIDEST < len(line) else ''}"


def _hits(start: int, count: int) -> str:
    if not count:
        return "no hits" if start == 1 else f"no hits from {start:,} on"
    return "1 hit" if start == count == 1 else f"hits {start:,} to {start + count - 1:,}"


def _left_out(looking: Looking) -> Iterator[str]:
    """Yield what was not looked at, and why."""
    if looking.budget.over:
        yield f"[stopped after {looking.budget.over}: search a smaller folder]"
    if looking.large:
        yield f"[left out: files of more than {size_of(looking.largest)}: {looking.large:,}]"
    if closed := looking.closed + looking.budget.closed:
        yield f"[left out: files and folders that could not be read, or lie too deep: {closed:,}]"


TOOL = Tool(
    "fs_search",
    Search,
    run,
    risk="low",
    effect="read",
    touches=lambda arguments: (Touch(arguments.path, "read"),),
)
