from __future__ import annotations

import pytest

from metahuman.tools.world.secrets import secret_in

# Put together here, so that no scanner takes these for real.
LETTERS = "aB3dE5gH7jK9mN1pQ3rS5tU7vW9xY1zA3bC5dE7f"
SECRETS = [
    ("a private key", "-----BEGIN " + "OPENSSH PRIVATE KEY-----\nb3Blb"),
    ("a private key", "-----BEGIN " + "PRIVATE KEY-----"),
    ("a private key", "-----BEGIN " + "PGP PRIVATE KEY BLOCK-----"),
    ("a GitHub token", "ghp_" + LETTERS[:36]),
    ("a GitHub token", "github_pat_" + LETTERS + LETTERS[:20]),
    ("an AWS key", "id=AKIA" + "IOSFODNN7EXAMPLE"),
    ("a Google key", "?key=AIza" + LETTERS[:35]),
    ("a Slack token", "xoxb-" + "123456789012-abcdef"),
    ("a Stripe key", "sk_live_" + LETTERS[:24]),
    ("a model provider's key", "sk-proj-" + LETTERS),
    ("a model provider's key", "Bearer sk-ant-api03-" + LETTERS),
    ("a package registry's token", "npm_" + LETTERS[:36]),
    ("a signed token (JWT)", "eyJhbGciOiJIUzI1NiJ9" + ".eyJzdWIiOiIxMjM0In0." + LETTERS),
    ("a token", "Authorization: Bearer " + LETTERS),
    ("a password in an address", "postgres://me:" + "hunter22@db.example.org/x"),
]


@pytest.mark.parametrize(("kind", "text"), SECRETS)
def test_a_secret_is_named_and_not_shown(kind: str, text: str) -> None:
    assert secret_in(f"so: {text}\nand more") == kind
    assert secret_in(text.replace("-", "%2D").replace(":", "%3A")) == kind


@pytest.mark.parametrize(
    "text",
    [
        "",
        "the task-force-of-the-northern-region-2026 A",
        "https://example.org:8080/a@b",
        "sk-learn-is-a-library-for-all-Of-Us",
        "git@github.com:a/b.git",
        "mailto:me@example.org",
        "AKIA is how they begin",
        "-----BEGIN PUBLIC KEY-----",
        "eyJ.eyJ.x",
        "ghp_ is the beginning",
        "0123456789abcdef" * 4,
        "http://user:${PASSWORD}@host/",
        "a" * 100_000,
        "-----BEGIN " * 20_000,
        "a" * 50_000 + "://" + "b:" * 50_000,
    ],
)
def test_ordinary_words_are_none(text: str) -> None:
    assert secret_in(text) is None
