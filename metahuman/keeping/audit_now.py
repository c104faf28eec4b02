"""The audit log as it is at one moment: its days, and the head of its chain, which must fit each other."""

from __future__ import annotations

from pathlib import Path

from metahuman.audit.head import at_rest, head_path
from metahuman.home import Home
from metahuman.keeping.contents import Source, sources_in
from metahuman.state.files import store_errors

#: Where the log is in a home.
FOLDER = "logs/audit"


def audit_now(home: Home, stage: Path) -> list[Source]:
    """Return the log's files, each with the size that it has now: what is written from here on is not in it.

    Args:
        home: The home.
        stage: Where a copy of the head may lie.

    Raises:
        StoreError: If it cannot be read.
    """
    head = head_path(home.audit)
    with at_rest(head) as data:
        now = [source._replace(size=_size(source.path)) for source in sources_in(home.root, FOLDER)]
    if data is None:
        return now
    copy = stage / head.name
    with store_errors(copy):
        copy.write_bytes(data)
    return [*now, Source(f"logs/{head.name}", copy)]


def _size(path: Path) -> int:
    with store_errors(path):
        return path.stat().st_size
