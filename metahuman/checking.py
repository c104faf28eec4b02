"""Asks every model for real whether it does what a turn needs of it: answer, fit a schema, call a tool."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from langchain_core.messages import AIMessage
from pydantic import BaseModel, Field, ValidationError

from metahuman.models.plan import places_of
from metahuman.models.providers import Provider, open_provider
from metahuman.models.resolved import ResolvedModel, distinct
from metahuman.models.role_chat_model import RoleChatModel
from metahuman.models.router import RoleRouter
from metahuman.models.schema import EMBEDDER, REQUIRED_ROLES, first_problem
from metahuman.state.errors import BadAnswer, BadRequest, EmptyAnswer, ModelError, NoModelAnswered, RefusedAnswer
from metahuman.state.events import ModelCall

Step = Literal["reachable", "answers", "json", "tool"]
STEPS: tuple[Step, ...] = get_args(Step)

#: Failures of one answer; after any other, the next question would fail in the same way.
OF_ONE_ANSWER = (BadAnswer, BadRequest, EmptyAnswer, RefusedAnswer)

SENTENCE = "Say in one short sentence who you are."
COLOUR = "Name a colour of your choice, and say whether it is a warm one."
SUM = "How much is 17 plus 25? Use the tool."


class Colour(BaseModel):
    """A colour."""

    name: str = Field(max_length=40)
    warm: bool


class Add(BaseModel):
    """Add two whole numbers."""

    a: int
    b: int


@dataclass(frozen=True)
class Asking:
    """A model is being asked something.

    Args:
        model_id: Its id.
        step: What it is asked.
    """

    model_id: str
    step: Step


@dataclass
class Checked:
    """What one model can do.

    Args:
        model: The model.
        asked_as: The roles it may be asked as, each with its place in the role's hierarchy, from 1.
        done: Whether each step went well; a step that made no sense any more is not there.
        problems: Why a step did not go well.
        first_token_ms: Milliseconds to the first word; where it was not in memory, with the loading.
        tokens_per_second: How quickly the words came after it.
    """

    model: ResolvedModel
    asked_as: Mapping[str, int]
    done: dict[Step, bool] = field(default_factory=dict)
    problems: dict[Step, str] = field(default_factory=dict)
    first_token_ms: float | None = None
    tokens_per_second: float | None = None

    def as_json(self) -> dict[str, Any]:
        """Return it in camelCase; a step that was not tried is null."""
        return {
            "modelId": self.model.model_id,
            "provider": self.model.provider,
            "model": self.model.model,
            "askedAs": dict(self.asked_as),
            **{step: self.done.get(step) for step in STEPS},
            "firstTokenMs": self.first_token_ms,
            "tokensPerSecond": self.tokens_per_second,
            "problems": dict(self.problems),
        }


class Check:
    """Checks the models that roles may ask, each alone and through the role router, as a turn would ask it.

    Args:
        router: Asks them.
        mode: The cognitive mode.
        roles: Only these roles; by default all.
        providers: Finds a provider by its type.
    """

    def __init__(
        self,
        router: RoleRouter,
        mode: str | None,
        roles: Iterable[str] = (),
        providers: Callable[[str], Provider] = open_provider,
    ) -> None:
        self._router, self._mode, self._providers = router, mode, providers
        chosen, known = set(roles), router.registry().asked(mode)
        self._roles = {role: models for role, models in known.items() if role in chosen or not chosen}
        self._needed = chosen or set(REQUIRED_ROLES)

    async def run(self) -> AsyncIterator[Asking | Checked]:
        """Yield what is being asked, and each model once it is done with; one at a time, for their times' sake."""
        for model in distinct(self._roles):
            checked = Checked(model, places_of(model.model_id, self._roles))
            for step, work in self._steps(checked):
                yield Asking(model.model_id, step)
                if not await _goes_on(checked, step, work):
                    break
            yield checked

    def unanswered(self, checked: Iterable[Checked]) -> list[str]:
        """Return the roles that nobody answers for, of those that must be: the required ones, or those chosen."""
        done = {one.model.model_id: one.done for one in checked}
        return [
            role
            for role, models in self._roles.items()
            if role in self._needed
            and models
            and not any(done[model.model_id].get("reachable" if role == EMBEDDER else "answers") for model in models)
        ]

    def _steps(self, checked: Checked) -> list[tuple[Step, Callable[[], Awaitable[None]]]]:
        model = checked.model
        # As the role that asks it soonest: each has a deadline, and may want its prompts to stay at home.
        role = min(checked.asked_as, key=lambda name: checked.asked_as[name])
        steps: list[tuple[Step, Callable[[], Awaitable[None]]]] = [
            ("reachable", lambda: self._providers(model.kind).check(model))
        ]
        if role == EMBEDDER:  # it cannot talk
            return steps
        chat = RoleChatModel(
            router=self._router, role=role, mode=self._mode, overrides={"modelId": model.model_id}, alone=True
        )
        return [
            *steps,
            ("answers", lambda: _answer(chat, checked)),
            ("json", lambda: _fit(chat)),
            ("tool", lambda: _call_tool(chat)),
        ]


async def _goes_on(checked: Checked, step: Step, work: Callable[[], Awaitable[None]]) -> bool:
    """Try a step; tell whether those after it make sense."""
    try:
        await work()
    except ModelError as error:
        why = error.failures[-1][1] if isinstance(error, NoModelAnswered) and error.failures else error
        checked.done[step], checked.problems[step] = False, " ".join(str(why).split())
        return isinstance(why, OF_ONE_ANSWER)
    checked.done[step] = True
    return True


async def _answer(chat: RoleChatModel, checked: Checked) -> None:
    """Have it say something, and time it."""
    told: dict[str, Any] = {}
    thought = False
    async for chunk in chat.astream(SENTENCE):
        told |= chunk.response_metadata
        thought = thought or bool(chunk.additional_kwargs.get("reasoning_content"))
    call: ModelCall = told["modelCall"]
    checked.first_token_ms = call["firstTokenMs"]
    # Thoughts are among the tokens: where there were any, so is their time, which passed before the first word.
    started = 0.0 if thought else call["firstTokenMs"] or 0.0
    seconds = told.get("eval_duration", 0) / 1e9 or (call["latencyMs"] - started) / 1000  # Ollama keeps time itself
    tokens = call["tokens"]["completion"]
    checked.tokens_per_second = round(tokens / seconds, 1) if tokens and seconds > 0 else None


async def _fit(chat: RoleChatModel) -> None:
    """Have it fill in a schema; what does not fit raises."""
    await chat.with_structured_output(Colour).ainvoke(COLOUR)


async def _call_tool(chat: RoleChatModel) -> None:
    """Have it call a tool.

    Raises:
        BadAnswer: If it does not, or not as the tool is to be called.
    """
    message = await chat.bind_tools([Add]).ainvoke(SUM)
    if problem := _misuse(message):
        raise BadAnswer(problem, message.text)


def _misuse(message: AIMessage) -> str | None:
    """Return what is wrong with a call of the tool; None if nothing is."""
    if not message.tool_calls:
        return "its call cannot be read" if message.invalid_tool_calls else "it answers in words, and calls no tool"
    call = message.tool_calls[0]
    if call["name"] != Add.__name__:
        return f"it calls {call['name']!r}, which is not there"
    try:
        Add.model_validate(call["args"], strict=True)
    except ValidationError as error:
        key, problem = first_problem(error)
        return f"it calls the tool wrongly: {key}: {problem}"
    return None
