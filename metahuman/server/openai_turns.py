"""Whole turns for clients that speak OpenAI's protocol."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from metahuman.reply import Event, Found, Reply, Token
from metahuman.server.completion import JSON, Ended, Piece, Said, usage_of
from metahuman.server.errors import Refused
from metahuman.server.iterating import reading
from metahuman.server.openai_shapes import Message
from metahuman.server.passing import NAME
from metahuman.server.twin import Opened
from metahuman.state.approvals import Ask
from metahuman.state.artifacts import Artifact
from metahuman.state.context import MODES, TurnContext
from metahuman.state.operating import told
from metahuman.state.parts import Finding

#: The model that answers in the owner's mode; with a mode after a dash, in that one.
OWN = "metahuman"
MODELS = {OWN: None, **{f"{OWN}-{mode}": mode for mode in MODES}}


def turn(twin: Opened, model: str, messages: Sequence[Message], thread: str | None) -> AsyncIterator[Event]:
    """Return a turn that answers the last message.

    On a thread, only that message is said: the thread knows what came before. Without one, the earlier messages are
    what came before, and nothing of it is kept.

    Args:
        twin: Who answers.
        model: One of `MODELS`.
        messages: The conversation, as the client has it. What it says as `system` is for models, not for the twin.
        thread: The thread that the turn belongs to, if any.

    Raises:
        Refused: If the last message is not the person's, or empty.
    """
    talk = [message for message in messages if message.role in ("user", "assistant")]
    if not talk or talk[-1].role != "user" or not talk[-1].text.strip():
        raise Refused(400, "no_message", "the last message must be the user's, and say something", "messages")
    context = TurnContext(MODELS[model])
    if thread is not None:
        return twin.turns.say(talk[-1].text, thread, context)
    return twin.passing.say([message.as_langchain() for message in talk], context)


async def spoken(events: AsyncIterator[Event], page: str) -> AsyncIterator[Piece]:
    """Yield a turn as the pieces of a completion: what specialists made, and the persona's words.

    Args:
        events: What happens.
        page: The address of the page, where a person gives their word.
    """
    async with reading(events) as happening:
        async for event in happening:
            match event:
                case Token(text):
                    yield Said(text)
                case Found(finding) if finding["source"] != "operator" or _came_to_nothing(finding):
                    yield Said(f"{made(finding)}\n\n")
                case Reply():
                    if event.waiting:
                        yield Said(asking(event.waiting, page))
                    yield Ended("length" if event.cut or event.broken else "stop", usage_of(event.calls), _told(event))


def made(finding: Finding) -> str:
    """Return what a specialist made, as Markdown; or why it made nothing."""
    parts = [_shown(artifact) for artifact in finding["artifacts"]] or [finding["content"].strip()]
    if finding["error"]:
        parts.append(f"({finding['source']}: {finding['error']})")
    return "\n\n".join(filter(None, parts))


def asking(ask: Ask, page: str) -> str:
    """Return in words that a call waits for a person, and where they can answer."""
    where = f"{page}#/approvals"
    preview = f"\n\n{_fenced(ask['preview'], 'diff')}" if ask["preview"] else ""
    return (
        f"Before I go on, I need your word: {told(ask['call'])}. It waits because {ask['ruling']['why']}.{preview}\n\n"
        f"Answer at {where}, or with `metahuman approvals` (thread {ask['thread']})."
    )


def _came_to_nothing(finding: Finding) -> bool:
    return bool(finding["error"]) and not finding["content"]


def _shown(artifact: Artifact) -> str:
    code = artifact["kind"] == "code"
    body = _fenced(artifact["text"], artifact["language"]) if artifact["kind"] == "code" else artifact["text"].strip()
    problem = f"\n\n({artifact['problem']})" if artifact["problem"] else ""
    return f"`{artifact['name']}`\n{body}{problem}" if code else f"{body}{problem}"


def _fenced(text: str, language: str) -> str:
    """Return text between fences that it does not have itself."""
    fence = "```"
    while fence in text:
        fence += "`"
    return f"{fence}{language}\n{text.rstrip()}\n{fence}"


def _told(reply: Reply) -> JSON:
    """Return what is told of a turn beside its words."""
    return {
        "thread": None if reply.thread == NAME else reply.thread,
        "mode": reply.mode,
        "route": reply.route,
        "evidence": [one["id"] for one in reply.evidence],
        "artifacts": [one["name"] for one in reply.artifacts],
        "memoryId": reply.memory_id,
        "waiting": reply.waiting is not None,
        "broken": reply.broken,
    }
