"""How the server is reached, by whom, and how much it takes at once."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field

HOST, PORT = "127.0.0.1", 8420
#: How many times the requests of a second a client may make at once.
BURST = 8
#: Studio's page, which LangChain hosts: from there a browser asks LangGraph's own server for graphs, threads and runs.
STUDIO = ("https://smith.langchain.com", "https://eu.smith.langchain.com")


@dataclass(frozen=True)
class Limits:
    """How much the server takes.

    Args:
        body: Bytes that the body of a request may have.
        head_seconds: Seconds that a request's head may take to arrive on a new connection.
        body_seconds: Seconds that its body may take after that.
        rate: Requests a second that a client may make in the long run.
        burst: Requests that a client may make at once.
        attempts: Wrong tokens that a client may give at once; then one in six seconds.
        streams: Answers and feeds that are given at once, to all clients.
        connections: Connections that are open at once.
    """

    body: int = 1 << 20
    head_seconds: float = 10.0
    body_seconds: float = 30.0
    rate: float = 50.0
    burst: int = 50 * BURST
    attempts: int = 10
    streams: int = 128
    connections: int = 512


@dataclass(frozen=True)
class Settings:
    """How the server is run.

    Args:
        host: The address it listens at.
        port: The port; 0 for any that is free.
        token: What a client must know; None where none is asked for.
        names: Further host names that it is called by: of a proxy, say.
        origins: Pages of other sites that may ask for what is not this program's: Studio's, of LangGraph's own server.
        agents: Whether it runs the twin's agents when they are due.
        worker: Which of several processes that serve one address this is; the first runs the agents.
        limits: How much it takes, each process by itself.
    """

    host: str = HOST
    port: int = PORT
    token: str | None = None
    names: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    agents: bool = True
    worker: int = 0
    limits: Limits = field(default_factory=Limits)

    @property
    def loopback(self) -> bool:
        """Whether only programs of this machine can reach it."""
        return is_loopback(self.host)


def is_loopback(host: str) -> bool:
    """Tell whether an address is one of this machine's own, which no other can reach."""
    address = as_address(host)
    return host == "localhost" if address is None else address.is_loopback


def as_address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return the address that a host is; None for a name."""
    try:
        return ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return None
