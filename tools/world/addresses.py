"""Which network addresses may be asked: names say nothing, for whoever owns a name decides where it leads."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence

from metahuman.state.errors import ToolError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
#: Returns the addresses of a host, the first to be tried first.
Resolve = Callable[[str, int], Awaitable[Sequence[Address]]]
#: IPv6 addresses that lead to the IPv4 address in their last 32 bits (RFC 6052).
_NAT64 = (ipaddress.IPv6Network("64:ff9b::/96"), ipaddress.IPv6Network("64:ff9b:1::/48"))
#: Answers with a cloud machine's keys; its IPv4 sister is link-local.
_METADATA = ipaddress.ip_address("fd00:ec2::254")


async def resolve(host: str, port: int) -> list[Address]:
    """Return the addresses of a host, as the system finds them.

    Raises:
        ToolError: If it has none, or nobody can be asked.
    """
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise ToolError(f"{host}: no address is known for it; check the name and the connection") from error
    return list(dict.fromkeys(ipaddress.ip_address(str(where[4][0]).partition("%")[0]) for where in found))


def check(host: str, addresses: Sequence[Address], *, private: bool) -> None:
    """Refuse a host that leads to where it may not be asked; one such address among others is enough.

    Args:
        host: The host, for the message.
        addresses: Its addresses.
        private: Whether this machine and its own network may be asked.

    Raises:
        ToolError: If it may not be asked.
    """
    for address in map(_inner, addresses):
        if never(address):
            raise ToolError(f"{host}: leads to {address}, which is never asked; choose another page")
        if not private and not address.is_global:
            remedy = 'the owner can mark the host "private": true in http_get.hosts of etc/trust.json'
            raise ToolError(f"{host}: leads to {address}, which is on a private network; {remedy}")


def never(address: Address) -> bool:
    """Tell whether an address is of no single machine, or tells a cloud machine's keys."""
    special = address.is_link_local or address.is_multicast or address.is_unspecified
    return special or address == _METADATA or (address.is_reserved and not address.is_loopback)


def _inner(address: Address) -> Address:
    """Return the IPv4 address that an IPv6 address stands for, if it stands for one."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if any(address in network for network in _NAT64):
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else address)
