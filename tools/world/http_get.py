"""Reads a page of the web, or of a server in the owner's network."""

from __future__ import annotations

import asyncio
import codecs
import json
import re
from collections.abc import Sequence

from pydantic import Field

from metahuman.state.acting import Output
from metahuman.state.errors import ToolError
from metahuman.tools.desk import Desk
from metahuman.tools.tool import Arguments, Tool
from metahuman.tools.world.fetching import Fetched, Fetcher
from metahuman.tools.world.hosts import host_of, hosts_of, parsed
from metahuman.tools.world.readable import readable
from metahuman.tools.world.texts import in_a_line, page, plain

#: Media types that are text, beside `text/…`.
_TEXT = re.compile(r"text/.*|application/(?:.*\+)?(?:json|xml|yaml|x-yaml|toml|javascript|x-ndjson|rtf|sql)")
_HTML = ("text/html", "application/xhtml+xml")
#: Encodings that web pages are in; Python knows others, which take hours or are none.
_ENCODINGS = re.compile(
    r"utf-?8|utf-?16(?:le|be)?|us-ascii|ascii|iso-?8859-?\d+|latin-?1|(?:windows|cp)-?125\d|koi8-[ru]|shift[-_]jis|euc-(?:jp|kr)"
    r"|iso-2022-jp|gb2312|gbk|gb18030|big5|macintosh",
    re.IGNORECASE,
)
#: How text begins whose every second byte may be 0.
_WIDE = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_META = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?([A-Za-z0-9_-]{3,20})", re.IGNORECASE)


class HttpGet(Arguments):
    """Read a web page or a web service by GET: the text of a page with its links, JSON, or plain text.

    Only hosts that the owner allowed can be asked. Nothing can be sent but the address itself.
    """

    url: str = Field(description="The whole address, such as https://example.org/page", max_length=4_000)
    start: int = Field(default=0, ge=0, description="The character to begin at, to read on where it was cut")


async def run(arguments: HttpGet, desk: Desk) -> Output:
    """Fetch the page and return a part of its text."""
    fetched = await Fetcher(hosts_of(desk.settings, desk.home), desk.limits.download).fetch(arguments.url)
    head, text = await asyncio.to_thread(_shown, fetched)
    more = f"cut after {desk.limits.download} bytes, as limits.download in etc/trust.json says" if fetched.cut else ""
    return Output(page(head, text, arguments.start, desk.limits.output, more=more), (fetched.url,), trusted=False)


def _shown(fetched: Fetched) -> tuple[str, str]:
    """Return what an answer is, and its text."""
    binary = _is_binary(fetched)
    kind = fetched.kind or ("application/octet-stream" if binary else "text/plain")
    if binary or not _TEXT.fullmatch(kind):
        size = f"{'more than ' if fetched.cut else ''}{len(fetched.body)} bytes"
        return fetched.url, f"(not shown: it is no text, but {in_a_line(kind, 60)}, {size})"
    text = _decoded(fetched)
    if kind in _HTML:
        found = readable(text, fetched.url)
        return f"{in_a_line(found.title)}\n{fetched.url}" if found.title else fetched.url, plain(found.text)
    return fetched.url, plain(_indented(text) if kind.endswith("json") and not fetched.cut else text)


def _is_binary(fetched: Fetched) -> bool:
    """Tell whether bytes are no text, whatever the server says."""
    wide = fetched.body.startswith(_WIDE) or "utf-16" in (fetched.charset or "").lower()
    return b"\0" in fetched.body[:4_096] and not wide


def _decoded(fetched: Fetched) -> str:
    body, named = fetched.body, fetched.charset
    if body.startswith(_WIDE):
        return body.decode("utf-16", "replace")
    if not named and (found := _META.search(body[:2_048])):
        named = found[1].decode("ascii")
    encoding = named if named and _ENCODINGS.fullmatch(named) else "utf-8"
    return body.removeprefix(codecs.BOM_UTF8).decode(encoding, "replace")


def _indented(text: str) -> str:
    """Return JSON with a line for each value; as it is, if it is none."""
    try:
        return json.dumps(json.loads(text), ensure_ascii=False, indent=2)
    except (ValueError, RecursionError):
        return text


def _hosts(arguments: HttpGet) -> Sequence[str]:
    try:
        return (host_of(parsed(arguments.url)),)
    except ToolError:  # `run` says what is wrong with it
        return ()


def _pattern(arguments: HttpGet) -> dict[str, str]:
    """Return what "always" means: any page of the same host, asked the same way."""
    try:
        url = parsed(arguments.url)
    except ToolError:
        return {"url": arguments.url}
    host = f"{url.scheme}://{url.netloc.decode('ascii')}/"
    return {"url": f"{host}*" if arguments.url.startswith(host) else arguments.url}


TOOL = Tool(
    "http_get",
    HttpGet,
    run,
    risk="medium",
    effect="send",
    hosts=_hosts,
    pattern=_pattern,
    seconds=45.0,
)
