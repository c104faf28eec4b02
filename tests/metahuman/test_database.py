"""Which homes are in PostgreSQL, and under which name."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from metahuman.database import NAME, PLAINTEXT, URL, database_of
from metahuman.home import Home
from metahuman.state.errors import SettingError
from tests.servers.postgres import postgres_server


def test_without_a_url_a_home_is_in_files(tmp_path: Path) -> None:
    assert database_of(Home(tmp_path)) is None
    assert list(tmp_path.iterdir()) == []


def test_a_home_keeps_its_name_and_no_other_has_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url, schemas = postgres_server().new_database(), []
    monkeypatch.setenv(URL, url)
    for folder in ("one", "one", "two"):
        database = database_of(Home(tmp_path / folder))
        assert database is not None
        schemas.append(database.schema)
        database.close()
    assert schemas[0] == schemas[1] != schemas[2]
    monkeypatch.setenv(NAME, "shared")
    shared = database_of(Home(tmp_path / "three"), url)
    assert shared is not None
    assert shared.schema == "metahuman_shared"
    shared.close()


def test_programs_that_start_at_once_call_a_home_by_one_name(tmp_path: Path) -> None:
    def schema(_: int) -> str:
        database = database_of(Home(tmp_path), "postgresql://127.0.0.1:9/never_asked")
        assert database is not None
        return database.schema

    with ThreadPoolExecutor(8) as programs:
        assert len(set(programs.map(schema, range(8)))) == 1


def test_plain_text_is_the_owner_s_word(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(URL, "postgresql://db.invalid/twin?sslmode=disable")
    with pytest.raises(SettingError, match=f"or set {PLAINTEXT}=1"):
        database_of(Home(tmp_path))
