"""A text made fit to be learned from: without tool syntax, without secrets, without personal data."""

from __future__ import annotations

from typing import NamedTuple

from metahuman.memory.curation.identifiers import identifiers_in
from metahuman.memory.curation.redacting import MOST_PASSES, redact
from metahuman.memory.curation.secrets import secrets_in
from metahuman.memory.curation.stripping import strip
from metahuman.state.secrets import Found

#: What stands in the place of a text that cannot be made clean.
WITHHELD = "[withheld]"


class Cleaned(NamedTuple):
    """A text that was cleaned.

    Args:
        text: What is left.
        found: The kinds of secrets and personal data that were taken out, each once; see `redacting`.
    """

    text: str
    found: tuple[str, ...]


def cleaned(text: str) -> Cleaned:
    """Return a text without what machines wrote and without what names or lets in anybody; again, it changes nothing.

    Args:
        text: What was said, or what a model made of it.
    """
    kinds, text = dict[str, None](), text.strip()
    for _ in range(MOST_PASSES):
        stripped = strip(text).text.strip()
        found = found_in(stripped)
        kinds |= dict.fromkeys(one.kind for one in found)
        cleaner = redact(stripped, found)
        if cleaner == text:
            return Cleaned(text, tuple(kinds))
        text = cleaner
    return Cleaned(WITHHELD, (*kinds, "what could not be taken out"))


def found_in(text: str) -> list[Found]:
    """Return the secrets and the personal data that a text holds."""
    return [*secrets_in(text), *identifiers_in(text)]
