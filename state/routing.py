"""What a route is decided from, and what whoever decides may say: the words that nodes and classifiers share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

from metahuman.state.parts import Destination, ShortTerm, Task, Urgency
from metahuman.state.prompting import shorten
from metahuman.state.short_term import LATEST, context_lines, tool_lines

if TYPE_CHECKING:
    from langchain_core.messages import AnyMessage

#: Earlier messages that a decision may rest on.
LAST_MESSAGES = 4
#: Characters of one of them that it takes to see what is meant.
EARLIER = 300


class Said(NamedTuple):
    """One earlier message."""

    who: Literal["owner", "twin"]
    text: str


@dataclass(frozen=True)
class Situation:
    """A message and what went before it.

    Args:
        message: What is to be routed.
        earlier: The messages before it, oldest first.
        tools: What tools brought lately, one line each.
        focus: What the conversation is about.
        active: The open tasks.
        topics: What was talked of lately.
    """

    message: str
    earlier: tuple[Said, ...] = ()
    tools: tuple[str, ...] = ()
    focus: str = ""
    active: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()

    def lines(self) -> list[str]:
        """Return what went before, as lines for a prompt; none when there is nothing to say."""
        earlier = [f"{who}: {shorten(text, EARLIER)}" for who, text in self.earlier]
        return [*context_lines(self.focus, self.topics, self.active, self.tools), *earlier]


def situation_of(messages: Sequence[AnyMessage], known: ShortTerm) -> Situation:
    """Return the situation of the last of `messages`, given the short-term state."""
    before = messages[:-1][-LAST_MESSAGES:]
    return Situation(
        message=messages[-1].text,
        earlier=tuple(Said("owner" if one.type == "human" else "twin", one.text) for one in before),
        tools=tool_lines(known),
        focus=known["currentFocus"],
        active=tuple(known["activeTasks"][-LATEST:]),
        topics=tuple(known["conversationContext"]["lastTopics"]),
    )


class Neighbour(NamedTuple):
    """A known example near a message, and how near: 1 is the same."""

    text: str
    destination: str
    nearness: float


@dataclass(frozen=True)
class Judgement:
    """What a classifier makes of a situation.

    Args:
        tasks: Where it would go; several for several wishes, each with its own words.
        confidence: How likely all of that is right, from 0 to 1, as measured on examples it had not seen.
        sure: Whether that is enough to do without a model.
        scores: How likely each destination is for the whole message, the likeliest first.
        urgency: How soon it has to be done.
        nearest: The examples that speak most for it.
        encoder: What turned the words into numbers.
        ask_model: Whether the owner wants a model asked where it is not sure.
    """

    tasks: list[Task]
    confidence: float
    sure: bool
    scores: dict[Destination, float]
    urgency: Urgency = "normal"
    nearest: list[Neighbour] = field(default_factory=list)
    encoder: str = ""
    ask_model: bool = True


class Classifier(Protocol):
    """Decides where a message goes, at once and without a model."""

    async def judge(self, situation: Situation) -> Judgement:
        """Return what it makes of `situation`."""
        ...

    def expect(self, texts: Sequence[str]) -> None:
        """Get ready, beside what else is done, for the message that follows these."""
        ...
