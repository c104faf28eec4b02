"""What of a turn is kept, and how: the last look at a memory before it is written.

Nothing that its owner said is lost. What is not worth recalling is kept with a flag; only a heartbeat that was there
already that day is dropped, and a statement that is there word for word is counted where it stands.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import partial
from typing import Literal, NamedTuple

from metahuman.memory.hygiene.boilerplate import without_boilerplate
from metahuman.memory.hygiene.duplicates import said_before
from metahuman.memory.hygiene.echoes import is_passage, repeats, without_context
from metahuman.memory.hygiene.edits import Edit, note, noted, seen_again
from metahuman.memory.hygiene.junk import is_heartbeat, junk_kind, said_by_user, same_but_numbers
from metahuman.memory.hygiene.niceties import is_greeting, is_nicety
from metahuman.memory.hygiene.pastes import shortened
from metahuman.memory.hygiene.superseding import Read, succession
from metahuman.memory.hygiene.wording import words
from metahuman.memory.index import MemoryIndex
from metahuman.state.memories import SPOKEN_OF, Memory

#: An answer of so many words says something, though it was brought about by a nod.
TELLING_WORDS = 12


class Verdict(NamedTuple):
    """What is to be done with a memory.

    Args:
        action: Whether it is recalled, kept with a flag, or a heartbeat.
        memory: The memory without pastes, wrappers and boilerplate, flagged if need be.
        reason: What kind of junk it is; "" for none.
    """

    action: Literal["keep", "flag", "beat"]
    memory: Memory
    reason: str


class Prepared(NamedTuple):
    """What is to be written.

    Args:
        memory: The memory to save; None where nothing new is.
        edits: Changes to memories that are there, each to be made under the store's lock.
        reason: Why it is not simply saved, in plain words; "".
    """

    memory: Memory | None
    edits: list[Edit]
    reason: str


def prepare(memory: Memory, index: MemoryIndex, read: Read, recalled: Sequence[str] = ()) -> Prepared:
    """Return what is to be written for a memory that somebody wants to save.

    Args:
        memory: The memory as it came.
        index: The index over the memories that are there.
        read: Returns one of them by its id; None where there is none.
        recalled: The texts that memory brought to this very turn, and what the thread had said: an answer that only
            repeats those teaches nothing.
    """
    prepared = _prepared(memory, index, read, recalled)
    return prepared._replace(memory=prepared.memory and _as_said(prepared.memory, memory))


def _prepared(memory: Memory, index: MemoryIndex, read: Read, recalled: Sequence[str]) -> Prepared:
    """As `prepare`, of the memory without what is not its owner's."""
    verdict = judge(memory, recalled)
    if verdict.action == "beat":
        return _beat(verdict.memory, read)
    if verdict.action == "flag":
        return Prepared(verdict.memory, [], f"kept but not recalled: {verdict.reason}")
    same = None if note(memory, "usedOperator") else said_before(verdict.memory, index, read)
    if same:
        again = partial(seen_again, by=memory.id, at=memory.timestamp)
        return Prepared(None, [Edit(same.id, again)], f"said before, counted in {same.id}")
    kept, edits = succession(verdict.memory, index, read)
    return Prepared(kept, edits, f"replaces {', '.join(edit.id for edit in edits)}" if edits else "")


def _as_said(memory: Memory, came: Memory) -> Memory:
    """Return a judged memory with all that was said: what is left out of the index and of prompts stays in the file."""
    said = memory.model_copy(update={"content": came.content, "response": came.response})
    return noted(said, {"responseNoise": "boilerplate"}) if came.response and not memory.response else said


def judge(memory: Memory, recalled: Sequence[str] = ()) -> Verdict:
    """Return whether a memory is worth recalling, cleaned of what is not its owner's.

    Dreams, reflections and inner dialogue are judged by nobody.
    """
    if memory.type not in SPOKEN_OF:
        return Verdict("keep", memory, "")
    memory, own = _cleaned(memory, recalled)
    kind = junk_kind(own, memory.metadata.speaker) if own else "tool output" if note(memory, "cut") else "empty"
    if kind == "small talk" and _is_answered(own, memory):
        kind = None
    if kind is None and is_passage(own, recalled):
        kind = "recalled"
    if kind is None:
        return Verdict("keep", memory, "")
    return Verdict("beat" if kind == "heartbeat" else "flag", noted(memory, {"noise": kind}), kind)


def _cleaned(memory: Memory, recalled: Sequence[str]) -> tuple[Memory, str]:
    """Return a memory without what machines put into it, and the words in it that are its owner's."""
    spoken = without_context(said_by_user(memory.content))
    content = shortened(spoken)
    notes: dict[str, object] = {}
    cut = [*content.cut, *(["memories put before it"] if spoken != memory.content and memory.content else [])]
    if content.cut or (cut and content.own):
        memory = memory.model_copy(update={"content": content.text})
    memory, of_answer = _with_answer(memory, recalled)
    cut += of_answer
    if cut:
        notes["cut"] = cut
    return (noted(memory, notes) if notes else memory), content.own


def _with_answer(memory: Memory, recalled: Sequence[str]) -> tuple[Memory, list[str]]:
    """Return a memory whose answer says something, or has none; and what was cut out of the answer."""
    if not memory.response:
        return memory, []
    answer = shortened(memory.response)
    text = without_boilerplate(answer.text)
    if is_heartbeat(text) or is_nicety(text):
        text = ""
    cut = [f"{each}, in the answer" for each in answer.cut]
    if text != answer.text:
        cut.append("phrases in the answer")
    if text != memory.response:
        memory = memory.model_copy(update={"response": text or None})
    if text and repeats(text, memory.content, recalled):
        memory = noted(memory, {"responseNoise": "recalled"})
    return memory, cut


def _is_answered(own: str, memory: Memory) -> bool:
    """Tell whether a nod brought about an answer that is worth recalling; one to a greeting is not."""
    answer = memory.response or ""
    return not is_greeting(own) and not note(memory, "responseNoise") and len(words(answer)) >= TELLING_WORDS


def _beat(memory: Memory, read: Read) -> Prepared:
    """Return a heartbeat under a name that all beats of its day share, or nothing if one of that name is there."""
    mark = hashlib.sha256(same_but_numbers(memory.content).encode()).hexdigest()[:8]
    name = f"beat-{memory.timestamp[:10].replace('-', '')}-{mark}"
    if read(name):
        return Prepared(None, [], "a heartbeat that was there already that day")
    return Prepared(memory.model_copy(update={"id": name}), [], "kept but not recalled: heartbeat")
