"""Answers with a voice and without it, shown blind, and what was said of them: `evaluation/ab.json` of a run.

Which of two answers is shown first is drawn from the seed for each pair; the file holds what was chosen, not where it
stood, so that it says the same whatever becomes of the seed.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, get_args

from pydantic import Field, StrictInt, StrictStr, model_validator

from metahuman.state.errors import BadChoice
from metahuman.state.files import read_json, update_json
from metahuman.state.moments import iso
from metahuman.state.services import Audit, Clock
from metahuman.state.voice_events import voice_vote
from metahuman.state.written import Written, read_as

FILE = "ab.json"
#: With the voice's adapter, and without it.
Side = Literal["voice", "base"]
#: Who votes. Their votes are counted apart.
Voter = Literal["person", "judge"]
#: What can be said of two answers as they are shown.
Choice = Literal["1", "2", "tie", "neither", "skip"]
Chosen = Literal["voice", "base", "tie", "neither", "skip"]
_REMEDY = "mend it, or move it away and let the answers be made anew"


class Pair(Written):
    """One prompt and both answers to it.

    Args:
        id: A digest of the prompt.
        prompt: What was asked.
        origin: Where the prompt is from: "held-out", "neutral" or a file's name.
        voice: The answer with the adapter.
        base: The answer without it.
    """

    id: Annotated[StrictStr, Field(min_length=1)]
    prompt: StrictStr
    origin: StrictStr
    voice: StrictStr
    base: StrictStr

    @property
    def alike(self) -> bool:
        """Whether there is nothing to choose between."""
        return self.voice.split() == self.base.split()


class Vote(Written):
    """What somebody said of a pair.

    Args:
        pair: The pair's id.
        by: Who.
        chose: Which answer is better. "neither" is a tie of two bad ones; "skip" counts for nothing.
        at: When.
    """

    pair: StrictStr
    by: Voter
    chose: Chosen
    at: StrictStr


class Sheet(Written):
    """What the file holds.

    Args:
        run: The run's name.
        adapter: The digest (SHA-256) of the adapter that answered.
        model_id: The registry's entry that answered, with and without it.
        seed: Of the order in which answers are shown.
        created_at: When the first answers were made.
        pairs: The answers.
        votes: What was said of them.
    """

    run: StrictStr
    adapter: StrictStr
    model_id: StrictStr
    seed: StrictInt
    created_at: StrictStr
    pairs: list[Pair] = Field(default_factory=list)
    votes: list[Vote] = Field(default_factory=list)

    @model_validator(mode="after")
    def _named_once(self) -> Sheet:
        ids = [pair.id for pair in self.pairs]
        if len(set(ids)) < len(ids):
            raise ValueError("pairs: two have the same id")
        said = [(vote.pair, vote.by) for vote in self.votes]
        if len(set(said)) < len(said):
            raise ValueError("votes: one voter has voted twice on a pair")
        if unknown := sorted({vote.pair for vote in self.votes} - set(ids)):
            raise ValueError(f"votes: there is no pair {unknown[0]!r}")
        return self


@dataclass(frozen=True)
class Ab:
    """A comparison.

    Args:
        path: Its file.
        sheet: What the file held when it was read.
    """

    path: Path
    sheet: Sheet

    def said(self, by: Voter) -> dict[str, Chosen]:
        """Return what a voter said, by the pair's id."""
        return {vote.pair: vote.chose for vote in self.sheet.votes if vote.by == by}

    def waiting(self, by: Voter) -> list[Pair]:
        """Return the pairs on which a voter has not said anything, in the order that they are shown."""
        said = self.said(by)
        left = [pair for pair in self.sheet.pairs if pair.id not in said and not pair.alike]
        return sorted(left, key=lambda pair: _drawn(self.sheet.seed, pair.id))

    def sides(self, pair_id: str) -> tuple[Side, Side]:
        """Return which answer of a pair is shown as the first, and which as the second."""
        return ("voice", "base") if _drawn(self.sheet.seed, pair_id)[0] & 1 else ("base", "voice")


class Shown(NamedTuple):
    """A pair as a voter sees it: which answer is whose stands nowhere in it.

    Args:
        id: The pair's.
        prompt: What was asked.
        first: An answer.
        second: The other.
        left: How many wait to be voted on, this one counted.
    """

    id: str
    prompt: str
    first: str
    second: str
    left: int


def read_ab(folder: Path) -> Ab:
    """Return the comparison of a run.

    Args:
        folder: The run's folder for evaluations.

    Raises:
        BadChoice: If there is none.
        SettingError: If its file was edited so that it cannot be read; nothing is changed.
        StoreError: If it cannot be read.
    """
    path = folder / FILE
    if not path.is_file():
        raise BadChoice(f"there are no answers to compare in {folder}; `metahuman persona ab` makes them")
    return Ab(path, sheet_of(path, read_json(path)))


def sheet_of(path: Path, content: object) -> Sheet:
    """Return what was read from `path`.

    Raises:
        SettingError: If it is wrong; the error names the first key.
    """
    return read_as(Sheet, path, content, _REMEDY)


def next_pair(ab: Ab, by: Voter = "person") -> Shown | None:
    """Return the next pair to vote on; None once all were voted on.

    Args:
        ab: The comparison.
        by: Who votes.
    """
    waiting = ab.waiting(by)
    if not waiting:
        return None
    pair = waiting[0]
    first, second = (getattr(pair, side) for side in ab.sides(pair.id))
    return Shown(pair.id, pair.prompt, first, second, len(waiting))


def vote(ab: Ab, pair_id: str, choice: str, by: Voter = "person", *, audit: Audit, clock: Clock) -> Ab:
    """Write down what a voter says of a pair as it was shown; said again, it takes the place of what was said before.

    Args:
        ab: The comparison.
        pair_id: The pair's id.
        choice: "1" or "2" for the better answer as shown, "tie", "neither" or "skip".
        by: Who votes.
        audit: Where it is told, without the texts.
        clock: What time it is.

    Returns:
        The comparison as it is now, with what others have said meanwhile.

    Raises:
        BadChoice: If there is no such pair, or no such choice.
        SettingError: If the file was edited meanwhile so that it cannot be read; nothing is changed.
        StoreError: If it cannot be written.
    """
    if choice not in get_args(Choice):
        raise BadChoice(f"{choice!r} is no vote: say one of {', '.join(get_args(Choice))}")
    if all(pair.id != pair_id for pair in ab.sheet.pairs):
        raise BadChoice(f"there is no pair {pair_id!r}")
    chosen: Any = ab.sides(pair_id)[int(choice) - 1] if choice in ("1", "2") else choice
    return cast_vote(ab, Vote(pair=pair_id, by=by, chose=chosen, at=iso(clock.now())), audit)


def cast_vote(ab: Ab, said: Vote, audit: Audit) -> Ab:
    """Write a vote down in place of what the voter said of the pair before. Returns and raises as `vote`."""
    with update_json(ab.path) as content:
        sheet = sheet_of(ab.path, content)
        others = [one for one in sheet.votes if (one.pair, one.by) != (said.pair, said.by)]
        content["votes"] = [one.model_dump(mode="json", by_alias=True) for one in (*others, said)]
        now = Ab(ab.path, sheet_of(ab.path, content))
    audit.record(voice_vote(sheet.run, said.pair, said.chose, said.by))
    return now


def _drawn(seed: int, pair_id: str) -> bytes:
    return hashlib.sha256(f"{seed}:{pair_id}".encode()).digest()
