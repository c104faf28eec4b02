"""The answers that the scripted servers give, whichever protocol they speak."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

JSON: TypeAlias = dict[str, Any]
#: A function's name and its arguments; a string stands for arguments exactly as a model wrote them.
ToolCall: TypeAlias = tuple[str, JSON | str]


@dataclass(frozen=True)
class Answer:
    """What a model says to one request, and what goes wrong on the way.

    A chunk is one piece of thinking or text (see `pieces`), one tool call, or the end of the stream.

    Args:
        text: What the model says; with a JSON schema in the request, the JSON text to send.
        tool_calls: The functions the model calls, after its text.
        thinking: What the model thinks before its text.
        finish: Why the text ends: `stop`, or `length` when the token limit cut it.
        first_token_delay: Seconds before the first byte of the response, headers included.
        chunk_delay: Seconds before each further chunk; a whole answer waits for the sum.
        cut_after: How many chunks to send before the connection breaks; a whole answer breaks halfway.
        malformed_at: Index of the chunk to send as broken JSON; a whole answer is broken at any index.
        status: The HTTP status; anything but 200 sends `error` alone.
        headers: Further response headers, such as `Retry-After`.
        error: What the server complains of, put in the protocol's own shape unless it is a dict, which is sent
            as it stands. With status 200 the complaint ends the stream instead of the final chunk.
    """

    text: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    thinking: str = ""
    finish: str = "stop"
    first_token_delay: float = 0.0
    chunk_delay: float = 0.0
    cut_after: int | None = None
    malformed_at: int | None = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    error: str | JSON = ""

    @property
    def chunks(self) -> int:
        """How many chunks of thinking, text and tool calls there are: the tokens the model generates."""
        return len(pieces(self.thinking)) + len(pieces(self.text)) + len(self.tool_calls)


#: Answers in the order they are given, or a function from a request's body to its answer.
Answers: TypeAlias = Iterable[Answer] | Callable[[JSON], Answer]


def pieces(text: str) -> list[str]:
    """Split `text` into pieces about the size of a token; joined, they are `text` again."""
    return re.findall(r"\s*\S{1,6}|\s+\Z", text)


def prompt_tokens(messages: Iterable[Mapping[str, Any]]) -> int:
    """Count the tokens of a prompt, as both servers report them."""
    contents = [message.get("content") or "" for message in messages]
    parts = [part for content in contents for part in ([{"text": content}] if isinstance(content, str) else content)]
    return sum(len(pieces(part.get("text", ""))) for part in parts)
