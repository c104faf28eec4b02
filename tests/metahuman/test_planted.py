"""Secrets are planted and looked for in every byte that a day leaves: they are nowhere; and all of it is private."""

from __future__ import annotations

import json
import logging
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from metahuman.api import MetaHuman
from metahuman.keeping.manifest import NAME
from metahuman.state.errors import MetaHumanError
from tests.homes import in_process, write_registry
from tests.servers.answer import Answer
from tests.servers.openai import OpenAIServer

#: Of each, any stretch of this many characters would be a leak: servers repeat the beginnings of keys.
ENVIRONMENT = "planted-environment-key-Zx81Qw"
REGISTRY = "planted-registry-key-Kv27Lm"
HEADER = "planted-header-Np33Rt"
TOKEN = "planted-server-token-Bc55Yu"
PASSPHRASE = "planted passphrase Gh90"
SECRETS = (ENVIRONMENT, REGISTRY, HEADER, TOKEN, PASSPHRASE)


def content(first: OpenAIServer, second: OpenAIServer) -> dict[str, object]:
    """Return a registry whose first model has its key from the environment, the second from the file itself."""
    models = {
        "first": {"provider": "cloud", "model": first.models[0], "roles": ["persona"]},
        "second": {"provider": "openai", "model": second.models[0], "roles": ["persona"]},
    }
    return {
        "defaults": {"orchestrator": "first", "persona": "first"},
        "models": models,
        "roleHierarchy": {"persona": ["first", "second"]},
        "cognitiveModeMappings": {"dual": {"orchestrator": None}},
        "providers": {
            "cloud": {"type": "openai", "baseUrl": first.base_url, "apiKey": "${PLANTED_KEY}", "retries": 0},
            "openai": {"baseUrl": second.base_url, "apiKey": REGISTRY, "headers": {"X-Key": HEADER}, "retries": 0},
        },
    }


@pytest.fixture
def servers() -> Iterator[tuple[OpenAIServer, OpenAIServer]]:
    """Two servers with keys: the second's is another than the registry's, so that it refuses and quotes it."""
    echo = {"message": f"Incorrect API key provided: {REGISTRY}.", "type": "x", "code": "invalid_api_key"}
    broken = Answer(status=500, error=f"upstream said: Bearer {ENVIRONMENT}")
    answers = [Answer("good morning"), broken, Answer("and again"), *[broken] * 4]
    refusals = [Answer(status=401, error=echo)] * 6
    with OpenAIServer(answers=answers, api_key=ENVIRONMENT) as first, OpenAIServer(answers=refusals) as second:
        yield first, second


def leaks(text: bytes) -> list[str]:
    return [secret for secret in SECRETS if secret.encode() in text]


def stored(home: Path) -> dict[str, list[str]]:
    """Return which secrets stand in which files, but for those that the owner wrote them into."""
    own = {home / "etc" / "models.json", home / "state" / "server-token"}
    found = {path: leaks(path.read_bytes()) for path in home.rglob("*") if path.is_file() and path not in own}
    return {path.name: secrets for path, secrets in found.items() if secrets}


@pytest.fixture
def day(
    tmp_path: Path,
    servers: tuple[OpenAIServer, OpenAIServer],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> tuple[Path, str]:
    """A home after turns that went well and turns that failed, and all that was printed and logged."""
    caplog.set_level(logging.INFO)
    home = tmp_path / "home"
    monkeypatch.setenv("PLANTED_KEY", ENVIRONMENT)
    monkeypatch.setenv("METAHUMAN_TOKEN", TOKEN)
    os.umask(0o022)
    write_registry(home, content(*servers))
    (home / "etc" / "models.json").chmod(0o600)
    (home / "state").mkdir()
    (home / "state" / "server-token").write_text(TOKEN)
    asked = [["ask", "hello"], ["ask", "it fails now"], ["ask", "--json", "and now?"], ["ask", "nobody answers"]]
    looked = [["status"], ["status", "--json"], ["audit"], ["audit", "--json"], ["usage", "--json"], ["models"]]
    looked += [["models", "validate"], ["models", "plan"], ["doctor"], ["doctor", "--json"], ["persona"]]
    printed = ""
    for command in [*asked, *looked]:
        done = in_process(home, *command)
        printed += done.stdout + done.stderr
    return home, printed + caplog.text


def test_keys_are_nowhere_in_the_home_nor_in_what_is_printed_and_logged(day: tuple[Path, str]) -> None:
    home, told = day
    assert "good morning" in told
    assert "Incorrect" in told or "auth" in told  # the refusal was told, and not as the server put it
    assert leaks(told.encode()) == []
    assert stored(home) == {}


def test_a_backup_s_manifest_and_words_have_none_and_the_server_s_token_stays_out(
    day: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, _ = day
    done = in_process(home, "backup", str(tmp_path / "kept.zip"))
    assert leaks((done.stdout + done.stderr).encode()) == []
    assert "etc/models.json: providers.openai.apiKey is a key" in done.stderr
    with zipfile.ZipFile(tmp_path / "kept.zip") as packed:
        assert leaks(packed.read(NAME)) == []
        with_keys = {name for name in packed.namelist() if leaks(packed.read(name))}
    assert with_keys == {"etc/models.json"}
    monkeypatch.setenv("METAHUMAN_BACKUP_PASSPHRASE", PASSPHRASE)
    if in_process(home, "backup", str(tmp_path / "sealed")).returncode == 0:  # where the extra is installed
        assert leaks((tmp_path / "sealed").read_bytes()) == []
    assert stored(home) == {}


def test_an_error_in_python_holds_none(day: tuple[Path, str]) -> None:
    home, _ = day
    with MetaHuman(home) as twin, pytest.raises(MetaHumanError) as failed:
        twin.chat("nobody is left to answer")
    error = failed.value
    assert leaks(f"{error} {error!r} {json.dumps(vars(error), default=repr)}".encode()) == []


def test_everything_in_a_home_is_for_the_owner_s_eyes_only(day: tuple[Path, str]) -> None:
    home, _ = day
    own = {home / "etc" / name for name in ("models.json", "routing.json")}
    own |= {home / "state" / "server-token", home / "etc", home / "state"}
    wrong = {
        path.relative_to(home).as_posix(): oct(path.stat().st_mode)
        for path in home.rglob("*")
        if path not in own and path.stat().st_mode & 0o077
    }
    assert wrong == {}
