"""Remembering and recalling: files, index, hygiene and ranking at work together. Everything here blocks."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Sequence

from metahuman.memory.evidence import evidence_of
from metahuman.memory.hygiene.preparing import prepare
from metahuman.memory.recall.choosing import fit_budget
from metahuman.memory.recall.recaller import Recaller, Wanted
from metahuman.memory.recall.words import stems
from metahuman.memory.store.keeping import Keeper
from metahuman.memory.store.syncing import sync
from metahuman.state.errors import BadChoice, MetaHumanError
from metahuman.state.files import whole
from metahuman.state.memories import Kept, Memory, Question
from metahuman.state.parts import Evidence

#: Seconds that a recall waits for files that were changed by hand to be read: those of a home of usual size are.
PATIENCE = 1.0
#: Files are looked through again after so many seconds, and after so many times as long as that took.
AGAIN, SHARE = 60.0, 50.0
_LOG = logging.getLogger(__name__)


class _ClosedError(Exception):
    """The home was closed while its files were read."""


class Recollection:
    """What a home remembers, and how it comes to mind.

    Args:
        keeper: The memories' files and their index.
    """

    def __init__(self, keeper: Keeper) -> None:
        self.keeper, self.recaller = keeper, Recaller(keeper.index)
        self._looking: threading.Thread | None = None
        self._closed = threading.Event()
        self._lock, self._next = threading.Lock(), 0.0

    def evidence(self, question: Question) -> list[Evidence]:
        """Return what bears on a question, the best first, as much as fits.

        Raises:
            StoreError: If the index cannot be used.
        """
        self._look()
        hits = self.recaller.find(
            Wanted(
                question.text,
                question.now,
                thread=question.thread,
                turns=question.turns,
                earlier=question.earlier,
                shown=question.shown,
            )
        )
        memories = {memory.id: memory for memory in self.keeper.shown([hit.document for hit in hits])}
        asked = stems(question.text)
        found = [evidence_of(hit, memories[hit.document.id], asked) for hit in hits if hit.document.id in memories]
        places = fit_budget([one["text"] for one in found], question.tokens, question.count)
        return [found[place] for place in places]

    def keep(self, memory: Memory, recalled: Sequence[str] = ()) -> Kept:
        """Save a memory, unless it says nothing new; change the older ones that it replaces or repeats.

        Args:
            memory: The memory.
            recalled: What its turn had recalled: an answer that only repeats that teaches nothing.

        Raises:
            StoreError: If it cannot be written.
            SettingError: If its id or timestamp is none.
        """
        prepared = prepare(memory, self.keeper.index, self._read, recalled)
        place = self.keeper.save(prepared.memory) if prepared.memory else None
        for edit in prepared.edits:
            self.keeper.edit(edit.id, edit.patch)
        changed = [edit.id for edit in prepared.edits]
        kept = prepared.memory.id if prepared.memory else next(iter(changed), None)
        return Kept(kept, place.as_posix() if place else None, prepared.reason or None, changed)

    def ready(self) -> None:
        """Wait until everything that lies in the files can be found."""
        self._look()
        if self._looking:
            self._looking.join()

    def close(self) -> None:
        """Close what is open; a later call opens it again."""
        self._closed.set()
        if self._looking:
            self._looking.join()
        self.keeper.close()
        self._closed.clear()
        self._next = 0.0

    def _read(self, memory_id: str) -> Memory | None:
        with contextlib.suppress(BadChoice):
            return self.keeper.read(memory_id)
        return None

    def _look(self) -> None:
        """Take in what was changed by hand, now and then, beside whoever asks; at first that is waited for."""
        with self._lock:
            if time.monotonic() < self._next:
                return
            self._next = float("inf")
            self._looking = threading.Thread(target=self._take_in, name="metahuman-memories", daemon=True)
            self._looking.start()
        self._looking.join(PATIENCE)

    def _take_in(self) -> None:
        started = time.monotonic()
        try:
            with self.keeper.writing():
                pass  # settles what a writer that died has left
            for error in sync(self.keeper, self._go_on).broken:
                _LOG.warning("%s", error)
        except MetaHumanError as error:
            _LOG.warning("memories changed by hand are not found yet: %s", error)
        except _ClosedError:
            return
        took = time.monotonic() - started
        self._next = time.monotonic() + max(AGAIN, SHARE * took)

    def _go_on(self, done: int, of: int) -> None:
        if self._closed.is_set():
            raise _ClosedError


def memory_of(value: dict[str, object]) -> Memory:
    """Return a memory as its file would have it, without halves of characters."""
    return Memory.model_validate(whole(value))
