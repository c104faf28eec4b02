"""Has the dreamer make a dream of memories that came to mind; without a model, nothing is dreamt."""

from __future__ import annotations

from functools import partial

from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage
from langgraph.runtime import Runtime

from metahuman.nodes.prompts import render
from metahuman.state.asking import Answered, ask, model_for
from metahuman.state.context import TurnContext
from metahuman.state.dreaming import Dreaming, DreamState, Inner, Linked, Made
from metahuman.state.prompting import as_block
from metahuman.state.services import Courtesy, Services

ROLE = "dreamer"
#: Words that are asked for, and characters that are kept.
WORDS, LONGEST = 150, 2_000


async def dream(
    state: DreamState, runtime: Runtime[TurnContext], *, services: Services, dreaming: Dreaming, courtesy: Courtesy
) -> DreamState:
    """Return the dream, saved as a memory unless the run is a dry one; or why there is none."""
    answered = await courtesy.gently(partial(_ask, state["chain"], runtime.context, services))
    made = await kept("dream", answered, state, dreaming)
    return {"made": [made], "calls": answered.calls}


async def kept(kind: Inner, answered: Answered[str], state: DreamState, dreaming: Dreaming) -> Made:
    """Return what a model's answer becomes: a memory, unless it is empty or the run is a dry one."""
    text = _whole((answered.value or "").strip())
    if not text:
        return Made(kind=kind, text="", memory=None, error=answered.error or "the model said nothing")
    if state.get("dryRun", False):
        return Made(kind=kind, text=text, memory=None, error=None)
    call = answered.calls[-1]["call"] if answered.calls else None
    model = str(call["model"]) if call else ""
    return Made(kind=kind, text=text, memory=await dreaming.keep(kind, text, state["chain"], model), error=None)


def as_memories(chain: list[Linked]) -> str:
    """Return the memories of a chain as a prompt has them: as data."""
    return as_block("memories", "\n".join(f"- {one['at'][:10]} {' '.join(one['text'].split())}" for one in chain))


def _whole(text: str) -> str:
    """Return a text, or as many of its sentences as are kept of one that does not come to an end."""
    if len(text) <= LONGEST:
        return text
    end = max(text.rfind(mark, 0, LONGEST) for mark in ".!?\n")
    return text[: end + 1 if end > 0 else LONGEST].strip()


async def _ask(chain: list[Linked], context: TurnContext | None, services: Services) -> Answered[str]:
    return await ask(model_for(ROLE, context, services.models), _prompt(chain), ROLE)


def _prompt(chain: list[Linked]) -> list[BaseMessage]:
    asked = render("dreaming", memories=as_memories(chain), words=str(WORDS))
    return [SystemMessage(render("dreamer")), HumanMessage(asked)]
