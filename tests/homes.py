"""Homes for tests: their models are scripted, or answer from a server that the test runs."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from metahuman.api import MetaHuman
from metahuman.cli import main
from metahuman.home import SHIPPED
from metahuman.models.download import models_folder
from tests.fakes import Answer, ScriptedProvider, registry_content

#: The embedded model's file, where `metahuman models pull` puts it.
EMBEDDED = models_folder() / "SmolLM2-135M-Instruct.Q4_1.gguf"
#: The sentence encoder's.
ENCODER = models_folder() / "e5-small-q4.bin"
#: Where a turn goes when the script's orchestrator is asked.
TALK = json.dumps({"tasks": [{"destination": "conversation", "task": ""}], "confidence": 1})


def write_registry(home: Path, content: Mapping[str, Any]) -> None:
    """Write a models.json, and settings under which the classifier is never sure: the orchestrator is asked."""
    (home / "etc").mkdir(parents=True, exist_ok=True)
    (home / "etc" / "models.json").write_text(json.dumps(content))
    never = {"thresholds": {}, "several": 1, "perhaps": 1, "together": 1, "clause": 1, "high": 1, "low": 1}
    (home / "etc" / "routing.json").write_text(json.dumps(never))


@contextmanager
def scripted(home: Path, **script: Iterable[Answer]) -> Iterator[MetaHuman]:
    """A twin whose models answer from a script, all of which must be asked for."""
    write_registry(home, registry_content())
    with ScriptedProvider(script) as provider, MetaHuman(home, providers=lambda _: provider, patience=0.2) as twin:
        yield twin


def served(address: str, *, fallback: str | None = None) -> dict[str, Any]:
    """Return a models.json whose orchestrator is off and whose persona is `m` on an Ollama server."""
    hierarchy = ["first", *(["second"] if fallback else [])]
    return {
        "defaults": {"orchestrator": "first", "persona": "first"},
        "models": {
            "first": {"provider": "ollama", "model": "m", "roles": ["persona"]},
            "second": {"provider": "openai", "model": "m", "roles": ["persona"]},
        },
        "roleHierarchy": {"persona": hierarchy},
        "cognitiveModeMappings": {"dual": {"orchestrator": None}},
        "providers": {"ollama": {"baseUrl": address}, "openai": {"baseUrl": fallback or "http://127.0.0.1:9"}},
    }


def embedded(home: Path, **options: Any) -> None:
    """Write a models.json whose every role is the embedded model, and whose Ollama is where nobody listens."""
    content = json.loads((SHIPPED / "models.json").read_bytes())
    content["providers"]["ollama"]["baseUrl"] = "http://127.0.0.1:9"
    content["models"]["embedded"]["options"] |= {"temperature": 0, "maxTokens": 24, **options}
    write_registry(home, content)
    (home / "etc" / "routing.json").unlink()  # as on a fresh machine


def files(home: Path, *, but: str = "") -> dict[str, bytes]:
    """Return every file of a home and what is in it, `but` those in one folder of it and what only coordinates."""
    shared = (".lock", ".sqlite-shm")
    found = {path.relative_to(home): path for path in home.rglob("*") if path.is_file() and path.suffix not in shared}
    return {place.as_posix(): path.read_bytes() for place, path in found.items() if place.parts[0] != but}


def metahuman(home: Path, *arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run the command line in a process of its own, which takes it seconds to start: where that is what is tested."""
    command = [sys.executable, "-m", "metahuman", "--home", str(home), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, **options)


def in_process(home: Path, *arguments: str, typed: str = "", columns: int = 80) -> subprocess.CompletedProcess[str]:
    """Run the command line from its start to its exit code in this process, with `typed` on its standard input."""
    command = ["metahuman", "--home", str(home), *arguments]
    with (
        CliRunner().isolation(typed, {"COLUMNS": str(columns)}) as (out, err, _),
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setattr(sys, "argv", command)
        with pytest.raises(SystemExit) as left:
            main()
        sys.stdout.flush()
        sys.stderr.flush()
        return subprocess.CompletedProcess(
            command, int(left.value.code or 0), out.getvalue().decode(), err.getvalue().decode()
        )
