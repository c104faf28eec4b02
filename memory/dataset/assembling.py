"""A dataset to train on, chosen from all pairs of a home: `out/datasets/<name>/`."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from metahuman.memory.dataset.building import current
from metahuman.memory.dataset.card import card_of
from metahuman.memory.dataset.choosing import Chosen, chosen
from metahuman.memory.dataset.known import Known
from metahuman.memory.dataset.lineage import Look, broken_off
from metahuman.memory.dataset.places import curated_folder, datasets_folder, writing
from metahuman.memory.dataset.reading import pairs_of
from metahuman.memory.dataset.rows import TWIN, line_of
from metahuman.memory.dataset.settings import NAME, BuilderSettings, load_settings
from metahuman.memory.dataset.tainting import CARD, FILES
from metahuman.state.curating import Pair, reason_kind
from metahuman.state.errors import BadChoice
from metahuman.state.files import as_json, write_atomic
from metahuman.state.moments import iso

NONE_YET = "there are no curated memories yet; `metahuman curate` makes them"
#: Why rows are left out that count nothing by the settings.
TWINS, OWNS = "a model answered, and its words are not the owner's", "the owner's own words are not learned from"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,80}")


@dataclass(frozen=True)
class Wanted:
    """What a dataset is to be; None leaves it to `etc/adapter-builder.json`.

    Args:
        name: Its name; by default the day on which the latest of its memories was curated.
        half_life: Days after which a memory weighs half.
        limit: The most pairs.
        since: The earliest moment of a memory.
    """

    name: str | None = None
    half_life: float | None = None
    limit: int | None = None
    since: datetime | None = None


class Dataset(NamedTuple):
    """A dataset that was built, or would be.

    Args:
        folder: Where it is.
        files: What its files hold, the card's too.
        card: The card.
    """

    folder: Path
    files: dict[str, bytes]
    card: dict[str, Any]


def assembled(root: Path, wanted: Wanted, look: Look, *, write: bool = True) -> Dataset:
    """Choose a dataset and write it, in the place of one of the same name.

    The card is written last: a dataset whose writing was interrupted does not fit its card.

    Args:
        root: The home.
        wanted: What it is to be.
        look: Returns what a memory is now.
        write: Whether it is written; the pairs are brought up to the curated memories in any case.

    Raises:
        BadChoice: If nothing could be in it, or it cannot have that name.
        SettingError: If `etc/adapter-builder.json` is wrong.
        StoreError: If something cannot be read or written.
    """
    if not curated_folder(root).is_dir():
        raise BadChoice(NONE_YET)
    with writing(root):
        dataset = _chosen(root, wanted, look)
        for name, data in dataset.files.items() if write else ():
            path = dataset.folder / name
            if not path.exists() or path.read_bytes() != data:
                write_atomic(path, data)
    return dataset


def _chosen(root: Path, wanted: Wanted, look: Look) -> Dataset:
    settings, (known, rows) = load_settings(root), pairs_of(root)
    since = iso(wanted.since) if wanted.since else None
    fitting = [row for row in rows if not since or row["metadata"]["timestamp"] >= since]
    lost = [_lost(row, look, settings) for row in fitting]
    kept = [row for row, why in zip(fitting, lost, strict=True) if not why]
    half_life, limit = wanted.half_life or settings.half_life_days, wanted.limit or settings.limit
    worth = partial(_worth, settings=settings)
    found = chosen(kept, half_life=half_life, limit=limit, worth=worth)
    if not found.rows:
        raise BadChoice(_nothing(known, rows, lost))
    name = named(wanted.name or f"persona-{max(one.row['metadata']['curatedAt'] for one in found.rows)[:10]}")
    counts = {"curated": len(current(known)), "pairs": len(rows), "chosen": len(found.rows)}
    left_out = _left_out(known, lost, found, len(rows) - len(fitting))
    passages = counted_passages(known)
    asked = {"halfLifeDays": half_life, "limit": limit, "since": since}
    contents = {file: _content(found, side) for side, file in FILES.items()}
    card = card_of(name, settings, asked, found, contents, counts | {"leftOut": left_out, "passagesLeftOut": passages})
    return Dataset(datasets_folder(root) / name, contents | {CARD: as_json(card)}, card)


def _lost(row: Pair, look: Look, settings: BuilderSettings) -> str:
    """Return why a row may not be in a dataset; "" where it may."""
    if _worth(row, settings):
        return broken_off(row, look)
    about = row["metadata"]
    if about.get("words") == TWIN and not settings.twin_words:
        return TWINS
    return OWNS if not settings.own_words else f"memories of type {about.get('type')} are not learned from"


def _worth(row: Pair, settings: BuilderSettings) -> float:
    return settings.worth(row["metadata"])


def named(name: str) -> str:
    """Return a dataset's name.

    Raises:
        BadChoice: If no folder can be called so.
    """
    if not _NAME.fullmatch(name):
        raise BadChoice(f"no dataset can be called {name!r}: use letters, digits, - _ .")
    return name


def counted(known: Known) -> dict[str, int]:
    """Return for how many curated memories there is no pair, by reason; one may have several."""
    entries = [known.files[name] for name in current(known).values()]
    return _ranked(reason_kind(reason) for one in entries if not one.pairs for reason in one.reasons)


def counted_passages(known: Known) -> dict[str, int]:
    """Return how many passages are left out of texts that give pairs, by reason."""
    entries = [known.files[name] for name in current(known).values()]
    return _ranked(reason_kind(reason) for one in entries for reason in one.left)


def _ranked(reasons: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(reasons).items(), key=lambda item: (-item[1], item[0])))


def _left_out(known: Known, lost: Sequence[str], found: Chosen, earlier: int) -> dict[str, int]:
    """Return how many curated memories, or rows of some, are not in the dataset, by reason."""
    others = {
        "it is from before --since": earlier,
        "another says nearly the same": found.doubles,
        "there are more than asked for": found.over,
        **Counter(sorted(why for why in lost if why)),
    }
    return counted(known) | {why: count for why, count in others.items() if count}


def _content(found: Chosen, side: str) -> bytes:
    lines = []
    for row, _, weight in found.rows:
        if row["metadata"]["split"] == side:
            about = row["metadata"] | {"weight": float(f"{weight:.6g}")}
            lines.append(line_of({"messages": row["messages"], "metadata": about}))
    return b"".join(lines)


def _nothing(known: Known, rows: list[Pair], lost: Sequence[str]) -> str:
    if not known.files:
        return NONE_YET
    if not rows:
        return "no curated memory gives a pair; `metahuman dataset review` shows why"
    if TWINS in lost and not set(lost) - {TWINS}:
        return (
            "a model gave all the answers there are, and none is in your own words: import a diary, keep or edit some"
            f" with `metahuman dataset review`, or set twinWords in etc/{NAME}"
        )
    return "no pair is left: `metahuman dataset check` names what is gone or was edited; or is --since too late?"
