"""Bakes a LoRA into a model of Ollama's own, named after what is in it, so that it is made once and found again."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import re
import struct
import time
import weakref
from collections.abc import AsyncIterator, Generator
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import httpx

from metahuman.models.gguf import ALPHA, Header, read_adapter
from metahuman.models.providers import Served
from metahuman.models.providers.ollama_api import check, listed, missing, steps, tagged, talk
from metahuman.models.resolved import ResolvedModel
from metahuman.state.errors import AdapterRefused, BadRequest

PIECE = 1 << 20
#: Ollama takes names of up to 80 letters.
BASE_LETTERS = 60
#: A LoRA's alpha is near its rank; with more, f32 has no room for what `adapterScale` makes of it.
MOST_ALPHA = 1e9


class Patch(NamedTuple):
    """Bytes that stand in for those of a file, from `offset` on."""

    offset: int
    data: bytes


class Recipe(NamedTuple):
    """What a baked model is made of.

    Args:
        name: What it is called, from a hash of all the rest.
        base: The model it is made from.
        adapter: The LoRA's file.
        size: Its bytes.
        patch: How strong it is, if that is not what its file says: Ollama itself has no such setting.
        digest: The sha256 of the file with the patch.
    """

    name: str
    base: str
    adapter: Path
    size: int
    patch: Patch | None
    digest: str


async def served_name(model: ResolvedModel) -> str:
    """Return what Ollama calls a model with its adapters, whether it has it or not.

    Raises:
        AdapterRefused: If it cannot speak with them.
    """
    return (await asyncio.to_thread(_recipe, model)).name if _is_adapted(model) else model.model


async def bake(model: ResolvedModel) -> Served:
    """Return a model with its adapters, made now unless the server has it already.

    Raises:
        AdapterRefused: If Ollama cannot speak with the adapters.
        ModelError: If it does not answer, or does not have the base.
    """
    if not _is_adapted(model):
        return Served(model.model)
    started = time.perf_counter()
    recipe = await asyncio.to_thread(_recipe, model)
    # Another process may do the same meanwhile: Ollama then makes the same model twice, under the same name.
    async with _locks.setdefault(asyncio.get_running_loop(), asyncio.Lock()):
        there = await listed(model)
        if recipe.name in there:
            return Served(recipe.name)
        if recipe.base not in there:  # Ollama would fetch it, however big it is
            raise missing(model)
        await _make(model, recipe)
    return Served(recipe.name, loaded_ms=round((time.perf_counter() - started) * 1000, 2))


_locks: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = weakref.WeakKeyDictionary()


def _is_adapted(model: ResolvedModel) -> bool:
    # llama.cpp reads an alpha of 0 as none at all, which is full strength: only without the LoRA is it silent.
    return bool(model.adapters) and model.scale > 0


async def _make(model: ResolvedModel, recipe: Recipe) -> None:
    body = {"model": recipe.name, "from": recipe.base, "adapters": {recipe.adapter.name: f"sha256:{recipe.digest}"}}
    try:
        await _upload(model, recipe)
        async for _ in steps(model, "/api/create", body, model.settings.timeout / 1000):
            pass
    except BadRequest as error:
        remedy = "from 0.34.1 on it takes none: run the base as provider local, or with llama-server"
        raise AdapterRefused(f"{model.model_id} with adapter {recipe.adapter}: {error}; {remedy}") from error


async def _upload(model: ResolvedModel, recipe: Recipe) -> None:
    place = f"/api/blobs/sha256:{recipe.digest}"
    async with talk(model) as client:
        there = await client.head(place)
        if there.status_code == httpx.codes.NOT_FOUND:
            length = {"Content-Length": str(recipe.size)}
            there = await client.post(place, content=_sent(recipe), headers=length)
        await check(there, model)


async def _sent(recipe: Recipe) -> AsyncIterator[bytes]:
    with contextlib.closing(_pieces(recipe.adapter, recipe.patch)) as pieces:
        while piece := await asyncio.to_thread(next, pieces, b""):
            yield piece


def _recipe(model: ResolvedModel) -> Recipe:
    """Look at the files, which takes a while the first time.

    Raises:
        AdapterRefused: If Ollama could not speak with them.
    """
    if len(model.adapters) > 1:
        problem = f"{model.model_id} has {len(model.adapters)} adapters, and Ollama takes one"
        raise AdapterRefused(f"{problem}: merge them, or run the base as provider local")
    (adapter,), scale, base = model.adapters, model.scale, tagged(model.model)
    header = read_adapter(adapter)
    patch = _patch(adapter, header, scale)
    changed = adapter.stat().st_mtime_ns
    content, digest = (_sha256(adapter, header.size, changed, change) for change in (None, patch))
    mark = hashlib.sha256("\n".join((base, content, repr(scale))).encode()).hexdigest()
    name = re.sub(r"\W", "-", base, flags=re.ASCII)[:BASE_LETTERS]
    return Recipe(f"metahuman-{name}:{mark[:12]}", base, adapter, header.size, patch, digest)


def _patch(adapter: Path, header: Header, scale: float) -> Patch | None:
    if scale == 1:
        return None
    alpha, offset = header.metadata.get(ALPHA), header.offsets.get(ALPHA)
    if not isinstance(alpha, float) or offset is None or not 0 < abs(alpha) < MOST_ALPHA:
        raise AdapterRefused(f"adapter {adapter} has no {ALPHA} for Ollama to go by: take adapterScale out")
    return Patch(offset, struct.pack("<f", alpha * scale))


@lru_cache(maxsize=256)
def _sha256(path: Path, _size: int, _changed: int, patch: Patch | None) -> str:
    found = hashlib.sha256()
    for piece in _pieces(path, patch):
        found.update(piece)
    return found.hexdigest()


def _pieces(path: Path, patch: Patch | None) -> Generator[bytes, None, None]:
    """Yield the bytes of a file, those of the patch instead of its own."""
    with path.open("rb") as file:
        if patch:
            yield file.read(patch.offset) + patch.data
            file.seek(len(patch.data), 1)
        while piece := file.read(PIECE):
            yield piece
