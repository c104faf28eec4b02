from __future__ import annotations

import pytest
from pydantic import ValidationError

from metahuman.tools.world.hosts import Host, names_of, parsed


@pytest.mark.parametrize(
    ("host", "url", "covers"),
    [
        ("example.org", "https://example.org/a", True),
        ("Example.ORG.", "https://EXAMPLE.org./a", True),
        ("example.org", "https://www.example.org/", False),
        ("example.org", "http://example.org:80/", True),
        ("example.org", "https://example.org:80/", False),
        ("*.example.org", "https://a.b.example.org/", True),
        ("*.example.org", "https://example.org/", False),
        ("*.example.org", "https://badexample.org/", False),
        ("exämple.org", "https://xn--exmple-cua.org/", True),
        ("example.org", "https://example.org@evil.test/", False),
        ("*", "https://anything.test/", True),
        ("*:8080", "http://anything.test:8080/", True),
        ("nas.local:8080", "http://nas.local:8080/", True),
        ("nas.local:8080", "http://nas.local/", False),
        ("[::1]:80", "http://[::1]/", True),
    ],
)
def test_a_host_covers(host: str, url: str, covers: bool) -> None:
    assert Host(host=host).covers(parsed(url)) is covers


@pytest.mark.parametrize("host", ["", "*.", ":80", "a/b", "https://a.test", "me@a.test", "*a.test", "a.*.test", "a b"])
def test_what_is_no_host_is_refused(host: str) -> None:
    with pytest.raises(ValidationError, match="is no host"):
        Host(host=host)


def test_the_policy_sees_names() -> None:
    assert names_of({"hosts": ["a.test", {"host": "*.B.test:80", "private": True}]}) == ["a.test", "*.b.test"]
    assert names_of({"hosts": "a.test"}) == []
    assert names_of({}) == []
