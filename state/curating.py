"""What curation is about: the curator's answer, a curated memory as its file has it, and a pair to learn from.

camelCase as in the plan and in MetaHuman OS; TypedDicts are what a checkpoint or a file holds.
"""

from __future__ import annotations

from typing import Any, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel
from typing_extensions import TypedDict  # before Python 3.12, pydantic can only describe this one to Studio


class CuratorAnswer(BaseModel):
    """What the curator's model is asked to fill in for one memory, by the plan's names."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    conversational_essence: str = Field("", max_length=600, description="What it was about, in one or two sentences.")
    context: str = Field("", max_length=300, description="What led to it, if the text says.")
    user_message: str = Field("", max_length=4000, description="What the person said, in their own words.")
    assistant_response: str = Field("", max_length=6000, description="What was answered, in its own words.")
    flags: list[str] = Field(default_factory=list, max_length=8, description='Such as "sensitive-data", "technical".')
    suitable_for_training: bool = Field(True, description="Whether it shows how this person speaks and thinks.")


class Prepared(TypedDict):
    """A memory made ready for the curator: stripped of tool syntax, of secrets and of personal data.

    `hash` is that of what it was made from; `said` and `answered` are what is left of both sides. `found` names what
    was taken out, by kind. `refused` says why no model need be asked, in plain words; [] where one is.
    """

    id: str
    hash: str
    timestamp: str
    type: str
    conversation: str
    said: str
    answered: str
    found: list[str]
    refused: list[str]


class Curated(TypedDict):
    """A curated memory, as `memory/curated/conversations/YYYY-MM-DD-<id>.json` has it: the plan's keys, and ours.

    `refused` says why no pair is made of it, [] where one is; `source` is what it was made from, `curator` who made it,
    `review` what the owner said of it: keep, edit or drop.
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


class Pair(TypedDict):
    """A training pair, as a row of a dataset has it: `messages` in chat form, and where they are from."""

    messages: list[dict[str, str]]
    metadata: dict[str, Any]


#: What became of a memory that was looked at.
Fate = Literal["pair", "curated", "refused", "again"]


class Curation(Protocol):
    """The memories that are to be curated, and where what comes of them is kept. Blocking work is done in threads."""

    async def due(self, limit: int) -> list[str]:
        """Return the ids of memories that nobody has curated, oldest first; no inner dialogues, dreams, reflections."""
        ...

    async def prepare(self, memory_id: str) -> Prepared | None:
        """Return a memory made ready for the curator; None if it is gone."""
        ...

    def judge(self, prepared: Prepared, answer: CuratorAnswer | None, made_by: dict[str, Any]) -> Curated:
        """Return what is kept of a memory, after every gate; without an answer, by rules alone."""
        ...

    async def keep(self, curated: Curated) -> None:
        """Write it, then mark the memory; done again after a crash, it changes nothing."""
        ...

    async def settle(self) -> int:
        """Bring the datasets up to what has been curated; return how many pairs they have."""
        ...
