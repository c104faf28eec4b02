"""Fetches a page: the address that was judged is the one that is connected to, and every redirect is judged again."""

from __future__ import annotations

import asyncio
import ssl
import zlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from typing import NamedTuple

import httpx

from metahuman.state.errors import ToolError
from metahuman.tools.world.addresses import Address, Resolve, check, resolve
from metahuman.tools.world.hosts import Host, host_of, judged, parsed, port_of, shown

#: Redirects that are followed.
HOPS = 5
#: Seconds for each connection, and between two parts of an answer.
PATIENCE = 10.0
_HEADERS = {
    "User-Agent": "MetaHuman (a person's own assistant)",
    "Accept": "text/html,application/json;q=0.9,text/*;q=0.8,*/*;q=0.1",
    "Accept-Encoding": "gzip",
    "Connection": "close",
}


@cache
def _trusted() -> ssl.SSLContext:
    """Return whom to believe; loading their certificates takes a moment, so it is done once."""
    return httpx.create_ssl_context()


class Fetched(NamedTuple):
    """What an address brought.

    Args:
        url: Where it was in the end.
        kind: The media type, in small letters; "" if the server named none.
        charset: The encoding that the server named, or None.
        body: Its bytes, up to the bound.
        cut: Whether there were more.
    """

    url: str
    kind: str
    charset: str | None
    body: bytes
    cut: bool


@dataclass(frozen=True)
class Fetcher:
    """Fetches pages from the hosts that the owner allows.

    Nothing of the owner's goes along: no cookies, no passwords, no proxy's credentials. Proxies are not used, since
    they would look the name up anew.

    Args:
        hosts: The allowed hosts.
        most: Bytes of an answer, unpacked.
        resolve: Finds the addresses of a host.
        trusted: Gives the certificates to believe.
    """

    hosts: list[Host]
    most: int
    resolve: Resolve = resolve
    trusted: Callable[[], ssl.SSLContext] = _trusted

    async def fetch(self, address: str) -> Fetched:
        """Return what an address brings.

        Raises:
            ToolError: If it may not be asked, does not answer, or answers that it has nothing.
        """
        url = parsed(address)
        for _ in range(HOPS + 1):
            response = await self._ask(url)
            try:
                if not response.has_redirect_location:
                    return await self._read(url, response)
                url = _next(url, response.headers["location"])
            finally:
                await response.aclose()
        raise ToolError(f"{shown(url)}: is the last of more than {HOPS} redirects; ask for another page")

    async def _ask(self, url: httpx.URL) -> httpx.Response:
        host = judged(url, self.hosts)
        found = await self.resolve(host_of(url).strip("[]"), port_of(url) or 0)
        check(url.host, found, private=host.private)
        problem = "it has no address"
        for one in found[:4]:
            try:
                return await self._connect(url, one)
            except httpx.TransportError as error:
                problem = str(error) or type(error).__name__
        raise ToolError(f"{shown(url)}: does not answer ({problem[:200]}); try again later or another page")

    async def _connect(self, url: httpx.URL, address: Address) -> httpx.Response:
        """Ask one address by its number; the certificate has to be the host's all the same."""
        transport = httpx.AsyncHTTPTransport(verify=await asyncio.to_thread(self.trusted), trust_env=False)
        request = httpx.Request(
            "GET",
            url.copy_with(host=str(address)),
            headers={"Host": url.netloc.decode("ascii"), **_HEADERS},
            extensions={"sni_hostname": host_of(url).strip("[]"), "timeout": httpx.Timeout(PATIENCE).as_dict()},
        )
        try:
            response = await transport.handle_async_request(request)
        except BaseException:
            await transport.aclose()
            raise
        response.request = request
        response.stream = _Closing(response.stream, transport)
        return response

    async def _read(self, url: httpx.URL, response: httpx.Response) -> Fetched:
        if not response.is_success:
            raise ToolError(f"{shown(url)}: the server answered {_named(response.status_code)}; check the address")
        packed = response.headers.get("content-encoding", "identity").strip().lower()
        if packed not in ("", "identity", "gzip", "x-gzip"):
            raise ToolError(f"{shown(url)}: the server packs its answer in an unknown way; try another page")
        body = bytearray()
        try:
            async with aclosing(_unpacked(response.aiter_raw(), self.most, gzip="gzip" in packed)) as parts:
                async for part in parts:
                    body += part
                    if len(body) > self.most:
                        break
        except (httpx.TransportError, zlib.error) as error:
            raise ToolError(f"{shown(url)}: the answer broke off ({type(error).__name__}); try again") from error
        kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        return Fetched(shown(url), kind, response.charset_encoding, bytes(body[: self.most]), len(body) > self.most)


class _Closing(httpx.AsyncByteStream):
    """An answer's bytes; its connection is closed with it."""

    def __init__(self, inner: object, transport: httpx.AsyncHTTPTransport) -> None:
        assert isinstance(inner, httpx.AsyncByteStream)  # noqa: S101 - tells the type checker
        self._inner, self._transport = inner, transport

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for part in self._inner:
            yield part

    async def aclose(self) -> None:
        try:
            await self._inner.aclose()
        finally:
            await self._transport.aclose()


async def _unpacked(parts: AsyncIterator[bytes], most: int, *, gzip: bool) -> AsyncGenerator[bytes, None]:
    """Yield what the parts hold, never much more than `most` bytes at once: a few packed bytes may hold gigabytes."""
    unpacking = zlib.decompressobj(wbits=31) if gzip else None
    async for part in parts:
        yield unpacking.decompress(part, most + 1) if unpacking else part


def _next(url: httpx.URL, location: str) -> httpx.URL:
    try:
        return url.join(location).copy_with(fragment=None)
    except (httpx.InvalidURL, ValueError, UnicodeError) as error:
        raise ToolError(f"{shown(url)}: leads on to what is no address; ask for another page") from error


def _named(status: int) -> str:
    known = {one.value: one.phrase for one in HTTPStatus}
    return f"{status} {known.get(status, '')}".strip()
