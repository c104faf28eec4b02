"""Keys, tokens and passwords in a text: what must not leave the machine.

Only what has a shape of its own is found, so that what is found is a secret nearly always. The shapes are those that
their makers publish, such as
https://github.blog/engineering/behind-githubs-new-authentication-token-formats/ and
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html.
"""

from __future__ import annotations

import re
from urllib.parse import unquote

#: Begins where no word goes on.
_START = r"(?<![A-Za-z0-9_])"
#: At least one digit and one capital letter are ahead: a key, not words with hyphens between them.
_MIXED = r"(?=[A-Za-z0-9_-]{0,80}[0-9])(?=[A-Za-z0-9_-]{0,80}[A-Z])"
_SHAPES = (
    ("a private key", r"-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----"),
    ("a GitHub token", _START + r"(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{50})"),
    ("a GitLab token", _START + r"glpat-[A-Za-z0-9_-]{20}"),
    ("an AWS key", _START + r"(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9])"),
    ("a Google key", _START + r"(?:AIza[A-Za-z0-9_-]{35}|ya29\.[A-Za-z0-9_-]{30}|GOCSPX-[A-Za-z0-9_-]{20})"),
    ("a Slack token", _START + r"(?:xox[abeprs]-[A-Za-z0-9-]{10}|xapp-[0-9]-[A-Za-z0-9-]{10})"),
    ("a Slack token", r"hooks\.slack\.com/(?:services|workflows)/[A-Za-z0-9_/]{20}"),
    ("a Stripe key", _START + r"[rs]k_live_[A-Za-z0-9]{16}"),
    ("a model provider's key", _START + "sk-" + _MIXED + r"[A-Za-z0-9_-]{20}"),
    ("a Hugging Face token", _START + r"hf_[A-Za-z0-9]{30}"),
    ("a package registry's token", _START + r"(?:npm_[A-Za-z0-9]{36}|pypi-AgE[A-Za-z0-9_-]{20}|dckr_pat_[\w-]{20})"),
    ("a signed token (JWT)", _START + r"eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8}"),
    ("a token", r"(?i:authorization\W{1,4}(?:bearer|basic|token)\s)[A-Za-z0-9+/=._~-]{16}"),
    ("an Azure key", r"(?:AccountKey|SharedAccessKey)=[A-Za-z0-9+/]{40}"),
    (
        "a password in an address",
        r"[A-Za-z][A-Za-z0-9+.-]{1,20}://[^\s/:@\"'<>]{1,100}:[^\s/:@\"'<>$]{3,200}@[A-Za-z0-9\[]",
    ),
)
_PATTERNS = tuple((kind, re.compile(pattern)) for kind, pattern in _SHAPES)


def secret_in(text: str) -> str | None:
    """Return what kind of secret a text holds, never the secret; None if it holds none that can be told.

    Args:
        text: Any text; what is escaped in it as in an address (`%20`) is looked at too.
    """
    texts = [text, unquote(text)] if "%" in text else [text]
    return next((kind for kind, pattern in _PATTERNS if any(map(pattern.search, texts))), None)
