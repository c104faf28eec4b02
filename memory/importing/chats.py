"""What the exports of chat products have in common: a question and its answer become one memory."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from metahuman.memory.importing.parts import Part
from metahuman.memory.importing.report import Report
from metahuman.memory.importing.taking import Taking
from metahuman.memory.importing.values import as_dict, elements, name_of
from metahuman.state.memories import Memory

#: The files with conversations: one, or numbered ones, or one for each conversation.
CONVERSATIONS = re.compile(r"(^|/)conversations([-_ ]?\d+)?\.json$|(^|/)conversations/[^/]+\.json$", re.IGNORECASE)


class Said(NamedTuple):
    """A message.

    Args:
        id: Its id in the export.
        by_owner: Whether the owner wrote it; otherwise the model did.
        text: What it says.
        at: When it was sent, if the export tells.
        model: The model that wrote it, if the export tells.
        files: What was attached.
    """

    id: str
    by_owner: bool
    text: str
    at: datetime | None
    model: str | None = None
    files: Sequence[str] = ()


class Talk(NamedTuple):
    """A conversation, as it was last shown: without what was edited or tried again.

    Args:
        id: Its id in the export.
        title: Its title; "" for none.
        at: When it began, if the export tells.
        said: Its messages, in order.
    """

    id: str
    title: str
    at: datetime | None
    said: Sequence[Said]


@dataclass
class _Exchange:
    """What the owner said, and what came back."""

    question: Said
    at: datetime
    answers: list[Said] = field(default_factory=list)


TalkOf = Callable[[Mapping[str, Any], Report], Talk]


class ChatReader:
    """Reads the export of a chat product.

    Args:
        product: Its name, in a word: it begins the ids.
        key: What holds the messages in a conversation of its exports.
        talk: Makes a conversation of an element of the file, and tells the report what it left out.
        others: What other files of the export hold, by a part of their names.
    """

    def __init__(self, product: str, key: str, talk: TalkOf, others: Mapping[str, str]) -> None:
        self._product, self._key, self._talk, self._others = product, key, talk, others

    def wants(self, name: str) -> bool:
        """Tell whether a file of this name holds conversations."""
        return bool(CONVERSATIONS.search(name))

    def aside(self, name: str) -> str:
        """Return why a file is left out; "" for those of which nobody expects anything else."""
        last = "/" + name.casefold()
        return next((why for sign, why in self._others.items() if sign in last), "")

    def read(self, part: Part, taking: Taking) -> Iterator[Memory]:
        """Yield the memories of a file."""
        with part.text(taking.report) as text:
            for element in elements(text):
                taking.report.read += 1
                if self._key in as_dict(element):
                    talk = self._talk(element, taking.report)
                    yield from (self._memory(talk, one, part.name, taking) for one in _exchanges(talk, taking.report))
                else:
                    taking.report.skip("elements that are no conversations", part.name)

    def _memory(self, talk: Talk, exchange: _Exchange, source: str, taking: Taking) -> Memory:
        question, at = exchange.question, exchange.at
        told = {
            "conversationId": f"{self._product}-{talk.id}",
            "conversationTitle": talk.title or None,
            "turn": question.id,
            "model": next((one.model for one in exchange.answers if one.model), None),
            "attachments": list(question.files) or None,
        }
        return taking.memory(
            name_of(self._product, f"{at:%Y%m%d}", talk.id, question.id),
            at,
            question.text,
            source=f"{self._product}: {source}",
            type="conversation",
            **({"response": "\n\n".join(one.text for one in exchange.answers)} if exchange.answers else {}),
            metadata={key: value for key, value in told.items() if value is not None},
        )


def _exchanges(talk: Talk, report: Report) -> Iterator[_Exchange]:
    """Yield what the owner said with what was answered; what was answered to nothing is left out, and told."""
    open_one: _Exchange | None = None
    at = talk.at
    for message in talk.said:
        at = message.at or at
        if message.by_owner:
            if open_one:
                yield open_one
            open_one = _begun(message, at, talk, report)
        elif open_one:
            open_one.answers.append(message)
        else:
            report.skip("answers to nothing that you said", talk.title or talk.id)
    if open_one:
        yield open_one


def _begun(message: Said, at: datetime | None, talk: Talk, report: Report) -> _Exchange | None:
    if at is None:
        report.skip("messages without a date", talk.title or talk.id)
        return None
    return _Exchange(message, at)


def with_files(text: str, files: Sequence[str]) -> str:
    """Return what a message says; of one that is nothing but pictures or files, their names in brackets."""
    return text or " ".join(f"[{name}]" for name in files)
