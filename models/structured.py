"""A chat model whose answers are read as what was asked for."""

from __future__ import annotations

from typing import Any

from langchain_core.language_models import LanguageModelInput
from langchain_core.messages import AIMessage
from langchain_core.runnables import Runnable, RunnableConfig

from metahuman.models.providers import AnswerSchema
from metahuman.state.errors import ModelError


class StructuredModel(Runnable[LanguageModelInput, Any]):
    """A model, and what reads its answers.

    One runnable, where LangChain would chain five: it looks at the signature of each at every call, which takes
    milliseconds.

    Args:
        model: The model, told of the schema.
        schema: Reads an answer.
        include_raw: Return `{"raw", "parsed", "parsing_error"}`, and do not raise where an answer does not fit.
    """

    def __init__(
        self, model: Runnable[LanguageModelInput, AIMessage], schema: AnswerSchema, *, include_raw: bool
    ) -> None:
        self._model, self._schema, self._include_raw = model, schema, include_raw

    def invoke(self, input: LanguageModelInput, config: RunnableConfig | None = None, **kwargs: Any) -> Any:  # noqa: A002
        """Return the answer, read."""
        return self._read(self._model.invoke(input, config, **kwargs))

    async def ainvoke(self, input: LanguageModelInput, config: RunnableConfig | None = None, **kwargs: Any) -> Any:  # noqa: A002
        """Return the answer, read."""
        return self._read(await self._model.ainvoke(input, config, **kwargs))

    def _read(self, message: AIMessage) -> Any:
        if not self._include_raw:
            return self._schema.read(message)
        try:
            return {"raw": message, "parsed": self._schema.read(message), "parsing_error": None}
        except ModelError as error:
            return {"raw": message, "parsed": None, "parsing_error": error}
