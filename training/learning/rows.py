"""The rows of a dataset as tokens: what was said before, and what the persona answered."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from metahuman.state.errors import SettingError, StoreError
from metahuman.state.files import digest_of, store_errors, whole
from metahuman.training.job import Source, TrainingSettings
from metahuman.training.learning.templates import Message, Template

TRAIN, HELD_OUT = "train.jsonl", "held-out.jsonl"
ROLES = ("system", "user", "assistant")
REBUILD = "build it anew with `metahuman dataset build`, and train on that"


@dataclass(frozen=True, eq=False)
class Row:
    """A pair as tokens.

    Args:
        prompt: What stands before the answer.
        answer: The persona's words, and the token that ends its turn: what is learned.
        weight: How much it counts, beside the others of its file.
        talk: The conversation it is from.
        cut: Whether it was too long as a whole.
    """

    prompt: list[int]
    answer: list[int]
    weight: float = 1.0
    talk: str = ""
    cut: bool = False

    @property
    def length(self) -> int:
        """Its tokens."""
        return len(self.prompt) + len(self.answer)


def verify(dataset: Source, folder: Path) -> None:
    """See that a dataset is the one that the job was made for.

    Args:
        dataset: What the job says of it.
        folder: The run's folder, from which a relative path starts.

    Raises:
        StoreError: If a file is gone, or was changed.
    """
    for name, about in dataset.files.items():
        path = folder / dataset.folder / name
        if digest_of(path, REBUILD) != about.get("sha256"):
            raise StoreError(path, "it is not what this run was begun with: a memory was forgotten, or edited", REBUILD)


def rows_of(path: Path, tokenizer: Any, settings: TrainingSettings) -> list[Row]:
    """Return the rows of a file.

    Args:
        path: A JSONL file: `messages`, the last of which is the persona's, and `metadata`.
        tokenizer: The base's.
        settings: How long a row may be, and how little it may count.

    Raises:
        SettingError: If a line is no row; the error names it.
        StoreError: If the file cannot be read.
    """
    template = Template(tokenizer)
    with store_errors(path, REBUILD):
        lines = path.read_bytes().splitlines() if path.exists() else []
    read = {number: _read(path, number, line) for number, line in enumerate(lines, start=1) if line.strip()}
    heaviest = max((weight for _, _, weight in read.values()), default=1.0) or 1.0
    rows = []
    for number, (messages, talk, weight) in read.items():
        try:
            prompt, answer = template.prompt(messages[:-1]), template.answer(messages[-1]["content"])
        except ValueError as error:
            raise SettingError(path, f"line {number}", str(error), "leave that memory out, or edit it") from error
        rows.append(_fitted(prompt, answer, max(settings.least_weight, weight / heaviest), talk, settings.max_tokens))
    return rows


def evened(rows: Sequence[Row]) -> dict[Row, float]:
    """Return how much each row counts, so that they count 1 on average."""
    mean = sum(row.weight for row in rows) / max(1, len(rows))
    return {row: row.weight / mean for row in rows}


def tokens_of(rows: Iterable[Row]) -> int:
    """Return how many tokens rows have together."""
    return sum(row.length for row in rows)


def _read(path: Path, number: int, line: bytes) -> tuple[list[Message], str, float]:
    try:
        row = whole(json.loads(line))
        messages, about = row["messages"], row.get("metadata") or {}
        fits = len(messages) > 1 and messages[-1]["role"] == "assistant"
        fits = fits and all(one["role"] in ROLES and isinstance(one["content"], str) for one in messages)
        weight, talk = (
            float(about.get("weight", 1)),
            str(about.get("conversationId") or about.get("sourceId") or number),
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        fits = False
    if not fits or not 0 <= weight < float("inf"):
        raise SettingError(path, f"line {number}", "it is no row to train on", REBUILD)
    return cast("list[Message]", messages), talk, weight


def _fitted(prompt: list[int], answer: list[int], weight: float, talk: str, most: int) -> Row:
    """Return a row that is not too long: of what was said the end is kept, of the answer the beginning."""
    kept = answer[: most - min(len(prompt), most // 2)]
    left = most - len(kept)
    cut = len(kept) < len(answer) or left < len(prompt)
    return Row(prompt[-left:], kept, weight, talk, cut)
