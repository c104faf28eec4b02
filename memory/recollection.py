"""Remembering and recalling: files, index, hygiene and ranking at work together. Everything here blocks."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Sequence

from metahuman.memory.evidence import evidence_of
from metahuman.memory.hygiene.preparing import prepare
from metahuman.memory.keeper import MemoryKeeper
from metahuman.memory.minded import Minded
from metahuman.memory.recall.choosing import fit_budget
from metahuman.memory.recall.recaller import Hit, Recaller, Wanted
from metahuman.memory.recall.words import stems
from metahuman.state.errors import BadChoice, MetaHumanError, ModelError, SettingError, StoreError
from metahuman.state.kept import Kept
from metahuman.state.memories import Memory, Question
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
        minded: What knows their meanings, where the owner wants that.
    """

    def __init__(self, keeper: MemoryKeeper, minded: Minded | None = None) -> None:
        self.keeper, self._minded = keeper, minded
        self._by_words = Recaller(keeper.index)
        self._by_meaning = Recaller(keeper.index, minded.meaning, minded.vectors) if minded else self._by_words
        self._told: set[str] = set()
        self._looking: threading.Thread | None = None
        self._closed = threading.Event()
        self._lock, self._next = threading.Lock(), 0.0

    def evidence(self, question: Question) -> list[Evidence]:
        """Return what bears on a question, the best first, as much as fits; nothing while the index cannot be used."""
        self._look()
        wanted = Wanted(
            question.text,
            question.now,
            thread=question.thread,
            turns=question.turns,
            earlier=question.earlier,
            shown=question.shown,
        )
        try:
            hits = self.find(wanted)
        except StoreError as error:  # whoever talks is answered all the same
            self._warn(f"nothing was recalled: {error}")
            return []
        memories = {memory.id: memory for memory in self.keeper.shown([hit.document for hit in hits])}
        asked = stems(question.text)
        found = [evidence_of(hit, memories[hit.document.id], asked) for hit in hits if hit.document.id in memories]
        places = fit_budget([one["text"] for one in found], question.tokens, question.count)
        return [found[place] for place in places]

    def find(self, wanted: Wanted) -> list[Hit]:
        """Return what answers best; by words alone while the embedder does not answer.

        Raises:
            StoreError: If the index cannot be used.
        """
        try:
            return self._by_meaning.find(wanted)
        except ModelError as error:
            self._warn(f"recalled by words alone: {error}")
            return self._by_words.find(wanted)

    def keep(self, memory: Memory, recalled: Sequence[str] = ()) -> Kept:
        """Save a memory, unless it says nothing new; change the older ones that it replaces or repeats.

        Args:
            memory: The memory.
            recalled: What its turn had recalled: an answer that only repeats that teaches nothing.

        Raises:
            StoreError: If it cannot be written.
            SettingError: If its id or timestamp is none.
        """
        with self.keeper.writing():  # of two that save the same at once, the second finds the first
            prepared = prepare(memory, self.keeper.index, self._read, recalled)
            place = self.keeper.save(prepared.memory) if prepared.memory else None
            for edit in prepared.edits:
                self.keeper.edit(edit.id, edit.patch)
        if prepared.memory:
            self._learn([prepared.memory])
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
        if self._minded:
            self._minded.vectors.close()
        self.keeper.close()
        self._closed.clear()
        self._next = 0.0

    def _read(self, memory_id: str) -> Memory | None:
        with contextlib.suppress(BadChoice, SettingError):
            return self.keeper.read(memory_id)
        return None

    def _learn(self, memories: list[Memory]) -> None:
        """Have memories understood; what fails is done when the files are looked through again."""
        if self._minded and memories:
            try:
                self._minded.learn(memories)
            except (ModelError, StoreError) as error:
                self._warn(f"memories are found by words alone until this is mended: {error}")

    def _learn_the_rest(self) -> None:
        if not self._minded:
            return
        ids = [memory_id for memory_id, _, _ in self.keeper.index.stamps()]
        for new in self._minded.missing(ids):
            self._go_on(0, 0)
            self._learn([memory for memory_id in new if (memory := self._read(memory_id))])

    def _warn(self, text: str) -> None:
        """Say something once."""
        if text not in self._told:
            self._told.add(text)
            _LOG.warning("%s", text)

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
            for error in self.keeper.sync(self._go_on).broken:
                self._warn(str(error))
            self._learn_the_rest()
        except MetaHumanError as error:
            self._warn(f"memories changed by hand are not found yet: {error}")
        except _ClosedError:
            return
        took = time.monotonic() - started
        self._next = time.monotonic() + max(AGAIN, SHARE * took)

    def _go_on(self, done: int, of: int) -> None:
        if self._closed.is_set():
            raise _ClosedError
