"""What a voice says, and its base, to the prompts of the held-out pairs: `evaluation/samples.jsonl` of a run.

The prompts are asked as they were trained: alone, without the persona's description. So it is the adapter that is
measured, and not what a description makes of it; `metahuman persona ab` compares with the description in place.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

from metahuman.checking import OF_ONE_ANSWER
from metahuman.models.role_chat_model import RoleChatModel
from metahuman.state.errors import ModelError, NoModelAnswered, SettingError
from metahuman.state.files import digest_of, json_object, store_errors, write_atomic
from metahuman.training.job import EVALUATION
from metahuman.voice.comparing import adapter_of
from metahuman.voice.runs import Run
from metahuman.wiring import HomeServices

FILE, HELD_OUT = "samples.jsonl", "held-out.jsonl"
#: Tokens of an answer, at most; characters of what is asked: longer ones are texts to work on.
LONGEST, ASKED = 160, 1_500
REMEDY = "build the dataset anew with `metahuman dataset build`"
MESSAGES = {"system": SystemMessage, "user": HumanMessage, "assistant": AIMessage}
#: Told how many samples there are by now, and of how many.
Told = Callable[[int, int], None]


@dataclass(frozen=True)
class Prompt:
    """Something to ask.

    Args:
        id: A digest of it.
        messages: What was said, the last by the person.
        owner: What the owner answered.
        group: The conversation it is from.
    """

    id: str
    messages: Sequence[BaseMessage]
    owner: str
    group: str


async def sampled(run: Run, count: int, services: HomeServices, tell: Told) -> list[dict[str, Any]]:
    """Return so many samples of a run; those that are there are kept, each new one is written down as it comes.

    Args:
        run: The run.
        count: How many prompts are asked at most.
        services: The home's services.
        tell: Told as it goes on.

    Raises:
        BadChoice: If the base has no entry in the registry any more.
        ModelError: If a model cannot be asked at all.
        SettingError: If a row of the dataset is wrong.
        StoreError: If something cannot be read or written.
    """
    path, adapter = run.folder / EVALUATION / FILE, adapter_of(run, services.registry())
    digest = digest_of(run.gguf)
    prompts = chosen(run, count)
    there = {line["id"]: line for line in kept(path) if line.get("ggufSha256") == digest}
    found = [there[one.id] for one in prompts if one.id in there]
    for one in (one for one in prompts if one.id not in there):
        tell(len(found), len(prompts))
        answers = await _answers(run, one, adapter, services)
        found.append(_line(one, digest, answers))
        write_atomic(path, "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in found).encode())
    tell(len(found), len(prompts))
    return found


def chosen(run: Run, count: int) -> list[Prompt]:
    """Return the prompts to ask: those of the held-out pairs, spread over the conversations, drawn by the run's seed.

    Raises:
        SettingError: If a row is wrong.
        StoreError: If the dataset cannot be read.
    """
    path = run.folder / run.job.dataset.folder / HELD_OUT
    with store_errors(path, REMEDY):
        lines = path.read_bytes().splitlines() if path.exists() else []
    talks: dict[str, list[Prompt]] = {}
    for number, line in enumerate(lines, start=1):
        one = _prompt(path, number, line)
        if len(str(one.messages[-1].content)) <= ASKED:
            talks.setdefault(one.group, []).append(one)
    chance = random.Random(run.job.settings.seed)  # noqa: S311 - so that they are the same when asked again
    for talk in talks.values():
        chance.shuffle(talk)
    turns = [one for turn in range(max(map(len, talks.values()), default=0)) for one in _at(talks.values(), turn)]
    return list({one.id: one for one in turns}.values())[:count]


def kept(path: Path) -> list[dict[str, Any]]:
    """Return the samples that are there; a line that is none is made again.

    Raises:
        StoreError: If the file cannot be read.
    """
    with store_errors(path, "check that it can be read"):
        lines = path.read_bytes().splitlines() if path.exists() else []
    return [value for line in lines if (value := _sample(line))]


def _at(talks: Any, turn: int) -> list[Prompt]:
    return [talk[turn] for talk in talks if turn < len(talk)]


def _sample(line: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    keys = ("id", "prompt", "base", "adapter")
    return value if isinstance(value, dict) and all(isinstance(value.get(key), str) for key in keys) else None


def _prompt(path: Path, number: int, line: bytes) -> Prompt:
    try:
        row = json_object(path, line)
        messages = [MESSAGES[one["role"]](str(one["content"])) for one in row["messages"]]
        about = row.get("metadata") or {}
        group = str(about.get("conversationId") or about.get("sourceId") or number)
    except (SettingError, KeyError, TypeError, AttributeError):
        messages = []
    if len(messages) < 2 or not isinstance(messages[-1], AIMessage):
        raise SettingError(path, f"line {number}", "it is no row to ask", REMEDY)
    asked = json.dumps([[one.type, str(one.content)] for one in messages[:-1]], ensure_ascii=True)
    name = hashlib.sha256(asked.encode()).hexdigest()[:12]
    return Prompt(name, messages[:-1], str(messages[-1].content), group)


async def _answers(run: Run, asked: Prompt, adapter: Path, services: HomeServices) -> dict[str, str]:
    ways: dict[str, list[str]] = {"base": [], "adapter": [str(adapter)]}
    return {name: await _answer(run, asked, adapters, services) for name, adapters in ways.items()}


async def _answer(run: Run, asked: Prompt, adapters: list[str], services: HomeServices) -> str:
    chat = RoleChatModel(
        router=services.models,
        role="persona",
        overrides={"modelId": run.job.base.model_id, "adapters": adapters},
        options={"seed": int(asked.id, 16) % 2**31, "maxTokens": LONGEST},
        alone=True,
    )
    try:
        return (await chat.ainvoke(list(asked.messages))).text.strip()
    except ModelError as error:
        why = error.failures[-1][1] if isinstance(error, NoModelAnswered) and error.failures else error
        if isinstance(why, OF_ONE_ANSWER):
            return ""  # a model that says nothing has said that
        raise why from error


def _line(asked: Prompt, digest: str, answers: dict[str, str]) -> dict[str, Any]:
    prompt = str(asked.messages[-1].content)
    about = {"id": asked.id, "group": asked.group, "prompt": prompt, "owner": asked.owner}
    return {**about, **answers, "ggufSha256": digest, "maxTokens": LONGEST}
