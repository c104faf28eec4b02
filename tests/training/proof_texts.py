"""Texts for the tests of a proof: an owner who talks like Socrates, and rows as a dataset has them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from metahuman.training.proof.scoring import Voices
from metahuman.training.proof.texts import OTHERS, Unit, authors, unit

SOCRATES = Path(__file__).parent / "proof" / "socrates.jsonl"
HELD_OUT = ("cratylus", "ion")
AGAIN = ("meno",)


def pairs(*dialogues: str, but: bool = False) -> list[dict[str, Any]]:
    """Return the pairs of some dialogues, or of all `but` these."""
    found = [json.loads(line) for line in SOCRATES.read_text("utf-8").splitlines()]
    return [pair for pair in found if (pair["dialogue"] in dialogues) is not but]


def units(found: list[dict[str, Any]]) -> list[Unit]:
    return [unit(pair["assistant"], pair["dialogue"]) for pair in found]


def row(said: str, answered: str, talk: str) -> dict[str, Any]:
    messages = [{"role": "user", "content": said}, {"role": "assistant", "content": answered}]
    return {"messages": messages, "metadata": {"conversationId": talk, "weight": 1.0}}


TRAINED = units(pairs(*HELD_OUT, *AGAIN, but=True))
OTHER = authors(OTHERS)
#: Stands in for a base: one of the authors, who is then none of the others.
BASE = OTHER.pop("shelley")


def voices(adapter: list[Unit]) -> Voices:
    """Return what is judged when the adapter says this."""
    return Voices(TRAINED, units(pairs(*HELD_OUT)), {"base": BASE, "adapter": adapter}, OTHER)
