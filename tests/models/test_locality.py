"""What is home and what is the world: a prompt that is to stay must not be fooled out."""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Iterable
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metahuman.models.locality import HOME_NAMES, Address, Resolver, goes_to, leaves_for, look_up, server_away
from metahuman.models.resolved import ResolvedModel
from metahuman.state.errors import ModelDown
from tests.resolved import resolved
from tests.servers.http import Server
from tests.servers.ollama import OllamaServer

often = settings(max_examples=200, derandomize=True, database=None)
#: What counts as home, said once more: these lists are what the promise rests on.
PRIVATE = ["127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "100.64.0.0/10"]
PRIVATE_6 = ["::1/128", "fc00::/7", "fe80::/10"]
LETTERS = "abcdefghijklmnopqrstuvwxyz"
LABELS = st.text(LETTERS, min_size=1, max_size=8)


def at(address: str, kind: str = "openai", model: str = "m") -> ResolvedModel:
    return resolved(kind, model, baseUrl=address)


def within(networks: Iterable[str], version: Literal[4, 6]) -> st.SearchStrategy[Address]:
    """Return the addresses of any of these networks."""
    choices = [st.ip_addresses(v=version, network=network) for network in networks]
    return st.one_of(choices)


def written(address: Address) -> str:
    return f"[{address}]" if address.version == 6 else str(address)


@pytest.mark.parametrize(
    "host",
    [
        *("localhost", "LOCALHOST", "localhost.", "a.localhost", "gpu", "gpu.", "gpu.local", "GPU.Local.", "gpu.lan"),
        *("host.docker.internal", "gpu.home.arpa", "gpu.tail1234.ts.net", "0.0.0.0", "[::]"),
        *("127.0.0.1", "127.1", "2130706433", "0x7f.1", "0177.1", "127。0。0。1", "[::ffff:10.0.0.1]"),
        *("name:word@127.0.0.1", "evil.com@127.0.0.1", "[fe80::1%25eth0]"),
    ],
)
def test_what_is_home(host: str) -> None:
    assert leaves_for(at(f"http://{host}:8000/v1")) is None
    assert leaves_for(at(f"HTTP://{host}/")) is None


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("https://api.openai.com/v1", "api.openai.com"),
        ("https://API.OpenAI.com./v1", "api.openai.com."),
        ("http://gpu.example.com", "gpu.example.com"),
        ("http://localhost.example.com", "localhost.example.com"),
        ("http://xlocal.com", "xlocal.com"),
        ("http://notlan.xlan", "notlan.xlan"),
        ("http://127.0.0.1@evil.com", "evil.com"),
        ("http://127.0.0.1:80@evil.com/", "evil.com"),
        ("http://127.0.0.1\\@evil.com/", "evil.com"),
        ("http://evil.com#@127.0.0.1/", "evil.com"),
        ("http://evil.com?@127.0.0.1/", "evil.com"),
        ("http://127.0.0.1.evil.com", "127.0.0.1.evil.com"),
        ("http://8.8.8.8", "8.8.8.8"),
        ("http://134744072", "134744072"),
        ("http://0x8080808", "0x8080808"),
        ("http://010.1", "010.1"),
        ("http://172.32.0.1", "172.32.0.1"),
        ("http://100.128.0.1", "100.128.0.1"),
        ("http://[2001:4860:4860::8888]:8000", "2001:4860:4860::8888"),
        ("http://[::ffff:8.8.8.8]", "::ffff:8.8.8.8"),
        ("http://[64:ff9b::808:808]", "64:ff9b::808:808"),
        ("http://[64:ff9b:1::808:808]", "64:ff9b:1::808:808"),
        ("http://[2002:808:808::1]", "2002:808:808::1"),
        ("http://[2001:0:808:808::1]", "2001:0:808:808::1"),
        ("http://198.18.0.1", "198.18.0.1"),
    ],
)
async def test_what_is_the_world(address: str, place: str) -> None:
    for kind in ("openai", "ollama"):
        assert leaves_for(at(address, kind)) == place
        assert await goes_to(at(address, kind)) == place


@pytest.mark.parametrize(
    "address",
    [
        "",
        "not an address",
        "127.0.0.1:11434",
        "http://[::1",
        "http://",
        "http://ⓛocalhost",
        "http://a.com\\b.lan",
        "http://0177.0.0.1",
    ],
)
def test_nobody_vouches_for_what_cannot_be_read(address: str) -> None:
    assert leaves_for(at(address)) == f"the address {address!r}"


async def test_where_providers_are_by_default() -> None:
    assert await goes_to(resolved("local")) is leaves_for(resolved("local")) is None
    assert leaves_for(resolved("ollama")) is None
    assert leaves_for(resolved("openai")) == "api.openai.com"


@pytest.mark.parametrize("name", ["gpt-oss:120b-cloud", "glm-4.6:cloud", "KIMI-K2:1T-CLOUD", "someone/some-cloud"])
async def test_ollama_runs_cloud_models_elsewhere(name: str) -> None:
    assert leaves_for(at("http://127.0.0.1:11434", "ollama", name)) == "ollama.com"
    assert await goes_to(at("http://127.0.0.1:11434", "ollama", name)) == "ollama.com"
    assert leaves_for(at("http://127.0.0.1:11434", "openai", name)) is None
    assert server_away(at("http://127.0.0.1:11434", "ollama", name)) is None


def test_a_name_that_only_speaks_of_clouds_stays() -> None:
    for name in ("cloud", "cloudy:7b", "cloud:7b", "m:cloud-7b"):
        assert leaves_for(at("http://127.0.0.1:11434", "ollama", name)) is None


@often
@given(within(PRIVATE, 4) | within(PRIVATE_6, 6))
def test_every_private_address_is_home(address: Address) -> None:
    assert leaves_for(at(f"http://{written(address)}:8000/v1")) is None


@often
@given(st.ip_addresses().filter(lambda address: address.is_global and not address.is_multicast))
def test_no_global_address_is_home(address: Address) -> None:
    mapped = getattr(address, "ipv4_mapped", None)
    assert mapped or leaves_for(at(f"http://{written(address)}:8000/v1")) == str(address)


@often
@given(st.ip_addresses(v=4))
def test_however_an_address_is_written_it_is_the_same_place(address: ipaddress.IPv4Address) -> None:
    number, parts = int(address), str(address).split(".")
    ways = [str(number), hex(number), f"0{number:o}", f"{parts[0]}.{number % 2**24}", f"[::ffff:{address}]"]
    stays = {leaves_for(at(f"http://{way}/")) is None for way in [*ways, str(address)]}
    assert len(stays) == 1


@often
@given(st.lists(LABELS, min_size=2, max_size=4))
def test_a_name_with_a_public_ending_is_the_world(labels: list[str]) -> None:
    name = ".".join(labels)
    home = f".{name}".endswith(HOME_NAMES)
    assert leaves_for(at(f"http://{name}:8000/v1")) == (None if home else name)


@often
@given(LABELS, st.sampled_from(["/", "?", "#", ":80/", ":80#"]), LABELS)
def test_nothing_after_a_public_host_brings_it_home(name: str, end: str, rest: str) -> None:
    assert leaves_for(at(f"http://{name}.com{end}{rest}.local")) == f"{name}.com"


def who_says(*addresses: str) -> tuple[list[str], Resolver]:
    """Return the names that were looked up, and what looks them up: every name has these addresses."""
    asked: list[str] = []

    async def resolver(host: str) -> list[Address]:
        asked.append(host)
        return [ipaddress.ip_address(address) for address in addresses]

    return asked, resolver


@pytest.mark.parametrize(
    ("addresses", "place"),
    [
        (["192.168.1.7"], None),
        (["192.168.1.7", "fd00::7", "100.100.1.1"], None),
        (["192.168.1.7", "8.8.8.8"], "gpu.lan"),
        (["fd00::7", "2001:4860:4860::8888"], "gpu.lan"),
        (["::ffff:8.8.8.8"], "gpu.lan"),
        ([], None),
    ],
)
async def test_a_name_that_looks_private_must_be(addresses: list[str], place: str | None) -> None:
    asked, resolver = who_says(*addresses)
    model = at("http://gpu.lan:8000/v1")
    assert [await goes_to(model, resolver) for _ in range(3)] == [place] * 3
    assert asked == ["gpu.lan"], "an answer is remembered"


async def test_what_is_clear_is_not_looked_up() -> None:
    asked, resolver = who_says("127.0.0.1")
    for address in ("http://127.1", "http://8.8.8.8", "http://gpu.example.com", "https://api.openai.com/v1"):
        await goes_to(at(address), resolver)
    assert not asked


async def test_the_operating_system_knows_this_machine_and_not_everybody() -> None:
    assert all(address.is_loopback for address in await look_up("localhost"))
    assert await look_up("localhost")
    assert await look_up("a" * 64) == []


async def test_an_alias_of_a_cloud_model_is_seen_through() -> None:
    with OllamaServer(models=("m", "alias")) as server:
        server.remote["alias:latest"] = "https://ollama.com:443"
        here, away = at(server.url, "ollama"), at(server.url, "ollama", "alias")
        assert [await goes_to(here), await goes_to(away)] == [None, "https://ollama.com:443"]
        asked = len(server.requests)
        await asyncio.gather(goes_to(here), goes_to(away))
        assert len(server.requests) == asked, "an answer is remembered"


async def test_an_ollama_that_does_not_say_where_a_model_runs_is_not_trusted() -> None:
    server: Server = OllamaServer(models=("m",))
    with server:
        address = server.url
    with pytest.raises(ModelDown):
        await goes_to(at(address, "ollama"))
