"""Addresses of databases: memories go to another machine encrypted or not at all, and no password is ever shown."""

from __future__ import annotations

import pytest
from psycopg.conninfo import conninfo_to_dict

from metahuman.memory.postgres.address import address_of
from metahuman.memory.postgres.database import Database
from metahuman.memory.postgres.schema import schema_of
from metahuman.state.errors import SettingError, StoreError

LOCAL = ["", "localhost", "127.0.0.1", "[::1]", "localhost,127.0.0.1"]
REMOTE = ["db.example.org", "10.0.0.7", "localhost,db.example.org", "localhost.example.org"]


@pytest.fixture(autouse=True)
def nothing_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PGHOST", "PGHOSTADDR", "PGSSLMODE", "PGSERVICE", "PGPASSWORD", "PGPORT", "PGDATABASE"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("host", LOCAL)
def test_on_this_machine_nothing_is_asked(host: str) -> None:
    address = address_of(f"postgresql://{host}/twin")
    assert address.local
    assert "sslmode" not in conninfo_to_dict(address.conninfo)


@pytest.mark.parametrize("host", REMOTE)
def test_to_another_machine_it_goes_encrypted(host: str) -> None:
    address = address_of(f"postgresql://{host}/twin")
    assert not address.local
    assert conninfo_to_dict(address.conninfo)["sslmode"] == "require"
    assert conninfo_to_dict(address_of(f"postgres://{host}/t?sslmode=verify-full").conninfo)["sslmode"] == "verify-full"


@pytest.mark.parametrize("mode", ["disable", "allow"])
def test_plain_text_to_another_machine_is_refused(mode: str) -> None:
    url = f"postgresql://ada:hidden@db.example.org/twin?sslmode={mode}"
    with pytest.raises(
        SettingError, match=f"sslmode={mode} would send memories .* plain text; write sslmode=require"
    ) as no:
        address_of(url)
    assert "hidden" not in str(no.value)
    assert conninfo_to_dict(address_of(url, plaintext=True).conninfo)["sslmode"] == mode


def test_libpq_s_own_environment_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGHOST", "db.example.org")
    monkeypatch.setenv("PGSSLMODE", "disable")
    with pytest.raises(SettingError, match="sslmode=disable"):
        address_of("postgresql:///twin")
    monkeypatch.setenv("PGSSLMODE", "verify-ca")
    assert not address_of("postgresql:///twin").local


def test_a_service_may_be_anywhere() -> None:
    assert not address_of("postgresql://localhost/twin?service=mine").local


@pytest.mark.parametrize(
    "url", ["mysql://ada:hidden@h/t", "host=h password=hidden", "postgresql://ada:hidden@h:x:y/t?z"]
)
def test_what_is_no_address_is_one_line_without_the_password(url: str) -> None:
    with pytest.raises(SettingError, match=r"^METAHUMAN_DATABASE_URL: .*; write postgresql://") as refused:
        address_of(url)
    assert "hidden" not in str(refused.value)
    assert refused.value.__cause__ is None


def test_a_password_is_never_shown() -> None:
    address = address_of("postgresql://ada:hidden@127.0.0.1:1/twin")
    assert address.shown == "postgresql://127.0.0.1:1/twin"
    assert "hidden" not in repr(address)
    with pytest.raises(
        StoreError, match=r"^postgresql://127.0.0.1:1/twin: .*refused.*; see that PostgreSQL runs"
    ) as down:
        Database(address, "mine").open()
    assert "hidden" not in str(down.value)


@pytest.mark.parametrize("name", ["", "Ada", "a-b", 'a"; DROP SCHEMA b', "x" * 49])
def test_a_home_s_name_is_plain(name: str) -> None:
    with pytest.raises(SettingError, match=r"METAHUMAN_DATABASE_HOME: .* cannot name a home"):
        schema_of(name)
