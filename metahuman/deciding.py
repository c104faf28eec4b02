"""A home's classifier with its encoder: who decides where a message goes, unless a model is asked."""

from __future__ import annotations

from collections.abc import Sequence

from metahuman.home import Home
from metahuman.models.download import models_folder
from metahuman.models.encoding.encoder import open_encoder
from metahuman.routing.classifier import LocalClassifier
from metahuman.routing.kernel import Array
from metahuman.routing.opening import open_classifier
from metahuman.routing.versions import Versions

#: The encoder's file among the models, and how many of its twelve layers are run: what a message wants shows best at
#: the seventh (benchmarks/routing_layers.py), in seven twelfths of the time.
FILE, LAYERS = "e5-small-q4.bin", 7


class RoutingEncoder:
    """The sentence encoder as the classifier uses it.

    Raises:
        ModelMissing: If it is not there; `metahuman models pull` fetches it.
    """

    name = f"multilingual-e5-small/{LAYERS}"

    def __init__(self) -> None:
        self._encoder = open_encoder(models_folder() / FILE, LAYERS)

    def encode(self, texts: Sequence[str], *, head: int = 320, tail: int = 160) -> Array:
        """Return a unit vector for each text, (n, d)."""
        return self._encoder.encode(texts, "", head=head, tail=tail)


def home_classifier(home: Home) -> LocalClassifier:
    """Return the classifier of a home; nothing is loaded before its first decision, or `warm`."""
    return open_classifier(Versions(home.routing / "models"), RoutingEncoder, lambda: home.setting("routing.json"))
