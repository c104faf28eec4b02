"""A twin that is killed while eight specialists are at work, again and again, and what each next start does anew.

    python -m tests.specialist_kills TIMES [SEED]

The models are on a server in this process, which notes what it was asked and when it had answered. Turns run in forks
of a process that has loaded everything and has no threads: `python -m tests.specialist_kills fork`, one order a line.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any

from tests.fanout import JOBS, MESSAGE, SAYS, WAVE, job_asked, models, on_server
from tests.homes import write_registry
from tests.servers.answer import JSON, Answer
from tests.servers.http import Exchange
from tests.servers.openai import OpenAIServer

#: Milliseconds after an answer in which its reader may not yet have written down what it holds.
WINDOW = 500
FORKED = "fork"


@dataclass
class Found:
    """What many kills left.

    Args:
        kills: How many there were.
        answered: The answers that had been sent before a kill, of which `again` had to be given once more.
        again: How old those were at the kill, in milliseconds.
        kept: How old the others were.
        wrong: What must not be.
    """

    kills: int = 0
    answered: int = 0
    again: list[float] = field(default_factory=list)
    kept: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


class Watched(OpenAIServer):
    """A server that notes whose jobs it was asked, and when it had answered.

    Attributes:
        asked: How often each job was asked for.
        answered: When each was answered first.
        delays: Seconds before the answers; a job that is not among them is answered at once.
    """

    def __init__(self) -> None:
        super().__init__(models(), self._say)
        self.asked, self.answered = Counter[str](), dict[str, float]()
        self.delays: dict[str, float] = {}
        self._lock = Lock()

    def respond(self, exchange: Exchange) -> None:
        """Respond to one request."""
        super().respond(exchange)
        with self._lock:
            self.answered.setdefault(job_asked(exchange.body), time.monotonic())

    def _say(self, body: JSON) -> Answer:
        job = job_asked(body)
        with self._lock:
            self.asked[job] += 1
        return Answer(SAYS[body["model"]], first_token_delay=self.delays.get(job, 0))


class Forks:
    """Turns in processes of their own, which begin at once.

    Args:
        process: What forks them.
    """

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def begin(self, what: str, home: Path) -> int:
        """Begin to `say` the message, or to `resume`; return the number of the process."""
        self._process.stdin.write(f"{what} {home}\n")  # type: ignore[union-attr]
        self._process.stdin.flush()  # type: ignore[union-attr]
        return int(self._told())

    def outcome(self) -> Any:
        """Wait for its end, and return what it told; None if it was killed."""
        return json.loads(self._told())

    def _told(self) -> str:
        return self._process.stdout.readline()  # type: ignore[union-attr]


@contextmanager
def forks() -> Iterator[Forks]:
    """Start what forks."""
    command = [sys.executable, "-m", "tests.specialist_kills", FORKED]
    # Without its encoder, the classifier loads nothing and asks the orchestrator's model.
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "METAHUMAN_MODELS": os.devnull}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, text=True, cwd=Path(__file__).parents[1], env=environment, **pipes) as process:
        yield Forks(process)  # the end of its orders is its own


def killed(forks: Forks, home: Path, delays: dict[str, float], wait_for: int, seconds: float, found: Found) -> None:
    """Kill a turn in the middle, have it resumed, and note what was done twice.

    Args:
        forks: Where turns run.
        home: A home of its own.
        delays: Seconds before the answers of the first wave.
        wait_for: Answers of the first wave after which it is killed.
        seconds: How long after that.
        found: Where it is noted.
    """
    with Watched() as server:
        write_registry(home, on_server(server.base_url))
        server.delays = delays
        process = forks.begin("say", home)
        _wait_until(lambda: server.asked.keys() >= WAVE and len(WAVE & server.answered.keys()) >= wait_for)
        time.sleep(seconds)
        at = time.monotonic()
        os.kill(process, signal.SIGKILL)
        over = forks.outcome()
        answered = {job: (at - then) * 1000 for job, then in server.answered.items() if then <= at and job in WAVE}
        server.delays = {}
        forks.begin("resume", home)
        reply = forks.outcome()
        _note(found, answered, Counter(server.asked), reply, over)


def _note(found: Found, answered: dict[str, float], asked: Counter[str], reply: Any, over: Any) -> None:
    found.kills += 1
    found.answered += len(answered)
    found.again += [age for job, age in answered.items() if asked[job] > 1]
    found.kept += [age for job, age in answered.items() if asked[job] == 1]
    old = [job for job, age in answered.items() if asked[job] > 1 and age > WINDOW]
    found.wrong += [f"{job} was asked again {answered[job]:.0f} ms after its answer" for job in old]
    found.wrong += [f"{job} was asked {asked[job]} times" for job in JOBS if not 1 <= asked[job] <= 2]
    if over is not None:
        found.wrong.append("the turn was over before it was killed")
    elif not reply or {*reply["found"]} != JOBS or reply["errors"] or reply["text"] != SAYS["persona"]:
        found.wrong.append(f"resumed: {reply}")
    if asked["orchestrator"] != 1:
        found.wrong.append(f"the orchestrator was asked {asked['orchestrator']} times")


def _wait_until(condition: Any, seconds: float = 20) -> None:
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            raise TimeoutError("the turn did not come so far")
        time.sleep(0.0005)


def many(times: int, seed: int) -> Found:
    """Kill so many turns, each at a moment of its own: some jobs are answered soon, some late, some never."""
    drawn, found = random.Random(seed), Found()
    with forks() as forked, tempfile.TemporaryDirectory() as folder:
        for number in range(times):
            soon = drawn.sample(sorted(WAVE), drawn.randint(0, 7))
            delays = {job: drawn.uniform(0, 0.03) if job in soon else 60 for job in WAVE}
            killed(forked, Path(folder) / str(number), delays, len(soon), drawn.uniform(0, 0.06), found)
    return found


def work(what: str, home: str) -> dict[str, Any]:
    """Say the message, or finish what was said; return what came of it."""
    from metahuman.api import MetaHuman
    from metahuman.reply import Reply
    from metahuman.state.background import background

    with MetaHuman(home) as twin:
        *_, reply = twin.stream(MESSAGE) if what == "say" else twin.resume()
        assert isinstance(reply, Reply)
        findings = background.run(twin._turns.values(reply.thread))["findings"]
    names = [f"{one['source']} {one['part'][0]}" if one["part"] else one["source"] for one in findings]
    errors = [one["error"] for one in findings if one["error"]]
    return {"found": names, "errors": errors, "text": reply.text}


def fork_for_orders() -> None:
    """Fork for each line of standard input; tell the process's number, then what it did, or null."""
    import langchain_openai  # noqa: F401 - what a turn would load
    import pygments.lexers  # noqa: F401
    import yaml  # noqa: F401

    import metahuman.api
    import metahuman.models.providers.openai  # noqa: F401

    for line in sys.stdin:
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                os.write(writing, json.dumps(work(*line.split())).encode())
                os._exit(0)
            finally:
                os._exit(1)
        os.close(writing)
        _tell(str(child))
        with os.fdopen(reading) as pipe:
            told = pipe.read()
        os.waitpid(child, 0)
        _tell(told or "null")


def _tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    if sys.argv[1] == FORKED:
        fork_for_orders()
    else:
        result = many(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 7)
        _tell(json.dumps(asdict(result)))
