"""Tokens as the model's own tokenizer counts them; about as many where it cannot be asked."""

from __future__ import annotations

from dataclasses import dataclass, field

from metahuman.models.providers import open_provider
from metahuman.models.providers.engine import drop_engine
from metahuman.models.resolved import ResolvedModel
from metahuman.models.token_counting import TokenCounter
from metahuman.state.tokens import estimate_tokens
from tests.fakes import ScriptedProvider
from tests.homes import EMBEDDED
from tests.resolved import real_model, resolved

TEXT = "What did we say about the garden in Lisbon?"


@dataclass
class Counting(ScriptedProvider):
    """A provider whose models have a token a letter, or cannot be asked."""

    knows: bool
    counted: list[str] = field(default_factory=list)

    def count(self, model: ResolvedModel, text: str) -> int | None:
        self.counted.append(text)
        return len(text) if self.knows else None


def test_the_first_model_that_can_be_asked_counts() -> None:
    dumb, clever = Counting(knows=False), Counting(knows=True)
    count = TokenCounter([(dumb, resolved("local")), (clever, resolved("local"))])
    assert (count("abc"), count("abcdef")) == (3, 6)
    assert dumb.counted == ["abc"]


def test_where_none_can_be_asked_it_is_an_estimate() -> None:
    assert TokenCounter([])(TEXT) == estimate_tokens(TEXT)
    assert TokenCounter([(Counting(knows=False), resolved("local"))])(TEXT) == estimate_tokens(TEXT)


def test_servers_that_cannot_count_and_those_far_away_are_not_asked() -> None:
    provider = open_provider("openai")
    for settings in ({}, {"server": "vllm", "baseUrl": "https://vllm.example.com/v1"}):
        assert provider.count(resolved("openai", **settings), TEXT) is None
    gone = resolved("openai", server="vllm", baseUrl="http://127.0.0.1:9/v1")
    assert provider.count(gone, TEXT) is None


@real_model
def test_the_embedded_model_counts_once_it_is_loaded() -> None:
    model, provider = resolved("local", str(EMBEDDED)), open_provider("local")
    drop_engine(EMBEDDED)
    assert provider.count(model, TEXT) is None
    provider.load(model)
    assert provider.count(model, "Hello world") == 2
    assert provider.count(model, TEXT) == 10
    drop_engine(EMBEDDED)
