"""The kinds of things that go wrong in a day, each in a way that the seed decides."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tests.faults.runs import Harness, Outcome, Run
from tests.faults.spoiling import Spoilt, spoil

#: About as many moments as there are in a day at which something can go wrong.
MOMENTS = 260
#: Folders that may become read-only, the whole home too.
FOLDERS = (".", "memory", "memory/episodic", "state", "logs", "etc", "persona", "out", "memory/curated", "files")
#: Commands that are run on a home with a spoilt file; each may fail, in one line.
COMMANDS = (
    ["memory", "verify"], ["memory", "list"], ["dataset", "check"], ["dataset"], ["audit"], ["usage"],
    ["persona", "check"], ["persona"], ["tasks"], ["mode"], ["trust"], ["approvals"], ["agents"], ["memory", "audit"],
    ["train", "list"], ["route"], ["undo", "--list"], ["trash"],
)  # fmt: skip
#: The errors that are about a file.
OF_FILES = {"SettingError", "StoreError"}


def calm(run: Run) -> None:
    """Nothing goes wrong."""
    run.live(None)
    look_after(run)


def kill(run: Run) -> None:
    """The process dies at some moment; in half of the runs a little later, inside of SQLite or of nothing at all."""
    at = run.drawn.randint(1, MOMENTS)
    seconds = run.drawn.choice([0.0, run.drawn.uniform(0.0001, 0.02)])
    run.outcome.detail = f"at moment {at}, {seconds * 1000:.1f} ms later"
    run.live({"kind": "kill", "at": at, "seconds": seconds})
    look_after(run)


def look_after(run: Run) -> None:
    """Look at what is left, and have the audit's chain verified."""
    run.look()
    run.audited()


def kill_twice(run: Run) -> None:
    """The process dies, and the next one too."""
    for _ in range(2):
        run.live({"kind": "kill", "at": run.drawn.randint(1, MOMENTS // 2), "seconds": 0.0})
    look_after(run)


def providers(run: Run) -> None:
    """Models fail, in every way they know."""
    run.harness.models.share = run.drawn.uniform(0.1, 0.6)
    run.outcome.detail, run.outcome.struck = f"{run.harness.models.share:.0%} of the requests", True
    run.live(None)
    look_after(run)


def full(run: Run) -> None:
    """The disk is full for a while: what is written ends in the middle."""
    if run.harness.forks.mounts and run.drawn.random() < 0.5:
        full_disk(run)
        return
    at, limit = run.drawn.randint(1, MOMENTS), run.drawn.choice([0, 0, 100, 700, 5_000, 40_000, 100_000])
    length = run.drawn.choice([1, 5, 30, 200])
    run.outcome.detail = f"files of {limit} bytes, moments {at} to {at + length}"
    run.live({"kind": "full", "at": at, "bytes": limit, "length": length})
    look_after(run)


def full_disk(run: Run) -> None:
    """The home is on a disk of its own with little room, until it gets more."""
    room = run.drawn.choice([0, 8, 40, 100, 200, 400])
    run.outcome.detail = f"a disk with {room} kB left"
    run.order("mount", template=str(run.harness.template), kilobytes=room)
    try:
        run.live(None)
        run.outcome.struck = bool(run.outcome.errors)
        run.order("enlarge")
        look_after(run)
    finally:
        run.order("unmount")


def readonly(run: Run) -> None:
    """A folder of the home cannot be written for a while, or not any more."""
    folder, at = run.drawn.choice(FOLDERS), run.drawn.choice([1, run.drawn.randint(1, MOMENTS)])
    length = run.drawn.choice([5, 50, MOMENTS])
    run.outcome.detail = f"{folder}, moments {at} to {at + length}"
    run.live({"kind": "readonly", "at": at, "folder": folder, "length": length}, obeys=True)
    run.look(obeys=True)


def clock(run: Run) -> None:
    """The clock is set on and back, by minutes, days and years."""
    run.outcome.struck = True
    run.live(None, jumps=True)
    look_after(run)


def together(run: Run) -> None:
    """Two processes live in the home at once; in half of the runs one of them dies."""
    dies = run.drawn.random() < 0.5
    run.outcome.detail, run.outcome.struck = "one dies" if dies else "both live", True
    run.live({"kind": "kill", "at": run.drawn.randint(1, MOMENTS), "seconds": 0.0} if dies else None, None)
    look_after(run)


def corrupt(run: Run) -> None:
    """A file is spoilt after a day; then commands, another day and a look; then what was spoilt is put right."""
    run.live(None)
    spoilt = spoil(run.home, run.drawn)
    run.outcome.detail = f"{spoilt.place} ({spoilt.what}): {spoilt.how}"
    run.outcome.struck = True
    for words in run.drawn.sample(COMMANDS, 3):
        run.command(*words)
    for ended in run.live(None):
        others = [fact["error"] for fact in ended.told if fact.get("kind") in OF_FILES and not _names(fact, spoilt)]
        run.outcome.wrong += [f"{spoilt.place} was spoilt, and another file suffers: {error}" for error in others]
    _look_beside(run, spoilt)


def _names(fact: dict[str, Any], spoilt: Spoilt) -> bool:
    return Path(spoilt.place).name.split(".")[0] in fact["error"]


def _look_beside(run: Run, spoilt: Spoilt) -> None:
    """See that only the spoilt file suffers: who stops at it names it, and goes on once it is as it was."""
    ended = run.look(spared=spoilt.place)
    stopped = [fact["stopped"] for fact in ended.told if "stopped" in fact]
    if not stopped:
        return
    run.outcome.errors += stopped
    if not _names({"error": stopped[0]}, spoilt):
        run.outcome.wrong.append(f"the error does not name {spoilt.place}: {stopped[0]}")
    (run.home / spoilt.place).write_bytes(spoilt.before)
    again = run.look(spared=spoilt.place)
    run.outcome.wrong += [f"put right, and still: {fact['stopped']}" for fact in again.told if "stopped" in fact]


#: What goes wrong, and what does it.
KINDS: Mapping[str, Callable[[Run], None]] = {
    "calm": calm,
    "kill": kill,
    "kill twice": kill_twice,
    "provider": providers,
    "full disk": full,
    "read-only": readonly,
    "clock": clock,
    "together": together,
    "corrupt": corrupt,
}


def a_run(at_work: Harness, kind: str, seed: int, **more: Any) -> Outcome:
    """Do one run of a kind; `more` as for `Harness.run`."""
    return at_work.run(kind, seed, KINDS[kind], **more)
