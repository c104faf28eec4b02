"""Opens a home's classifier: what is dear is loaded once, and again only when a file has changed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from pathlib import Path
from typing import Generic, TypeVar

from metahuman.routing.classifier import ByMeaning, ByWords, LocalClassifier, Scorer
from metahuman.routing.model import SHIPPED_MODEL, load_model
from metahuman.routing.settings import RoutingSettings, load_settings
from metahuman.routing.situations import Encoder
from metahuman.routing.versions import Versions
from metahuman.routing.words import SHIPPED_WORDS, load_words
from metahuman.state.errors import ModelError

T = TypeVar("T")


class Followed(Generic[T]):
    """What a file holds, read when it is first asked for, and again when the file is another or has changed.

    Args:
        path: Returns where the file is.
        read: Reads it.
    """

    def __init__(self, path: Callable[[], Path], read: Callable[[Path], T]) -> None:
        self._path, self._read, self._lock = path, read, threading.Lock()
        self._held: tuple[Hashable, T] | None = None

    def __call__(self) -> T:
        """Return what the file holds now."""
        path = self._path()
        found = path.stat() if path.exists() else None
        stamp = (path, found and (found.st_mtime_ns, found.st_size))
        if self._held is None or self._held[0] != stamp:
            with self._lock:
                if self._held is None or self._held[0] != stamp:
                    self._held = stamp, self._read(path)
        return self._held[1]


def open_classifier(
    versions: Versions, encoder: Callable[[], Encoder], settings: Callable[[], Path]
) -> LocalClassifier:
    """Return the classifier of a home; nothing is loaded before its first decision, or `warm`.

    Args:
        versions: The home's classifiers.
        encoder: Loads the encoder. Where it raises a ModelError, letters have to do.
        settings: Returns where the settings are.
    """

    def read(path: Path) -> Scorer:
        found, model = encoder(), load_model(path)
        if model.encoder != found.name:  # fitted by an older program: its vectors mean nothing to this encoder
            model = load_model(SHIPPED_MODEL)
        return ByMeaning(model, found)

    by_meaning: Followed[Scorer] = Followed(lambda: versions.path, read)
    by_words: Followed[Scorer] = Followed(lambda: SHIPPED_WORDS, lambda path: ByWords(load_words(path)))

    def scorer() -> Scorer:
        try:
            return by_meaning()
        except ModelError:  # tried again at the next decision: the encoder may have been fetched meanwhile
            return by_words()

    rules: Followed[RoutingSettings] = Followed(settings, load_settings)
    return LocalClassifier(scorer, rules)
