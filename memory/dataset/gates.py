"""The last gate before a dataset: whatever a curator or an editor has left, no secret and no personal data gets in."""

from __future__ import annotations

import hashlib
from functools import cache, lru_cache
from importlib import metadata
from importlib.resources import files

from metahuman.memory.curation.identifiers import identifiers_in
from metahuman.memory.curation.secrets import secrets_in
from metahuman.memory.curation.stripping import strip

#: What the finders' libraries are called.
_LIBRARIES = ("detect-secrets", "python-stdnum")
#: Without one of these, a text has no tool syntax worth a look.
_SIGNS = frozenset("<{[`|")


def held(text: str) -> tuple[str, ...]:
    """Return the kinds of secrets and personal data that a text holds; none for one that may be learned from."""
    return tuple(dict.fromkeys(one.kind for one in (*secrets_in(text), *identifiers_in(text))))


def syntax_in(text: str) -> tuple[str, ...]:
    """Return the kinds of tool syntax that a text holds; see `curation.stripping`."""
    return tuple(dict.fromkeys(one.kind for one in strip(text).removed)) if _SIGNS & set(text) else ()


@lru_cache(4096)
def clean(name: str) -> bool:
    """Tell whether a name, which many rows share, holds nothing of the kind."""
    return not held(name)


@cache
def gates_version() -> str:
    """Return what changes whenever the gates do: a digest of their code, and of their libraries' versions."""
    digest = hashlib.sha256(" ".join(map(metadata.version, _LIBRARIES)).encode())
    for package, names in (("metahuman.memory.curation", None), ("metahuman.state", {"secrets.py"})):
        for file in sorted(files(package).iterdir(), key=lambda file: file.name):
            if file.name.endswith(".py") and (names is None or file.name in names):
                digest.update(file.name.encode() + file.read_bytes())
    return digest.hexdigest()[:12]
