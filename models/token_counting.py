"""How many tokens a text has for a model: as its own tokenizer counts them where it can be asked, else about."""

from __future__ import annotations

from collections.abc import Iterable

from metahuman.models.providers import Provider
from metahuman.models.resolved import ResolvedModel
from metahuman.state.tokens import estimate_tokens


class TokenCounter:
    """Counts the tokens of texts for the first of some models whose tokenizer can be asked at once. Blocks.

    Args:
        models: The models in the order they are asked, each with its provider.
    """

    def __init__(self, models: Iterable[tuple[Provider, ResolvedModel]]) -> None:
        self._left = iter(models)
        self._model = next(self._left, None)

    def __call__(self, text: str) -> int:
        """Return how many tokens `text` has, exactly if a tokenizer tells."""
        while self._model:
            provider, model = self._model
            if (counted := provider.count(model, text)) is not None:
                return counted
            self._model = next(self._left, None)  # it is not asked for every text in vain
        return estimate_tokens(text)
