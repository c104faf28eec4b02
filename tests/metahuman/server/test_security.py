"""Tests of who may ask, from where, how often and how much."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from fastapi.routing import APIRoute
from starlette.datastructures import Headers

from metahuman.home import Home
from metahuman.server.app import create_app
from metahuman.server.errors import Refused
from metahuman.server.limits import Buckets
from metahuman.server.requests import check_origin
from metahuman.server.settings import STUDIO, Limits, Settings
from metahuman.server.tokens import VARIABLE, find_token, token_file
from metahuman.state.errors import SettingError
from tests.serving import TOKEN, Served, serving

GUARDED = Settings(port=0, agents=False, token=TOKEN)


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server on this machine alone, for tests that leave it as it is."""
    with serving(tmp_path_factory.mktemp("home"), Settings(port=0, agents=False, names=("twin.example",))) as served:
        yield served


def routes(home: Path) -> list[tuple[str, str]]:
    """Return every route of the server: method and path."""
    found = [("GET", "/api/openapi.json"), ("GET", "/page/app.js"), ("GET", "/nowhere")]
    for route in create_app(Home(home), GUARDED).routes:
        for one in getattr(getattr(route, "original_router", None), "routes", [route]):
            if isinstance(one, APIRoute):
                found += [(method, one.path) for method in sorted(one.methods)]
    return found


def test_without_the_token_every_route_says_the_same_and_nothing_else(tmp_path: Path) -> None:
    known = routes(tmp_path / "other")
    assert len(known) > 25
    with serving(tmp_path, GUARDED) as served, served.stranger() as stranger:
        seen = set()
        for method, path in known:
            for headers in ({}, {"Cookie": "metahuman-session=guess"}):
                answer = stranger.request(method, path, headers=headers, json={} if method != "GET" else None)
                if answer.status_code == 429:  # too many wrong cookies, which tells nothing either
                    continue
                assert answer.status_code == 401, (method, path)
                seen.add(answer.text if path != "/api/session" else "")
        assert len(seen - {""}) == 1
        assert "metahuman" not in seen.pop().lower()


def test_the_token_opens_the_api(tmp_path: Path) -> None:
    with serving(tmp_path, GUARDED) as served, served.client() as client:
        assert client.get("/api/threads").json() == {"threads": []}
        assert client.get("/api/threads", headers={"Authorization": "Bearer wrong"}).status_code == 401
        assert client.get("/api/threads", headers={"Authorization": f"Basic {TOKEN}"}).status_code == 401


def test_a_browser_signs_in_once_and_out_again(tmp_path: Path) -> None:
    with serving(tmp_path, GUARDED) as served, served.stranger() as browser:
        page = browser.get("/", headers={"Accept": "text/html"})
        assert page.status_code == 401
        assert '<form method="post" action="/api/session">' in page.text
        assert browser.post("/api/session", data={"token": "wrong"}).status_code == 401
        origin = {"Origin": served.url, "Sec-Fetch-Site": "same-origin"}
        done = browser.post("/api/session", data={"token": TOKEN}, headers=origin)
        assert (done.status_code, done.headers["location"]) == (303, "/")
        cookie = done.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=strict" in cookie
        assert TOKEN not in cookie
        assert browser.get("/api/threads").status_code == 200
        assert browser.delete("/api/session", headers=origin).status_code == 204
        assert browser.get("/api/threads").status_code == 401


def test_who_guesses_tokens_is_made_to_wait(tmp_path: Path) -> None:
    settings = Settings(port=0, agents=False, token=TOKEN, limits=Limits(attempts=3))
    with serving(tmp_path, settings) as served, served.stranger() as stranger:
        guesses = [stranger.post("/api/session", json={"token": f"guess {n}"}).status_code for n in range(4)]
        assert guesses == [401, 401, 401, 429]
        answer = stranger.get("/api/threads", headers={"Authorization": "Bearer guess"})
        assert answer.status_code == 429
        assert int(answer.headers["retry-after"]) >= 1


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8420",
        "127.0.0.1.evil.example",
        "192.168.1.7",
        "",
        "[::1",
        "localhost@evil.example",
    ],
)
def test_a_name_that_leads_here_from_elsewhere_is_refused(usual: Served, host: str) -> None:
    """DNS rebinding: the page of another site asks this server under its own name."""
    with usual.stranger() as client:
        answer = client.get("/api/status", headers={"Host": host})
    assert answer.status_code in (400, 421)


@pytest.mark.parametrize("host", ["localhost", "localhost:1", "127.0.0.1", "[::1]:8420", "LOCALHOST", "twin.example"])
def test_its_own_names_are_not(usual: Served, host: str) -> None:
    with usual.stranger() as client:
        assert client.get("/api/status", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_page_of_another_origin_drives_nothing(usual: Served, headers: dict[str, str]) -> None:
    with usual.client(headers=headers) as client:
        for method, path, body in [
            ("PUT", "/api/mode", {"mode": "agent"}),
            ("POST", "/api/chat", {"message": "x"}),
            ("DELETE", "/api/threads/main", None),
            ("POST", "/v1/chat/completions", {"model": "metahuman", "messages": [{"role": "user", "content": "x"}]}),
            ("GET", "/api/events", None),
        ]:
            answer = client.request(method, path, json=body)
            assert (answer.status_code, answer.json()["error"]["code"]) == (403, "foreign_origin")
            assert not [name for name in answer.headers if name.startswith("access-control")]
        assert client.get("/").status_code == (403 if "Sec-Fetch-Site" in headers else 200)
    with usual.client() as client:
        assert client.get("/api/mode").json()["mode"] == "dual"


@pytest.mark.parametrize(
    ("origin", "path", "fine"),
    [
        ("https://smith.langchain.com", "/threads", True),
        ("https://smith.langchain.com", "/api/status", False),
        ("https://smith.langchain.com", "/v1/models", False),
        ("https://evil.example", "/threads", False),
    ],
)
def test_studios_page_may_ask_for_what_is_langgraphs_and_no_other_page(origin: str, path: str, *, fine: bool) -> None:
    headers = Headers({"host": "127.0.0.1:2024", "origin": origin, "sec-fetch-site": "cross-site"})
    with nullcontext() if fine else pytest.raises(Refused):
        check_origin("POST", path, headers, STUDIO)


def test_a_link_from_elsewhere_leads_to_the_page_but_not_to_the_api(usual: Served) -> None:
    followed = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    with usual.client(headers=followed) as client:
        assert client.get("/").status_code == 200
        assert client.get("/api/events").status_code == 403


def test_the_page_itself_may(usual: Served) -> None:
    own = {"Origin": usual.url, "Sec-Fetch-Site": "same-origin"}
    with usual.client(headers=own) as client:
        assert client.put("/api/mode", json={"mode": "dual"}).status_code == 200


def test_a_form_of_another_site_is_no_json(usual: Served) -> None:
    with usual.client() as client:
        for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""):
            answer = client.post("/api/chat", content=b'{"message": "x"}', headers={"Content-Type": kind})
            assert (answer.status_code, answer.json()["error"]["code"]) == (415, "wrong_type")


def test_a_body_that_is_too_long_is_not_read(tmp_path: Path) -> None:
    settings = Settings(port=0, agents=False, limits=Limits(body=1000))

    def in_pieces() -> Iterator[bytes]:
        for _ in range(20):
            yield b"x" * 100

    with serving(tmp_path, settings) as served, served.client() as client:
        for content in (b"x" * 1001, in_pieces()):
            headers = {"Content-Type": "application/json"}
            answer = client.post("/api/chat", content=content, headers=headers)
            assert (answer.status_code, answer.json()["error"]["code"]) == (413, "too_long")


def test_a_client_that_asks_too_often_waits(tmp_path: Path) -> None:
    settings = Settings(port=0, agents=False, limits=Limits(burst=5, rate=1))
    with serving(tmp_path, settings) as served, served.client() as client:
        answers = [client.get("/api/threads") for _ in range(6)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    assert answers[-1].headers["retry-after"] == "1"


def test_buckets_fill_up_again_and_are_each_their_own() -> None:
    now = [0.0]
    buckets = Buckets(rate=2, burst=2, clock=lambda: now[0])
    assert [buckets.take("a") for _ in range(3)] == [0, 0, 0.5]
    assert buckets.take("b") == 0
    now[0] = 0.5
    assert (buckets.empty("a"), buckets.take("a")) == (0, 0)


def test_who_sends_slowly_is_cut_off(tmp_path: Path) -> None:
    """Slow loris: connections that never finish their request do not stay open."""
    settings = Settings(port=0, agents=False, limits=Limits(head_seconds=0.3, body_seconds=0.3))
    with serving(tmp_path, settings) as served:
        place = urlsplit(served.url)
        beginnings = [
            b"",
            b"GET /api/status HTTP/1.1\r\nHost: 127.0.0.1\r\nX-A: ",
            b"PUT /api/mode HTTP/1.1\r\nHost: [::1]\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{",
        ]
        for beginning in beginnings:
            with socket.create_connection((str(place.hostname), place.port or 0), timeout=5) as slow:
                slow.sendall(beginning)
                started, seen = time.monotonic(), b""
                while data := slow.recv(4096):
                    seen += data
                    if b"408" in seen:
                        break
                assert time.monotonic() - started < 4
        with served.client() as client:
            assert client.get("/api/status").status_code == 200


def test_headers_that_keep_browsers_from_harm(usual: Served) -> None:
    with usual.client() as client:
        for path in ("/", "/api/status", "/page/app.js", "/nowhere", "/v1/models"):
            headers = client.get(path).headers
            assert headers["content-security-policy"].startswith("default-src 'self';")
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["x-frame-options"] == "DENY"
            assert headers["referrer-policy"] == "no-referrer"
            assert headers["cache-control"] == ("no-cache" if path.startswith("/page") else "no-store")
            assert "server" not in headers
        assert client.get("/page/../app.py").status_code == 404
        assert client.get("/page/%2e%2e/app.py").status_code == 404


def test_an_address_that_others_reach_demands_a_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = Home(tmp_path)
    assert find_token(home, "127.0.0.1") is None
    assert find_token(home, "::1") is None
    for host in ("0.0.0.0", "192.168.1.2", "::", "twin.example"):
        with pytest.raises(SettingError, match="anybody on the network could talk with your twin"):
            find_token(home, host)
    made = find_token(home, "0.0.0.0", new=True)
    assert made is not None
    assert len(made) == 43
    assert token_file(home).stat().st_mode & 0o777 == 0o600
    assert find_token(home, "0.0.0.0") == made
    assert find_token(home, "127.0.0.1") is None
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n")
    assert find_token(home, "127.0.0.1", file) == TOKEN
    monkeypatch.setenv(VARIABLE, "short")
    with pytest.raises(SettingError, match="16 characters or more"):
        find_token(home, "127.0.0.1")
    monkeypatch.setenv(VARIABLE, TOKEN[::-1])
    assert find_token(home, "0.0.0.0", file) == TOKEN[::-1]


async def test_without_a_token_only_this_machine_is_answered_whoever_bound_the_application(tmp_path: Path) -> None:
    app = create_app(Home(tmp_path), Settings(agents=False))
    for address, status in (("127.0.0.1", 200), ("::1", 200), ("192.168.1.7", 401), ("not an address", 401)):
        transport = httpx.ASGITransport(app, client=(address, 1234))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8420") as client:
            assert (await client.get("/page/icon.svg")).status_code == status
