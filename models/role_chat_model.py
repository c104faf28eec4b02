"""A LangChain chat model that is a role: whoever answers for it answers, and nodes and users bind to it as to any."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable, ensure_config
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_json_schema, convert_to_openai_tool
from pydantic import BaseModel, Field

from metahuman.models.answers import reader
from metahuman.models.calls import RoleCall
from metahuman.models.providers import AnswerSchema, Wish
from metahuman.models.structured import StructuredModel
from metahuman.state.background import background
from metahuman.state.errors import BrokenAnswer
from metahuman.state.turn import thread_of

if TYPE_CHECKING:
    from metahuman.models.router import RoleRouter


def _schema_of(schema: dict[str, Any] | type) -> AnswerSchema:
    json_schema = convert_to_json_schema(schema)
    return AnswerSchema(str(json_schema.get("title", "answer")), json_schema, reader(schema, json_schema))


#: A class's schema takes milliseconds to work out, and every turn asks for the same one.
_schema_of_class = cache(_schema_of)


class RoleChatModel(BaseChatModel):
    """The chat model of a role.

    Args:
        router: Who finds the models.
        role: The role it is.
        mode: The cognitive mode, which may choose another model.
        overrides: See `Registry.resolve_model`.
        options: Options over the registry's, in its camelCase: `{"temperature": 0}`.
        listed_only: Ask only models that the registry lists for the role.
        alone: Ask only the first model.
    """

    router: Any = Field(exclude=True, repr=False)
    role: str
    mode: str | None = None
    overrides: Mapping[str, Any] = Field(default_factory=dict)
    options: Mapping[str, Any] = Field(default_factory=dict)
    listed_only: bool = False
    alone: bool = False

    @property
    def _llm_type(self) -> str:
        return "metahuman-role"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {"role": self.role, "mode": self.mode, **self.overrides, **self.options}

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: str | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Return this model with tools it may call, by JSON where it calls none of itself; it does not stream."""
        offered = [convert_to_openai_tool(tool) for tool in tools]
        whole = self.model_copy(update={"disable_streaming": True})
        return whole.bind(tools=offered, tool_choice=tool_choice, **kwargs)

    def with_structured_output(
        self, schema: dict[str, Any] | type, *, include_raw: bool = False, **kwargs: Any
    ) -> Runnable[LanguageModelInput, dict[str, Any] | BaseModel]:
        """Return a model whose answers fit `schema`: the provider holds it to it, and what comes is validated.

        Args:
            schema: A pydantic class or a JSON schema with a title.
            include_raw: Return `{"raw", "parsed", "parsing_error"}` and do not raise.
            kwargs: Further arguments of each call.

        Raises:
            BadAnswer: When the answer does not fit, at the call.
        """
        wanted = _schema_of_class(schema) if isinstance(schema, type) else _schema_of(schema)
        # A structured answer is for the program: it is not streamed to the person.
        quiet = self.model_copy(update={"disable_streaming": True})
        return StructuredModel(quiet.bind(answer_schema=wanted, **kwargs), wanted, include_raw=include_raw)

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        message = await self._router.generate(self._call(messages, stop, **kwargs))
        return ChatResult(generations=[ChatGeneration(message=message)])

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        chunk: ChatGenerationChunk | None = None
        try:
            async for chunk in self._router.stream(self._call(messages, stop, **kwargs)):
                if run_manager:
                    await run_manager.on_llm_new_token(chunk.text, chunk=chunk)
                yield chunk
        except BrokenAnswer as error:
            error.message_id = chunk.message.id if chunk else None  # LangChain has named it by now
            raise

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return background.run(self._agenerate(messages, stop, **kwargs))

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        for chunk in background.iterate(self._astream(messages, stop, **kwargs)):
            if run_manager:
                run_manager.on_llm_new_token(chunk.text, chunk=chunk)
            yield chunk

    @property
    def _router(self) -> RoleRouter:
        router: RoleRouter = self.router
        return router

    def _call(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None,
        *,
        tools: Sequence[Mapping[str, Any]] = (),
        tool_choice: str | None = None,
        answer_schema: AnswerSchema | None = None,
        options: Mapping[str, Any] | None = None,
        **others: Any,
    ) -> RoleCall:
        changes = {**self.options, **(options or {}), **({"stop": stop} if stop else {})}
        if others and (unknown := sorted(set(others) - {"stream", "run_manager"})):
            raise TypeError(f"a role takes no {', '.join(unknown)}; options go into options={{...}}")
        return RoleCall(
            role=self.role,
            messages=messages,
            mode=self.mode,
            overrides=self.overrides,
            options=changes,
            wish=Wish(tools, tool_choice, answer_schema),
            listed_only=self.listed_only,
            alone=self.alone,
            thread=thread_of(ensure_config()),
        )
