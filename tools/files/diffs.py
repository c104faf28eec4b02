"""What differs between two texts, as a person and a model read it: a unified diff, bounded."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from itertools import takewhile

from metahuman.tools.files.texts import lines_of

#: Lines that are compared with each other: what it takes grows with their square.
MOST_LINES = 1_000
#: Characters of a line that are shown.
WIDEST = 300
#: Lines around a difference.
AROUND = 3
_HUNK = re.compile(r"@@ -(\d+)(,\d+)? \+(\d+)(,\d+)? @@")


def difference(name: str, before: str | None, after: str | None, room: int) -> str:
    """Return a unified diff of two texts.

    Args:
        name: What is compared.
        before: The text as it was; None if there was none.
        after: The text as it will be; None if there will be none.
        room: Characters that it may have; what is longer is cut, and says so.
    """
    head = [f"--- {name if before is not None else '/dev/null'}", f"+++ {name if after is not None else '/dev/null'}"]
    body = list(_body(lines_of(before or ""), lines_of(after or "")))
    if not body:
        return f"{name}: only line ends differ" if before != after else f"{name}: nothing differs"
    return _cut([*head, *body], room)


def _body(before: Sequence[str], after: Sequence[str]) -> Iterator[str]:
    """Yield the diff of two texts, of which only what lies between their first and last difference is compared."""
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(before, after, strict=False)))
    rest = min(len(before), len(after)) - same
    ends = zip(before[::-1][:rest], after[::-1][:rest], strict=True)
    tail = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], ends))
    first, last = max(0, same - AROUND), max(0, tail - AROUND)
    old, new = before[first : len(before) - last], after[first : len(after) - last]
    if max(len(old), len(new)) <= MOST_LINES:
        hunks = list(difflib.unified_diff(old, new, n=AROUND, lineterm=""))[2:]
        yield from (_moved(line, first) for line in hunks)
    else:
        yield f"@@ -{first + 1},{len(old)} +{first + 1},{len(new)} @@ too long to be compared line by line"
        yield from (f"-{line}" for line in old)
        yield from (f"+{line}" for line in new)


def _moved(line: str, first: int) -> str:
    """Return a line of a diff whose texts began so many lines before those compared."""
    if not (found := _HUNK.fullmatch(line)):
        return line
    old, new = int(found[1]) + first, int(found[3]) + first
    return f"@@ -{old}{found[2] or ''} +{new}{found[4] or ''} @@"


def _cut(lines: Sequence[str], room: int) -> str:
    shown, used = list[str](), 0
    for line in lines:
        narrow = line if len(line) <= WIDEST else f"{line[:WIDEST]}… ({len(line):,} characters)"
        used += len(narrow) + 1
        if used > room:
            return "\n".join([*shown, f"[cut here: {len(lines) - len(shown):,} more lines differ or stand around]"])
        shown.append(narrow)
    return "\n".join(shown)
