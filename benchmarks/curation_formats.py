"""The ways in which a conversation with tool calls is written down, to see what is stripped of each.

`SEEN` were looked at while the stripper was written. `UNSEEN` were written afterwards and tried once before any change;
what they showed has changed it since, so that only a format that is not here tells how it does on a new one.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from typing import Any, NamedTuple

import yaml

Message = dict[str, Any]


class Written(NamedTuple):
    """A format as templates; "{name}", "{args}", "{id}" and "{text}" are filled in.

    Args:
        user: What the user says.
        assistant: What the assistant says.
        call: A tool call.
        result: What the tool gives back.
        between: What stands between two of these.
        system: The system prompt; "" to leave it out.
    """

    user: str
    assistant: str
    call: str
    result: str
    between: str = "\n"
    system: str = ""

    def __call__(self, messages: list[Message]) -> str:
        """Return a conversation in this format."""
        return self.between.join(part for message in messages for part in self._parts(message))

    def _parts(self, message: Message) -> list[str]:
        text, role = message.get("content") or "", message["role"]
        if role == "tool":
            return [_filled(self.result, text=text, name=message["name"], id=message["tool_call_id"])]
        template = {"user": self.user, "assistant": self.assistant, "system": self.system}[role]
        said = [_filled(template, text=text)] if text and template else []
        return said + [_filled(self.call, name=name, args=args, id=id_) for name, args, id_ in calls(message)]


def _filled(template: str, **values: str) -> str:
    for name, value in values.items():
        template = template.replace(f"{{{name}}}", value)
    return template


def calls(message: Message) -> list[tuple[str, str, str]]:
    """Return the calls of a message: name, arguments as JSON, id."""
    found = message.get("tool_calls") or []
    return [(each["function"]["name"], each["function"]["arguments"], each["id"]) for each in found]


def _anthropic(messages: list[Message]) -> str:
    found = []
    for message in messages:
        text = [{"type": "text", "text": message["content"]}] if message.get("content") else []
        if message["role"] == "tool":
            text = [{"type": "tool_result", "tool_use_id": message["tool_call_id"], "content": message["content"]}]
        used = [{"type": "tool_use", "id": i, "name": n, "input": json.loads(a)} for n, a, i in calls(message)]
        found.append({"role": message["role"].replace("tool", "user"), "content": [*text, *used]})
    return json.dumps([one for one in found if one["role"] != "system"], indent=1)


def _gemini(messages: list[Message]) -> str:
    found = []
    for message in messages:
        parts: list[Any] = [{"text": message["content"]}] if message.get("content") else []
        if message["role"] == "tool":
            parts = [{"functionResponse": {"name": message["name"], "response": {"result": message["content"]}}}]
        used = [{"functionCall": {"name": name, "args": json.loads(args)}} for name, args, _ in calls(message)]
        role = {"assistant": "model", "tool": "user"}.get(message["role"], message["role"])
        found.append({"role": role, "parts": [*parts, *used]})
    return json.dumps({"contents": found}, indent=2)


def _table(messages: list[Message]) -> str:
    table = io.StringIO()
    rows = csv.writer(table)
    rows.writerow(["turn", "role", "name", "content"])
    for turn, message in enumerate(messages):
        content = message.get("content") or json.dumps(message.get("tool_calls"))
        rows.writerow([turn, message["role"], message.get("name", ""), content])
    return table.getvalue()


_IM = ("<|im_start|>user\n{text}<|im_end|>", "<|im_start|>assistant\n{text}<|im_end|>")
_CALL = '{"name": "{name}", "arguments": {args}}'

SEEN: dict[str, Callable[[list[Message]], str]] = {
    "openai json": lambda messages: json.dumps(messages, indent=2, ensure_ascii=False),
    "openai jsonl": lambda messages: "\n".join(map(json.dumps, messages)),
    "python repr": str,
    "yaml": lambda messages: yaml.safe_dump(messages, sort_keys=False, allow_unicode=True),
    "anthropic json": _anthropic,
    "react": Written(
        "Question: {text}",
        "Thought: I can answer now\nFinal Answer: {text}",
        "Thought: I should call {name}\nAction: {name}\nAction Input: {args}",
        "Observation: {text}",
    ),
    "labels": Written(
        "User: {text}",
        "Assistant: {text}",
        "Tool call: {name}({args})",
        "Tool result: {text}",
        system="System: {text}",
    ),
    "hermes": Written(
        *_IM,
        f"<|im_start|>assistant\n<tool_call>\n{_CALL}\n</tool_call><|im_end|>",
        "<|im_start|>tool\n<tool_response>\n{text}\n</tool_response><|im_end|>",
    ),
    "xml alone": Written(
        "{text}", "{text}", f"<tool_call>{_CALL}</tool_call>", "<tool_response>{text}</tool_response>", "\n\n"
    ),
    "llama 3": Written(
        "<|start_header_id|>user<|end_header_id|>\n\n{text}<|eot_id|>",
        "<|start_header_id|>assistant<|end_header_id|>\n\n{text}<|eot_id|>",
        f"<|start_header_id|>assistant<|end_header_id|>\n\n<|python_tag|>{_CALL}<|eom_id|>",
        "<|start_header_id|>ipython<|end_header_id|>\n\n{text}<|eot_id|>",
        "",
    ),
    "mistral": Written(
        "[INST]{text}[/INST]",
        "{text}</s>",
        "[TOOL_CALLS]{name}[CALL_ID]{id}[ARGS]{args}</s>",
        "[TOOL_RESULTS]{id}[TOOL_CONTENT]{text}[/TOOL_RESULTS]",
        "",
    ),
    "harmony": Written(
        "<|start|>user<|message|>{text}<|end|>",
        "<|start|>assistant<|channel|>final<|message|>{text}<|return|>",
        "<|start|>assistant<|channel|>commentary to=functions.{name} <|constrain|>json<|message|>{args}<|call|>",
        "<|start|>functions.{name} to=assistant<|channel|>commentary<|message|>{text}<|end|>",
        "",
    ),
    "fences": Written(
        "**User:** {text}\n",
        "**Assistant:** {text}\n",
        '```json\n{"tool": "{name}", "args": {args}}\n```\n',
        "```\n{text}\n```\n",
    ),
    "brackets": Written(
        "{text}", "{text}", "[Calling tool {name} with args {args}]", "[Tool {name} returned: {text}]", "\n\n"
    ),
    "terminal": Written("> {text}\n", "\u23fa {text}\n", "\u23fa {name}({args})", "  \u23bf  {text}\n"),
}

UNSEEN: dict[str, Callable[[list[Message]], str]] = {
    "gemini json": _gemini,
    "csv": _table,
    "crew": Written(
        "Human: {text}",
        "AI: {text}",
        '\n# Agent: Airline Clerk\n## Thought: I look this up.\n## Using tool: {name}\n## Tool Input: \n"{args}"',
        "## Tool Output: \n{text}\n",
    ),
    "llama index": Written(
        "Added user message to memory: {text}",
        "Agent: {text}",
        "=== Calling Function ===\nCalling function: {name} with args: {args}",
        "Got output: {text}\n========================\n",
    ),
    "xml messages": Written(
        '<message role="user">{text}</message>',
        '<message role="assistant">{text}</message>',
        '<message role="assistant"><tool_use id="{id}" name="{name}">{args}</tool_use></message>',
        '<message role="tool" tool_call_id="{id}">{text}</message>',
    ),
    "time stamps": Written(
        "[2024-05-15 15:00:00] USER: {text}",
        "[2024-05-15 15:00:02] ASSISTANT: {text}",
        "[2024-05-15 15:00:01] TOOL_CALL {name}: {args}",
        "[2024-05-15 15:00:01] TOOL_RESULT {name}: {text}",
    ),
    "headings": Written(
        "### User\n\n{text}\n",
        "### Assistant\n\n{text}\n",
        "#### Function call: `{name}`\n\n```json\n{args}\n```\n",
        "#### Function response\n\n{text}\n",
    ),
    "details": Written(
        "**You**: {text}\n",
        "**ChatGPT**: {text}\n",
        "<details>\n<summary>Tool call: {name}</summary>\n\n{args}\n",
        "{text}\n</details>\n",
    ),
    "arrows": Written("Customer: {text}", "Agent: {text}", "Agent -> {name}({args})", "{name} -> {text}"),
    "glm": Written(
        "<|user|>\n{text}", "<|assistant|>\n{text}", "<|assistant|>{name}\n{args}", "<|observation|>\n{text}", ""
    ),
    "functionary": Written(
        "<|from|>user\n<|recipient|>all\n<|content|>{text}",
        "<|from|>assistant\n<|recipient|>all\n<|content|>{text}",
        "<|from|>assistant\n<|recipient|>{name}\n<|content|>{args}",
        "<|from|>{name}\n<|recipient|>all\n<|content|>{text}",
    ),
    "one letter": Written("U: {text}", "A: {text}", "T> {name} {args}", "R> {text}"),
    "slashes": Written("human> {text}", "bot> {text}", "bot> /{name} {args}", "/{name}> {text}"),
}
