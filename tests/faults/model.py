"""The models of a simulated day: a server that does what the messages of the day ask for, and fails when told to."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping
from typing import Any

from tests.fanout import models, on_server, said_in
from tests.servers.answer import JSON, Answer
from tests.servers.openai import OpenAIServer
from tests.storm import FAULTS
from tests.talk import to

#: What a message may ask of the operator's tools, and which call that is.
WISHES: Mapping[re.Pattern[str], Callable[[re.Match[str]], tuple[str, JSON]]] = {
    re.compile(r"write ([\w -]+) into ([\w-]+\.txt)"): lambda found: (
        "fs_write",
        {"path": found[2], "content": f"{found[1]}\n"},
    ),
    re.compile(r"remind me to ([\w -]+)"): lambda found: ("task_create", {"title": found[1]}),
}
#: What stands before the owner's words when a route is asked for, and when tools are offered.
MESSAGE, WORDS = "Message:\n", "The owner's words:"
#: What may go wrong with an answer: everything that the storm knows; nobody waits long for it.
WEATHER = [fault if fault.first_token_delay < 1 else Answer(text="late", first_token_delay=0.6) for fault in FAULTS]


def wish(words: str) -> tuple[str, JSON] | None:
    """Return the call that the last wish in some words asks for."""
    found = [(match.start(), call(match)) for pattern, call in WISHES.items() for match in pattern.finditer(words)]
    return max(found, key=lambda one: one[0])[1] if found else None


class DayModels(OpenAIServer):
    """Answers for every role: routes by the wish in the message, calls the tool that it names, and talks.

    Attributes:
        share: In how many of the requests the server fails, in one of the ways of `WEATHER`.
    """

    def __init__(self) -> None:
        super().__init__(models(), self._say)
        self.share, self._drawn = 0.0, random.Random(0)

    def begin(self, seed: int, share: float) -> None:
        """Draw anew from here on."""
        self.requests.clear()
        self.share, self._drawn = share, random.Random(seed)

    def registry(self) -> dict[str, Any]:
        """Return a models.json whose roles are all here, and are not left alone for long when they fail."""
        openai = {"baseUrl": self.base_url, "retries": 1, "timeout": 400, "cooldown": 1}
        return on_server(self.base_url, providers={"openai": openai})

    def _say(self, body: JSON) -> Answer:
        if self._drawn.random() < self.share:
            return self._drawn.choice(WEATHER)
        messages = body["messages"]
        if body["model"] != "orchestrator":
            return Answer(f"I see. Let us think of {len(said_in(messages)) % 97} more things of that kind.")
        wanted = wish(said_in(messages).rsplit(WORDS if body.get("tools") else MESSAGE, 1)[-1])
        if not body.get("tools"):
            return Answer(to(("operator", "do what is asked") if wanted else ("conversation", "")))
        if not wanted or any(one["role"] == "tool" for one in messages):
            return Answer("That is done.")
        return Answer(tool_calls=(wanted,))
