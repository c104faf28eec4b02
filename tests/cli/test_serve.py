"""`metahuman serve` as a person starts and stops it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
import pytest

from metahuman.agents.alone import who_runs
from metahuman.home import Home
from tests.homes import in_process
from tests.serving import workers_of


@contextmanager
def started(home: Path, *options: str, **environment: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Start a server in a process of its own; hand it out with the address that it prints."""
    command = [sys.executable, "-m", "metahuman", "--home", str(home), "serve", "--port", "0", *options]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, **environment}
    )
    with process:
        assert process.stdout is not None
        try:
            line = process.stdout.readline()
            while line and not line.startswith("MetaHuman at "):
                line = process.stdout.readline()
            assert line, process.stderr.read() if process.stderr else ""
            yield process, line.removeprefix("MetaHuman at ").strip()
        finally:
            process.kill()


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_until_it_is_told_to_stop_also_in_the_midst_of_a_stream(tmp_path: Path, number: int) -> None:
    with (
        started(tmp_path) as (process, url),
        httpx.Client(base_url=url, verify=False, timeout=20) as client,
        client.stream("GET", "/api/events") as feed,
    ):
        lines = feed.iter_lines()
        assert next(lines) == "event: status"
        status = json.loads(next(lines).removeprefix("data: "))
        assert status["agents"]["here"] is True
        process.send_signal(number)
        assert process.wait(timeout=20) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""
    assert who_runs(Home(tmp_path), "agent maintenance") is None


@pytest.mark.slow
def test_a_token_of_the_environment_is_asked_for_and_shown_nowhere(tmp_path: Path) -> None:
    token = "from-the-environment-1234"
    with started(tmp_path, "--host", "0.0.0.0", "--no-agents", METAHUMAN_TOKEN=token) as (process, url):
        here = f"http://127.0.0.1:{httpx.URL(url).port}"
        with httpx.Client(base_url=here, verify=False, timeout=20) as client:
            assert client.get("/api/status").status_code == 401
            known = {"Authorization": f"Bearer {token}"}
            assert client.get("/api/status", headers=known).json()["agents"]["here"] is False
        process.terminate()
        out, err = process.communicate(timeout=20)
        assert token not in out + err + " ".join(map(str, process.args))  # type: ignore[arg-type]


@pytest.mark.slow
def test_of_several_workers_any_answers_and_one_that_dies_is_started_again(tmp_path: Path) -> None:
    with started(tmp_path, "--workers", "2") as (process, url), httpx.Client(base_url=url, timeout=20) as client:
        keeper = psutil.Process(process.pid)
        first = workers_of(keeper)
        assert len(first) == 2
        first[0].kill()
        until = time.monotonic() + 30
        while len(workers_of(keeper)) < 2 or first[0] in workers_of(keeper):
            assert time.monotonic() < until
            assert client.get("/api/status").json()["agents"]["here"] is True
        process.terminate()
        out, err = process.communicate(timeout=30)
        assert "died (exit code -9) and is started again" in out
        assert out.count("MetaHuman at") == 0  # it was read above, once
        assert err == ""
        assert not [worker for worker in first if worker.is_running()]


@pytest.mark.slow
def test_workers_end_with_the_process_that_started_them(tmp_path: Path) -> None:
    with started(tmp_path, "--workers", "2", "--no-agents") as (process, _):
        workers = workers_of(psutil.Process(process.pid))
        process.kill()
        _, alive = psutil.wait_procs(workers, timeout=30)
        assert alive == []


def test_an_address_that_others_reach_demands_a_token(tmp_path: Path) -> None:
    refused = in_process(tmp_path, "serve", "--host", "0.0.0.0", "--port", "0")
    assert refused.returncode == 1
    assert refused.stderr.count("\n") == 1
    assert "anybody on the network could talk with your twin" in refused.stderr
    assert "--new-token" in refused.stderr


def test_a_port_that_is_taken_and_an_address_that_is_none_are_one_line(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        refused = in_process(tmp_path, "serve", "--port", port)
    assert refused.returncode == 1
    assert refused.stderr == (
        f"metahuman: 127.0.0.1 port {port}: Address already in use; stop what listens there, or choose another --port\n"
    )


def test_the_server_is_imported_only_when_it_is_started() -> None:
    code = "import sys, metahuman.cli.serve, metahuman.cli; print({'fastapi', 'uvicorn'} & set(sys.modules))"
    asked = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert asked.stdout.strip() == "set()"
