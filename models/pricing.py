"""What a model call costs."""

from __future__ import annotations

from metahuman.models.schema import Price
from metahuman.state.events import Tokens

#: Prices are for so many tokens.
MILLION = 1_000_000


def cost(price: Price, tokens: Tokens, seconds: float) -> float:
    """Return what one call costs.

    Args:
        price: What its model asks for.
        tokens: What was read and written; the cached ones are a part of the prompt's.
        seconds: How long the model worked on it.

    Returns:
        The cost, in the currency that the prices are in.
    """
    cached = min(tokens["cached"], tokens["prompt"])
    cached_price = price.prompt if price.cached is None else price.cached
    told = (tokens["prompt"] - cached) * price.prompt + cached * cached_price + tokens["completion"] * price.completion
    return told / MILLION + seconds * price.second
