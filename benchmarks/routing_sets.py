"""The labelled sets that routing is measured with: public ones from the folder `--data` names, and this project's."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

OWN = Path(__file__).parent / "data" / "routing"
EXAMPLES = Path(__file__).parents[1] / "routing" / "examples"


class SetMissingError(Exception):
    """A set is not there; the message says which, and where it is from."""


@dataclass(frozen=True)
class Source:
    """A public set.

    Args:
        folder: Its folder below `--data`.
        title: What it is called in tables, with its origin and licence.
    """

    folder: str
    title: str


CLINC = Source("clinc150", "CLINC150 (Larson et al. 2019, github clinc/oos-eval, CC BY 3.0)")
HWU = Source("hwu64", "HWU64 (Liu et al. 2019, github xliuhw/NLU-Evaluation-Data, CC BY 4.0)")
API_BANK = Source("api_bank", "API-Bank (Li et al. 2023, github AlibabaResearch/DAMO-ConvAI, Apache-2.0)")
BFCL = Source("bfcl_v4", "BFCL v4 (Patil et al. 2025, github ShishirPatil/gorilla, Apache-2.0)")
WHEN2CALL = Source("when2call", "When2Call (Ross et al. 2025, github NVIDIA/When2Call, Apache-2.0)")
SPECIALISTS = Source(
    "specialist_mix", "specialist_mix (arena-hard-auto, FastChat, BiGGen: Apache-2.0; QMSum: MIT), never trained on"
)


@dataclass(frozen=True)
class Tool:
    """A function on offer: what it is called, what it does, and the JSON schema of what it takes."""

    name: str
    does: str
    takes: dict[str, Any]

    @property
    def properties(self) -> dict[str, dict[str, Any]]:
        """What it takes, by name."""
        found: dict[str, dict[str, Any]] = self.takes.get("properties", {})
        return found


@dataclass(frozen=True)
class Offer:
    """A question with the tools on offer, and what would be right: "call", "ask" or "cannot"."""

    question: str
    tools: Sequence[Tool]
    right: str


@dataclass(frozen=True)
class Turn:
    """A turn of the owner's in an API-Bank dialogue.

    Args:
        dialogue: Its number.
        lines: The whole dialogue: `role` is User, AI or API.
        at: Which of them is the turn's.
        runs: Whether a tool runs before they speak again.
        offered: The tools on offer, as the set's own protocol gives them.
        searches: Whether tools have to be looked for by a tool first.
    """

    dialogue: int
    lines: Sequence[dict[str, Any]]
    at: int
    runs: bool
    offered: tuple[str, ...]
    searches: bool

    @property
    def text(self) -> str:
        """What the owner says."""
        return str(self.lines[self.at]["text"])

    @property
    def before(self) -> Sequence[dict[str, Any]]:
        """The lines before it."""
        return self.lines[: self.at]

    def last(self, role: str) -> str:
        """Return what somebody said last; empty if they have not spoken."""
        return next((line["text"] for line in reversed(self.before) if line["role"] == role), "")

    @property
    def ran(self) -> list[str]:
        """The tools that ran before it, by name."""
        return [line["api_name"] for line in self.before if line["role"] == "API"]


def clinc(data: Path) -> dict[str, list[tuple[str, str]]]:
    """Return CLINC150's splits: texts with their intents."""
    return {
        split: [(text, intent) for text, intent in rows] for split, rows in _json(data, CLINC, "data.json")[0].items()
    }


def small_talk(data: Path) -> set[str]:
    """Return the intents of CLINC150 that are conversation."""
    return set(_json(data, CLINC, "domains.json")[0]["small_talk"])


def hwu(data: Path) -> dict[str, list[tuple[str, str]]]:
    """Return HWU64's splits: texts with their intents."""
    return {
        split: [(row["text"], row["intent"]) for row in _json(data, HWU, f"{split}.jsonl")]
        for split in ("train", "valid")
    }


def api_bank(data: Path) -> list[Turn]:
    """Return every turn of API-Bank's dialogues."""
    found = []
    for number, dialogue in enumerate(_json(data, API_BANK, "dialogues.jsonl")):
        lines, file = dialogue["lines"], dialogue["file"].split("/")
        offered = tuple(file[-1].split("-level")[0].split("-"))
        for at, line in enumerate(lines):
            if line["role"] == "User":
                role = next((later["role"] for later in lines[at + 1 :] if later["role"] != "AI"), "User")
                searches = "toolsearcher" in file[-2]
                found.append(Turn(number, lines, at, role == "API", offered, searches))
    return found


def bfcl(data: Path) -> list[Offer]:
    """Return BFCL's questions with one tool that fits, several of which one fits, and none that fits."""
    files = {"simple_python": "call", "multiple": "call", "irrelevance": "cannot"}
    return [
        Offer(_asked(row["question"]), [_tool(one) for one in row["function"]], right)
        for file, right in files.items()
        for row in _json(data, BFCL, f"BFCL_v4_{file}.json")
    ]


def when2call(data: Path) -> list[Offer]:
    """Return When2Call's questions."""
    names = {"tool_call": "call", "request_for_info": "ask", "cannot_answer": "cannot"}
    return [
        Offer(row["question"], [_tool(json.loads(one)) for one in row["tools"]], names[row["correct_answer"]])
        for row in _json(data, WHEN2CALL, "items.jsonl")
    ]


def specialists(data: Path) -> list[tuple[str, str, str]]:
    """Return specialist_mix: texts, their labels (coder, planner, summarizer or none), and their sources."""
    return [(row["text"], row["label"], row["src"]) for row in _json(data, SPECIALISTS, "items.jsonl")]


def _json(data: Path, source: Source, file: str) -> list[Any]:
    """Return the values of a file, one a line or one in all."""
    path = data / source.folder / file
    try:
        content = path.read_text(encoding="utf-8")
    except OSError as error:
        raise SetMissingError(f"{source.title}: {path} {error.strerror}") from error
    if path.name in ("data.json", "domains.json"):
        return [json.loads(content)]
    return [json.loads(line) for line in content.splitlines() if line.strip()]


def _asked(question: Sequence[Sequence[dict[str, str]]]) -> str:
    return " ".join(said["content"] for turn in question for said in turn if said["role"] == "user")


def _tool(row: dict[str, Any]) -> Tool:
    return Tool(row["name"], row.get("description", ""), row.get("parameters") or {})
