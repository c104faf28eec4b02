"""A home as it is when a day begins: memories, what was curated of them, a dataset, a voice, and who the models are."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from typing import Any

from metahuman.api import MetaHuman
from metahuman.curating import curate
from metahuman.home import Home, init
from metahuman.memory.store.file_keeper import files_of
from metahuman.state.errors import BadChoice
from tests.curation_kills import some
from tests.homes import write_registry
from tests.voices import a_run

#: Memories that are curated when the day begins, and those that are not.
CURATED, FRESH = 12, 6
VOICE = "2026-05-17-120000-aaaaaa"


def furnish(root: Path, registry: dict[str, Any]) -> None:
    """Make the home that days begin with.

    Args:
        root: Where.
        registry: Its models.json.
    """
    home = Home(root)
    init(home, "Ada", "She keeps bees.")
    write_registry(root, registry)
    _remember(root, 0, CURATED)
    asyncio.run(curate(home, limit=0, without_model=True))
    with MetaHuman(home) as twin:
        twin.digest(without_model=True)
        try:
            twin.build_dataset("spring")
        except BadChoice as error:
            raise AssertionError("the home of the harness gives no dataset") from error
    a_run(home, VOICE)
    shutil.rmtree(root / "out" / "datasets" / "one")  # it has no card, as a dataset that was cut short
    (root / "files").mkdir(exist_ok=True)
    (root / "files" / "shopping.txt").write_text("milk, eggs\n")
    _remember(root, CURATED, FRESH)


def copied(template: Path, root: Path) -> Path:
    """Copy it to where a day can be spoilt; return that."""
    shutil.copytree(template, root, symlinks=True)
    return root


def _remember(root: Path, first: int, count: int) -> None:
    keeper = files_of(root)
    keeper.save_all(some(first, count))
    keeper.close()
