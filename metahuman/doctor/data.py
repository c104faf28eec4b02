"""What the home holds: memories, databases, the audit, and whether anything in it is from the future."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from metahuman.audit.reader import Reader
from metahuman.database import database_of, keeper_of
from metahuman.doctor.finding import Finding, Look, of_error, ok, problem, some, warning
from metahuman.memory.store.episodic import EpisodicStore
from metahuman.memory.store.verifying import Verified
from metahuman.state.errors import SettingError
from metahuman.state.sqlite import is_sound

#: What can be done about a database that is damaged.
ANEW = "delete it; it is made anew from the files"
REMEDIES: Mapping[str, str] = {
    "memory.sqlite": "metahuman memory reindex",
    "curation.sqlite": ANEW,
    "usage.sqlite": "metahuman usage --rebuild",
    "checkpoints.sqlite": "take it from a backup, or move it away: threads begin anew, memories are not in it",
    "actions.sqlite": "take it from a backup, or move it away: calls that were begun are then not known any more",
}
#: How far clocks of machines that share a home may differ, and the day before which this program was not there.
APART, BEFORE = timedelta(minutes=5), datetime(2026, 1, 1, tzinfo=UTC)
#: Of the latest events, so many are looked at for one from the future.
LATEST = 200


def memories(look: Look) -> Iterator[Finding]:
    """Read every memory, and compare it with the index, as `metahuman memory verify` does."""
    root = look.home.root
    if database_of(look.home) is None and not (root / "memory" / "episodic").is_dir():
        return
    found = _without_index(root) if _is_unindexed(look) else _verified(look)
    yield from map(of_error, found.broken)
    if stale := [*found.missing, *found.differing, *found.gone]:
        told = f"{len(stale):,} memories are not in the index as they are in the files: {some(stale)}"
        yield warning(told, "metahuman memory sync")
    if found.faults:
        yield problem(f"the index of memories is damaged: {found.faults[0]}", "metahuman memory reindex")
    if found.sound:
        yield ok(f"{found.files:,} memories, all sound")


def _is_unindexed(look: Look) -> bool:
    """Tell whether nothing was indexed yet, so that a comparison would only write an empty index."""
    return database_of(look.home) is None and not (look.home.root / "state" / "memory.sqlite").exists()


def _verified(look: Look) -> Verified:
    keeper = keeper_of(look.home)
    try:
        return keeper.verify()
    finally:
        keeper.close()


def _without_index(root: Path) -> Verified:
    store, found = EpisodicStore(root / "memory" / "episodic"), Verified()
    for place, _ in store.places():
        found.files += 1
        try:
            store.load(place)
        except SettingError as error:
            found.broken.append(error)
    return found


def databases(look: Look) -> Iterator[Finding]:
    """Look every database over, as far as SQLite finds out in one look."""
    folder = look.home.root / "state"
    found = sorted([*folder.glob("*.sqlite"), *folder.glob("vectors/*.sqlite")])
    aside = [path for path in found if path.stem.endswith(".damaged")]
    wrong = [path for path in found if path not in aside and not is_sound(path)]
    for path in wrong:
        yield problem(f"{path} is damaged", REMEDIES.get(path.name, ANEW))
    for path in aside:
        yield warning(f"{path} was damaged and moved aside; another took its place", "delete it")
    if found and not wrong:
        yield ok(f"{len(found) - len(aside)} databases are sound")


def audit(look: Look) -> Iterator[Finding]:
    """Read the whole audit log."""
    if not look.home.audit.is_dir():
        return
    reader = Reader(look.home.audit)
    events = sum(1 for _ in reader.read())
    if reader.broken:
        told = f"{reader.broken:,} lines of the audit log are no events; {events:,} are"
        yield warning(told, "a crash leaves one half line; more of them were edited, or the disk is failing")
    else:
        yield ok(f"{events:,} events in the audit log can be read")


def clock(look: Look) -> Iterator[Finding]:
    """Find what is from the future: it would be taken for the latest for as long as the clock has not caught up."""
    if look.now < BEFORE:
        yield problem(f"this machine's clock says {look.now:%Y-%m-%d}", "set the clock")
    latest = (entry.moment for entry in Reader(look.home.audit).tail(LATEST))
    ahead = [moment for moment in latest if moment and moment > look.now + APART]
    years = [path.name for path in (look.home.root / "memory" / "episodic").glob("[0-9][0-9][0-9][0-9]")]
    later = sorted(year for year in years if int(year) > (look.now + timedelta(days=1)).year)
    if ahead:
        told = f"the audit has events of the future, up to {max(ahead):%Y-%m-%d %H:%M} UTC"
        yield warning(told, "set the clock, if it is slow; if it was fast before, wait, or let it be")
    if later:
        yield warning(f"memories of the future: memory/episodic/{later[-1]}", "mend their timestamps, then memory sync")
    if look.now >= BEFORE and not ahead and not later:
        yield ok("nothing is from the future")
