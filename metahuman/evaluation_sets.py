"""The sets that `metahuman eval` runs: routing, recall, curation, and the verdict on the latest voice.

The shipped questions are in `etc/evals`, made up for this and apart from what the parts were made from. They are few:
they tell that a part works, and whether a change did harm; how well the parts do is measured by `benchmarks/`.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from metahuman.evaluation import Case, EvalSet, Evaluated, Scores
from metahuman.home import Home
from metahuman.state.errors import StoreError
from metahuman.state.files import whole
from metahuman.state.shipped import SHIPPED

if TYPE_CHECKING:
    from metahuman.memory.home import HomeMemory

SHIPPED_SETS = SHIPPED / "evals"
#: Of how many memories one has to be the right one.
CUT = 5
_MOMENT = "2026-01-01T00:00:00Z"


@contextmanager
def routing(home: Home, file: Path | None) -> Iterator[EvalSet]:
    """Where messages go, as the home's classifier decides; no model is asked."""
    from metahuman.deciding import home_classifier
    from metahuman.routing.examples import example_of

    classifier = home_classifier(home)

    def answer(inputs: dict[str, Any]) -> dict[str, Any]:
        judged = classifier.judge_now(example_of({"to": "conversation", **inputs}, "eval").situation)
        return {"to": list(dict.fromkeys(task["destination"] for task in judged.tasks)), "sure": judged.sure}

    def score(answered: Mapping[str, Any], expected: Mapping[str, Any]) -> Scores:
        right = float(set(answered["to"]) == set(expected["to"]))
        return {"accuracy": right, **({"accuracy where sure": right} if answered["sure"] else {})}

    def case(row: dict[str, Any]) -> Case:
        example = example_of(row, "eval")
        asked = {key: value for key, value in row.items() if key not in ("to", "tasks")}
        return Case(asked, {"to": list(example.destinations)})

    classifier.judge_now(example_of({"text": "", "to": "conversation"}, "eval").situation)  # loads, before it is timed
    yield _set("routing", file, case, answer, score)


@contextmanager
def recall(home: Home, file: Path | None) -> Iterator[EvalSet]:
    """What memory finds: among the memories of the file, or among the home's own where it holds only questions."""
    from metahuman.memory.recall.recaller import Wanted
    from metahuman.opening import open_memory

    rows = read_rows(file or SHIPPED_SETS / "recall.jsonl")
    lives = [row["memory"] for row in rows if "memory" in row]
    with tempfile.TemporaryDirectory(prefix="metahuman-eval-") as folder:
        memory = open_memory(Home(Path(folder)) if lives else home)
        try:
            _remember(memory, lives, file)

            def answer(inputs: dict[str, Any]) -> dict[str, Any]:
                now = datetime.fromisoformat(inputs["now"]) if "now" in inputs else datetime.now(UTC)
                found = memory.recollection.find(Wanted(inputs["question"], now, limit=CUT))
                return {"ids": [hit.document.id for hit in found]}  # never what they say

            memory.ready()
            asked = [row for row in rows if "memory" not in row]
            yield _set("recall", file, _recall_case, answer, _recalled, asked)
        finally:
            memory.close()


def _remember(memory: HomeMemory, lives: list[Any], file: Path | None) -> None:
    from pydantic import ValidationError

    from metahuman.state.memories import Memory

    try:
        memory.keeper.save_all([Memory.model_validate(life) for life in lives])
    except ValidationError as error:
        wrong = f"a memory's {error.errors()[0]['loc'][0]} is wrong"
        raise _wrong(file or SHIPPED_SETS / "recall.jsonl", wrong) from error


def _recall_case(row: dict[str, Any]) -> Case:
    asked = {key: value for key, value in row.items() if key in ("question", "now")}
    if not isinstance(row["question"], str) or not isinstance(row["ids"], list) or not row["ids"]:
        raise TypeError("`question` is a text, and `ids` lists the memories that answer it")
    if "now" in asked and datetime.fromisoformat(asked["now"]).tzinfo is None:
        raise ValueError("`now` needs a time zone")
    return Case(asked, {"ids": row["ids"]})


def _recalled(answered: Mapping[str, Any], expected: Mapping[str, Any]) -> Scores:
    right, found = set(expected["ids"]), answered["ids"]
    return {f"recall@{CUT}": len(right.intersection(found)) / len(right), "first": float(bool(right & {*found[:1]}))}


@contextmanager
def curation(home: Home, file: Path | None) -> Iterator[EvalSet]:
    """What the curator's gates let through, by rules alone: what must be gone, and what must be kept."""
    from metahuman.memory.curation.judging import judged_memory
    from metahuman.memory.curation.preparing import prepared
    from metahuman.state.memories import Memory

    def answer(inputs: dict[str, Any]) -> dict[str, Any]:
        talk = Memory(id="evt-eval", timestamp=_MOMENT, type="conversation", content=inputs["said"])
        talk = talk.model_copy(update={"response": inputs.get("answered")})
        curated = judged_memory(prepared(talk), None, {}, _MOMENT)
        kept = ("userMessage", "assistantResponse", "conversationalEssence", "context")
        return {"kept": "\n".join(str(curated[key]) for key in kept), "pair": not curated["refused"]}  # type: ignore[literal-required]

    def score(answered: Mapping[str, Any], expected: Mapping[str, Any]) -> Scores:
        text, scores = str(answered["kept"]), dict[str, float]()
        if expected["gone"]:
            scores["clean"] = float(not any(one in text for one in expected["gone"]))
        if expected["kept"]:
            scores["kept"] = sum(one in text for one in expected["kept"]) / len(expected["kept"])
        return scores

    def case(row: dict[str, Any]) -> Case:
        asked = {key: str(value) for key, value in row.items() if key in ("said", "answered")}
        return Case({"said": "", **asked}, {key: [str(one) for one in row.get(key, [])] for key in ("gone", "kept")})

    yield _set("curation", file, case, answer, score)


#: Opens each set, for a home and a file of the owner's own questions, if there is one.
SETS: Mapping[str, Callable[[Home, Path | None], Any]] = {"routing": routing, "recall": recall, "curation": curation}


def voice(home: Home) -> Evaluated:
    """Return what `metahuman persona eval` found of the latest voice; its samples are not asked for again."""
    from metahuman.voice.findings import findings_of
    from metahuman.voice.runs import look

    run = next((one for one in look(home).runs if one.finished), None)
    if run is None:
        return Evaluated("voice", "", skipped="no voice is trained yet; `metahuman train` does that")
    found = findings_of(run.evaluation) if run.evaluation else None
    if found is None or found.voice is None:
        why = f"{run.name} is not evaluated yet; `metahuman persona eval {run.name}` does that"
        return Evaluated("voice", run.name, skipped=why)
    scores = {"voice": found.voice.value} | ({"base": found.base.value} if found.base else {})
    return Evaluated("voice", run.name, cases=1, scores=scores)


def read_rows(file: Path) -> list[dict[str, Any]]:
    """Return the objects of a JSONL file.

    Raises:
        StoreError: If it cannot be read, or a line is no object.
    """
    try:
        lines = file.read_text("utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise StoreError(file, str(error), "give a JSONL file") from error
    rows = []
    for number, line in enumerate(lines, 1):
        if line.strip():
            rows.append(_object(file, number, line))
    return rows


def _object(file: Path, number: int, line: str) -> dict[str, Any]:
    try:
        row = whole(json.loads(line))
    except (ValueError, RecursionError) as error:
        raise _wrong(file, f"line {number}: not JSON") from error
    if not isinstance(row, dict):
        raise _wrong(file, f"line {number}: no object")
    return row


def _set(
    name: str,
    file: Path | None,
    case: Callable[[dict[str, Any]], Case],
    answer: Callable[[dict[str, Any]], dict[str, Any]],
    score: Callable[[Mapping[str, Any], Mapping[str, Any]], Scores],
    rows: list[dict[str, Any]] | None = None,
) -> EvalSet:
    """Return the set that a file holds; a line that is no question is an error that names it."""
    place, cases = file or SHIPPED_SETS / f"{name}.jsonl", list[Case]()
    for number, row in enumerate(read_rows(place) if rows is None else rows, 1):
        try:
            cases.append(case(row))
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            told = f"lacks {error}" if isinstance(error, KeyError) else str(error)
            raise _wrong(place, f"question {number}: {told}") from error
    if not cases:
        raise _wrong(place, "holds no question")
    return EvalSet(name, file.name if file else "shipped", cases, answer, score)


def _wrong(file: Path, problem: str) -> StoreError:
    return StoreError(file, problem, "docs/langsmith.md says what a line looks like")
