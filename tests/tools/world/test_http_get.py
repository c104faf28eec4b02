from __future__ import annotations

import asyncio
import gzip
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from metahuman.state.errors import SettingError, ToolError
from metahuman.tools.desk import Desk, Limits
from metahuman.tools.world.http_get import TOOL, HttpGet, run
from tests.tools.own.desks import desk
from tests.tools.world.web import Page, Web, web


@pytest.fixture
def served() -> Iterator[Web]:
    with web() as running:
        yield running


def desk_with(root: Path, *hosts: object, **limits: Any) -> Desk:
    return replace(desk(root), settings={"hosts": list(hosts)}, limits=Limits(**limits))


def open_to(root: Path, served: Web, **limits: Any) -> Desk:
    return desk_with(root, {"host": served.host, "private": True, "http": True}, **limits)


async def test_a_page_is_read_with_its_links(tmp_path: Path, served: Web) -> None:
    served.pages["/a"] = Page(b"<title>Peas</title><p>Sow <a href='/b'>early</a>.<script>x()</script>", "text/html")
    output = await run(HttpGet(url=served.url("/a")), open_to(tmp_path, served))
    assert output.text == f"Peas\n{served.url('/a')}\n\nSow [early]({served.url('/b')})."
    assert output.sources == (served.url("/a"),)
    assert not output.trusted


async def test_nothing_of_the_owners_goes_along(tmp_path: Path, served: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://user:secret@127.0.0.1:9")
    served.pages["/"] = Page(status=302, headers={"Location": "/end", "Set-Cookie": "who=owner"})
    served.pages["/end"] = Page(b"here")
    output = await run(HttpGet(url=served.url("/")), open_to(tmp_path, served))
    assert output.text.endswith("here")
    assert [path for path, _ in served.asked] == ["/", "/end"]
    for _, headers in served.asked:
        assert headers.keys() == {"host", "user-agent", "accept", "accept-encoding", "connection"}


async def test_json_has_a_line_for_each_value_and_what_is_broken_is_shown_as_it_is(tmp_path: Path, served: Web) -> None:
    served.pages["/good"] = Page(json.dumps({"ä": [1]}).encode(), "application/json; charset=utf-8")
    served.pages["/bad"] = Page(b"[" * 100_000, "application/problem+json")
    reading = open_to(tmp_path, served)
    assert (await run(HttpGet(url=served.url("/good")), reading)).text.endswith('{\n  "ä": [\n    1\n  ]\n}')
    assert "[[[" in (await run(HttpGet(url=served.url("/bad")), reading)).text


async def test_a_long_page_is_read_on(tmp_path: Path, served: Web) -> None:
    served.pages["/"] = Page(b"".join(b"%05d " % number for number in range(1000)))
    reading, found, start = open_to(tmp_path, served, output=1_000), "", 0
    while True:
        text = (await run(HttpGet(url=served.url("/"), start=start), reading)).text
        assert len(text) <= 1_000
        found += text.split("\n\n")[1]
        if "start=" not in text:
            break
        start = int(text.rpartition("start=")[2].rstrip(")"))
    assert found.split() == [f"{number:05}" for number in range(1000)]


@pytest.mark.parametrize(
    ("body", "kind", "charset"),
    [
        ("é".encode("latin-1"), "text/plain; charset=ISO-8859-1", ""),
        ("é".encode(), "text/plain; charset=punycode", ""),
        ("é".encode("cp1252"), "text/html", "<meta charset=windows-1252>"),
        ("é".encode("utf-16"), "text/plain", ""),
    ],
)
async def test_encodings(tmp_path: Path, served: Web, body: bytes, kind: str, charset: str) -> None:
    served.pages["/"] = Page(charset.encode() + body, kind)
    assert (await run(HttpGet(url=served.url("/")), open_to(tmp_path, served))).text.endswith("é")


@pytest.mark.parametrize(("kind", "body"), [("image/png", b"\x89PNG"), ("text/plain", b"a\0b"), ("", b"\0")])
async def test_what_is_no_text_is_named(tmp_path: Path, served: Web, kind: str, body: bytes) -> None:
    served.pages["/"] = Page(body, kind)
    text = (await run(HttpGet(url=served.url("/")), open_to(tmp_path, served))).text
    assert f"(not shown: it is no text, but {kind or 'application/octet-stream'}, {len(body)} bytes)" in text


async def test_a_flood_costs_its_bound(tmp_path: Path, served: Web) -> None:
    served.pages["/"] = Page(write=lambda to: [to.write(b"x" * 65_536) for _ in range(16_000)])
    served.pages["/bomb"] = Page(gzip.compress(b"x" * 100_000_000, 1), headers={"Content-Encoding": "gzip"})
    reading, started = open_to(tmp_path, served, download=100_000, output=200_000), time.perf_counter()
    for path in ("/", "/bomb"):
        text = (await run(HttpGet(url=served.url(path)), reading)).text
        assert "cut after 100000 bytes" in text
        assert 100_000 < len(text) < 101_000
    assert time.perf_counter() - started < 20


@pytest.mark.parametrize(
    ("page", "said"),
    [
        (Page(status=404), "404 Not Found"),
        (Page(status=799), "answered 799;"),
        (Page(b"x", headers={"Content-Encoding": "br"}), "packs its answer"),
        (Page(b"no gzip", headers={"Content-Encoding": "gzip"}), "broke off"),
        (Page(b"x", headers={"Content-Length": "100"}), "broke off"),
        (Page(status=302, headers={"Location": "http://a:b:c/"}), "no address"),
        (Page(status=302, headers={"Location": "/"}), "more than 5 redirects"),
        (Page(status=302, headers={"Location": "https://elsewhere.test/"}), "elsewhere.test: may not be asked"),
        (Page(status=302, headers={"Location": "file:///etc/passwd"}), "no web address"),
        (Page(status=302, headers={"Location": "http://me:pass@127.0.0.1/"}), "name or password"),
    ],
)
async def test_what_cannot_be_had_is_told_in_a_line(tmp_path: Path, served: Web, page: Page, said: str) -> None:
    served.pages["/"] = page
    with pytest.raises(ToolError) as raised:
        await run(HttpGet(url=served.url("/")), open_to(tmp_path, served))
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)
    assert "pass@" not in str(raised.value)


@pytest.mark.parametrize(
    ("url", "host", "said"),
    [
        ("https://example.org/", None, 'example.org: may not be asked; the owner can add it to "http_get.hosts"'),
        ("https://example.org.evil.test/", "example.org", "may not be asked"),
        ("https://example.org:8443/", "example.org", "may not be asked"),
        ("http://127.0.0.1/", {"host": "127.0.0.1", "private": True}, "without encryption"),
        ("https://127.0.0.1/", "127.0.0.1", "private network"),
        ("https://2130706433/", "*", "private network"),
        ("https://localhost/", "*", "private network"),
        ("https://169.254.169.254/", {"host": "*", "private": True}, "never asked"),
        ("https://[::ffff:169.254.169.254]/", {"host": "*", "private": True}, "never asked"),
        ("ftp://example.org/", "*", "no web address"),
        ("example.org", "*", "no web address"),
        ("https://" + "a" * 70 + ".test/", "*", "address"),
    ],
)
async def test_only_what_the_owner_allows_is_asked(tmp_path: Path, url: str, host: object, said: str) -> None:
    with pytest.raises(ToolError, match=said.replace("(", r"\(")):
        await run(HttpGet(url=url), desk_with(tmp_path, *([host] if host else [])))


async def test_settings_that_are_wrong_are_told_with_their_key(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"trust.json: http_get.hosts.1.*is no host"):
        await run(HttpGet(url="https://a.test/"), desk_with(tmp_path, "a.test", "https://b.test/"))


async def test_giving_up_closes_the_connection(tmp_path: Path, served: Web) -> None:
    served.pages["/"] = Page(b"x", write=lambda _: time.sleep(1))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await run(HttpGet(url=served.url("/")), open_to(tmp_path, served))


def test_what_it_tells_and_what_always_means() -> None:
    call = HttpGet(url="https://Example.org./a?b", start=5)
    assert list(TOOL.hosts(call)) == ["example.org"]
    assert list(TOOL.hosts(HttpGet(url="http://a:b:c/"))) == []
    assert TOOL.pattern(HttpGet(url="https://example.org/a")) == {"url": "https://example.org/*"}
    assert TOOL.pattern(HttpGet(url="https://example.org")) == {"url": "https://example.org"}
    assert (TOOL.risk, TOOL.effect) == ("medium", "send")
