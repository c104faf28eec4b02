"""`etc/adapter-builder.json`: what of the curated memories is trained on."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, StrictStr

from metahuman.state.errors import SettingError
from metahuman.state.written import Written, settings_of

NAME = "adapter-builder.json"


#: How much something counts, beside something else.
Share = Annotated[float, Field(ge=0, le=100, strict=True)]


class BuilderSettings(Written):
    """What the file says; keys that this program does not know are kept, for a newer one may.

    Args:
        half_life_days: Days after which a memory weighs half.
        limit: The most pairs of a dataset, unless another number is asked for.
        held_out: The share of conversations that are not trained on, but tested with.
        salt: Stands before a conversation's name when it is drawn; another one draws anew.
        types: How much pairs of each type of memory count; types that are not named count nothing.
        own_words: How much a pair counts whose answer is the owner's own.
        twin_words: How much one counts whose answer a model gave.
        words_at_least: The fewest words of a passage that the owner wrote.
        words_at_most: The most.
        passages: Of one text, so many passages become pairs at most.
    """

    half_life_days: Annotated[float, Field(gt=0, le=36_500)] = 14
    limit: Annotated[int, Field(ge=1, strict=True)] = 2000
    held_out: Annotated[float, Field(ge=0, le=0.5)] = 0.1
    salt: StrictStr = "metahuman"
    types: dict[StrictStr, Share] = Field(default_factory=lambda: {"conversation": 1.0, "journal": 1.0})
    own_words: Share = 1.0
    twin_words: Share = 0.0
    words_at_least: Annotated[int, Field(ge=3, le=400, strict=True)] = 12
    words_at_most: Annotated[int, Field(ge=20, le=600, strict=True)] = 120
    passages: Annotated[int, Field(ge=1, le=1000, strict=True)] = 6

    def worth(self, about: Mapping[str, Any]) -> float:
        """Return how much a row counts by its type of memory and by whose words it has; 0 leaves it out.

        Args:
            about: The row's metadata; one that does not say so is of a conversation, in the owner's own words.
        """
        words = self.twin_words if about.get("words") == "twin" else self.own_words
        return self.types.get(str(about.get("type", "conversation")), 0.0) * words

    def mark(self) -> str:
        """Return what changes with whatever a row hangs on."""
        hangs_on = (self.held_out, self.salt, self.words_at_least, self.words_at_most, self.passages)
        return hashlib.sha256(repr(hangs_on).encode(errors="surrogatepass")).hexdigest()[:12]


def load_settings(root: Path) -> BuilderSettings:
    """Return what holds in a home: its own file, key by key, over the shipped one.

    Raises:
        SettingError: If a file is wrong; the error names the key.
        StoreError: If it cannot be read.
    """
    settings = settings_of(BuilderSettings, root, NAME, "see docs/datasets.md, or remove the key")
    return _sound(settings, root / "etc" / NAME)


def _sound(settings: BuilderSettings, own: Path) -> BuilderSettings:
    if settings.words_at_least > settings.words_at_most:
        raise SettingError(own, "wordsAtLeast", "more than wordsAtMost", "make one smaller, or the other larger")
    return settings
