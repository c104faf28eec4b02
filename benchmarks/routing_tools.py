"""Whether a tool is due: turns of API-Bank; and whether any of those on offer fits: BFCL and When2Call."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.routing_heads import Features, folds, likelihood, logistic, solve, standard
from benchmarks.routing_report import Report, Row
from benchmarks.routing_sets import API_BANK, BFCL, WHEN2CALL, Offer, Tool, Turn, api_bank, bfcl, when2call
from benchmarks.routing_slots import features, parameters
from metahuman.routing.kernel import Array, Numbers, unit
from metahuman.routing.measure import auroc
from metahuman.routing.words import cells

Encode = Callable[[Sequence[str]], Array]
Truths = NDArray[np.bool_]
FOLDS, SEEDS, RIDGE = 10, 3, 0.1
#: What part runs of letters have beside the encoder's vectors of the same text, and the features beside both.
LETTERS, FEATURES = 0.5, 5.0
#: Words (without their endings) that say nothing of what a tool is for.
COMMON = re.compile("the|and|for|what|with|from|giv|that|this|are|find|get|can|you|how|tool|function|given|which|bas")


class Way(NamedTuple):
    """What the turn gate sees of a dialogue.

    Args:
        texts: Which messages: the last one, the twin's and the owner's before it.
        encoder: Whether by the encoder as well as by their letters.
        runs: Whether it sees which tools ran before.
        tools: Whether it sees which tools are on offer, and what they need.
    """

    texts: Sequence[str]
    encoder: bool = True
    runs: bool = False
    tools: bool = False


LAST, CONTEXT = ("last",), ("last", "twin", "owner")
WAYS = {
    "letters, last message": Way(LAST, encoder=False),
    "letters, with the two before": Way(CONTEXT, encoder=False),
    "encoder, last message": Way(LAST),
    "encoder, with the two before": Way(CONTEXT),
    "... and the tools that ran": Way(CONTEXT, runs=True),
    "... and the tools on offer, and what they need": Way(CONTEXT, runs=True, tools=True),
}


class Seen(NamedTuple):
    """Turns as the gate sees them: the features of each text, likenesses by letters, tools that ran; and the truth."""

    turns: list[Turn]
    texts: dict[str, Features]
    letters: dict[str, Array]
    ran: Array
    truths: Array


def turn_gate(report: Report, data: Path, encode: Encode) -> None:
    """API-Bank: whether a tool runs before the owner speaks again."""
    seen = _seen(api_bank(data), encode)
    scores = {name: np.zeros((SEEDS, len(seen.turns)), np.float32) for name in WAYS}
    dialogues = [turn.dialogue for turn in seen.turns]
    for seed in range(SEEDS):
        for known, held in folds(dialogues, FOLDS, seed):
            offered = _offered(seen, known)
            for name, way in WAYS.items():
                scores[name][seed][held] = _gate(_likeness(seen, way, known, offered), seen.truths, known, held)
    right = seen.truths > 0
    rows = [Row("TF-IDF and logistic regression, last message (measured before)", {"accuracy": 0.737, "AUROC": 0.821})]
    rows += [Row("the same, with the two turns before (measured before)", {"accuracy": 0.802, "AUROC": 0.872})]
    for name, each in scores.items():
        areas = [_area(one, right) for one in each]
        rows.append(Row(name, {"accuracy": float(((each > 0) == right).mean()), "AUROC": float(np.mean(areas))}))
    title = f"{API_BANK.title}: {len(right)} turns of {len(set(dialogues))} dialogues, {FOLDS} folds by dialogue"
    report.table("turn_gate", title, rows, aims={"accuracy": 0.88, "AUROC": 0.94})
    report.note(
        "On offer are the tools in the file's name, or those a search finds: the set's own protocol. Their parameters "
        "are those of the calls in the known dialogues."
    )


def _seen(turns: list[Turn], encode: Encode) -> Seen:
    said = {
        "last": [turn.text for turn in turns],
        "twin": [turn.last("AI") for turn in turns],
        "owner": [turn.last("User") for turn in turns],
    }
    texts = {name: Features.of(of, encode) for name, of in said.items()}
    names = sorted({name for turn in turns for name in turn.ran})
    return Seen(
        turns=turns,
        texts=texts,
        letters={name: of.letters @ of.letters.T for name, of in texts.items()},
        ran=np.array([[name in turn.ran for name in names] for turn in turns], np.float32),
        truths=np.array([1 if turn.runs else -1 for turn in turns], np.float32),
    )


def _offered(seen: Seen, known: Numbers) -> Array:
    """Return what is known of the tools on offer, as much of it as the known dialogues tell, (n, k)."""
    needs = parameters(seen.turns[one] for one in known)
    rows = standard(np.array([features(turn, needs) for turn in seen.turns], np.float32), known)
    return np.asarray(rows * (FEATURES / rows.shape[1]) ** 0.5, np.float32)


def _likeness(seen: Seen, way: Way, known: Numbers, offered: Array) -> Array:
    """Return how like all turns are to each other, (n, n)."""
    like = np.zeros((len(seen.turns), len(seen.turns)), np.float32)
    for name in way.texts:
        like += seen.letters[name] * LETTERS
        if way.encoder:
            vectors = unit(seen.texts[name].vectors, seen.texts[name].vectors[known].mean(0))
            like += vectors @ vectors.T
    if way.runs:
        like += seen.ran @ seen.ran.T
    if way.tools:
        like += offered @ offered.T
    return like


def _gate(like: Array, truths: Array, known: Numbers, held: Numbers) -> Array:
    """Return the scores of what is held out, of a Gaussian kernel ridge as wide as turns are commonly apart."""
    lengths = np.diag(like)
    apart = np.maximum(lengths[:, None] + lengths[None] - 2 * like, 0)
    near = np.exp(-apart / np.median(apart[np.ix_(known, known)]))
    mean = truths[known].mean()
    added = solve(near[np.ix_(known, known)], truths[known] - mean, RIDGE)
    return np.asarray(near[np.ix_(held, known)] @ added + mean, np.float32)


def tool_fit(report: Report, data: Path, encode: Encode) -> None:
    """BFCL: whether any tool on offer does what is asked."""
    offers = bfcl(data)
    rows_of, truths = fit_features(offers, encode), np.array([one.right == "call" for one in offers])
    learned = np.zeros((SEEDS, len(offers)), np.float32)
    for seed in range(SEEDS):
        for known, held in folds([one.tools[0].name for one in offers], FOLDS, seed):
            scaled = standard(rows_of, known)
            learned[seed][held] = likelihood(scaled[held], logistic(scaled[known], truths[known]))
    rows = [Row("MiniLM, likeness of the best tool (measured before)", {"AUROC": 0.851}), *_untrained(rows_of, truths)]
    areas = [_area(one, truths) for one in [*learned]]
    trained = {"AUROC": float(np.mean(areas)), "accuracy": float(((learned > 0.5) == truths).mean())}
    rows.append(Row(f"{len(rows_of[0])} features weighed, {FOLDS} folds by tool", trained))
    report.table("tool_fit", f"{BFCL.title}: {len(offers)} questions, does a tool fit", rows, aims={"AUROC": 0.9})


def tool_fit_elsewhere(report: Report, data: Path, encode: Encode) -> None:
    """When2Call, with what was learned on BFCL: whether any tool on offer does what is asked."""
    known = bfcl(data)
    offers = [one for one in when2call(data) if one.tools]  # without any, there is nothing to find out
    rows_of = np.concatenate([fit_features(known, encode), fit_features(offers, encode)])
    scaled = standard(rows_of, np.arange(len(known), dtype=np.int32))
    weights = logistic(scaled[: len(known)], np.array([one.right == "call" for one in known]))
    truths = np.array([one.right != "cannot" for one in offers])
    learned = _area(likelihood(scaled[len(known) :], weights), truths)
    rows = [*_untrained(rows_of[len(known) :], truths), Row("the same features, weighed on BFCL", {"AUROC": learned})]
    report.table("tool_fit_elsewhere", f"{WHEN2CALL.title}: {len(offers)} questions, does a tool fit", rows)


def _untrained(rows: Array, truths: Truths) -> list[Row]:
    ways: dict[str, Array] = {
        "letters alike": rows[:, 1],
        "encoder, likeness": rows[:, 0],
        "both added": np.asarray(rows[:, 0] + rows[:, 1] / 2, np.float32),
    }
    return [Row(f"{name}, best tool", {"AUROC": _area(score, truths)}) for name, score in ways.items()]


def _area(scores: Array, truths: Truths) -> float:
    return auroc([*map(float, scores)], [*map(bool, truths)]) or 0.0


def fit_features(offers: Sequence[Offer], encode: Encode) -> Array:
    """Return how the best tool on offer fits each question, (n, k); the first two columns are likenesses."""
    tools = [tool for offer in offers for tool in offer.tools]
    described = [f"{_spaced(tool.name)}: {tool.does}" for tool in tools]
    asked = [offer.question for offer in offers]
    wanted, there = encode(asked), encode(described)
    wanted, there = unit(wanted, wanted.mean(0)), unit(there, there.mean(0))
    asked_letters, tool_letters = cells(asked), cells(described)
    rows, at = [], 0
    for number, offer in enumerate(offers):
        part = slice(at, at := at + len(offer.tools))
        meaning, letters = there[part] @ wanted[number], tool_letters[part] @ asked_letters[number]
        best = int((meaning + letters / 2).argmax())
        rows.append([float(meaning[best]), float(letters[best]), *_overlaps(offer.question, offer.tools[best])])
    return np.array(rows, np.float32)


def _overlaps(question: str, tool: Tool) -> list[float]:
    """Return which words a question shares with a tool, and whether it gives the numbers the tool needs."""
    asked, numbers = _words(question), len(re.findall(r"\d+(?:\.\d+)?", question))
    name, does = _words(_spaced(tool.name)), _words(f"{_spaced(tool.name)} {tool.does}")
    takes = _words(" ".join(f"{key} {one.get('description', '')}" for key, one in tool.properties.items()))
    required = [tool.properties[key] for key in tool.takes.get("required", ()) if key in tool.properties]
    need = sum(one.get("type") in ("integer", "float", "number") for one in required)
    choices = [str(choice).lower() for one in tool.properties.values() for choice in one.get("enum", ())]
    return [
        len(asked & does) / (len(does) + 1),
        len(asked & name) / max(len(name), 1),
        len(asked & takes) / (len(takes) + 1),
        len(asked & (does | takes)) / (len(asked) + 1),
        min(numbers, 5) / 5,
        min(need, 5) / 5,
        float(numbers >= need),
        (numbers - need) / 5,
        len(required) / 5,
        float(any(choice in question.lower() for choice in choices)),
        len(question) / 200,
    ]


def _spaced(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", re.sub(r"[_.]", " ", name))


def _words(text: str) -> set[str]:
    found = re.findall(r"[a-z]{3,}", text.lower())
    stems = {re.sub(r"(ing|ed|es|s|e)$", "", word) for word in found}
    return {stem for stem in stems if not COMMON.fullmatch(stem)}
