"""The routing examples in tokens, in the batches that they are trained in."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from langchain_core.messages import convert_to_openai_messages

from metahuman.nodes.orchestrator import routing_prompt
from metahuman.routing.examples import Example
from metahuman.state.parts import Destination
from metahuman.state.prompting import shorten
from scripts.intent_examples import answer_to

if TYPE_CHECKING:
    import torch

#: Characters of a message that are trained on: what is wanted stands at its beginning, or at its end.
CLIP = 450
#: The most tokens of an example, behind what all prompts share; longer ones are left out.
LONGEST = 200
#: How much a token of the answer counts: the destinations and what ends them, and the rest.
DECIDES, REST = 1.0, 0.1


@dataclass
class Row:
    """An example in tokens.

    Args:
        ids: Its tokens from the end of the shared prefix on, without the last.
        targets: The tokens of the answer, which the last ones of `ids` are to foretell.
        weights: How much each counts.
        label: Where it goes first.
        hidden: What the lower layers make of `ids`.
    """

    ids: list[int]
    targets: list[int]
    weights: list[float]
    label: Destination
    hidden: torch.Tensor | None = None


@dataclass
class Group:
    """Rows whose prompts begin alike: with that beginning's tokens, and what the lower layers make of it."""

    prefix: list[int]
    rows: list[Row]
    hidden: torch.Tensor | None = None


class Coder:
    """Turns examples into tokens.

    Args:
        tokenizer: The base's.
    """

    def __init__(self, tokenizer: Any) -> None:
        self.tokenizer = tokenizer

    def tokens(self, text: str) -> list[int]:
        """Return the tokens of `text`."""
        return list(self.tokenizer(text, add_special_tokens=False).input_ids)

    def prompt(self, example: Example) -> list[int]:
        """Return the tokens of the prompt that the model would be given."""
        clipped = replace(example.situation, message=shorten(example.situation.message, CLIP))
        messages = convert_to_openai_messages(routing_prompt(clipped))
        return self.tokens(self.tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True))

    def answer(self, example: Example) -> tuple[list[int], list[float]]:
        """Return the tokens of the answer with its end, and how much each counts."""
        answer, spans, start = answer_to(example), [], 0
        coded = self.tokenizer(answer, add_special_tokens=False, return_offsets_mapping=True)
        for task in example.tasks:
            named = f'"destination":"{task["destination"]}'
            start = answer.index(named, start) + len(named)
            spans.append((start - len(task["destination"]), start))
        # The token after a destination decides too: whether it is the only one.
        weights = [DECIDES if any(begin <= a <= end for begin, end in spans) else REST for a, _ in coded.offset_mapping]
        return [*coded.input_ids, self.tokenizer.eos_token_id], [*weights, REST]

    def groups(self, examples: Sequence[Example]) -> list[Group]:
        """Return the examples in tokens: those that begin a conversation, and those that go on with one."""
        parts: dict[bool, list[tuple[Example, list[int]]]] = {}
        for example in examples:
            parts.setdefault(bool(example.situation.lines()), []).append((example, self.prompt(example)))
        return [self._group(part) for part in parts.values()]

    def _group(self, part: list[tuple[Example, list[int]]]) -> Group:
        prefix = shared([ids for _, ids in part])
        rows = []
        for example, ids in part:
            answer, weights = self.answer(example)
            rows.append(Row([*ids[len(prefix) :], *answer[:-1]], answer, weights, example.label))
        return Group(prefix, [row for row in rows if len(row.ids) <= LONGEST])


def shared(prompts: Sequence[Sequence[int]]) -> list[int]:
    """Return the tokens that all prompts begin with."""
    first, last = min(prompts), max(prompts)  # in between, none differs sooner
    same = next((at for at, (one, other) in enumerate(zip(first, last, strict=False)) if one != other), len(first))
    return list(first[:same])


def batches(rows: Sequence[Row], size: int) -> Iterator[list[Row]]:
    """Yield rows of about one length together, so that little is padded."""
    ordered = sorted(rows, key=lambda row: len(row.ids) + random.random())  # noqa: S311 - nothing is kept secret by it
    yield from (ordered[start : start + size] for start in range(0, len(ordered), size))


def drawn(groups: Sequence[Group], most: int, size: int) -> list[tuple[Group, list[Row]]]:
    """Return the batches of an epoch in a random order, with at most so many rows of each label, others each time."""
    rows = [(number, row) for number, group in enumerate(groups) for row in group.rows]
    random.shuffle(rows)
    taken, count = [list[Row]() for _ in groups], Counter[Destination]()
    for number, row in rows:
        count[row.label] += 1
        if count[row.label] <= most:
            taken[number].append(row)
    found = [(group, part) for group, kept in zip(groups, taken, strict=True) for part in batches(kept, size)]
    random.shuffle(found)
    return found
