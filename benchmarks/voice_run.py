"""One cycle from memories to a proof; see `voice.py`.

python -m benchmarks.voice_run {socrates,pepys} FILE [--pairs 400] [--samples 40] [--json FILE]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.voice_report import missed, told
from metahuman.cli.dataset_home import looking
from metahuman.clock import SystemClock
from metahuman.curating import curate
from metahuman.home import Home
from metahuman.memory.dataset.assembling import Wanted as WantedPairs
from metahuman.memory.dataset.assembling import assembled
from metahuman.memory.dataset.splitting import split_of
from metahuman.memory.store.file_keeper import files_of
from metahuman.state.files import read_json, write_json
from metahuman.state.memories import Memory
from metahuman.state.shipped import SHIPPED
from metahuman.training.settings import load_settings
from metahuman.voice.evaluating import evaluate
from metahuman.voice.planning import Wanted, begun, planned
from metahuman.voice.runs import Run
from metahuman.voice.training import train

#: What an answer or an entry may have: of one word nothing can be learned, and no long speech fits.
FEWEST, MOST = 60, 2_500
#: What is told of a run's card: figures, and no paths.
TOLD = ("versions", "rows", "epochsRun", "steps", "tokens", "losses", "looks", "stopped", "equality")
#: Days after which a pair weighs half: these lives are long over, so that all of them count alike.
HALF_LIFE = 3_650_000.0
#: What share of the pairs is to be held out, at least and at most: there are few dialogues, and they stay whole.
LEAST_HELD, MOST_HELD = 0.12, 0.35


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print and, if asked, write the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("voice", choices=("socrates", "pepys"))
    parser.add_argument("file", type=Path)
    parser.add_argument("--pairs", type=int, default=400)
    parser.add_argument("--samples", type=int, default=40)
    parser.add_argument("--epochs", type=int, help="instead of those that etc/training.json says")
    parser.add_argument("--keep", type=Path, help="leave the home there, which must not exist")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(_cycle(Home(asked.keep or Path(folder) / "home"), asked))
    print("\n".join(told(found)))
    for line in missed(found):
        print(f"MISSED: {line}")
    if asked.json:
        asked.json.write_text(json.dumps(found, indent=2) + "\n")


async def _cycle(home: Home, asked: argparse.Namespace) -> dict[str, Any]:
    """Return what a cycle took, in seconds, and what came of it."""
    seconds = dict[str, float]()
    home.create()
    with _timed(seconds, "import"):
        memories = list(_talks(asked.file) if asked.voice == "socrates" else _diary(asked.file, asked.pairs))
        keeper = files_of(home.root)
        await asyncio.to_thread(keeper.save_all, memories)
        keeper.close()
    _draw_sides(home, memories)
    with _timed(seconds, "curate"):
        await curate(home, limit=0, without_model=True)
    with _timed(seconds, "build"), looking(home) as look:
        wanted = WantedPairs(name=asked.voice, half_life=HALF_LIFE, limit=asked.pairs)
        await asyncio.to_thread(assembled, home.root, wanted, look)
    with _timed(seconds, "train and export"):
        run = await train(home, await asyncio.to_thread(_begun, home, asked), _say)
    with _timed(seconds, "prove"):
        report = await evaluate(home, run, samples=asked.samples, tell=_say)
    card = {name: run.card[name] for name in TOLD}
    return {"voice": asked.voice, "seconds": seconds, "card": card, "report": report}


def _begun(home: Home, asked: argparse.Namespace) -> Run:
    settings = load_settings(home.root)
    if asked.epochs:
        settings = settings.model_copy(update={"epochs": asked.epochs})
    with looking(home) as look:
        wanted = Wanted(dataset=asked.voice, base="embedded", settings=settings)
        return begun(planned(home, wanted, look, SystemClock().now()))


def _talks(path: Path) -> Iterator[Memory]:
    """Yield what was said to Socrates and what he answered, in an order that the seed draws; most is too short."""
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    fitting = [row for row in rows if FEWEST <= len(row["assistant"]) <= MOST // 4 and len(row["user"]) <= MOST // 4]
    random.Random(1).shuffle(fitting)
    for number, row in enumerate(fitting):
        about = {"conversationId": row["dialogue"], "speaker": row["user_speaker"]}
        yield Memory(
            id=f"evt-{number:06}",
            timestamp=f"2026-01-01T{number // 3600:02}:{number // 60 % 60:02}:{number % 60:02}.000Z",
            type="conversation",
            content=row["user"],
            response=row["assistant"],
            metadata=about,  # type: ignore[arg-type] - pydantic reads it
        )


def _diary(path: Path, count: int) -> Iterator[Memory]:
    """Yield entries of a diary, from all its years."""
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    fitting = [row for row in rows if FEWEST <= len(row["text"]) <= MOST]
    random.Random(1).shuffle(fitting)
    for row in sorted(fitting[:count], key=lambda one: one["date"]):
        moment = f"{row['date']}T20:00:00.000Z"
        yield Memory(id=f"evt-{row['id']}", timestamp=moment, type="journal", content=row["text"])


def _draw_sides(home: Home, memories: Sequence[Memory]) -> None:
    """Choose a salt with which a fair share of the pairs is held out: of ten dialogues, none might be."""
    path = home.root / "etc" / "adapter-builder.json"
    settings = read_json(path) if path.exists() else {}
    share = float(settings.get("heldOut") or read_json(SHIPPED / "adapter-builder.json")["heldOut"])
    talks = [str(memory.metadata.conversation_id or memory.id) for memory in memories]
    for number in range(1_000):
        held = sum(split_of(talk, str(number), share) == "held-out" for talk in talks) / len(talks)
        if LEAST_HELD <= held <= MOST_HELD:
            write_json(path, {**settings, "salt": str(number)})
            return


@contextmanager
def _timed(seconds: dict[str, float], name: str) -> Iterator[None]:
    started = time.perf_counter()
    yield
    seconds[name] = round(time.perf_counter() - started, 1)
    print(f"{name}: {seconds[name]:.1f} s", flush=True)


def _say(event: dict[str, Any]) -> None:
    if event["event"] in ("started", "looked") or (event["event"] == "proving" and not event["done"]):
        print(json.dumps(event), flush=True)


if __name__ == "__main__":
    main()
