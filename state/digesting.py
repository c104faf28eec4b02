"""What the digest is about: what keeps coming up in memories, who found it, and what was not believed.

A model only points at things. Whether they are there, and how often, is counted in the memories' own text.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal, Protocol

from pydantic import BaseModel, Field
from typing_extensions import TypedDict  # before Python 3.12, pydantic can only describe this one to Studio

from metahuman.state.parts import TurnCall

Kind = Literal["theme", "fact", "catchphrase", "quirk"]
#: Days that the digest looks back, unless told otherwise: the plan's.
DAYS = 14


class Noted(TypedDict):
    """A memory as the digest reads it.

    `said` is what was said or noted, without tool syntax, pastes and wrappers; `own` whether the owner said it;
    `current` whether what it says still holds.
    """

    id: str
    at: str
    thread: str
    said: str
    own: bool
    current: bool


class Item(TypedDict):
    """Something that keeps coming up, with the memories that it rests on, oldest first.

    `text` is the theme, the phrase, the habit, or what a fact is about; `value` what a fact says, "" for all else;
    `ended` whether that holds no longer. `by` is who noticed.
    """

    kind: Kind
    text: str
    value: str
    ended: bool
    memories: list[str]
    by: Literal["rules", "model"]


class Claim(TypedDict):
    """What a model says that it noticed: `words` are those by which a habit shows; `memories` are ids that it cites."""

    kind: Kind
    text: str
    value: str
    words: str
    memories: list[str]


class Refused(TypedDict):
    """A claim that was not believed, or a part of the memories that no model read, and why."""

    kind: str
    text: str
    reason: str


class NoticedTheme(BaseModel):
    """A matter that several memories are about."""

    name: str = Field(max_length=80, description="The matter in one to four words, taken from the memories.")
    memories: list[int] = Field(description="The numbers of the memories that are about it.", max_length=60)


class NoticedFact(BaseModel):
    """Something that the person states plainly of themselves."""

    about: str = Field(max_length=40, description='What it is about, such as "city" or "daughter".')
    value: str = Field(max_length=120, description="What they say of it, in their own words.")
    memories: list[int] = Field(description="The numbers of the memories that state it.", max_length=20)


class NoticedPhrase(BaseModel):
    """A turn of phrase that is this person's own."""

    phrase: str = Field(max_length=80, description="The exact words, as they stand in the memories.")
    memories: list[int] = Field(description="The numbers of the memories that hold them.", max_length=60)


class NoticedHabit(BaseModel):
    """A habit or preference."""

    habit: str = Field(max_length=80, description='The habit in a few words, such as "asks for short answers".')
    words: str = Field(max_length=60, description="The exact words by which it shows each time.")
    memories: list[int] = Field(description="The numbers of the memories in which it shows.", max_length=60)


class DigestAnswer(BaseModel):
    """What the curator's model is asked to fill in for a part of the memories."""

    themes: list[NoticedTheme] = Field(default_factory=list, max_length=10)
    facts: list[NoticedFact] = Field(default_factory=list, max_length=10)
    catchphrases: list[NoticedPhrase] = Field(default_factory=list, max_length=10)
    quirks: list[NoticedHabit] = Field(default_factory=list, max_length=10)


class DigestInput(TypedDict, total=False):
    """What starts a run: over how many `days`, `withoutModel` for rules alone, `dryRun` to write nothing."""

    days: int
    withoutModel: bool
    dryRun: bool


class DigestState(DigestInput, total=False):
    """All that a run of the digest knows.

    `noted` are the memories and `chunks` the parts of them that the model is shown; `items` is what rules find and, in
    the end, all that holds; `changed` names, list by list, what that changes in the persona cache, and `forgotten` the
    memories that it cited and that are no more.
    """

    noted: list[Noted]
    chunks: list[list[Noted]]
    items: list[Item]
    claims: Annotated[list[Claim], operator.add]
    refused: Annotated[list[Refused], operator.add]
    calls: Annotated[list[TurnCall], operator.add]
    changed: dict[str, list[str]]
    forgotten: list[str]


class DigestJob(TypedDict):
    """What one run of the `digest` node gets: a part of the memories, the first of so many being 1."""

    part: int
    of: int
    noted: list[Noted]


class DigestStep(TypedDict):
    """What a run of the digest tells whoever watches: how many parts a model has to read, or that it has read one."""

    parts: int
    read: int


class Changes(TypedDict):
    """What the digest changes: names by list of the persona cache, and ids that it no longer cites."""

    changed: dict[str, list[str]]
    forgotten: list[str]


class Digestion(Protocol):
    """The memories that are looked back on, and the persona cache. Blocking work is done in threads."""

    async def look_back(self, since: datetime) -> list[Noted]:
        """Return the memories from a moment on, oldest first; no inner dialogues, dreams, reflections, no noise."""
        ...

    async def find(self, noted: Sequence[Noted]) -> list[Item]:
        """Return what rules find in them; no model is asked."""
        ...

    async def weigh(
        self, noted: Sequence[Noted], items: Sequence[Item], claims: Sequence[Claim]
    ) -> tuple[list[Item], list[Refused]]:
        """Return what holds of what rules found and a model claims, counted in the text, and what does not."""
        ...

    async def keep(self, noted: Sequence[Noted], items: Sequence[Item], *, dry_run: bool) -> Changes:
        """Put it into the persona cache, each memory counting once; with `dry_run`, only say what would change."""
        ...


def claims_of(answer: DigestAnswer, ids: Sequence[str]) -> tuple[list[Claim], int]:
    """Return what a model claims, by the memories' ids, and how many numbers it cited that no memory has.

    Args:
        answer: What it filled in.
        ids: The ids of the memories it was shown; the first had the number 1.
    """
    rows: list[tuple[Kind, str, str, str, list[int]]] = [
        *(("theme", one.name, "", "", one.memories) for one in answer.themes),
        *(("fact", one.about, one.value, "", one.memories) for one in answer.facts),
        *(("catchphrase", one.phrase, "", "", one.memories) for one in answer.catchphrases),
        *(("quirk", one.habit, "", one.words, one.memories) for one in answer.quirks),
    ]
    claims, unknown = list[Claim](), 0
    for kind, text, value, words, numbers in rows:
        known = [ids[number - 1] for number in dict.fromkeys(numbers) if 0 < number <= len(ids)]
        unknown += len(set(numbers)) - len(known)
        claims.append(Claim(kind=kind, text=text, value=value, words=words, memories=known))
    return claims, unknown


def in_chunks(noted: Sequence[Noted], budget: int, tokens: Sequence[int]) -> list[list[Noted]]:
    """Return the memories in as few parts as fit into so many tokens each, in their order.

    Args:
        noted: The memories.
        budget: Tokens of a part.
        tokens: Those of each memory; one that is longer than a part is a part of its own.
    """
    chunks, room = list[list[Noted]](), 0
    for one, size in zip(noted, tokens, strict=True):
        if not chunks or size > room:
            chunks.append([])
            room = budget
        chunks[-1].append(one)
        room -= size
    return chunks
