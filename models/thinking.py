"""Models that think aloud: what stands between <think> and </think> before an answer is no part of it.

Servers that know their model keep its thoughts apart themselves, as `reasoning_content`; here the others' are put in
the same place. Only what an answer begins with is a thought: a <think> later in a text is text.
"""

from __future__ import annotations

import re
from typing import Any, TypeVar

from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGenerationChunk

M = TypeVar("M", bound=BaseMessage)
Content = str | list[str | dict[str, Any]]

TAGS = ("<think>", "<thinking>", "<reasoning>")
_CLOSING = re.compile("|".join(re.escape(tag.replace("<", "</")) for tag in TAGS))


class Thoughts:
    """Takes the thoughts out of one answer's stream.

    However its text is cut into chunks, the same thoughts and the same words come out. A thought that never ends is
    all there is of its answer.
    """

    def __init__(self) -> None:
        self._splitter = _Splitter()

    def of(self, chunk: ChatGenerationChunk) -> ChatGenerationChunk:
        """Return `chunk` with its thoughts moved; a piece that may yet become a tag is held back for a later one."""
        message = _moved(chunk.message, self._splitter)
        if message is chunk.message:
            return chunk
        return ChatGenerationChunk(message=message, generation_info=chunk.generation_info)

    def rest(self) -> ChatGenerationChunk | None:
        """Return what is still held back at the end of the stream, or None if nothing is."""
        thought, words = self._splitter.end()
        if not (thought or words):
            return None
        return ChatGenerationChunk(message=AIMessageChunk(content=words, additional_kwargs=_thinking({}, thought)))


def separate(message: M) -> M:
    """Return a whole answer with its thoughts moved out of its words.

    Where the opening tag was part of the prompt, as some chat templates have it, only the closing one shows.
    """
    splitter = _Splitter(inside=_tag_closed_alone(message.text))
    moved = _moved(message, splitter)
    thought, words = splitter.end()
    if not (thought or words):
        return moved
    content = moved.content + words if isinstance(moved.content, str) else [*moved.content, *([words] if words else [])]
    kwargs = _thinking(moved.additional_kwargs, thought)
    return moved.model_copy(update={"content": content, "additional_kwargs": kwargs})


class _Splitter:
    """Tells thought from answer in a text that comes in pieces.

    Args:
        inside: The closing tag, if the text begins in the middle of a thought.
    """

    def __init__(self, inside: str = "") -> None:
        self._inside, self._held = inside, ""
        self._thought, self._answers = bool(inside), False

    def take(self, piece: str) -> tuple[str, str]:
        """Return what of the text so far is now known to be thought, and what answer."""
        text, self._held, thought = self._held + piece, "", ""
        while text and not self._answers:
            if self._inside:
                more, text = self._think(text)
                thought += more
            else:
                text = self._begin(text)
        return thought, text

    def end(self) -> tuple[str, str]:
        """Return what is held back, as thought and answer."""
        held, self._held = self._held, ""
        return (held, "") if self._inside else ("", self._answer(held))

    def _think(self, text: str) -> tuple[str, str]:
        """Return the thought that `text` begins with, and what comes after it; the start of a tag is held back."""
        closing = self._inside
        thought, closed, after = text.partition(closing)
        if closed:
            self._inside = ""
            return thought, after
        kept = next((size for size in range(len(closing) - 1, 0, -1) if text.endswith(closing[:size])), 0)
        self._held = text[len(text) - kept :]
        return text[: len(text) - kept], ""

    def _begin(self, text: str) -> str:
        """Return what to read on with: what follows an opening tag, or the answer; the start of a tag is held back."""
        words = text.lstrip()
        for tag in TAGS:
            if words.startswith(tag):
                self._inside, self._thought = tag.replace("<", "</"), True
                return words.removeprefix(tag)
        if any(tag.startswith(words) for tag in TAGS):
            self._held = text
            return ""
        self._answers = True
        return self._answer(text)

    def _answer(self, text: str) -> str:
        """Return the beginning of an answer: the white space after a thought belongs to neither."""
        return text.lstrip() if self._thought else text


def _moved(message: M, splitter: _Splitter) -> M:
    """Return `message` with its thoughts moved; blocks that are not text stay as they are."""
    content, thought = _read(message.content, splitter)
    if content == message.content and not thought:
        return message
    kwargs = _thinking(message.additional_kwargs, thought)
    return message.model_copy(update={"content": content, "additional_kwargs": kwargs})


def _read(content: Content, splitter: _Splitter) -> tuple[Content, str]:
    """Return the content without its thoughts, and those."""
    if isinstance(content, str):
        thought, words = splitter.take(content)
        return words, thought
    blocks: list[str | dict[str, Any]] = []
    thoughts = ""
    for block in content:
        if isinstance(block, dict) and block.get("type") != "text":
            blocks.append(block)
            continue
        thought, words = splitter.take(block if isinstance(block, str) else block.get("text", ""))
        thoughts += thought
        if words:
            blocks.append(words if isinstance(block, str) else {**block, "text": words})
    return blocks, thoughts


def _thinking(kwargs: dict[str, Any], thought: str) -> dict[str, Any]:
    """Return a message's further fields with a thought added to those it has."""
    return {**kwargs, "reasoning_content": (kwargs.get("reasoning_content") or "") + thought} if thought else kwargs


def _tag_closed_alone(text: str) -> str:
    """Return the closing tag in `text` that no opening one belongs to; empty if there is none."""
    closing = _CLOSING.search(text)
    if closing is None or text.lstrip().startswith(TAGS):
        return ""
    return closing[0] if closing[0].replace("</", "<") not in text[: closing.start()] else ""
