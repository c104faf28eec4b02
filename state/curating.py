"""What curation is about: the curator's answer, a curated memory as its file has it, and a pair to learn from.

camelCase as in the plan and in MetaHuman OS; TypedDicts are what a checkpoint or a file holds.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, NotRequired, Protocol

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel
from typing_extensions import TypedDict  # before Python 3.12, pydantic can only describe this one to Studio


class CuratorAnswer(BaseModel):
    """What the curator's model is asked to fill in for one memory, by the plan's names."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    conversational_essence: str = Field(max_length=600, description="What it was about, in one or two sentences.")
    context: str = Field("", max_length=300, description="What led to it, if the text says.")
    user_message: str = Field(max_length=4000, description="What the person said, in their own words.")
    assistant_response: str = Field(max_length=6000, description="What was answered, in its own words.")
    question: str = Field("", max_length=200, description="Only where nobody answered: what one may ask to hear it.")
    flags: list[str] = Field(default_factory=list, max_length=8, description='Such as "sensitive-data", "technical".')
    suitable_for_training: bool = Field(description="Whether it shows how this person speaks and thinks.")


#: The sides of a talk.
Side = Literal["said", "answered"]


class Prepared(TypedDict):
    """A memory made ready for the curator: stripped of tool syntax, of secrets and of personal data.

    `hash` is that of what it was made from; `said` and `answered` are what is left of both sides, `own` which of them
    are the owner's own words. `found` names what was taken out, by kind. `refused` says why no model need be asked, in
    plain words; [] where one is.
    """

    id: str
    hash: str
    timestamp: str
    type: str
    conversation: str
    said: str
    answered: str
    own: list[Side]
    found: list[str]
    refused: list[str]


class Curated(TypedDict):
    """A curated memory, as `memory/curated/conversations/YYYY-MM-DD-<id>.json` has it: the plan's keys, and ours.

    `refused` says why no pair is made of it, [] where one is; `source` is what it was made from, `curator` who made it,
    `review` what the owner said of it: keep, edit or drop. `question` is what a model would ask to hear a text that
    answers nobody.
    """

    id: str
    originalTimestamp: str
    conversationId: str
    conversationalEssence: str
    context: str
    userMessage: str
    assistantResponse: str
    curatedAt: str
    flags: list[str]
    suitableForTraining: bool
    refused: list[str]
    source: dict[str, Any]
    curator: dict[str, Any]
    review: dict[str, Any] | None
    question: NotRequired[str]


class Pair(TypedDict):
    """A training pair, as a row of a dataset has it: `messages` in chat form, and where they are from."""

    messages: list[dict[str, str]]
    metadata: dict[str, Any]


#: What became of a memory that was looked at: a pair; kept, but nobody answered; refused by a gate; left for later.
Fate = Literal["pair", "curated", "refused", "again"]
#: Why there is no pair of a memory that only one side speaks in: nothing is wrong with it.
ONE_SIDED = "nobody answered, and a pair has two sides"
_NUMBERS = re.compile(r"\d[\d.,]*")


class Looked(TypedDict):
    """One memory that was looked at, as a run tells of it while it goes on.

    `said` and `answered` are what was kept of both sides, `by` who kept it: the model's name, or "rules".
    """

    id: str
    fate: Fate
    refused: list[str]
    flags: list[str]
    said: str
    answered: str
    by: str


class CurateJob(TypedDict):
    """One memory that is to be curated, and whether by rules alone."""

    id: str
    withoutModel: bool


def summed(old: dict[str, int] | None, new: Mapping[str, int]) -> dict[str, int]:
    """Add counts to counts."""
    counts = dict(old or {})
    for name, count in new.items():
        counts[name] = counts.get(name, 0) + count
    return counts


class CurationInput(TypedDict, total=False):
    """What starts a run: how many memories at most, 50 unless it says so, 0 for all; and whether by rules alone."""

    limit: int
    withoutModel: bool


class CurationState(CurationInput, total=False):
    """A run of the curator: counts only, for no text of a memory is to lie in a checkpoint.

    `batch` are the ids under way; `putOff` says how many had been left for later when it was picked. `refusals` counts
    by reason, `pairs` is how many the datasets have in the end.
    """

    batch: list[str]
    putOff: int
    fates: Annotated[dict[str, int], summed]
    refusals: Annotated[dict[str, int], summed]
    replaced: Annotated[dict[str, int], summed]
    pairs: int


class CurationUpdate(TypedDict, total=False):
    """What one node changes."""

    batch: list[str]
    putOff: int
    fates: dict[str, int]
    refusals: dict[str, int]
    replaced: dict[str, int]
    pairs: int


def fate_of(curated: Curated) -> Fate:
    """Return what became of a memory that is kept."""
    if curated["refused"]:
        return "curated" if curated["refused"] == [ONE_SIDED] else "refused"
    return "pair"


def reason_kind(reason: str) -> str:
    """Return a reason as it is counted: without its numbers, and without what stands after a colon."""
    return _NUMBERS.sub("…", reason.partition(":")[0])


class Curation(Protocol):
    """The memories that are to be curated, and where what comes of them is kept. Blocking work is done in threads."""

    async def due(self, limit: int) -> list[str]:
        """Return the ids of memories that nobody has curated, oldest first; those returned once come no more.

        No inner dialogues, dreams, reflections, nor what no longer holds. A memory that was changed since is due anew.
        """
        ...

    async def prepare(self, memory_id: str) -> Prepared | None:
        """Return a memory made ready for the curator; None if it is gone."""
        ...

    async def judge(self, prepared: Prepared, answer: CuratorAnswer | None, made_by: dict[str, Any]) -> Curated:
        """Return what is kept of a memory, after every gate; without an answer, by rules alone."""
        ...

    async def keep(self, curated: Curated) -> Curated:
        """Write it, then mark the memory; done again after a crash, it changes nothing.

        Returns:
            What was written: of two memories that are nearly the same, only one is a pair.
        """
        ...

    async def put_off(self, memory_id: str) -> None:
        """Leave a memory for a later run, in which those come first that were never put off."""
        ...

    async def settle(self) -> int:
        """Bring the datasets up to what has been curated; return how many pairs they have."""
        ...
