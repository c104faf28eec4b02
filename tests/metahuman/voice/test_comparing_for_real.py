"""The embedded model answers with an adapter and without it. The adapter is the one that routes: nobody confuses it."""

from __future__ import annotations

import asyncio
import json
import shutil
from pathlib import Path

import pytest

from metahuman.audit.reader import Reader
from metahuman.home import SHIPPED, Home
from metahuman.voice.comparing import prepared
from metahuman.voice.runs import find_run
from tests.homes import EMBEDDED, embedded
from tests.voices import a_run

pytestmark = [
    pytest.mark.real_model,
    pytest.mark.skipif(not EMBEDDED.exists(), reason="`metahuman models pull` fetches the embedded model"),
]


def test_the_adapter_makes_the_difference(tmp_path: Path) -> None:
    embedded(tmp_path)
    home, prompts = Home(tmp_path), tmp_path / "prompts.txt"
    run = a_run(home)
    shutil.copy(SHIPPED / "adapters" / "intent.gguf", run.gguf)
    job = json.loads((run.folder / "job.json").read_bytes())
    job["base"] |= {"modelId": "embedded", "model": "smollm2-135m-instruct", "path": str(EMBEDDED)}
    (run.folder / "job.json").write_text(json.dumps(job))
    prompts.write_text("What is a river?")
    made = asyncio.run(prepared(home, find_run(home), prompts=prompts))
    (pair,) = made.ab.sheet.pairs
    assert pair.voice.startswith('{"tasks"')
    assert not pair.base.startswith("{")
    calls = [call.details["adapters"] for call in Reader(home.audit, event="llm_call").tail(2)]
    assert calls == [[str(run.gguf)], []]
