"""Routes for the voices that were trained: which there are, and blind votes on their answers."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field

from metahuman.server.turns import Word
from metahuman.server.twin import JSON, Opened, Twin
from metahuman.training.job import EVALUATION
from metahuman.voice.blind import Ab, Choice, next_pair, read_ab, vote
from metahuman.voice.counting import result
from metahuman.voice.listing import listed
from metahuman.voice.runs import find_run

routes = APIRouter(prefix="/api/voices", tags=["voices"])

Name = Annotated[str, Field(min_length=1, max_length=100)]


class Voted(BaseModel):
    """Which answer of a pair is better, as they were shown."""

    pair: Word
    choice: Choice


@routes.get("")
def voices(twin: Twin) -> JSON:
    """List the voices: from what each was trained, how well it does, and in which modes it speaks."""
    return listed(twin.home, twin.services.registry())


@routes.get("/{run}/votes")
def waiting(run: Name, twin: Twin) -> JSON:
    """Return the next two answers to vote on; once there are none, what the votes come to."""
    return _told(_ab(run, twin))


@routes.post("/{run}/votes")
def voted(run: Name, said: Voted, twin: Twin) -> JSON:
    """Vote on two answers; returns the next."""
    of = twin.services
    return _told(vote(_ab(run, twin), said.pair, said.choice, audit=of.audit, clock=of.clock))


def _ab(run: str, twin: Opened) -> Ab:
    return read_ab(find_run(twin.home, run).folder / EVALUATION)


def _told(ab: Ab) -> JSON:
    """Return what a voter may know: nothing of the votes before the last."""
    shown = next_pair(ab)
    return {"pair": shown and shown._asdict(), "result": None if shown else result(ab).as_json()}
