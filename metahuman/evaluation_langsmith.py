"""A set of questions as a dataset of LangSmith's, and a run of it as an experiment there."""

from __future__ import annotations

import hashlib
import json
import os
import sys
import time
from collections.abc import Callable
from contextlib import redirect_stdout
from importlib.metadata import version
from typing import Any

from metahuman.evaluation import EvalSet, Evaluated, Scores, means
from metahuman.state.errors import MetaHumanError

#: Seconds that what is still to be sent in the end may take.
SENDING = 30.0


class ExperimentError(MetaHumanError):
    """LangSmith did not take an experiment."""


def address() -> str:
    """Return where LangSmith is."""
    from langsmith.utils import get_api_url

    return get_api_url(None)


def experiment(questions: EvalSet, progress: Callable[[int, int], None] = lambda done, of: None) -> Evaluated:
    """Send the questions to LangSmith, unless they are there, and answer them as an experiment.

    Args:
        questions: The set. Its questions and the answers leave the machine.
        progress: Is told how many are answered, and of how many.

    Raises:
        ExperimentError: If LangSmith cannot be reached, or refuses.
    """
    from langsmith import Client
    from langsmith.utils import LangSmithError

    from metahuman.tracing import unhurried

    unhurried()
    os.environ.setdefault("TQDM_DISABLE", "1")  # the progress of it is told here
    client, took, scores = Client(), list[float](), list[Scores]()

    def answer(inputs: dict[str, Any]) -> dict[str, Any]:
        began = time.perf_counter()
        answered = questions.answer(inputs)
        took.append((time.perf_counter() - began) * 1000)
        progress(len(took), len(questions.cases))
        return answered

    def judge(outputs: dict[str, Any], reference_outputs: dict[str, Any]) -> dict[str, Any]:
        scores.append(questions.score(outputs, reference_outputs))
        return {"results": [{"key": key, "score": value} for key, value in scores[-1].items()]}

    try:
        with redirect_stdout(sys.stderr):  # it prints where its results can be seen
            found = client.evaluate(
                answer,
                data=_dataset(client, questions),
                evaluators=[judge],
                experiment_prefix=f"metahuman-{questions.name}",
                metadata={"set": questions.name, "metahuman": version("metahuman")},
            )
            client.flush(timeout=SENDING)  # the scores are sent beside: the program would end without waiting for them
    except (LangSmithError, OSError, ValueError) as error:
        told = " ".join(str(error).split()).partition(". ")[0]
        raise ExperimentError(f"LangSmith at {address()}: {told:.200}; check LANGSMITH_ENDPOINT and its key") from error
    name = found.experiment_name
    return Evaluated(questions.name, questions.source, len(took), means(scores), sorted(took), experiment=name)


def _dataset(client: Any, questions: EvalSet) -> str:
    """Return the name of the set's dataset; it is made if these very questions are not there yet."""
    examples = [{"inputs": case.inputs, "outputs": case.expected} for case in questions.cases]
    digest = hashlib.sha256(json.dumps(examples, sort_keys=True).encode()).hexdigest()[:8]
    name = f"metahuman-{questions.name}-{digest}"
    if not client.has_dataset(dataset_name=name):
        made = client.create_dataset(name, description=f"MetaHuman's questions about {questions.name}.")
        client.create_examples(dataset_id=made.id, examples=examples)
    return name
