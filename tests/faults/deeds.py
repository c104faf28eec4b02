"""What is done in a day, a deed at a time; each tells what it was told is done, with enough to look for it later."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import httpx

from metahuman.api import MetaHuman
from metahuman.memory.store.forgetting import forget
from metahuman.reply import Reply
from metahuman.server.app import create_app
from metahuman.server.settings import Settings
from metahuman.state.memories import Memory, memory_id
from metahuman.state.moments import iso
from metahuman.voice.registering import register, unregister
from metahuman.voice.runs import find_run
from tests.curation_kills import KEY, THINGS
from tests.faults.forks import Tell
from tests.faults.scene import VOICE
from tests.faults.troubles import JumpingClock
from tests.keepers import keeper_of
from tests.serving import running

#: How far a clock jumps, in seconds: minutes, days, years, either way.
JUMPS = (-120.0, 120.0, -86_400.0, 86_400.0, -40 * 86_400.0, 40 * 86_400.0, -400 * 86_400.0, 8_000 * 86_400.0)


@dataclass
class Day:
    """A day in a home.

    Args:
        home: The home.
        twin: Who lives there.
        clock: Its clock.
        drawn: Decides what happens.
        tell: Is told what was done.
        name: Tells the day's words, threads and files from those of another day.
    """

    home: Path
    twin: MetaHuman
    clock: JumpingClock
    drawn: Random
    tell: Tell
    name: str
    number: int = 0
    noted: list[str] = field(default_factory=list)

    def words(self, count: int = 5) -> str:
        """Return words that nobody has said before."""
        self.number += 1
        drawn = " ".join(self.drawn.choices(THINGS, k=count))
        return f"{drawn} {self.name}x{self.number}"

    def thread(self) -> str:
        """Return one of the day's conversations: its own, or everybody's."""
        return self.drawn.choice(["main", self.name])


def talk(day: Day) -> None:
    """Say something, now and then with a key in it that nobody may learn."""
    secret = f" The key is {KEY}." if day.drawn.random() < 0.2 else ""
    _say(day, f"Today I kept thinking of the {day.words(8)}, and how Marta laughed about it.{secret}")


def write(day: Day) -> None:
    """Have a file written, with the person's word; or without it."""
    words, name = day.words(), f"{day.name}-{day.drawn.randint(1, 4)}.txt"
    reply = _say(day, f"Please write {words} into {name}")
    if reply.waiting is None:
        return
    if day.drawn.random() < 0.2:
        day.twin.answer(approved=False, why="not now", thread=reply.thread)
        return
    day.tell({"writing": name})
    answered = day.twin.answer(approved=True, thread=reply.thread)
    _told(day, answered)
    if any(step["call"]["tool"] == "fs_write" and step["ended"] == "done" for step in answered.steps):
        day.tell({"file": name, "holds": f"{words}\n"})


def leave_waiting(day: Day) -> None:
    """Ask for something that waits for a word, and give none."""
    _say(day, f"Please write {day.words()} into {day.name}-waits.txt", thread=f"{day.name}-waits")


def remind(day: Day) -> None:
    """Have a task noted."""
    words = day.words(3)
    reply = _say(day, f"Please remind me to {words}")
    if reply.waiting:
        reply = day.twin.answer(approved=True, thread=reply.thread)
        _told(day, reply)
    if any(step["call"]["tool"] == "task_create" and step["ended"] == "done" for step in reply.steps):
        day.tell({"task": words})


def note(day: Day) -> None:
    """Note something, as `metahuman memory add` does."""
    at, words = iso(day.clock.now()), f"The {day.words(7)} stood by the door."
    noted = Memory(id=memory_id(at, str(uuid.uuid4())), timestamp=at, type="observation", content=words)
    kept = day.twin.services.memory.keep(noted)
    if kept.id:
        day.noted.append(kept.id)
        day.tell({"kept": kept.id, "holds": words})


def edit(day: Day) -> None:
    """Change a memory that was noted today."""
    if not day.noted:
        note(day)
    chosen, words = day.drawn.choice(day.noted), day.words()
    day.tell({"editing": chosen})
    day.twin.services.memory.keeper.edit(chosen, lambda _: {"response": words})
    day.tell({"edited": chosen, "holds": words})


def drop(day: Day) -> None:
    """Forget a memory that was noted today."""
    if not day.noted:
        note(day)
    chosen = day.noted.pop(day.drawn.randrange(len(day.noted)))
    day.tell({"dropping": chosen})
    with keeper_of(day.home) as keeper:
        forget(keeper, day.home, chosen)
    day.tell({"dropped": chosen})


def switch(day: Day) -> None:
    """Switch the mode."""
    mode = day.drawn.choice(["dual", "dual", "agent", "emulation"])
    day.tell({"switching": mode})
    day.twin.switch_mode(mode)
    day.tell({"switched": mode, "by": day.name})


def correct(day: Day) -> None:
    """Say that the last turn went to the wrong place."""
    last = day.twin.last_reply(day.name) or _say(day, f"I greet the {day.words()}.", thread=day.name)
    day.twin.correct("operator", thread=day.name)
    day.tell({"corrected": last.turn})


def curate(day: Day) -> None:
    """Curate what is due, by rules."""
    day.tell({"curated": day.twin.curate(without_model=True, limit=day.drawn.choice([0, 3])).pairs})


def digest(day: Day) -> None:
    """Look back on the days, by rules."""
    day.tell({"digested": len(day.twin.digest(without_model=True, days=4000).items)})


def build(day: Day) -> None:
    """Build a dataset."""
    name = day.drawn.choice(["spring", day.name])
    day.tell({"building": name})
    day.twin.build_dataset(name)
    day.tell({"dataset": name})


def promote(day: Day) -> None:
    """Register a voice, and take it out again."""
    run, model_id = find_run(day.twin.home, VOICE), f"voice.{day.name}"
    day.tell({"voicing": model_id})
    register(day.twin.home, run, model_id=model_id)
    day.tell({"voice": model_id})
    if day.drawn.random() < 0.5:
        day.tell({"voicing": model_id})
        unregister(day.twin.home, model_id)
        day.tell({"silenced": model_id})


def serve(day: Day) -> None:
    """Talk over HTTP with a server that runs for as long as that takes."""
    message, thread = f"From afar I greet the {day.words(7)}.", day.thread()
    app = create_app(day.twin.home, Settings(port=0, agents=False))
    body = {"model": "metahuman", "messages": [{"role": "user", "content": message}], "user": thread}
    with running(app, Settings(port=0, agents=False)) as url, httpx.Client(base_url=url, timeout=30) as client:
        answer = client.post("/v1/chat/completions", json=body)
    if answer.status_code == httpx.codes.OK:
        day.tell({"turn": message, "thread": thread, "memory": None, "mode": day.twin.mode})
    else:
        day.tell({"error": answer.json()["error"]["message"], "in": "serve"})


def delete(day: Day) -> None:
    """Speak on a thread, and delete it."""
    thread = f"{day.name}-passing"
    _say(day, f"Between us: the {day.words(7)} is broken.", thread=thread)
    day.tell({"deleting": thread})
    day.twin.delete_thread(thread)
    day.tell({"deleted": thread})


def jump(day: Day) -> None:
    """Set the clock."""
    day.clock.jump(day.drawn.choice(JUMPS))


#: Every deed, and how often it comes.
DEEDS: Mapping[Callable[[Day], None], int] = {
    talk: 6, write: 3, leave_waiting: 1, remind: 1, note: 3, edit: 2, drop: 2, switch: 1, correct: 1,
    curate: 2, digest: 1, build: 2, promote: 1, serve: 1, delete: 1,
}  # fmt: skip


def _say(day: Day, message: str, thread: str = "") -> Reply:
    thread = thread or day.thread()
    for ask in day.twin.asks(thread):
        day.twin.answer(approved=False, why="later", thread=ask["thread"] or thread)
    reply = day.twin.chat(message, thread=thread)
    if reply.waiting is None:
        _told(day, reply)
    return reply


def _told(day: Day, reply: Reply) -> None:
    """Tell of a turn that is over."""
    day.tell({"turn": reply.question, "thread": reply.thread, "memory": reply.memory_id, "mode": reply.mode})
