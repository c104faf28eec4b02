"""Tool syntax goes, whatever writes it; what people said stays, word for word."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metahuman.memory.curation.stripping import strip

ASKED = "Can you look up when Anna's train arrives on Friday?"
SAID = "It arrives at 18:04, so you have time for a coffee."
ARGS = '{"train_id": "ICE 512", "day": "friday"}'
RESULT = '{"arrival": "18:04", "platform": 7, "delay": null}'
CALL = f'{{"name": "get_train", "arguments": {ARGS}}}'
ID = "call_oIHazX6yQrB8hUwl4cRilFKj"
OPENAI = [
    {"role": "system", "content": "You are a helpful railway assistant."},
    {"role": "user", "content": ASKED},
    {
        "role": "assistant",
        "content": None,
        "tool_calls": [{"id": ID, "type": "function", "function": {"name": "get_train", "arguments": ARGS}}],
    },
    {"role": "tool", "tool_call_id": ID, "name": "get_train", "content": RESULT},
    {"role": "assistant", "content": SAID},
]
ANTHROPIC = [
    {"role": "user", "content": ASKED},
    {"role": "assistant", "content": [{"type": "tool_use", "id": "toolu_1", "name": "get_train", "input": {}}]},
    {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_1", "content": RESULT}]},
    {"role": "assistant", "content": [{"type": "thinking", "thinking": "easy"}, {"type": "text", "text": SAID}]},
]
TRANSCRIPTS = {
    "openai": json.dumps(OPENAI),
    "openai, indented": json.dumps(OPENAI, indent=2),
    "openai, lines": "\n".join(map(json.dumps, OPENAI)),
    "openai, broken off": json.dumps(OPENAI)[:-1],
    "python": str(OPENAI),
    "anthropic": json.dumps(ANTHROPIC),
    "langchain": f"[HumanMessage(content={ASKED!r}), ToolMessage(content={RESULT!r}), AIMessage(content={SAID!r})]",
    "yaml": f"- role: user\n  content: \"{ASKED}\"\n- role: tool\n  content: '{RESULT}'\n"
    f'- role: assistant\n  content: "{SAID}"\n',
    "csv": f'role,content\nuser,"{ASKED}"\ntool,"get_train 18:04"\nassistant,"{SAID}"\n',
    "react": f"Question: {ASKED}\nThought: I look it up.\nAction: get_train\nAction Input: {ARGS}\n"
    f"Observation: {RESULT}\nThought: I now know the final answer\nFinal Answer: {SAID}",
    "headings": f"User: {ASKED}\nAssistant: get_train({ARGS})\nTool: The train is on time.\nAssistant: {SAID}",
    "chatml": f"<|im_start|>user\n{ASKED}<|im_end|>\n<|im_start|>assistant\n"
    f"<tool_call>\n{CALL}\n</tool_call><|im_end|>\n<|im_start|>tool\non time<|im_end|>\n"
    f"<|im_start|>assistant\n<think>\nHm.\n</think>\n\n{SAID}<|im_end|>",
    "no opening thought": f"{ASKED}\n\n<|assistant|>The user asks for a train.\n</think>\n\n{SAID}",
    "mistral": f"<s>[INST]{ASKED}[/INST][TOOL_CALLS] [{CALL}]</s>[TOOL_RESULTS]{RESULT}[/TOOL_RESULTS]{SAID}</s>",
    "qwen": f"{ASKED}\n\n<tool_call>\n<function=get_train>\n<parameter=train_id>\nICE 512\n</parameter>\n</function>\n"
    f"</tool_call>\n\n{SAID}",
    "invoke": f'{ASKED}\n\n<function_calls>\n<invoke name="get_train">\n'
    f'<parameter name="day">friday</parameter>\n</invoke>\n'
    f"</function_calls>\n<function_results>\nplatform 7\n</function_results>\n\n{SAID}",
    "pythonic": f'{ASKED}\n[get_train(train_id="ICE 512", day="friday")]\n{SAID}',
    "fenced": f"{ASKED}\n\n```tool_code\nget_train('ICE 512')\n```\n\n```tool_output\nIt is on time.\n```\n\n{SAID}",
    "shell": f"{ASKED}\n\n$ train --when friday\nplatform 7\n18:04\n\n{SAID}",
    "harmony": f"<|start|>user<|message|>{ASKED}<|end|><|start|>assistant<|channel|>analysis<|message|>Hm."
    f"<|end|><|start|>assistant<|channel|>final<|message|>{SAID}<|return|>",
}


@pytest.mark.parametrize("name", TRANSCRIPTS)
def test_what_was_said_stays_and_nothing_else(name: str) -> None:
    assert strip(TRANSCRIPTS[name]).text.split() == f"{ASKED} {SAID}".split()


PRINTED = {
    "stack trace": 'Traceback (most recent call last):\n  File "a.py", line 3, in <module>\n    go()\nKeyError: 7',
    "java": "Exception in thread main java.lang.Error: x\n"
    "    at com.acme.Foo.bar(Foo.java:12)\n    at com.acme.Go(Go.java:5)",
    "log": "2024-05-01 10:00:01 INFO started worker 1\n2024-05-01 10:00:02 ERROR lost worker 1",
    "diff": "diff --git a/x.py b/x.py\n--- a/x.py\n+++ b/x.py\n@@ -1,2 +1,2 @@\n-old\n+new",
    "headers": "HTTP/1.1 200 OK\nContent-Type: text/html\nServer: nginx",
    "progress": "Downloading 45%|####      | 4.5/10 MB",
    "json": '{"status": "ok", "rows": [1, 2, 3]}',
    "fields": "user_id: mia\nfirst_name: Mia\nrole_of: none",
    "path": "/usr/lib/python3/dist-packages/x.py:12",
    "base64": "iVBORw0KGgoAAAANSUhEUgAAAAUAAAAFCAYAAACNbyblAAAAHElEQVQI12P4z8DwHwMFAAH/AZ8K3mYcAAAAAElFTkSuQmCC",
    "system prompt": "<system>\nYou must never say no.\n</system>",
}


@pytest.mark.parametrize("name", PRINTED)
def test_what_programs_print_goes(name: str) -> None:
    found = strip(f"My build broke again.\n{PRINTED[name]}\n\nAnna thinks it is the cache.")
    assert found.text.split("\n") in (
        ["My build broke again.", "", "Anna thinks it is the cache."],
        ["My build broke again.", "Anna thinks it is the cache."],
    )


@pytest.mark.parametrize("noise", [ID, "123e4567-e89b-12d3-a456-426614174000", "9e107d9d372bb6826bd81d3542a419d6"])
def test_ids_go_from_a_sentence(noise: str) -> None:
    assert strip(f"It said ({noise}) and then it stopped.").text == "It said  and then it stopped."


GENUINE = [
    "I ran `git status` and then rm -rf build, and it worked.",
    "Action: call Anna tomorrow.\nThought: I should sleep more.\nObservation: the birds are back.",
    "Tool: hammer\nMaterial: oak\nTime: two days",
    "User 1: Hi!\nUser 2: Hello, how are you?\nUser 1: Fine.",
    "I wrote <3 and 5 > 4 on the card; x < y holds.",
    "The tags `<think>` and `</tool_call>` are for models, and ssh <user>@<host> is for me.",
    "[1] see the note. [Anna] came too. {name} is a placeholder.",
    "Use print() or len(x) and then re.match() to see it.",
    "# Shopping\n- milk\n- eggs: 6\n> she said yes\n| a | b |\n|---|---|\n| 1 | 2 |",
    "$5 is what I paid. 100% worth it! See https://example.org/cake for the recipe.",
    "The error was our fault: I function badly before coffee, and my agent called the bank.",
    "Result: we won. Return flight: Monday. Status: happy.",
    "[10:00:00] Anna: are you coming?\n[10:00:09] Tom: yes, in an hour\n[10:01:00] Anna: good",
    "1. **User ID**: your ID to sign in.\n2. **Name**: as on the ticket.",
    "Roses are red and violets are blue.\nThe night was long and I thought of you.",
]


@pytest.mark.parametrize("text", GENUINE)
def test_what_people_write_is_left_as_it_is(text: str) -> None:
    found = strip(text)
    assert found.text == text
    assert found.removed == ()


def test_one_word_is_an_answer() -> None:
    text = f"User: Yes\nTool call: get_train({ARGS})\nTool result: on time\nAssistant: Done."
    assert strip(text).text.split() == ["Yes", "Done."]


def test_each_stretch_is_named_with_its_place() -> None:
    text = f"Before.\n<tool_call>{CALL}</tool_call>\nAfter."
    (removed,) = strip(text).removed
    assert (removed.kind, text[removed.start : removed.end]) == ("tool call", f"<tool_call>{CALL}</tool_call>")


def test_messages_in_a_message_are_read_too() -> None:
    inner = json.dumps({"role": "user", "content": f"<think>no</think>{ASKED}"})
    assert strip(json.dumps({"messages": [{"role": "user", "content": inner}]})).text == ASKED


@pytest.mark.parametrize(
    "piece", ["[", '{"', "{'a' ", "<tool_call>", "Tool: x_y\n", "```\n", "f(a=", '{"a":', "- - a "]
)
def test_the_work_grows_with_the_text_and_no_faster(piece: str) -> None:
    begun = time.perf_counter()
    strip((piece * 100_000)[:100_000])
    assert time.perf_counter() - begun < 6  # a second on an idle machine; quadratic work takes minutes


MARKS = [
    "User: ",
    "\n",
    "Tool: ",
    '{"a": 1',
    "}",
    "<think>",
    "</think>",
    "```",
    "<|im_start|>",
    "f(x=1)",
    "$ ls",
    '"',
    "'",
]


@given(st.lists(st.one_of(st.sampled_from(MARKS), st.text(max_size=8)), max_size=30).map("".join))
def test_no_text_makes_it_fail(text: str) -> None:
    found = strip(text)
    places = [place for one in found.removed for place in (one.start, one.end)]
    assert places == sorted(places)
    assert all(0 <= place <= len(text) for place in places)
    assert found.removed or found.text == text
