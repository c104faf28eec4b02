"""The adapter that is shipped: with it, the embedded model decides where a turn goes."""

from __future__ import annotations

from pathlib import Path

import pytest

from metahuman.home import SHIPPED, Home
from metahuman.models.answers import reader, usable
from metahuman.models.gguf import read_adapter
from metahuman.models.providers import AnswerSchema, Wish
from metahuman.models.providers.local import PROVIDER
from metahuman.models.registry import Registry
from metahuman.models.resolved import ResolvedModel
from metahuman.nodes.orchestrator import RouteAnswer, routing_prompt
from metahuman.state.routing import Situation
from tests.resolved import real_model

#: What a download of the program may grow by.
MOST_BYTES = 6_000_000


def orchestrator(home: Path) -> ResolvedModel:
    registry = Registry.load(Home(home).registry, home)
    return registry.candidates("orchestrator", listed_only=True)[-1]


def test_it_is_found_from_any_home_and_small(tmp_path: Path) -> None:
    (adapter,) = orchestrator(tmp_path).adapters
    assert adapter == SHIPPED / "adapters" / "intent.gguf"
    assert read_adapter(adapter).size < MOST_BYTES


@real_model
@pytest.mark.parametrize(
    ("message", "destination"),
    [
        ("good morning, how are you?", "conversation"),
        ("what did I tell you about my sister yesterday?", "memory"),
        ("remind me to call the dentist at three", "operator"),
        ("write a Python function that reverses a list", "coder"),
        ("plan my move to Berlin, step by step", "planner"),
        ("summarize this text in two sentences: The river rose for three days, and on the fourth the bridge went.",
         "summarizer"),
        ("clean up what you remember about me and remove duplicates", "curator"),
        ("dream up something from my memories", "dreamer"),
    ],
)  # fmt: skip
async def test_it_routes_plain_sentences(tmp_path: Path, message: str, destination: str) -> None:
    model, schema = orchestrator(tmp_path), RouteAnswer.model_json_schema()
    answer = AnswerSchema("RouteAnswer", schema, reader(RouteAnswer, schema))
    served = await PROVIDER.prepare(model)
    said = await PROVIDER.connect(model, served).ainvoke(
        routing_prompt(Situation(message)), **PROVIDER.request(model, served, Wish(schema=answer))
    )
    assert [task.destination for task in answer.read(usable(said, answer)).tasks] == [destination]
