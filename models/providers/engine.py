"""Base models that llama.cpp has loaded in this process, each once, with all its adapters."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx
import xllamacpp

from metahuman.models.adapter_fit import fits, require_fit
from metahuman.models.providers import require_file
from metahuman.models.providers.slots import Slots
from metahuman.state.errors import AdapterRefused, ModelMissing

#: Prompts that stay computed side by side, and calls that are computed at the same time; more wait their turn.
SLOTS, AT_ONCE = 6, 2
#: Seconds that counting tokens may take: a turn is not held up for it.
SOON = 0.3


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
        key = secrets.token_hex(32)
        params.ui, params.cors_origins, params.api_keys = False, "http://localhost", [key]
        params.lora_adapters = [_adapter(adapter) for adapter in adapters]
        params.lora_init_without_apply = True
        try:
            self._server = xllamacpp.Server(params)
        except RuntimeError as error:
            if adapters:
                names = ", ".join(map(str, adapters))
                raise AdapterRefused(f"llama.cpp cannot load {path} with {names}; are they made for it?") from error
            raise ModelMissing(f"llama.cpp cannot load {path}; is it a whole GGUF file?") from error
        # A server that is dropped before its loop runs never ends; one that has said a word can be dropped.
        self._server.handle_completions({"prompt": "a", "max_tokens": 1})
        self._slots = Slots(SLOTS, AT_ONCE)
        # Tokens can be counted over that port only.
        self._port = {"base_url": self._server.listening_address, "headers": {"Authorization": f"Bearer {key}"}}
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
        voice = tuple((one["id"], one["scale"]) for one in request.get("lora", ()))
        with self._slots.taken(voice, request["messages"]) as slot:
            self._server.handle_chat_completions({**request, "id_slot": slot}, on_chunk)

    def count(self, text: str) -> int | None:
        """Return how many tokens `text` has; None while the engine has too much to do to tell."""
        try:
            # The port is in this process and speaks no TLS: certificates would only be loaded in vain.
            with httpx.Client(**self._port, timeout=SOON, trust_env=False, verify=False) as client:  # noqa: S501
                return len(client.post("/tokenize", json={"content": text}).json()["tokens"])
        except (httpx.HTTPError, ValueError, KeyError):
            return None

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


def renew_engine(path: Path, window: int, siblings: tuple[Path, ...]) -> Engine | None:
    """Load a model file that has an engine anew, with other adapters, while calls go on with what is loaded.

    Args:
        path: The GGUF file.
        window: The least context window, in tokens.
        siblings: The LoRA files it shall hold; what does not fit is left out.

    Returns:
        The new engine, or None if there was none to renew.

    Raises:
        ModelMissing: If the file cannot be loaded any more.
    """
    with _loading:
        if not (before := _engines.get(path)):
            return None
        engine = _engines[path] = _load(path, max(window, before.window), (), siblings)
        return engine


def adapters_of(path: Path) -> tuple[Path, ...] | None:
    """Return the adapters that a model file's engine holds; None if it has no engine."""
    engine = _engines.get(path)
    return engine.adapters if engine else None


def _load(path: Path, window: int, adapters: tuple[Path, ...], siblings: tuple[Path, ...]) -> Engine:
    for adapter in adapters:
        require_fit(path, adapter)
    others = [adapter for adapter in siblings if fits(path, adapter)]
    try:
        return Engine(path, window, tuple(dict.fromkeys([*adapters, *others])))
    except AdapterRefused:
        if not set(others) - set(adapters):
            raise
        return Engine(path, window, adapters)  # llama.cpp takes one of them for broken: the others need not suffer


def _adapter(path: Path) -> Any:
    info = xllamacpp.CommonAdapterLoraInfo()
    info.path, info.scale = str(path), 0.0
    return info
