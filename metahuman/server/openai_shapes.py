"""Chat completions as OpenAI's protocol has them: what is asked for."""

from __future__ import annotations

import uuid
from typing import Annotated, Any, Literal, cast

from langchain_core.messages import AnyMessage, convert_to_messages
from pydantic import BaseModel, ConfigDict, Field, field_validator

from metahuman.server.turns import ThreadName

Name = Annotated[str, Field(min_length=1, max_length=200)]


class Part(BaseModel):
    """A part of a message; only text is understood."""

    type: Literal["text"]
    text: str


class Function(BaseModel):
    """A function that a model calls: its name, and its arguments as JSON."""

    name: Name
    arguments: str = "{}"


class ToolCall(BaseModel):
    """A call of a tool."""

    id: str
    type: Literal["function"] = "function"
    function: Function


class Message(BaseModel):
    """A message of the conversation."""

    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str | list[Part] | None = None
    tool_calls: list[ToolCall] | None = None
    tool_call_id: str | None = None

    @property
    def text(self) -> str:
        """Its words."""
        return self.content if isinstance(self.content, str) else "".join(part.text for part in self.content or [])

    def as_langchain(self) -> AnyMessage:
        """Return it as the models here take it."""
        told: dict[str, Any] = {"role": self.role, "content": self.text, "id": str(uuid.uuid4())}
        if self.role == "assistant" and self.tool_calls:
            told["tool_calls"] = [call.model_dump() for call in self.tool_calls]
        if self.role == "tool":
            told["tool_call_id"] = self.tool_call_id or ""
        return cast(AnyMessage, convert_to_messages([told])[0])


class FunctionOffer(BaseModel):
    """A function that may be called."""

    name: Annotated[str, Field(pattern=r"^[a-zA-Z0-9_-]{1,64}$")]
    description: str = ""
    parameters: dict[str, Any] = Field(default_factory=lambda: {"type": "object", "properties": {}})


class Tool(BaseModel):
    """A tool that may be called."""

    type: Literal["function"]
    function: FunctionOffer


class NamedFunction(BaseModel):
    """The name of a function."""

    name: Name


class ToolChoice(BaseModel):
    """The tool that is to be called."""

    type: Literal["function"]
    function: NamedFunction


class JsonSchema(BaseModel):
    """A schema that the answer must fit."""

    name: Name
    json_schema: dict[str, Any] = Field(alias="schema")


class ResponseFormat(BaseModel):
    """The form of the answer."""

    type: Literal["text", "json_object", "json_schema"]
    json_schema: JsonSchema | None = None


class StreamOptions(BaseModel):
    """What a stream tells beside the answer."""

    include_usage: bool = False


class Asked(BaseModel):
    """A request for a completion. What is not listed here is ignored, as other servers ignore it."""

    model_config = ConfigDict(extra="ignore")

    model: Annotated[str, Field(description="metahuman, metahuman-MODE, or role:ROLE; see /v1/models.")]
    messages: Annotated[list[Message], Field(min_length=1)]
    stream: bool | None = False
    stream_options: StreamOptions | None = None
    user: ThreadName | None = Field(None, description="The thread that the turn belongs to.")
    n: Annotated[int, Field(ge=1, le=1)] | None = 1
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    top_p: Annotated[float, Field(gt=0, le=1)] | None = None
    seed: Annotated[int, Field(ge=-(2**31), lt=2**31)] | None = None
    max_tokens: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    max_completion_tokens: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    stop: Annotated[list[str], Field(max_length=16)] | None = None
    tools: Annotated[list[Tool], Field(max_length=128)] | None = None
    tool_choice: Literal["auto", "none", "required"] | ToolChoice | None = None
    response_format: ResponseFormat | None = None

    @field_validator("stop", mode="before")
    @classmethod
    def _listed(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value

    @property
    def options(self) -> dict[str, Any]:
        """What is said of how the model is to be run, in the registry's words."""
        said = {
            "temperature": self.temperature,
            "topP": self.top_p,
            "seed": self.seed,
            "maxTokens": self.max_completion_tokens or self.max_tokens,
            "stop": self.stop or None,
        }
        return {key: value for key, value in said.items() if value is not None}
