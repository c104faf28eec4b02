"""What `persona/core.json` may hold, in the shape that MetaHuman OS gives it. Whatever else is in it is kept."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictStr
from pydantic.alias_generators import to_camel

#: A share, such as one of the Big Five personality traits; a text that looks like a number is none.
Share = Annotated[float, Field(ge=0, le=1, strict=True)]
Texts = list[StrictStr]


class Part(BaseModel):
    """An object of the file: camelCase keys, all of them optional; those that this program does not know are kept."""

    model_config = ConfigDict(extra="allow", alias_generator=to_camel, populate_by_name=True)


def _or_its(key: str) -> BeforeValidator:
    """Let a text stand for an object that says no more than that: "courage" for {"value": "courage"}."""
    return BeforeValidator(lambda value: {key: value} if isinstance(value, str) else value)


class Identity(Part):
    """Who the twin is, and whose it is: `humanName` is the owner's own name."""

    name: StrictStr = ""
    human_name: StrictStr = ""
    role: StrictStr = ""
    purpose: StrictStr = ""
    aliases: Texts = []


class Background(Part):
    """Where the owner comes from."""

    narrative: StrictStr = ""
    key_experiences: Texts = []
    formative_events: Texts = []


class CommunicationStyle(Part):
    """How the owner talks."""

    tone: Texts = []
    verbosity: StrictStr = ""
    emphasis: StrictStr = ""


class Traits(Part):
    """The Big Five, each from 0 to 1."""

    openness: Share | None = None
    conscientiousness: Share | None = None
    extraversion: Share | None = None
    agreeableness: Share | None = None
    neuroticism: Share | None = None
    notes: StrictStr = ""


class Personality(Part):
    """What the owner is like."""

    communication_style: CommunicationStyle = CommunicationStyle()
    traits: Traits = Traits()
    archetypes: Texts = []
    aesthetic: Texts = []
    interests: Texts = []


class Value(Part):
    """Something the owner cares about; 1 is the first priority."""

    value: StrictStr
    description: StrictStr = ""
    priority: int | None = Field(None, ge=1, strict=True)


class Values(Part):
    """What guides the owner, and what the twin must not do."""

    core: list[Annotated[Value, _or_its("value")]] = []
    boundaries: Texts = []


class Goal(Part):
    """Something the owner wants to reach."""

    goal: StrictStr
    status: StrictStr = ""


Aims = list[Annotated[Goal, _or_its("goal")]]


class Goals(Part):
    """What the owner wants to reach, and when."""

    short_term: Aims = []
    mid_term: Aims = []
    long_term: Aims = []


class Project(Part):
    """Something the owner works on."""

    name: StrictStr
    status: StrictStr = ""
    summary: StrictStr = ""


class Context(Part):
    """What the owner is occupied with."""

    domains: Texts = []
    projects: list[Annotated[Project, _or_its("name")]] = []
    current_focus: Texts = []


class Heuristic(Part):
    """How the owner decides: what they see, what they then do, and why."""

    signal: StrictStr = ""
    response: StrictStr = ""
    evidence: StrictStr = ""


class WritingStyle(Part):
    """How the owner writes."""

    structure: StrictStr = ""
    motifs: Texts = []
    default_mantra: StrictStr = ""


class Persona(Part):
    """The whole of `core.json`; a facet's file has the same parts, each as far as it differs."""

    version: StrictStr = ""
    last_updated: StrictStr = ""
    identity: Identity = Identity()
    background: Background = Background()
    personality: Personality = Personality()
    values: Values = Values()
    goals: Goals = Goals()
    context: Context = Context()
    decision_heuristics: list[Heuristic] = []
    writing_style: WritingStyle = WritingStyle()
    notes: StrictStr = ""


def without_nulls(value: Any) -> Any:
    """Return a JSON value without its nulls: a key whose value is null says nothing, like one that is not there."""
    if isinstance(value, dict):
        return {key: without_nulls(item) for key, item in value.items() if item is not None}
    return [without_nulls(item) for item in value] if isinstance(value, list) else value
