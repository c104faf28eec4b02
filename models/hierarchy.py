"""Who is asked for a role, how often, and for how long: the one loop that every model call goes through."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from typing import Any, TypeVar

from langchain_core.language_models import BaseChatModel

from metahuman.models.breaker import Breaker
from metahuman.models.calls import CallRecord, RoleCall
from metahuman.models.clients import Client, Clients
from metahuman.models.lanes import Visit
from metahuman.models.locality import too_far
from metahuman.models.providers import Provider, Wish
from metahuman.models.registry import Registry
from metahuman.models.resolved import ResolvedModel
from metahuman.models.schema import ProviderSettings, RolePolicy
from metahuman.models.tool_plans import as_plan
from metahuman.state.errors import ModelError, ModelMissing, ModelTimeout, NoModelAnswered, OverCap, TooFar
from metahuman.state.services import Clock, Usage

T = TypeVar("T")
#: Seconds before the first try again at the most, doubled with each: "full jitter", the least crowded of those
#: compared in Exponential Backoff And Jitter (M. Brooker, AWS Architecture Blog, 2015).
BACKOFF = 0.25


@dataclass(frozen=True)
class Try:
    """One try at one model.

    Args:
        model: The model.
        client: Its chat model, what its server calls it, and its provider.
        wish: What is asked for, as this model is asked for it.
        options: The keyword arguments of the call.
        mistake: What was wrong with its last answer, if it is to be told.
    """

    model: ResolvedModel
    client: Client
    wish: Wish
    options: dict[str, Any]
    mistake: ModelError | None

    @property
    def chat(self) -> BaseChatModel:
        """The chat model to ask."""
        return self.client.chat

    def explained(self) -> AbstractContextManager[None]:
        """Turn what the client raises inside the block into this program's errors."""
        return explained(self.client.provider, self.model)


Attempt = Callable[[Try], Awaitable[T]]


class Hierarchy:
    """Goes down a role's hierarchy until somebody answers.

    Args:
        registry: Returns the registry in force; asked at every call.
        clients: Opens the models.
        breaker: Keeps calls from models that failed a moment ago.
        clock: Times the pauses.
        usage: What was asked of whom today; None where nobody counts.
    """

    def __init__(
        self,
        registry: Callable[[], Registry],
        clients: Clients,
        breaker: Breaker,
        clock: Clock,
        usage: Usage | None,
    ) -> None:
        self._registry, self._clients, self._breaker = registry, clients, breaker
        self._clock, self._usage = clock, usage

    async def first(self, call: RoleCall, record: CallRecord, visit: Visit, attempt: Attempt[T]) -> T:
        """Return the first answer of the hierarchy.

        While others wait behind it, a model may take half of the time that is left: a server that keeps silent must
        not use up the time in which the next could have answered. Time spent queueing is nobody's.

        Args:
            call: What is asked.
            record: Notes what happens.
            visit: The call's place in the queues before providers; it is kept until whoever opened it closes it.
            attempt: Asks one model once.

        Raises:
            NoModelAnswered: If every model failed.
            ModelError: If the request itself is at fault.
        """
        registry, now = self._registry(), asyncio.get_running_loop().time
        models, policy = call.models(registry), registry.policy(call.role)
        ends = now() + min(policy.deadline, call.deadline or float("inf")) / 1000
        for model in models:
            record.turn_to(model)
            last = model is models[-1]
            until = ends if last else now() + (ends - now()) / 2
            try:
                provider = self._clients.provider(model)
                # Who wants no stand-ins has a way of going on without an answer.
                last_hope = last and not call.listed_only
                async with self._breaker.admitted(model, provider, last_hope=last_hope):
                    queued = now()
                    await visit.enter(model)
                    ends, until = ends + now() - queued, until + now() - queued
                    await self._see_that_it_may(model, call, policy, registry.path)
                    return await self._ask(model, provider, call, record, attempt, until)
            except ModelError as error:
                record.failed(error)
                record.nobody()
                if not error.falls_back:
                    raise
        raise NoModelAnswered(call.role, record.failures)

    async def _see_that_it_may(self, model: ResolvedModel, call: RoleCall, policy: RolePolicy, file: Path) -> None:
        """Raise if the owner does not want `model` to be asked this."""
        if place := await too_far(model, policy):
            key = f"rolePolicies.{call.role}.locality"
            raise TooFar(
                f"what is asked as {call.role} stays here, and {model.model_id} would take it to {place}; "
                f'{key}: "any" in {file} allows that'
            )
        cap = model.settings.daily_cap
        if self._usage is None or not cap.model_fields_set:
            return
        day = self._clock.now().astimezone(UTC).date().isoformat()
        spent = await asyncio.to_thread(self._usage.spent, model.provider, day)
        for name, used in spent._asdict().items():
            if (most := getattr(cap, name)) is not None and used >= most:
                key = f"providers.{model.provider}.dailyCap.{name}"
                raise OverCap(f"{model.provider} has had {used:g} {name} today, and {key} in {file} is {most:g}")

    async def _ask(
        self,
        model: ResolvedModel,
        provider: Provider,
        call: RoleCall,
        record: CallRecord,
        attempt: Attempt[T],
        until: float,
    ) -> T:
        """Return the model's answer; it is asked again where its failure is of a kind that may pass."""
        failures: list[ModelError] = []
        while True:
            try:
                with explained(provider, model):
                    async with asyncio.timeout_at(until):
                        client = await self._clients.of(model)
                        mistake = failures[-1] if failures and failures[-1].again == "told" else None
                        plans = bool(call.wish.tools) and not model.calls_tools
                        wish = as_plan(call.wish) if plans else call.wish
                        options = provider.request(model, client.served, wish)
                        return await attempt(Try(model, client, wish, options, mistake))
            except ModelError as error:
                if isinstance(error, ModelMissing):
                    self._clients.forget(model)
                if isinstance(error, ModelTimeout) and call.deadline is not None:
                    error.trips = None  # an impatient caller says nothing about the model
                failures.append(error)
                wait = _wait(failures, model.settings)
                if wait is None or asyncio.get_running_loop().time() + wait >= until:
                    raise
                record.failed(error)
                await self._clock.sleep(wait)


def _wait(failures: Sequence[ModelError], settings: ProviderSettings) -> float | None:
    """Return the seconds before a model that failed so is asked again; None if it is not."""
    last = failures[-1]
    before = sum(failure.again == last.again for failure in failures[:-1])
    if last.again == "told":
        return None if before else 0
    if last.again == "never" or before >= settings.retries:
        return None
    jitter = random.uniform(0, BACKOFF * 2**before)  # noqa: S311 - not a secret
    wait = jitter if last.retry_after is None else last.retry_after + jitter
    return wait if wait <= settings.retry_wait / 1000 else None


@contextmanager
def explained(provider: Provider, model: ResolvedModel) -> Iterator[None]:
    """Turn what the client of `model` raises into this program's errors; what is not about the model passes."""
    try:
        yield
    except ModelError:
        raise
    except Exception as error:
        failure = provider.explain(error, model)
        if failure is None:
            raise
        raise failure from error
