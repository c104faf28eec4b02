"""Tools for models that call none of themselves: JSON of a schema is asked for, and read as a call."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage

from metahuman.api import MetaHuman
from metahuman.models.tool_plans import plan_schema, told_of_tools
from metahuman.state.errors import NoModelAnswered
from tests.fakes import world
from tests.homes import embedded
from tests.resolved import real_model


def tool(name: str, **properties: Any) -> dict[str, Any]:
    parameters = {"type": "object", "properties": properties, "required": list(properties)}
    described = {"name": name, "description": f"Does {name}. At once.", "parameters": parameters}
    return {"type": "function", "function": described}


TOOLS = [tool("add", a={"type": "integer"}, b={"type": "integer"}), tool("wait")]
ADD = json.dumps({"step": {"tool": "add", "arguments": {"a": 1, "b": 2}}})


async def test_an_answer_that_names_a_call_makes_it() -> None:
    it = world({"orchestrator": [ADD]})
    with it.provider:
        message = await it.services.models.chat_model("orchestrator").bind_tools(TOOLS).ainvoke("1 + 2?")
    ((name, arguments),) = [(call["name"], call["args"]) for call in message.tool_calls]
    assert (name, arguments, message.text) == ("add", {"a": 1, "b": 2}, "")
    asked = it.provider.asked[0]
    assert (asked.wish.tools, asked.wish.schema and asked.wish.schema.name) == ((), "NextStep")
    assert "- add(a, b): Does add" in asked.messages[0].text


async def test_a_note_is_what_the_model_says() -> None:
    it = world({"orchestrator": ['{"step": {"note": "it is three"}}']})
    message = await it.services.models.chat_model("orchestrator").bind_tools(TOOLS).ainvoke("1 + 2?")
    assert (message.text, message.tool_calls) == ("it is three", [])


@pytest.mark.parametrize(
    "wrong",
    [
        '{"step": {"tool": "subtract", "arguments": {}}}',
        '{"step": {"tool": "add", "arguments": {"a": 1}}}',
        '{"step": {"tool": "add", "arguments": {"a": 1, "b": "two"}}}',
        '{"step": {}}',
        "add(1, 2)",
    ],
)
async def test_what_is_no_call_is_told_and_then_refused(wrong: str) -> None:
    it = world({"orchestrator": [wrong, ADD]})
    model = it.services.models.chat_model("orchestrator").bind_tools(TOOLS)
    assert (await model.ainvoke("1 + 2?")).tool_calls
    it.provider.script = {"orchestrator": [wrong, wrong]}
    with pytest.raises(NoModelAnswered):
        await model.ainvoke("1 + 2?")


def test_what_was_done_before_is_told_in_words() -> None:
    call = {"name": "add", "args": {"a": 1, "b": 2}, "id": "1"}
    before = [SystemMessage("Be brief."), HumanMessage("1 + 2?"), AIMessage("", tool_calls=[call])]
    told = told_of_tools([*before, ToolMessage("3", tool_call_id="1")], TOOLS)
    assert [message.type for message in told] == ["system", "human", "ai", "human"]
    assert told[0].text.startswith("Be brief.\nThe tools:\n- add(a, b)")
    assert told[2].text == ADD
    assert told[3].text.startswith("That brought:\n3\nAnswer with JSON")


def test_a_schema_with_definitions_of_its_own_is_left_to_the_tool() -> None:
    nested = tool("save", what={"$ref": "#/$defs/Thing"})
    nested["function"]["parameters"]["$defs"] = {"Thing": {"type": "string"}}
    schema = plan_schema([nested]).schema
    Draft202012Validator.check_schema(schema)
    assert "$ref" not in json.dumps(schema)


@real_model
def test_the_embedded_model_names_a_call_that_fits(tmp_path: Path) -> None:
    embedded(tmp_path, maxTokens=60)
    with MetaHuman(tmp_path) as twin:
        message = twin.services.models.chat_model("orchestrator").bind_tools(TOOLS).invoke("What is 1 + 2?")
    assert message.text or message.tool_calls[0]["name"] in ("add", "wait")
