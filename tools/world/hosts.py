"""The hosts that `http_get` may ask, as the owner names them in `etc/trust.json`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import httpx
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator

from metahuman.state.errors import SettingError, ToolError

#: A host as the owner writes it: a name, an address, or a `*` for all names, or all below one.
_HOST = re.compile(r"(?P<any>\*(?=:|$)|\*\.)?(?P<name>[^*/@?#\s:\[\]]+|\[[0-9A-Fa-f:.]+\])?(?P<port>:\d{1,5})?")
#: The ports that an address without one means.
PORTS = {"https": 443, "http": 80}


class Host(BaseModel):
    """A host that may be asked.

    Args:
        host: Its name, or `*.example.org` for every name below one, or `*` for all; with `:8080`, that port only.
        private: Whether it may be on this machine or in its own network.
        http: Whether it may be asked without encryption.
    """

    model_config = ConfigDict(extra="forbid")

    host: str
    private: bool = False
    http: bool = False

    @field_validator("host")
    @classmethod
    def _is_a_host(cls, value: str) -> str:
        found = _HOST.fullmatch(value)
        if not found or not (found["name"] or found["any"] == "*"):
            raise ValueError("is no host; write it like www.example.org, *.example.org or nas.local:8080")
        return f"{found['any'] or ''}{_ascii(found['name']) if found['name'] else ''}{found['port'] or ''}"

    @property
    def name(self) -> str:
        """The host without its port: a glob."""
        found = _HOST.fullmatch(self.host)
        return f"{found['any'] or ''}{found['name'] or ''}" if found else self.host

    def covers(self, url: httpx.URL) -> bool:
        """Tell whether it names where an address leads."""
        name, asked = self.name, host_of(url)
        port = self.host[len(name) + 1 :]
        fits = name in ("*", asked) or (name.startswith("*.") and asked.endswith(name[1:]))
        return fits and port_of(url) == (int(port) if port else PORTS.get(url.scheme))


def _as_host(value: object) -> object:
    """Take a bare name for a host."""
    return {"host": value} if isinstance(value, str) else value


class _Settings(BaseModel):
    """What `http_get` of `etc/trust.json` says."""

    model_config = ConfigDict(extra="ignore")

    hosts: list[Annotated[Host, BeforeValidator(_as_host)]] = Field(default_factory=list)


def names_of(settings: Mapping[str, Any]) -> list[str]:
    """Return the names of the hosts that the owner allows, as globs; what is not written as it should be is left out.

    Args:
        settings: What `http_get` of `etc/trust.json` says.
    """
    try:
        return [host.name for host in _Settings.model_validate(settings).hosts]
    except ValidationError:  # `http_get` says what is wrong
        return []


def hosts_of(settings: dict[str, Any], home: Path) -> list[Host]:
    """Return the hosts that the owner allows.

    Raises:
        SettingError: If they are not written as they should be.
    """
    try:
        return _Settings.model_validate(settings).hosts
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(["http_get", *map(str, first["loc"])])
        raise SettingError(home / "etc" / "trust.json", key, first["msg"], "see docs/tools.md, Web") from error


def judged(url: httpx.URL, hosts: list[Host]) -> Host:
    """Return the owner's word that lets an address be asked.

    Raises:
        ToolError: If it may not be asked; the error says what the owner would have to allow.
    """
    if url.scheme not in PORTS or not url.host:
        raise ToolError(f"{shown(url)}: is no web address; it has to begin with https://")
    if url.userinfo:
        raise ToolError(f"{url.host}: the address holds a name or password, which are never sent; leave them out")
    fitting = [host for host in hosts if host.covers(url)]
    if not fitting:
        where = f"{url.host}:{url.port}" if url.port else url.host
        raise ToolError(f'{where}: may not be asked; the owner can add it to "http_get.hosts" in etc/trust.json')
    chosen = [host for host in fitting if url.scheme == "https" or host.http]
    if not chosen:
        raise ToolError(f'{url.host}: is not asked without encryption; use https, or the owner marks it "http": true')
    return max(chosen, key=lambda host: (not host.host.startswith("*"), host.private))


def parsed(text: str) -> httpx.URL:
    """Return an address.

    Raises:
        ToolError: If it is none.
    """
    try:
        return httpx.URL(text)
    except (httpx.InvalidURL, ValueError, UnicodeError) as error:
        raise ToolError(f"this is no web address ({error}); it has to look like https://example.org/page") from error


def host_of(url: httpx.URL) -> str:
    """Return the host of an address as it is compared: small letters, no dot at its end, IPv6 in brackets."""
    host = url.raw_host.decode("ascii").lower().rstrip(".")
    return f"[{host}]" if ":" in host else host


def port_of(url: httpx.URL) -> int | None:
    """Return the port that an address leads to."""
    return url.port or PORTS.get(url.scheme)


def shown(url: httpx.URL) -> str:
    """Return an address as it may be shown: no name or password, not endless."""
    text = str(url.copy_with(userinfo=b"") if url.userinfo else url)
    return text if len(text) <= 300 else f"{text[:300]}…"


def _ascii(name: str) -> str:
    """Return a host's name as it is compared, the labels of other scripts in their ASCII form."""
    try:
        return host_of(httpx.URL(f"https://{name}/"))
    except (httpx.InvalidURL, UnicodeError) as error:
        raise ValueError(f"is no host ({error})") from error
