"""Where a PostgreSQL server is, and whether memories may travel there: never in plain text over a network."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import Conninfo

from metahuman.state.errors import SettingError

URL, PLAINTEXT = "METAHUMAN_DATABASE_URL", "METAHUMAN_DATABASE_PLAINTEXT"
_FORM = "write postgresql://user@host:port/database"
#: What libpq's sslmode may say so that nothing ever goes out unencrypted.
_ENCRYPTED = ("require", "verify-ca", "verify-full")
#: Seconds that the opening of one connection may take.
_CONNECT_SECONDS = 5


@dataclass(frozen=True)
class Address:
    """A PostgreSQL database that was checked.

    Args:
        conninfo: What libpq connects with; may hold a password, so it is never shown.
        shown: The address without user and password, for errors.
        local: Whether the server is on this machine.
    """

    conninfo: str = field(repr=False)
    shown: str
    local: bool


def address_of(url: str, *, plaintext: bool = False) -> Address:
    """Check the URL of a database and return its address.

    Whoever sets the URL of another machine wants the memories there. They still go encrypted: where the URL says
    nothing of TLS it is demanded, and a URL that would do without is refused.

    Args:
        url: A postgresql:// URL, as libpq reads it; libpq's environment (PGPASSWORD, …) and ~/.pgpass count too.
        plaintext: Whether the owner vouches for the network, so that TLS is not asked for.

    Raises:
        SettingError: If it is no such URL, or memories would travel in plain text. The URL itself is not repeated,
            since a password may be in it.
    """
    if not url.startswith(("postgresql://", "postgres://")):
        raise SettingError(URL, "", "is no address of a PostgreSQL database", _FORM)
    try:
        given = {key: str(value) for key, value in conninfo_to_dict(url).items() if value is not None}
        known = _defaults() | given
    except psycopg.Error:  # its message repeats the URL, and is therefore not chained
        raise SettingError(URL, "", "cannot be read as the address of a PostgreSQL database", _FORM) from None
    local = all(_is_local(host) for host in (known.get("hostaddr") or known.get("host", "")).split(","))
    local = local and "service" not in known  # only libpq knows where a service is
    if not local and not plaintext:
        given["sslmode"] = _encrypted(known)
    given.setdefault("connect_timeout", str(_CONNECT_SECONDS))
    given.setdefault("application_name", "metahuman")
    return Address(make_conninfo("", **given), _shown(known), local)


def _defaults() -> dict[str, str]:
    """Return what libpq takes from its environment."""
    return {option.keyword.decode(): option.val.decode() for option in Conninfo.get_defaults() if option.val}


def _is_local(host: str) -> bool:
    """Tell whether a host is this machine: a socket's folder, or a loopback address."""
    if not host or host.startswith(("/", "@")) or host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _encrypted(known: dict[str, str]) -> str:
    """Return the sslmode for a server elsewhere; `prefer` is libpq's own default, and taken for nothing said."""
    mode = known.get("sslmode", "prefer")
    if mode not in (*_ENCRYPTED, "prefer"):
        problem = f"sslmode={mode} would send memories to another machine in plain text"
        raise SettingError(URL, "", problem, f"write sslmode=require, or set {PLAINTEXT}=1 if the network is yours")
    return mode if mode in _ENCRYPTED else "require"


def _shown(known: dict[str, str]) -> str:
    host = known.get("host") or known.get("hostaddr") or "localhost"
    place = f"?host={host}" if host.startswith(("/", "@")) else ""
    port = "" if place or not known.get("port") else f":{known['port']}"
    return f"postgresql://{'' if place else host}{port}/{known.get('dbname', '')}{place}"
