"""A voice put to the proof: what it says is asked for, a process measures it, and a page shows what was found."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from metahuman.agents.alone import alone
from metahuman.home import Home
from metahuman.state.errors import BadChoice
from metahuman.state.files import read_json, store_errors, write_atomic
from metahuman.state.voice_events import voice_evaluated
from metahuman.training.job import EVALUATION
from metahuman.training.needs import require_train
from metahuman.training.telling import Event
from metahuman.voice.registering import note_score
from metahuman.voice.report_page import page
from metahuman.voice.runs import REPORT, Run
from metahuman.voice.sampling import FILE, kept, sampled
from metahuman.voice.training import child
from metahuman.wiring import HomeServices, open_services

PAGE, CANARIES, OTHERS = "report.html", "canaries.jsonl", "others"
#: Where a home may have texts of other authors to compare with, for who does not write English.
AUTHORS = Path("etc") / "other-authors"
#: The kind of run of which a home has one at a time.
EVALUATE = "evaluate"
SAMPLES = 40
Tell = Callable[[Event], None]


async def evaluate(
    home: Home,
    run: Run,
    *,
    samples: int = SAMPLES,
    canaries: Path | None = None,
    tell: Tell,
    services: HomeServices | None = None,
) -> dict[str, Any]:
    """Evaluate a run's voice, and write `report.json` and `report.html` into its folder; return the report.

    Cut short, it goes on with the samples that are there.

    Args:
        home: The home.
        run: The run; its adapter need not be registered.
        samples: How many held-out prompts are asked, with the adapter and without; 0 to ask none, and judge those
            that are there.
        canaries: A file of secrets that were planted in what was trained on, to look for them.
        tell: Told what happens.
        services: The home's services; opened for this by default.

    Raises:
        AlreadyRunning: If another evaluation is under way in the home.
        BadChoice: If the base has no entry in the registry any more.
        ModelError: If a model cannot be asked.
        NotInstalled: If the extra `train` is missing.
        SettingError: If a row or a sample is wrong.
        StoreError: If something cannot be read or written.
        TrainingFailed: If the process that measures could not do it.
    """
    require_train()
    folder = run.folder / EVALUATION

    def told(done: int, of: int) -> None:
        tell({"event": "proving", "what": "asking for samples", "done": done, "of": of})

    async with AsyncExitStack() as opened:
        await opened.enter_async_context(alone(home, EVALUATE))
        if services is None:
            services = open_services(home)
            opened.push_async_callback(services.aclose)
        _bring(home, folder, canaries)
        if samples:
            await sampled(run, samples, services, told)
        await child("prove", run.folder, tell)
        report = read_json(folder / REPORT)
        write_atomic(folder / PAGE, page(report, kept(folder / FILE)).encode())
        found = report["voice"]["score"]
        score = found and found["adapter"]["value"]
        note_score(home, run, score, folder / REPORT)
        await services.audit.arecord(voice_evaluated(run.name, report["verdict"], score))
    return report


def _bring(home: Home, folder: Path, canaries: Path | None) -> None:
    """Put what the home has for a proof beside the run: the process that measures sees nothing else."""
    if canaries:
        if not canaries.is_file():
            raise BadChoice(f"{canaries}: there is no such file")
        with store_errors(canaries, "check that it can be read"):
            write_atomic(folder / CANARIES, canaries.read_bytes())
    with store_errors(folder / OTHERS):
        shutil.rmtree(folder / OTHERS, ignore_errors=True)
        for path in sorted((home.root / AUTHORS).glob("*.txt")):
            write_atomic(folder / OTHERS / path.name, path.read_bytes())
