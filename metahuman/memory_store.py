"""The home's memories as a store of LangGraph's: for Studio's panel, and for graphs of the owner's own."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

from langgraph.store.base import (
    BaseStore,
    GetOp,
    Item,
    ListNamespacesOp,
    MatchCondition,
    Op,
    PutOp,
    Result,
    SearchItem,
    SearchOp,
)

from metahuman.home import Home
from metahuman.memory.index import Where
from metahuman.memory.recall.recaller import Wanted
from metahuman.memory.store.documents import memory_in
from metahuman.remembering import edit, forget, newest, recalled
from metahuman.state.errors import BadChoice
from metahuman.state.events import memory_saved
from metahuman.state.memories import Memory
from metahuman.state.moments import iso
from metahuman.state.persona_cache import HUMAN
from metahuman.wiring import HomeServices

#: Where in the store the memories are.
MEMORIES: tuple[str, ...] = ("memories",)


class MemoryStore(BaseStore):
    """Memories, by their ids, in the namespace `("memories",)`; a value is a memory as its file holds it.

    Searching with a query is recall as a turn does it, by words, neighbours, names and times; without one, it lists the
    newest. What is put changes a memory key by key, or is a new one; what is deleted is forgotten, with all that was
    made of it. Each change is in the audit log.

    Args:
        home: The home.
        services: Its services.
    """

    def __init__(self, home: Home, services: HomeServices) -> None:
        self._home, self._of = home, services

    def batch(self, ops: Iterable[Op]) -> list[Result]:
        """Do what is asked, one after the other.

        Raises:
            BadChoice: If something is put in another namespace, or is no memory.
            SettingError: If a memory would be none any more.
            StoreError: If something cannot be read or written.
        """
        self._of.memory.ready()
        return [self._do(op) for op in ops]

    async def abatch(self, ops: Iterable[Op]) -> list[Result]:
        """Do what is asked, one after the other; errors as for `batch`."""
        return await asyncio.to_thread(self.batch, list(ops))

    def _do(self, op: Op) -> Result:
        match op:
            case GetOp():
                found = self._find(op.namespace, op.key)
                return Item(**_item(found)) if found else None
            case SearchOp():
                return self._search(op)
            case PutOp(value=None):
                return self._forget(op)
            case PutOp():
                return self._put(op)
            case ListNamespacesOp():
                wanted = all(_matches(one) for one in op.match_conditions or ())
                return [MEMORIES] if wanted and self._of.memory.keeper.count() and not op.offset else []

    def _find(self, namespace: tuple[str, ...], key: str) -> Memory | None:
        keeper = self._of.memory.keeper
        there = namespace == MEMORIES and key in keeper.index.find([key])
        return keeper.read(key) if there else None

    def _search(self, op: SearchOp) -> list[SearchItem]:
        if op.namespace_prefix != MEMORIES[: len(op.namespace_prefix)] or not self._of.memory.keeper.count():
            return []
        found = (one for one in self._found(op) if _passes(one.value, op.filter or {}))
        return list(islice(found, op.offset, op.offset + op.limit))

    def _found(self, op: SearchOp) -> Iterable[SearchItem]:
        memory = self._of.memory
        if not op.query:
            return (SearchItem(**_item(one)) for one in newest(memory, Where(current=False), ()))
        wanted = Wanted(op.query, self._of.clock.now().astimezone(), limit=op.offset + op.limit)
        return (SearchItem(**_item(one.memory), score=one.score) for one in recalled(memory, wanted))

    def _put(self, op: PutOp) -> Result:
        if op.namespace != MEMORIES:
            raise BadChoice(f"memories are in {MEMORIES}, not in {op.namespace}")
        value = {**(op.value or {}), "id": op.key}
        if before := self._find(op.namespace, op.key):
            edit(self._of.memory, before, value, self._of.audit)
            return None
        memory = memory_in(Path(op.key), {"timestamp": iso(self._of.clock.now()), **value})
        self._of.audit.record(memory_saved(self._of.memory.keep(memory), None, HUMAN))
        return None

    def _forget(self, op: PutOp) -> Result:
        if found := self._find(op.namespace, op.key):
            forget(self._home, self._of.memory, found.id, (), self._of.audit, self._of.clock)
        return None


def _item(memory: Memory) -> dict[str, Any]:
    moment = datetime.fromisoformat(memory.timestamp)
    return {
        "namespace": MEMORIES,
        "key": memory.id,
        "value": memory.as_json(),
        "created_at": moment,
        "updated_at": moment,
    }


def _passes(value: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Tell whether a memory has these values; a comparison such as `{"$ne": …}` is not known here, and never passes."""
    return all(value.get(key) == told for key, told in wanted.items())


def _matches(condition: MatchCondition) -> bool:
    path, size = tuple(condition.path), len(condition.path)
    part = MEMORIES[:size] if condition.match_type == "prefix" else MEMORIES[-size:]
    return len(part) == size and all(asked in ("*", name) for asked, name in zip(path, part, strict=True))
