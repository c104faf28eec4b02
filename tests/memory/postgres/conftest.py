"""A database for each module of tests, and a home in it for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from metahuman.memory.postgres.address import address_of
from metahuman.memory.postgres.database import Database
from tests.servers.postgres import postgres_server


@pytest.fixture(scope="module")
def url() -> str:
    return postgres_server().new_database()


@pytest.fixture
def database(url: str, request: pytest.FixtureRequest) -> Iterator[Database]:
    """A home of the test's own."""
    opened = Database(address_of(url), f"home_{abs(hash(request.node.name)):x}", patience=1)
    yield opened
    opened.close()
