"""Names that a shell completes: read from the home's files as they are, without what would take long to import."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from metahuman.home import Home, find_home
from metahuman.state.errors import MetaHumanError
from metahuman.state.files import read_json

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

#: Names that are offered at most, and seconds that a database which is being written is waited for.
MOST, PATIENCE = 200, 0.1
Completer = Callable[[click.Context, click.Parameter, str], "list[CompletionItem]"]


def _of_home(find: Callable[[Home], Iterable[str]]) -> Completer:
    """Return what completes with the names that `find` finds. Whatever cannot be read completes nothing."""

    def complete(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem

        with contextlib.suppress(MetaHumanError, OSError):
            home = find_home(ctx.find_root().params.get("home"))
            fitting = (name for name in find(home) if name.startswith(incomplete) and name.isprintable())
            return [CompletionItem(name) for name in list(fitting)[:MOST]]
        return []

    return complete


def _threads(home: Home) -> list[str]:
    if not home.checkpoints.exists():
        return []
    import sqlite3

    uri = f"{home.checkpoints.as_uri()}?mode=ro"
    with (
        contextlib.suppress(sqlite3.Error),
        contextlib.closing(sqlite3.connect(uri, uri=True, timeout=PATIENCE)) as database,
    ):
        return [name for (name,) in database.execute("SELECT DISTINCT thread_id FROM checkpoints ORDER BY 1")]
    return []


def _models(home: Home) -> list[str]:
    models = read_json(home.registry).get("models")
    return sorted(models) if isinstance(models, dict) else []


def _folders(above: Path, pattern: str) -> list[str]:
    return sorted(path.name for path in above.glob(pattern) if path.is_dir() and not path.name.startswith("."))


thread_names = _of_home(_threads)
model_ids = _of_home(_models)
dataset_names = _of_home(lambda home: _folders(home.root / "out" / "datasets", "*"))
run_names = _of_home(lambda home: reversed(_folders(home.root / "out" / "adapters", "*/*")))
