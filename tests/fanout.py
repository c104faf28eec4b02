"""Eight jobs side by side on a server that speaks OpenAI's protocol: what is asked, and what its models answer.

The message asks for a summary, code, a plan and a dream. Its text is too long for the summarizer, who is given five
pieces of it. That makes eight jobs in the first wave, and the summary itself in the second.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from metahuman.models.schema import ROLES
from tests.fakes import registry_content
from tests.talk import CODE, plan, to

#: What each role answers, whatever it is asked.
SAYS: Mapping[str, str] = {
    "orchestrator": to(
        ("summarizer", "shorten the report"),
        ("coder", "count words in Python"),
        ("planner", "plan the harvest"),
        ("dreamer", "dream of the orchard"),
    ),
    "coder": CODE,
    "planner": plan("pick", "press", s2=[1]),
    "summarizer": "The orchard was counted.",
    "curator": "Trees: ninety.",
    "dreamer": "The trees walked home.",
    "persona": "Here is all of it.",
}
#: Tokens that the summarizer's model takes, and sentences of the report: five pieces of it.
WINDOW, SENTENCES = 2_048, 460
REPORT = " ".join(f"In row {number} of the orchard stand nine old trees." for number in range(SENTENCES))
MESSAGE = f"Shorten the report, count words in Python, plan the harvest, and dream of the orchard: {REPORT}"
#: What `job_asked` calls the jobs of the first wave, and all of them.
WAVE = {"coder", "planner", "dreamer", *(f"summarizer {part}" for part in range(1, 6))}
JOBS = WAVE | {"summarizer"}


def on_server(address: str, **sections: Any) -> dict[str, Any]:
    """Return a models.json in which every role is a model of its own name at `address`; what fails is not tried again.

    Args:
        address: The server's.
        sections: Further sections: `rolePolicies`, say.
    """
    content = registry_content(**sections)
    for model in content["models"].values():
        model["provider"] = "openai"
    content["models"]["summarizer"]["options"] = {"contextWindow": WINDOW, "maxTokens": 256}
    return {"providers": {"openai": {"baseUrl": address, "retries": 0}}, **content}


def models() -> list[str]:
    """Return the names of the models that the server has."""
    return [*ROLES]


def job_asked(body: Mapping[str, Any]) -> str:
    """Return whose job a request is for: its role, and the number of the piece if it is one."""
    part = re.search(r"This is part (\d+) of", said_in(body["messages"]))
    return f"{body['model']} {part[1]}" if part else str(body["model"])


def said_in(messages: Iterable[Mapping[str, Any]]) -> str:
    """Return all words of a prompt."""
    return "\n".join(part if isinstance(part := message["content"], str) else json.dumps(part) for message in messages)


def within(seconds: float, condition: Callable[[], object]) -> None:
    """Wait until something holds.

    Raises:
        AssertionError: If it does not in time.
    """
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, f"not within {seconds} seconds"
        time.sleep(0.002)
