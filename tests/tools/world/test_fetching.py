from __future__ import annotations

import datetime
import ipaddress
import ssl
from collections.abc import Sequence
from pathlib import Path

import pytest

from metahuman.state.errors import ToolError
from metahuman.tools.world.addresses import Address
from metahuman.tools.world.fetching import Fetcher
from metahuman.tools.world.hosts import Host
from tests.tools.world.web import Page, web


def led(*ways: str) -> tuple[list[str], Fetcher]:
    """Return a fetcher for whom every name leads to the next of these addresses, and the names it looked up."""
    asked: list[str] = []

    async def resolve(host: str, _: int) -> Sequence[Address]:
        asked.append(host)
        return [ipaddress.ip_address(way) for way in ways[min(len(asked), len(ways)) - 1].split()]

    return asked, Fetcher([Host(host="*:0")], 1_000, resolve)


async def test_the_address_that_was_judged_is_the_one_that_is_asked() -> None:
    """A name that leads elsewhere when it is looked up again leads nowhere: it is looked up once."""
    with web() as served:
        served.pages["/"] = Page(b"here")
        asked, fetcher = led("127.0.0.1", "10.0.0.1")
        private = Host(host=f"my.test:{served.port}", private=True, http=True)
        fetched = await Fetcher([private], 1_000, fetcher.resolve).fetch(f"http://my.test:{served.port}/")
    assert fetched.body == b"here"
    assert asked == ["my.test"]
    assert served.asked[0][1]["host"] == f"my.test:{served.port}"


#: Addresses that are not the world's, some of them in disguise.
INSIDE = """
10.0.0.1; 8.8.8.8 192.168.1.1; ::1; fd00::1; ::ffff:10.0.0.1; 64:ff9b::a00:1; 2002:a00:1::; 0.0.0.0; 100.64.0.1
224.0.0.1; fe80::1; 169.254.169.254; 255.255.255.255; 198.18.0.1; fd00:ec2::254; ::ffff:0:0; 127.255.0.1; 240.0.0.1
"""


@pytest.mark.parametrize("way", [way.strip() for way in INSIDE.strip().replace("\n", ";").split(";")])
async def test_a_name_that_leads_inside_is_refused(way: str) -> None:
    _, fetcher = led(way)
    with pytest.raises(ToolError, match="leads to"):
        await Fetcher([Host(host="my.test")], 1_000, fetcher.resolve).fetch("https://my.test/")


async def test_each_hop_is_judged_again() -> None:
    """A host that may be on the own network cannot send us to one that may not."""
    with web() as served:
        served.pages["/"] = Page(status=301, headers={"Location": f"http://other.test:{served.port}/"})
        asked, fetcher = led("127.0.0.1")
        hosts = [Host(host=f"my.test:{served.port}", private=True, http=True), Host(host=f"*:{served.port}", http=True)]
        with pytest.raises(ToolError, match=r"other.test: leads to 127.0.0.1, which is on a private network"):
            await Fetcher(hosts, 1_000, fetcher.resolve).fetch(f"http://my.test:{served.port}/")
    assert asked == ["my.test", "other.test"]
    assert len(served.asked) == 1


async def test_another_of_its_addresses_is_asked_if_one_does_not_answer() -> None:
    with web() as served:
        served.pages["/"] = Page(b"here")
        _, fetcher = led("::1 127.0.0.1")
        host = Host(host=f"my.test:{served.port}", private=True, http=True)
        fetched = await Fetcher([host], 1_000, fetcher.resolve).fetch(f"http://my.test:{served.port}/")
    assert fetched.body == b"here"


async def test_nobody_there_is_told_in_a_line() -> None:
    _, fetcher = led("127.0.0.1")
    host = Host(host="my.test:9", private=True, http=True)
    with pytest.raises(ToolError, match="does not answer"):
        await Fetcher([host], 1_000, fetcher.resolve).fetch("http://my.test:9/")


async def test_the_certificate_has_to_be_the_hosts(tmp_path: Path) -> None:
    serving, believing = certified("my.test", tmp_path)
    with web(serving) as served:
        served.pages["/"] = Page(b"here")
        _, fetcher = led("127.0.0.1")
        hosts = [Host(host=f"*:{served.port}", private=True)]
        reading = Fetcher(hosts, 1_000, fetcher.resolve, lambda: believing)
        assert (await reading.fetch(f"https://my.test:{served.port}/")).body == b"here"
        with pytest.raises(ToolError, match=r"(?i)certificate"):
            await reading.fetch(f"https://other.test:{served.port}/")
        with pytest.raises(ToolError, match=r"(?i)certificate"):
            await Fetcher(hosts, 1_000, fetcher.resolve).fetch(f"https://my.test:{served.port}/")


def certified(name: str, folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Return what a server with that name shows, and what one has to believe for it."""
    x509 = pytest.importorskip("cryptography.x509")
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.datetime.now(datetime.UTC)
    called = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    day = datetime.timedelta(days=1)
    made = x509.CertificateBuilder().subject_name(called).issuer_name(called).public_key(key.public_key())
    made = made.serial_number(1).not_valid_before(now - day).not_valid_after(now + day)
    made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
    file = folder / "both.pem"
    encoding, format_ = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    secret = key.private_bytes(encoding, format_, serialization.NoEncryption())
    file.write_bytes(secret + made.sign(key, hashes.SHA256()).public_bytes(encoding))
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(file)
    return serving, ssl.create_default_context(cafile=str(file))
