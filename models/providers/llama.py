"""llama.cpp inside this process: one loaded base with all its adapters, and a LangChain chat model on it."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import threading
import time
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any

import xllamacpp
from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessageChunk, BaseMessage, UsageMetadata, convert_to_openai_messages
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import ChatGenerationChunk, ChatResult

from metahuman.models.gguf import read_adapter
from metahuman.models.providers import require_file
from metahuman.state.background import background
from metahuman.state.errors import AdapterRefused, BadRequest, ContextOverflow, ModelError, ModelMissing

#: Conversations whose prompts stay computed side by side; more wait their turn.
SLOTS = 2
_DONE: Any = object()


class Engine:
    """A loaded base model.

    Its memory is free again when the last reference to it is gone: no call keeps one for longer than its answer.

    Args:
        path: Its GGUF file.
        window: The context window in tokens, shared by the slots.
        adapters: LoRA files, loaded with it; each call chooses among them.

    Attributes:
        loaded_ms: Milliseconds it took to load.

    Raises:
        ModelMissing: If the file cannot be loaded.
        AdapterRefused: If it cannot be loaded with these adapters.
    """

    def __init__(self, path: Path, window: int, adapters: tuple[Path, ...]) -> None:
        started = time.perf_counter()
        self.window, self._adapters = window, {adapter: number for number, adapter in enumerate(adapters)}
        params = xllamacpp.CommonParams()
        params.model.path = str(path)
        params.n_ctx, params.n_parallel, params.kv_unified = window, SLOTS, True
        # Two threads serve a prompt best on two cores, one serves generation; more cores gain little at this size.
        params.cpuparams.n_threads, params.cpuparams_batch.n_threads = 1, 2
        params.warmup, params.verbosity, params.cache_ram_mib = False, 0, 0
        params.fit_params = False  # the window is the registry's to choose, not the free memory's
        # The library always listens on a loopback port: no page, no foreign origin, and a key nobody knows.
        params.ui, params.cors_origins, params.api_keys = False, "http://localhost", [secrets.token_hex(32)]
        params.lora_adapters = [_adapter(adapter) for adapter in adapters]
        params.lora_init_without_apply = True
        try:
            self._server = xllamacpp.Server(params)
        except RuntimeError as error:
            if adapters:
                names = ", ".join(map(str, adapters))
                raise AdapterRefused(f"llama.cpp cannot load {path} with {names}; are they made for it?") from error
            raise ModelMissing(f"llama.cpp cannot load {path}; is it a whole GGUF file?") from error
        self.loaded_ms = round((time.perf_counter() - started) * 1000, 2)

    @property
    def adapters(self) -> tuple[Path, ...]:
        """The adapters loaded with it."""
        return tuple(self._adapters)

    def serves(self, window: int, adapters: tuple[Path, ...]) -> bool:
        """Tell whether it is large enough, and holds these adapters."""
        return window <= self.window and all(adapter in self._adapters for adapter in adapters)

    def chat(self, request: Mapping[str, Any], on_chunk: Callable[[dict[str, Any]], bool]) -> None:
        """Answer `request`, handing over each chunk; blocks until done or until `on_chunk` returns True."""
        self._server.handle_chat_completions(dict(request), on_chunk)

    def lora(self, adapters: tuple[Path, ...], scale: float) -> list[dict[str, float]]:
        """Return which adapters a call speaks with, in llama.cpp's words.

        Each is named, those of scale 0 too: told of none, llama.cpp would answer from a prompt cache that another
        call's adapters coloured.
        """
        return [{"id": n, "scale": scale if one in adapters else 0.0} for one, n in self._adapters.items()]


#: The one place that keeps an engine, so that dropping it there frees its memory.
_engines: dict[Path, Engine] = {}
_loading = threading.Lock()


def open_engine(path: Path, window: int, adapters: tuple[Path, ...] = (), siblings: tuple[Path, ...] = ()) -> Engine:
    """Return the engine of a model file, loaded once per process however many roles use it.

    Args:
        path: The GGUF file.
        window: The least context window, in tokens.
        adapters: The LoRA files it must hold.
        siblings: Those that others will ask for: loaded along if they can be, so that it is not loaded anew for them.

    Raises:
        ModelMissing: If the file is not there or cannot be loaded.
        AdapterRefused: If an adapter is not there, or not made for it.
    """
    if engine := find_engine(path, window, adapters):
        return engine
    with _loading:
        if engine := find_engine(path, window, adapters):  # loaded by another thread meanwhile
            return engine
        require_file(path)
        if smaller := _engines.get(path):
            window, siblings = max(window, smaller.window), (*smaller.adapters, *siblings)
        engine = _engines[path] = _load(path, window, adapters, siblings)
        return engine


def find_engine(path: Path, window: int, adapters: tuple[Path, ...]) -> Engine | None:
    """Return the engine of a model file if it is loaded, large enough, and holds these adapters."""
    engine = _engines.get(path)
    return engine if engine and engine.serves(window, adapters) else None


def is_loaded(path: Path) -> bool:
    """Tell whether a model file has an engine."""
    return path in _engines


def drop_engine(path: Path) -> None:
    """Forget the engine of a model file; answers under way are given to their end."""
    with _loading:
        _engines.pop(path, None)


def _load(path: Path, window: int, adapters: tuple[Path, ...], siblings: tuple[Path, ...]) -> Engine:
    for adapter in adapters:
        read_adapter(adapter)
    others = [adapter for adapter in siblings if _is_adapter(adapter)]
    try:
        return Engine(path, window, tuple(dict.fromkeys([*adapters, *others])))
    except AdapterRefused:
        if not set(others) - set(adapters):
            raise
        return Engine(path, window, adapters)  # one of them is not made for this base: the others need not suffer


def _is_adapter(path: Path) -> bool:
    with contextlib.suppress(AdapterRefused):
        return bool(read_adapter(path))
    return False


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


def _adapter(path: Path) -> Any:
    info = xllamacpp.CommonAdapterLoraInfo()
    info.path, info.scale = str(path), 0.0
    return info
