"""A LangChain chat model on llama.cpp inside this process."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessageChunk, BaseMessage, UsageMetadata, convert_to_openai_messages
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import ChatGenerationChunk, ChatResult

from metahuman.models.providers.engine import Engine, open_engine
from metahuman.state.background import background
from metahuman.state.errors import BadRequest, ContextOverflow, ModelError

_DONE: Any = object()


class ChatLlama(BaseChatModel):
    """A chat model that llama.cpp runs in this process.

    Args:
        path: The GGUF file.
        window: The context window in tokens.
        adapters: The LoRA files it speaks with.
        siblings: All that the base should hold.
    """

    path: Path
    window: int
    adapters: tuple[Path, ...] = ()
    siblings: tuple[Path, ...] = ()

    @property
    def _llm_type(self) -> str:
        return "llama.cpp"

    def engine(self) -> Engine:
        """Return the loaded engine, loading it now if need be."""
        return open_engine(self.path, self.window, self.adapters, self.siblings)

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        *,
        scale: float = 1.0,
        **options: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        engine = await asyncio.to_thread(self.engine)
        request = {
            "messages": convert_to_openai_messages(messages),
            "stream": True,
            "stream_options": {"include_usage": True},
            # It then also speaks up while it reads a prompt, and can be told to stop.
            "return_progress": True,
            "lora": engine.lora(self.adapters, scale),
            **options,
            **({"stop": stop} if stop else {}),
        }
        async for part in _chunks(engine, request):
            if chunk := _read(part):
                if run_manager:
                    await run_manager.on_llm_new_token(chunk.text, chunk=chunk)
                yield chunk

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **options: Any,
    ) -> ChatResult:
        chunks = [chunk async for chunk in self._astream(messages, stop, **options)]
        whole = sum(chunks[1:], chunks[0])
        return ChatResult(generations=[whole])

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **options: Any,
    ) -> ChatResult:
        return background.run(self._agenerate(messages, stop, **options))


async def _chunks(engine: Engine, request: Mapping[str, Any]) -> AsyncIterator[dict[str, Any]]:
    """Yield the engine's chunks; when the consumer leaves, generation stops at the next token."""
    loop, queue = asyncio.get_running_loop(), asyncio.Queue[Any]()
    left = threading.Event()

    def hand_over(part: Any) -> bool:
        if not left.is_set():
            loop.call_soon_threadsafe(queue.put_nowait, part)
        return left.is_set()

    work = loop.run_in_executor(None, engine.chat, request, hand_over)
    work.add_done_callback(lambda _: queue.put_nowait(_DONE))
    try:
        while (part := await queue.get()) is not _DONE:
            yield part
        await work
    finally:
        left.set()


def _read(part: Mapping[str, Any]) -> ChatGenerationChunk | None:
    """Return what one chunk of the engine says, or None if it says nothing.

    Raises:
        ModelError: If the engine refused the request.
    """
    if error := part.get("error"):
        raise _explain(error)
    usage = _usage(part["usage"]) if part.get("usage") else None
    choice: Mapping[str, Any] = next(iter(part.get("choices", [])), {})
    delta, finish = choice.get("delta", {}), choice.get("finish_reason")
    calls = [
        tool_call_chunk(
            name=call["function"].get("name"),
            args=call["function"].get("arguments"),
            id=call.get("id"),
            index=call.get("index"),
        )
        for call in delta.get("tool_calls") or []
    ]
    text, reasoning = delta.get("content") or "", delta.get("reasoning_content")
    if not (text or calls or usage or finish or reasoning):
        return None
    message = AIMessageChunk(
        content=text,
        tool_call_chunks=calls,
        usage_metadata=usage,
        additional_kwargs={"reasoning_content": reasoning} if reasoning else {},
    )
    return ChatGenerationChunk(message=message, generation_info={"finish_reason": finish} if finish else None)


def _usage(usage: Mapping[str, Any]) -> UsageMetadata:
    cached = usage.get("prompt_tokens_details", {}).get("cached_tokens", 0)
    return UsageMetadata(
        input_tokens=usage["prompt_tokens"],
        output_tokens=usage["completion_tokens"],
        total_tokens=usage["total_tokens"],
        input_token_details={"cache_read": cached},
    )


def _explain(error: Mapping[str, Any]) -> ModelError:
    message = str(error.get("message", error))
    if error.get("type") == "exceed_context_size_error":
        return ContextOverflow(message)
    return BadRequest(f"llama.cpp refuses the request: {message}")
