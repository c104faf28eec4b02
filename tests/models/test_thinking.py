"""What a model thinks aloud is kept apart from what it says, however its text is cut."""

from __future__ import annotations

from collections import Counter
from functools import reduce
from itertools import pairwise
from operator import add
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.messages.ai import UsageMetadata
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import ChatGenerationChunk

from metahuman.models.thinking import TAGS, Thoughts, separate

often = settings(max_examples=200, derandomize=True, database=None)

CASES = [
    ("<think>Hm.</think>\n\nHello", "Hm.", "Hello"),
    ("\n<thinking>Hm.</thinking>Hello ", "Hm.", "Hello "),
    ("<reasoning>a <b> </think> c</reasoning>Hello", "a <b> </think> c", "Hello"),
    ("<think>one</think>\n<think>two</think> Hello", "onetwo", "Hello"),
    ("<think></think>Hello", "", "Hello"),
    ("<think>Hm.</think>", "Hm.", ""),
    ("<think>never done </thin", "never done </thin", ""),
    ("<think>", "", ""),
    ("  Hello", "", "  Hello"),
    ("Use <think>Hm.</think> for it", "", "Use <think>Hm.</think> for it"),
    ("<thinker>Hello", "", "<thinker>Hello"),
    ("<think>a</think>Hello <think>b</think>", "a", "Hello <think>b</think>"),
    ("<thi", "", "<thi"),
    (" \n", "", " \n"),
    ("", "", ""),
]
#: Texts made of what the splitter looks for, whole and broken, and of what it must leave alone.
TEXTS = st.lists(
    st.sampled_from(
        [
            "<think>",
            "</think>",
            "<thinking>",
            "</thinking>",
            "<reasoning>",
            "<",
            ">",
            "</",
            "<think",
            "think",
            " ",
            "\n",
        ]
    )
    | st.text(max_size=3),
    max_size=8,
).map("".join)


def said(*texts: str) -> tuple[str, str]:
    """Return the thoughts and the words of a stream of these texts."""
    thoughts = Thoughts()
    chunks = [thoughts.of(ChatGenerationChunk(message=AIMessageChunk(content=text))) for text in texts]
    whole = reduce(add, [chunk for chunk in (*chunks, thoughts.rest()) if chunk], _empty()).message
    return whole.additional_kwargs.get("reasoning_content", ""), whole.text


def _empty() -> ChatGenerationChunk:
    return ChatGenerationChunk(message=AIMessageChunk(content=""))


@pytest.mark.parametrize(("text", "thought", "words"), CASES)
def test_thoughts_are_taken_out_of_a_stream(text: str, thought: str, words: str) -> None:
    assert said(text) == said(*text) == (thought, words)


@pytest.mark.parametrize(("text", "thought", "words"), CASES)
def test_thoughts_are_taken_out_of_a_whole_answer(text: str, thought: str, words: str) -> None:
    message = separate(AIMessage(text))
    assert (message.additional_kwargs.get("reasoning_content", ""), message.content) == (thought, words)


@pytest.mark.parametrize(
    ("text", "thought", "words"),
    [
        ("Hm.\n</think>\n\nHello", "Hm.\n", "Hello"),
        ("Hm.</thinking>Hello </think>", "Hm.", "Hello </think>"),
        ("</think>Hello", "", "Hello"),
    ],
)
def test_a_thought_may_begin_in_the_prompt(text: str, thought: str, words: str) -> None:
    message = separate(AIMessage(text))
    assert (message.additional_kwargs.get("reasoning_content", ""), message.content) == (thought, words)


@often
@given(TEXTS, st.lists(st.integers(0, 60), max_size=6))
@example("<think>a</think>b", [1, 7, 9, 15])
def test_it_does_not_matter_where_a_text_is_cut(text: str, cuts: list[int]) -> None:
    places = [0, *sorted(cuts), len(text)]
    pieces = [text[start:end] for start, end in pairwise(places)]
    assert said(*pieces) == said(text)


@often
@given(TEXTS)
def test_nothing_but_tags_and_white_space_is_lost(text: str) -> None:
    thought, words = said(text)
    lost = Counter(text) - Counter(thought + words)
    assert text.endswith(words)
    assert all(letter.isspace() or letter in "".join(TAGS) + "/" for letter in lost)


@often
@given(TEXTS)
def test_what_begins_with_no_tag_is_left_as_it_is(text: str) -> None:
    assert said(f"So: {text}") == ("", f"So: {text}")


def test_everything_else_in_a_chunk_stays() -> None:
    usage = UsageMetadata(input_tokens=1, output_tokens=2, total_tokens=3)
    message = AIMessageChunk(
        content="<think>Hm.</think>",
        id="a",
        additional_kwargs={"refusal": "no"},
        response_metadata={"model": "m"},
        usage_metadata=usage,
        tool_call_chunks=[tool_call_chunk(name="add", args="{}", id="1", index=0)],
        chunk_position="last",
    )
    chunk = Thoughts().of(ChatGenerationChunk(message=message, generation_info={"finish_reason": "stop"}))
    after = chunk.message
    assert isinstance(after, AIMessageChunk)
    assert chunk.generation_info == {"finish_reason": "stop"}
    assert after.additional_kwargs == {"refusal": "no", "reasoning_content": "Hm."}
    assert (after.id, after.response_metadata, after.usage_metadata) == ("a", {"model": "m"}, usage)
    assert (after.tool_call_chunks, after.chunk_position) == (message.tool_call_chunks, "last")
    assert (after.content, chunk.text) == ("", "")


def test_a_chunk_without_thoughts_is_passed_on_as_it_is() -> None:
    thoughts, chunk = Thoughts(), ChatGenerationChunk(message=AIMessageChunk(content="Hello"))
    assert thoughts.of(chunk) is chunk
    assert thoughts.rest() is None


def test_thoughts_that_a_server_has_kept_apart_are_kept() -> None:
    message = separate(AIMessage("<think>b</think>Hello", additional_kwargs={"reasoning_content": "a"}))
    assert (message.additional_kwargs, message.content) == ({"reasoning_content": "ab"}, "Hello")


def test_blocks_that_are_not_text_are_left_alone() -> None:
    image = {"type": "image_url", "image_url": {"url": "data:,"}}
    blocks: list[str | dict[str, Any]] = [
        {"type": "text", "text": "<think>Hm."},
        image,
        {"type": "text", "text": "</think>Hel", "index": 1},
        "lo",
    ]
    message = separate(AIMessage(blocks))
    assert message.content == [image, {"type": "text", "text": "Hel", "index": 1}, "lo"]
    assert message.additional_kwargs["reasoning_content"] == "Hm."


def test_what_is_held_back_of_blocks_comes_at_their_end() -> None:
    assert separate(AIMessage([{"type": "text", "text": "<thi"}])).content == ["<thi"]
    assert separate(AIMessage([{"type": "text", "text": "<think>Hm.</th"}])).content == []
