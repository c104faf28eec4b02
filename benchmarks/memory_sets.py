"""Reads the public sets that recall is measured on: memories, questions, and which memories answer them."""

from __future__ import annotations

import csv
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from metahuman.memory.index import Document, Stamp
from metahuman.memory.recall.words import stems

#: What LoCoMo calls its categories of questions, by number.
CATEGORIES = {1: "multi-hop", 2: "temporal", 3: "open", 4: "single", 5: "adversarial"}
_EVIDENCE = re.compile(r"D\d+:\d+")
#: Conversations of the persona set that become one life.
CHATS = 100
#: The share of a source sentence's words that a memory holds which is its source.
WHOLE = 0.75


@dataclass(frozen=True)
class Turn:
    """A memory of a set: its document, and what was said."""

    document: Document
    text: str


@dataclass(frozen=True)
class Question:
    """A question, the ids of the memories that answer it, and what kind it is."""

    text: str
    evidence: frozenset[str]
    kind: str


@dataclass(frozen=True)
class Life:
    """Memories that belong together, and questions about them, asked at `now`."""

    name: str
    turns: list[Turn]
    questions: list[Question]
    now: datetime


def turn(id_: str, text: str, at: datetime, thread: str, speaker: str = "") -> Turn:
    """Return a memory as the index keeps it."""
    words, told = " ".join(stems(text)), " ".join(stems(speaker))
    return Turn(
        Document(id_, "", Stamp(0, 0), at.timestamp(), "conversation", thread, speaker, True, words, told), text
    )


def locomo(folder: Path) -> list[Life]:
    """Return the conversations of LoCoMo (Maharana et al., 2024; CC BY-NC: for measuring only)."""
    (file,) = folder.glob("locomo*.json")
    return [_conversation(number, one) for number, one in enumerate(json.loads(file.read_text("utf-8")))]


def _conversation(number: int, told: dict[str, Any]) -> Life:
    turns: list[Turn] = []
    said = told["conversation"]
    sessions = sorted((key for key in said if re.fullmatch(r"session_\d+", key)), key=lambda key: int(key[8:]))
    for key in sessions:
        begun = datetime.strptime(said[f"{key}_date_time"], "%I:%M %p on %d %B, %Y").replace(tzinfo=UTC)
        for place, one in enumerate(said[key]):
            text = " ".join(filter(None, (one["text"], one.get("blip_caption"))))
            at = begun + timedelta(minutes=place)
            turns.append(turn(one["dia_id"], text, at, f"{number}/{key}", one["speaker"]))
    ids = {one.document.id for one in turns}
    questions = []
    for asked in told["qa"]:
        evidence = frozenset(_EVIDENCE.findall(" ".join(asked.get("evidence", [])))) & ids
        if evidence:
            questions.append(Question(asked["question"], evidence, CATEGORIES[asked["category"]]))
    last = datetime.fromtimestamp(turns[-1].document.at, UTC)
    return Life(f"conversation {number + 1}", turns, questions, last + timedelta(days=1))


def bfcl(folder: Path) -> list[Life]:
    """Return the memory questions of BFCL v4 (Apache-2.0), each scenario a life of its own."""
    answers = {one["id"]: one for one in _lines(folder / "possible_answer" / "BFCL_v4_memory.json")}
    lives: dict[str, Life] = {}
    for file in sorted((folder / "memory_prereq_conversation").glob("*.json")):
        turns = _monologue(_lines(file))
        name = file.stem.removeprefix("memory_")
        lives[name] = Life(name, turns, [], datetime(2026, 1, 1, tzinfo=UTC))
    for asked in _lines(folder / "memory_questions.jsonl"):
        life = lives[asked["scenario"]]
        wanted = answers[asked["id"]]["source"]
        if evidence := _sources(life.turns, wanted):
            life.questions.append(Question(asked["question"][0][0]["content"], evidence, asked["scenario"]))
    return list(lives.values())


def _monologue(conversations: list[dict[str, Any]]) -> list[Turn]:
    begun = datetime(2025, 1, 1, tzinfo=UTC)
    return [
        turn(f"{one['id']}:{place}", said["content"], begun + timedelta(days=day, minutes=place), one["id"])
        for day, one in enumerate(conversations)
        for place, (said, *_) in enumerate(one["question"])
    ]


def _sources(turns: list[Turn], source: str) -> frozenset[str]:
    """Return the memories that hold most words of a source sentence, which the set has cut and pieced together."""
    wanted = set(stems(source))
    held = [len(wanted & set(one.document.words.split())) / len(wanted) for one in turns]
    return frozenset(one.document.id for one, share in zip(turns, held, strict=True) if share == max(held) >= WHOLE)


def persona_chats(folder: Path) -> list[Life]:
    """Return chats of Synthetic-Persona-Chat (CC BY 4.0) as one life: a line of a persona asks for its chat."""
    turns: list[Turn] = []
    questions: list[Question] = []
    with (folder / "valid.csv").open(encoding="utf-8", newline="") as file:
        for number, row in zip(range(CHATS), csv.reader(_after_head(file)), strict=False):
            begun = datetime(2025, 1, 1, tzinfo=UTC) + timedelta(days=number)
            said = [line.partition(": ") for line in row[2].splitlines() if ": " in line]
            chat = [
                turn(f"{number}:{place}", text, begun + timedelta(minutes=place), str(number), speaker)
                for place, (speaker, _, text) in enumerate(said)
            ]
            turns += chat
            for kind, lines in (("first", row[0]), ("second", row[1])):
                speaker = "User 1" if kind == "first" else "User 2"
                evidence = frozenset(one.document.id for one in chat if one.document.speaker == speaker)
                questions += [
                    Question(line, evidence, kind) for line in lines.splitlines() if line.strip() and evidence
                ]
    return [Life("chats", turns, questions, datetime(2026, 1, 1, tzinfo=UTC))]


def _after_head(file: Any) -> Any:
    next(file)
    return file


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]
