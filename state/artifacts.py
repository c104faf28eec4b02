"""What specialists make: code, plans, summaries, dreams, cleaned text: whole, typed, never retyped by the persona."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Literal, TypeAlias

from typing_extensions import TypedDict  # before Python 3.12, pydantic can only describe this one to Studio

from metahuman.state.topics import topics_of

#: Artifacts that a thread keeps, and characters of all of them: what is asked next is most often about the last.
KEPT, CHARACTERS = 12, 200_000
#: Characters of a file's name before its dot, and after it: of any script, it fits into the 255 bytes of file systems.
NAME, ENDING = 40, 16
#: What a file is called whose task has no topic.
UNTITLED = "untitled"


class Made(TypedDict):
    """What every artifact has: a file name, its whole text, and what a check found wrong with it, if anything."""

    name: str
    text: str
    problem: str | None


class CodeFile(Made):
    """One file of code. `language` is as the model named it, else as the file ends; `defines` what can be called in it.

    It is "" where neither tells.
    """

    kind: Literal["code"]
    language: str
    defines: list[str]


class PlanStep(TypedDict):
    """A step of a plan; `after` are the numbers of the steps that come before it, `takes` an estimate in words."""

    number: int
    step: str
    after: list[int]
    takes: str


class Plan(Made):
    """Steps towards a goal."""

    kind: Literal["plan"]
    steps: list[PlanStep]


class Pointer(TypedDict):
    """Where in the source a sentence of a summary is from: characters of both, `end` being the first beyond it.

    `start` and `end` are None for a sentence that the source does not bear out.
    """

    sentence: list[int]
    start: int | None
    end: int | None


class Condensed(Made):
    """A summary. `words` is how many it has, `asked` the length that was asked for, in words."""

    kind: Literal["summary"]
    words: int
    asked: str
    pointers: list[Pointer]


class Words(Made):
    """A dream, or a text that was cleaned."""

    kind: Literal["dream", "text"]


Artifact: TypeAlias = CodeFile | Plan | Condensed | Words


class Kept(TypedDict):
    """An artifact of a thread, with the turn and the job that it came from."""

    turn: str
    job: str
    artifact: Artifact


def brief(artifact: Artifact) -> str:
    """Return an artifact as the persona is told of it: code by its outline, which nobody can misquote, else whole."""
    told = artifact["text"].strip()
    if artifact["kind"] == "code":
        count = len(told.splitlines())
        lines = f"{count} line{'' if count == 1 else 's'}"
        defines = f", defines {', '.join(artifact['defines'])}" if artifact["defines"] else ""
        told = f"{artifact['name']} ({', '.join(filter(None, [artifact['language'], lines]))}{defines})"
    return f"{told} [but: {artifact['problem']}]" if artifact["problem"] else told


def keep(before: Iterable[Kept], new: Iterable[Kept]) -> list[Kept]:
    """Return the artifacts of a thread after some were added, the latest last; one made anew replaces the one before.

    The oldest go first when there are too many; those of the latest turn all stay, for they are yet to be saved.
    """
    fresh = list(new)
    again = {(one["turn"], one["job"]) for one in fresh}
    both = [*(one for one in before if (one["turn"], one["job"]) not in again), *fresh]
    while both and both[0]["turn"] != both[-1]["turn"] and _too_many(both):
        both = both[1:]
    return both


def named(task: str, ending: str) -> str:
    """Return a file name for what a task asks for, of its topics; `ending` has its dot."""
    return file_name(f"{'-'.join(topics_of(task)[:2]) or UNTITLED}{ending}", f"{UNTITLED}{ending}")


def file_name(wanted: str, otherwise: str) -> str:
    """Return a plain file name: the last part of a path, of letters, digits, dots and dashes; never one that hides.

    Args:
        wanted: What somebody, a model say, would call it.
        otherwise: What it is called if nothing of that is left.
    """
    last = unicodedata.normalize("NFC", re.split(r"[/\\]", wanted.strip())[-1])
    plain = re.sub(r"[^\w.-]+", "-", last).strip("-.")
    stem, dot, ending = plain.rpartition(".") if "." in plain else (plain, "", "")
    return f"{stem[:NAME].rstrip('-.')}{dot}{ending[:ENDING].rstrip('-')}" if stem else otherwise


def _too_many(kept: Sequence[Kept]) -> bool:
    return len(kept) > KEPT or sum(len(one["artifact"]["text"]) for one in kept) > CHARACTERS
