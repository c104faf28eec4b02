"""An episodic memory: what a file in `memory/episodic` holds, in the words of the plan and of MetaHuman OS."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator
from pydantic.alias_generators import to_camel

from metahuman.state.tokens import estimate_tokens

#: What a conversation may draw on unasked; inner dialogue, dreams and reflections are no facts.
SPOKEN_OF = ("conversation", "observation", "fact", "journal", "summary", "task", "decision", "event")
#: Kept, but left out of conversation unless it is asked for.
INNER = ("inner_dialogue", "dream", "reflection")


class _Camel(BaseModel):
    """Keys are camelCase in files; those that this program does not know are kept."""

    model_config = ConfigDict(extra="allow", alias_generator=to_camel, populate_by_name=True)

    def as_json(self) -> dict[str, Any]:
        """Return it as a file holds it: a field that is null because nobody set it is left out, all else stands."""
        value = self.model_dump(mode="json", by_alias=True)
        for name, field in type(self).model_fields.items():
            own, key = getattr(self, name), field.alias or name
            if isinstance(own, _Camel):
                value[key] = own.as_json()
            elif own is None and name not in self.model_fields_set:
                del value[key]
        return value


class Metadata(_Camel):
    """What is known about a memory.

    Args:
        processed: Whether the curator has seen it.
        curated: Whether a curated copy was made of it.
        training_consent: Whether a voice may be trained on it.
        model: The model that answered.
        cognitive_mode: The mode it was said in.
        conversation_id: The thread it was said in; neighbours in a thread explain each other.
        turn: The id of the message it keeps.
        speaker: Who said `content`, where that is not the owner.
        source: Where it was imported from.
        seen: How often it was said; near-duplicates are counted here instead of being kept.
        supersedes: Ids of the memories whose fact this one replaces.
        superseded_by: The id of the memory that replaced the fact of this one.
        valid_from: When what it says began to hold, if not at its timestamp.
        valid_until: When it ceased to hold.
    """

    processed: bool = False
    curated: bool = False
    training_consent: bool = True
    model: str | None = None
    cognitive_mode: str | None = None
    conversation_id: str | None = None
    turn: str | None = None
    speaker: str | None = None
    source: str | None = None
    seen: int = 1
    supersedes: list[str] = Field(default_factory=list)
    superseded_by: str | None = None
    valid_from: str | None = None
    valid_until: str | None = None


class Memory(_Camel):
    """One memory.

    Args:
        id: Its name, and its file's.
        timestamp: When it was made: ISO 8601, UTC where it says nothing else.
        type: What kind it is: conversation, observation, dream, …
        content: What was said or noted.
        response: What the twin answered.
        tags: Topics.
        entities: Names of people, places, and so on; MetaHuman OS keeps objects here.
        links: Other memories, by id or as MetaHuman OS has them.
        metadata: What is known about it.
    """

    id: str
    timestamp: str
    type: str = "observation"
    content: str
    response: str | None = None
    tags: list[str] = Field(default_factory=list)
    entities: list[Any] = Field(default_factory=list)
    links: list[Any] = Field(default_factory=list)
    metadata: Metadata = Field(default_factory=Metadata)

    @field_validator("timestamp")
    @classmethod
    def _is_a_moment(cls, value: str) -> str:
        datetime.fromisoformat(value)
        return value

    @property
    def at(self) -> datetime:
        """When it was made, with a time zone."""
        moment = datetime.fromisoformat(self.timestamp)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)

    @property
    def current(self) -> bool:
        """Whether what it says has not been replaced."""
        return self.metadata.superseded_by is None and self.metadata.valid_until is None


@dataclass(frozen=True)
class Question:
    """What memory is asked in a turn.

    Args:
        text: The message.
        now: When it was said, with a time zone: "yesterday" is a day there.
        thread: The conversation it was said in.
        turns: Ids of the turns that its prompt still shows: what memory has of these is not brought up again.
        earlier: What was said before it, the latest last; it explains a message that cannot stand alone.
        shown: Ids of memories brought up lately; they yield to others of equal worth.
        tokens: How many tokens the evidence may have.
        count: Counts those of a text.
    """

    text: str
    now: datetime
    thread: str | None = None
    turns: Collection[str] = ()
    earlier: Sequence[str] = ()
    shown: Collection[str] = ()
    tokens: int = 600
    count: Callable[[str], int] = estimate_tokens


def memory_id(moment: str, turn: str) -> str:
    """Return the id of the memory of a turn: the same if the turn is run again after a crash.

    Args:
        moment: When the turn began, ISO 8601.
        turn: The id of its message.
    """
    return f"evt-{re.sub(r'[^0-9]', '', moment)[:17]}-{turn_mark(turn)}"


def turn_mark(turn: str) -> str:
    """Return what the id of a turn's memory ends in."""
    return hashlib.sha256(turn.encode()).hexdigest()[:6]
