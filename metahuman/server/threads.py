"""Routes for threads and what was made on them."""

from __future__ import annotations

from fastapi import APIRouter

from metahuman.server.turns import ThreadName
from metahuman.server.twin import JSON, Twin
from metahuman.server.wire import message_json, reply_json

routes = APIRouter(prefix="/api", tags=["threads"])


@routes.get("/threads")
async def threads(twin: Twin) -> JSON:
    """List the threads, the latest spoken in first."""
    return {"threads": await twin.turns.names()}


@routes.get("/artifacts")
async def artifacts(twin: Twin, thread: ThreadName = "main") -> JSON:
    """Return what specialists made on a thread, the latest last."""
    return {"artifacts": list((await twin.turns.values(thread)).get("artifacts", []))}


@routes.get("/threads/{thread:path}")
async def one(thread: ThreadName, twin: Twin) -> JSON:
    """Return a thread's messages, its last reply with all that led to it, and what it waits for."""
    messages = (await twin.turns.values(thread)).get("messages", [])
    reply = await twin.turns.last_reply(thread)
    return {
        "thread": thread,
        "messages": [message_json(message) for message in messages],
        "reply": reply_json(reply) if reply else None,
        "unanswered": await twin.turns.unanswered(thread),
        "waiting": next(iter(await twin.turns.asks(thread)), None),
    }


@routes.delete("/threads/{thread:path}", status_code=204)
async def delete(thread: ThreadName, twin: Twin) -> None:
    """Forget a thread's messages; the memories made from them stay."""
    await twin.turns.delete(thread)
