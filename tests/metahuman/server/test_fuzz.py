"""Requests that nobody thought of: whatever is asked, nothing goes wrong inside, and no error is more than a line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings

from metahuman.home import Home
from metahuman.server.app import create_app
from metahuman.server.settings import Limits, Settings
from tests.fakes import ScriptedProvider, registry_content
from tests.homes import write_registry
from tests.serving import running

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:Overriding standard format:hypothesis.errors.HypothesisWarning"),
]

EXAMPLES = 15


class Talkative(ScriptedProvider):
    """Models that answer whatever they are asked with the same words."""

    def next(self, asked: object) -> str:
        return "a word or two"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    home = tmp_path_factory.mktemp("home")
    write_registry(home, registry_content())
    endless = Settings(port=0, agents=False, limits=Limits(rate=1e6, burst=10**6))
    provider = Talkative({})
    with running(create_app(Home(home), endless, lambda _: provider), endless) as url:
        yield url


def operations(home: Path) -> list[tuple[str, str]]:
    """Return every operation of the API but the feed, which does not end."""
    paths = create_app(Home(home), Settings()).openapi()["paths"]
    return [(method.upper(), path) for path, methods in paths.items() for method in methods if path != "/api/events"]


OPERATIONS = operations(Path("/nowhere"))


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_nothing_goes_wrong_inside(address: str, method: str, path: str) -> None:
    operation = schemathesis.openapi.from_url(f"{address}/api/openapi.json")[path][method]

    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(operation.as_strategy())
    def ask(case: schemathesis.Case) -> None:
        answer = case.call(base_url=address, timeout=30)
        assert answer.status_code != 500, answer.text
        assert "Traceback" not in answer.text
        if answer.status_code >= 400 and method != "HEAD":
            error = answer.json()["error"]
            assert error["message"]
            assert "\n" not in error["message"]

    ask()
