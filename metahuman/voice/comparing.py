"""The same prompts answered with a voice and without it, for somebody to say which is better.

They are asked as a turn would ask them: through the role router, as the persona, with its description before them. Only
nothing is recalled, and nothing remembered. Both answers draw from the same seed.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from langchain_core.messages import HumanMessage, SystemMessage

from metahuman.checking import OF_ONE_ANSWER
from metahuman.home import Home
from metahuman.models.registry import Registry
from metahuman.models.role_chat_model import RoleChatModel
from metahuman.nodes.prompts import render
from metahuman.state.errors import BadChoice, ModelError, NoModelAnswered, SettingError
from metahuman.state.files import digest_of, make_folder, read_json, update_json
from metahuman.state.moments import iso
from metahuman.training.job import EVALUATION, PEFT
from metahuman.voice.blind import FILE, Ab, Pair, Sheet, Side, read_ab, sheet_of
from metahuman.voice.questions import Question, questions
from metahuman.voice.runs import Run
from metahuman.wiring import HomeServices, open_services

COUNT = 20
#: Tokens of an answer: nobody reads more of twenty pairs.
LONGEST = 200
#: Told how many pairs of answers there are by now, and of how many.
Tell = Callable[[int, int], None]


@dataclass(frozen=True)
class Prepared:
    """Answers to compare.

    Args:
        ab: The comparison.
        unanswered: Why a prompt has no pair, by the prompt: a model's answer to it was of no use.
    """

    ab: Ab
    unanswered: dict[str, str]


async def prepared(
    home: Home,
    run: Run,
    *,
    count: int = COUNT,
    prompts: Path | None = None,
    seed: int | None = None,
    tell: Tell | None = None,
    services: HomeServices | None = None,
) -> Prepared:
    """Return a run's comparison, with answers to all that is to be asked; those that are there are kept.

    Each pair is written down once both have answered, so that a run that was cut short goes on from there.

    Args:
        home: The home.
        run: Whose voice.
        count: How many prompts at most.
        prompts: A file of prompts, one in each line, instead of the run's held-out questions and neutral ones.
        seed: Of the drawing, for a comparison that does not exist yet; by default a random one.
        tell: Told as it goes on.
        services: The home's services; opened for this by default.

    Raises:
        BadChoice: If the base has no entry in the registry, or there is nothing to ask.
        ModelError: If a model cannot be asked at all.
        SettingError: If the comparison's file was edited so that it cannot be read, or is another adapter's.
        StoreError: If something cannot be read or written.
    """
    async with AsyncExitStack() as opened:
        if services is None:
            services = open_services(home)
            opened.push_async_callback(services.aclose)
        adapter = adapter_of(run, services.registry())
        ab = _begun(run, seed, iso(services.clock.now()))
        asked = questions(run, count, ab.sheet.seed, prompts)
        missing = [one for one in asked if id_of(one.prompt) not in {pair.id for pair in ab.sheet.pairs}]
        asking, unanswered = _Asking(services, run.job.base.model_id, adapter, ab.sheet.seed), {}
        about = render("persona", about=await services.memory.persona_summary()) if missing else ""
        for done, question in enumerate(missing, start=len(asked) - len(missing) + 1):
            try:
                ab = _with_pair(ab, await asking.pair(about, question, voice_first=bool(done % 2)))
            except ModelError as error:
                unanswered[question.prompt] = _of_one_answer(error)
            if tell:
                tell(done, len(asked))
        return Prepared(ab, unanswered)


def adapter_of(run: Run, registry: Registry) -> Path:
    """Return the adapter as the base's provider takes it: vLLM the folder that PEFT wrote, the others the GGUF file.

    Raises:
        BadChoice: If the registry has no entry of the base any more.
    """
    entry = registry.file.models.get(run.job.base.model_id)
    if entry is None:
        raise BadChoice(f"{registry.path} has no model {run.job.base.model_id!r}, which {run.name} was trained for")
    return run.folder / PEFT if registry.settings(entry.provider).server == "vllm" else run.gguf


@dataclass(frozen=True)
class _Asking:
    """How answers are had.

    Args:
        services: Whose models answer.
        model_id: The base's entry in the registry.
        adapter: What the voice speaks with.
        seed: Of what models draw.
    """

    services: HomeServices
    model_id: str
    adapter: Path
    seed: int

    async def pair(self, about: str, question: Question, *, voice_first: bool) -> Pair:
        """Return both answers to a question.

        Args:
            about: The persona's description.
            question: The question.
            voice_first: Who is asked first. By turns: a model computes a prompt anew with each change of adapters.
        """
        prompt = [SystemMessage(about), HumanMessage(question.prompt)]
        order: list[Side] = ["voice", "base"] if voice_first else ["base", "voice"]
        texts = {side: await self._answer(prompt, [str(self.adapter)] if side == "voice" else []) for side in order}
        return Pair(id=id_of(question.prompt), prompt=question.prompt, origin=question.origin, **texts)

    async def _answer(self, prompt: list[Any], adapters: list[str]) -> str:
        chat = RoleChatModel(
            router=self.services.models,
            role="persona",
            overrides={"modelId": self.model_id, "adapters": adapters},
            options={"seed": self.seed % 2**31, "maxTokens": LONGEST},
            alone=True,
        )
        return (await chat.ainvoke(prompt)).text.strip()


def _begun(run: Run, seed: int | None, now: str) -> Ab:
    """Return the run's comparison, begun if there is none.

    Raises:
        SettingError: If the one that is there is of another adapter.
    """
    folder, digest = run.folder / EVALUATION, digest_of(run.gguf)
    if not (folder / FILE).exists():
        drawn = secrets.randbits(31) if seed is None else seed
        sheet = Sheet(run=run.name, adapter=digest, model_id=run.job.base.model_id, seed=drawn, created_at=now)
        with update_json(make_folder(folder) / FILE) as content:
            content.update(content or sheet.model_dump(mode="json", by_alias=True))
    ab = read_ab(folder)
    if ab.sheet.adapter != digest:
        remedy = "move it away: new answers are then made"
        raise SettingError(ab.path, "adapter", "its answers are those of another adapter than this run has", remedy)
    return ab


def _with_pair(ab: Ab, pair: Pair) -> Ab:
    """Write a pair down, unless another process has meanwhile; return the comparison as it is now."""
    with update_json(ab.path) as content:
        before = sheet_of(ab.path, content)
        if all(one.id != pair.id for one in before.pairs):
            content["pairs"] = [one.model_dump(mode="json", by_alias=True) for one in (*before.pairs, pair)]
    return Ab(ab.path, sheet_of(ab.path, read_json(ab.path)))


def _of_one_answer(error: ModelError) -> str:
    """Return why one answer is of no use; a failure that the next question would meet too is raised again."""
    why = error.failures[-1][1] if isinstance(error, NoModelAnswered) and error.failures else error
    if not isinstance(why, OF_ONE_ANSWER):
        raise why
    return str(why)


def id_of(prompt: str) -> str:
    """Return the id of a prompt's pair."""
    return hashlib.sha256(prompt.encode(errors="replace")).hexdigest()[:12]
