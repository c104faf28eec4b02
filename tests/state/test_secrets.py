"""The keys here are made up, and put together only when the tests run, so that no scanner takes them for real ones."""

import base64
import json

import pytest

from metahuman.state.secrets import bits, is_filler, shaped

LETTERS = "wWPw5k4aXcaT4fNP0UcnZwJUVFk6LO0pINUxQ7rTzB3dGmH9sEyK1vLiA8oSjC2e"
HEX = "b91f3f8ac2e84fd7a3d05ce6b7a1f203c4d5e6f708192a3b4c5d6e7f80912a3b"


def token(*parts: object) -> str:
    return ".".join(
        base64.urlsafe_b64encode(part if isinstance(part, bytes) else json.dumps(part).encode()).decode().rstrip("=")
        for part in parts
    )


@pytest.mark.parametrize(
    ("kind", "begin", "rest"),
    [
        ("GitHub token", "ghp_", LETTERS[:36]),
        ("GitLab token", "glpat-", LETTERS[:20]),
        ("AWS key", "AKIA", "Q3EGRIX7TZJ4KLPM"),
        ("Google key", "AIza", LETTERS[:35]),
        ("Slack token", "xoxb-", "781236542736-2364535789652-" + LETTERS[:24]),
        ("Stripe key", "sk_live_", LETTERS[:24]),
        ("model provider's key", "sk-proj-", LETTERS[:48]),
        ("model provider's key", "sk-or-v1-", HEX),
        ("Hugging Face token", "hf_", LETTERS[:34]),
        ("registry token", "npm_", LETTERS[:36]),
        ("DigitalOcean token", "dop_v1_", HEX),
        ("Vault token", "s.", LETTERS[:24]),
        ("Telegram token", "110201543:", "AAHdqTcvCH1vGWJxfSe1ofSAs0K5PALDsaw"),
        ("Azure key", "AccountKey=", LETTERS + LETTERS[:22] + "=="),
    ],
)
def test_a_shape_is_found_and_only_it(kind: str, begin: str, rest: str) -> None:
    text = f"The key, {begin + rest} as I said."
    (found,) = {(one.kind, text[one.start : one.end]) for one in shaped(text)}
    assert found == (kind, begin + rest)


@pytest.mark.parametrize(
    "text",
    [
        "ghp_" + "x" * 36,
        "glpat-" + "X" * 20,
        "AKIA" + "IOSFODNN7EXAMPLE",
        "a-" + "sk-learn-is-a-library-with-many-words",
        "risk-adjusted-return-on-invested-capital",
        "hf_" + "a" * 34,
        "The task-force-of-the-century met.",
        "d3b07384d113edec49eaa6238ad5ff00" + "d3b07384",
    ],
)
def test_what_stands_for_a_key_is_none(text: str) -> None:
    assert shaped(text) == []


def test_a_private_key_is_found_to_its_end() -> None:
    block = "-----BEGIN RSA " + "PRIVATE KEY-----\nMIIEow+abc/\n-----END RSA " + "PRIVATE KEY-----"
    (found,) = shaped(f"Look:\n{block}\nThat was it.")
    assert (found.kind, found.start, found.end) == ("private key", 6, 6 + len(block))


def test_a_private_key_cut_short_is_found_too() -> None:
    assert [one.kind for one in shaped("-----BEGIN " + "PRIVATE KEY-----\nMIIEow")] == ["private key"]


def test_a_signed_token_has_to_be_json() -> None:
    signed = token({"alg": "HS256", "typ": "JWT"}, {"sub": "1234567890"}, b"signature")
    assert [one.kind for one in shaped(f"Bearer {signed}")] == ["signed token"]
    assert shaped("eyJBBBBBBBBB.eyJCCCCCCCC.eyJDDDDDDDD") == []


def test_entropy_is_in_bits_a_character() -> None:
    assert bits("aaaa") == 0
    assert bits("abcd") == 2
    assert is_filler("0000000000abc")
