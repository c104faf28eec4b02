"""Whether asking a model would take a prompt off the owner's machine and private network.

What is home is listed; whatever is not is the world. A host name is home if it looks like one that only a private
network knows, and if every address it resolves to is home as well. A name that looks public counts as the world even
where it resolves to a private address: who answers to it is decided outside, and may be decided anew at any moment.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
import socket
import time
from collections.abc import Awaitable, Callable, Hashable
from functools import lru_cache
from typing import Generic, TypeVar

import httpx

from metahuman.models.resolved import ResolvedModel
from metahuman.models.schema import RolePolicy

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
#: Finds the addresses of a host name; none if nobody knows it.
Resolver = Callable[[str], Awaitable[list[Address]]]
T = TypeVar("T")

#: This machine, private networks (RFC 1918, 4193), link-local ones, and the shared one that Tailscale uses (RFC 6598).
#: Not what `ipaddress` calls private: its list holds tunnels to the world, and differs between versions of Python.
HOME = tuple(
    ipaddress.ip_network(network)
    for network in (
        *("0.0.0.0/32", "127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16"),
        *("100.64.0.0/10", "::/128", "::1/128", "fc00::/7", "fe80::/10"),
    )
)
#: Names that only a private network knows, beside those without a dot; `ts.net` is Tailscale's.
HOME_NAMES = (".localhost", ".local", ".internal", ".lan", ".home.arpa", ".ts.net")
#: How Ollama calls models that it runs on its maker's machines, and where those are.
CLOUD_NAMES, OLLAMA_CLOUD = ("-cloud", ":cloud"), "ollama.com"
#: What hosts are written with; of an address with anything else, two programs might not read the same host.
_HOST = re.compile(r"[A-Za-z0-9_.:%-]+")
#: Seconds for which an answer about who is where holds.
MEMORY = 30.0


def leaves_for(model: ResolvedModel) -> str | None:
    """Return where a prompt for `model` would go if it left the owner's machine and private network, else None.

    Judged by what the registry says alone: a name that looks private is looked up at the call, see `goes_to`.
    """
    if place := server_away(model):
        return place
    return OLLAMA_CLOUD if model.kind == "ollama" and model.model.lower().endswith(CLOUD_NAMES) else None


def server_away(model: ResolvedModel) -> str | None:
    """Return the host of the model's server if it is out in the world, else None, wherever it hands prompts on to."""
    if model.kind == "local":
        return None
    host = _host(model)
    if not host:
        return f"the address {model.settings.base_url!r}"  # nobody can vouch for what cannot be read
    literal = _literal(host)
    home = _looks_private(host) if literal is None else _is_home(literal)
    return None if home else host


async def goes_to(model: ResolvedModel, resolver: Resolver | None = None) -> str | None:
    """Return where a prompt for `model` goes if it leaves the owner's machine and private network, else None.

    Beyond what `leaves_for` knows, host names are looked up, and an Ollama server is asked where it runs the model.
    Both are remembered for half a minute. A name that nobody knows is left to the connection to fail on.

    Args:
        model: The model to be asked.
        resolver: Looks host names up; by default the operating system.

    Raises:
        ModelError: If an Ollama server does not say where it runs the model.
    """
    if model.kind == "local":
        return None
    if place := leaves_for(model):
        return place
    host, find = _host(model), resolver or look_up
    if _literal(host) is None:
        addresses = await _addresses.of((find, host), lambda: find(host))
        if not all(map(_is_home, addresses)):
            return host
    if model.kind == "ollama":
        return await _ollama_places.of(model.connection, lambda: _ollama_place(model))
    return None


async def too_far(model: ResolvedModel, policy: RolePolicy) -> str | None:
    """Return where `model` would take a prompt that `policy` keeps here; None if it may be asked. As `goes_to`."""
    return await goes_to(model) if policy.locality == "local" else None


async def look_up(host: str) -> list[Address]:
    """Return the addresses of a host name that the operating system knows; none if it knows nobody of that name."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError):
        return []
    return [ipaddress.ip_address(place[0]) for *_, place in found]


class _Remembered(Generic[T]):
    """Answers that hold for a while; what could not be found out is asked again."""

    def __init__(self) -> None:
        self._known: dict[Hashable, tuple[float, T]] = {}

    async def of(self, key: Hashable, find: Callable[[], Awaitable[T]]) -> T:
        """Return the answer for `key`, found by `find` if none is known that still holds."""
        now = time.monotonic()
        self._known = {known: answer for known, answer in self._known.items() if answer[0] > now}
        if key not in self._known:
            self._known[key] = now + MEMORY, await find()
        return self._known[key][1]


_addresses: _Remembered[list[Address]] = _Remembered()
_ollama_places: _Remembered[str | None] = _Remembered()


async def _ollama_place(model: ResolvedModel) -> str | None:
    """Return the host that an Ollama server hands the model's prompts on to, whatever the model is called there."""
    from metahuman.models.providers.ollama_api import listed, tagged  # whose clients ask here where they may go

    return (await listed(model)).get(tagged(model.model), {}).get("remote_host") or None


def _host(model: ResolvedModel) -> str:
    """Return the host that a client of the model connects to; empty if its address is none.

    Read by the library that the clients use: two readings of one address are how a judge is fooled.
    """
    return _host_of(model.address)


@lru_cache(256)
def _host_of(address: str) -> str:
    try:
        host = httpx.URL(address).raw_host.decode("ascii")
    except httpx.InvalidURL:
        return ""
    return host if _HOST.fullmatch(host) else ""


@lru_cache(256)
def _literal(host: str) -> Address | None:
    """Return the address that a host is written as, if it is: 127.0.0.1, ::1, but also 127.1, 0x7f.1, 2130706433."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        pass
    try:
        return ipaddress.IPv4Address(socket.inet_aton(host))
    except OSError:
        return None


@lru_cache(256)
def _is_home(place: Address) -> bool:
    place = getattr(place, "ipv4_mapped", None) or place
    return any(place in network for network in HOME)


def _looks_private(host: str) -> bool:
    name = host.lower().rstrip(".")
    return "." not in name or name.endswith(HOME_NAMES)
