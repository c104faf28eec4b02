"""Headings by which transcripts in plain text tell who speaks: "User:", "**Tool result**", "=== Ai Message ===".

The same words head lists and diaries. They count only where a text shows that it is a transcript: where both sides
of a conversation are named, or where what follows a tool's name is what tools are given.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from metahuman.memory.curation.marks import Mark
from metahuman.memory.curation.prose import is_sentence
from metahuman.memory.curation.spans import Kind
from metahuman.memory.curation.vocabulary import BESIDE, MACHINE, WEAK, is_identifier, machine_of, speaker_of

#: Characters of a heading.
LONGEST = 140
#: Words of a heading.
WORDS = 7

_LINE = re.compile(
    r"""(?P<lead>[^\w\n"'{`|]{0,80}+
        (?:(?:(?:\d{4}-\d\d-\d\d[T\ ])?\d\d?:\d\d(?::\d\d)?(?:\.\d+)?Z?\W{1,4}|\d{1,4}[.)\]:]\s
            |(?:turn|step|round|msg|message)\W{0,2}\d{1,4}\W{1,4})[^\w\n"'{`]{0,80}+)?)
        (?P<head>`?[a-z][^\n:=\uff1a|\u2502*>\]\u00bb{}\"]{0,140}?(?:[\])][^\n:\uff1a\w]{0,3})?)
        (?P<close>[*_\])\s]{0,8}(?:[:\uff1a|\u2502\u00bb>]|=(?!=)|->|=>|\u2192|\u21d2)[*_\s]{0,4}
            |\](?!\()[ \t]*|[*_]{1,3}[ \t]+(?=`)|[\]*=\-_\u2500-\u257f>)\s]{1,120}$|$)""",
    re.VERBOSE | re.IGNORECASE,
)
_NAMED = re.compile(
    r"\s*(?:-\s+)?[\"']?(?:role|from|speaker|author|sender|source|event)[\"']?\s*[:=]\s*[\"']?([A-Za-z_-]{2,20})[\"']?,?\s*",
    re.IGNORECASE,
)
#: The signs by which terminals of agents tell a tool's name and its answer.
_SIGN = re.compile(r"[ \t]*(?:([\u23bf\u21b3])|[\U0001f527\U0001f6e0\u2699]\ufe0f?(?=\W{0,4}\w+[_(.]))")
_PART = re.compile(r"[\w./-]*\w")
_BETWEEN = re.compile(r"[^A-Za-z]+|(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_CALLED = re.compile(r"[\[(`\"']*[A-Za-z_][\w.-]*[`\"']*\s*(?:[({\[:]|$)")
#: A heading of the form that ReAct's prompts ask for (Yao et al. 2023, and LangChain's), and that nobody else writes.
_REACT = ("action", "input")
_QUESTION = {"question": "user", "task": "user", "answer": "assistant"}
_BOLD = re.compile(r"[#*=\[<\u2500-\u27bf\U0001f300-\U0001faff-]")


class Label(NamedTuple):
    """A line's heading.

    Args:
        start: Where the line begins.
        end: Where what is said after the heading begins.
        speaker: "user" or "assistant"; "" for a machine.
        kind: What of a machine's it is; "role" for a speaker.
        strong: Whether it is a heading wherever it stands in a transcript.
        fits: Whether what follows is what tools are given or give back.
        near: Whether no sentence stands between it and the heading before.
    """

    start: int
    end: int
    speaker: str
    kind: Kind
    strong: bool
    fits: bool
    near: bool = True


class Known(NamedTuple):
    """What is known of a text before its headings are read.

    Args:
        covered: Stretches in which no heading is looked for, in order.
        values: Where written-down values begin.
        tools: Names of the tools that these values call.
    """

    covered: list[tuple[int, int]]
    values: frozenset[int]
    tools: frozenset[str]


def labels_in(text: str, known: Known) -> tuple[list[Mark], bool]:
    """Return the marks that headings make, and whether they name both sides of a conversation.

    Args:
        text: What may be a transcript.
        known: What the values in it tell.
    """
    found = list(_candidates(text, known))
    reasons = any(label.strong and not label.speaker for label in found)
    sides = {label.speaker for label in found if label.strong or reasons}
    both = {"user", "assistant"} <= sides
    tools = [label for label in found if label.strong and not label.speaker and (label.fits or both)]
    if not both and not any(label.fits for label in tools):
        return [], False
    return list(_marks(found, tools=bool(tools))), both


def _candidates(text: str, known: Known) -> Iterator[Label]:
    at, place, near = 0, 0, True
    covered = known.covered
    for line in text.split("\n"):
        while place < len(covered) and covered[place][1] <= at:
            place += 1
        if place == len(covered) or covered[place][0] > at or not line:
            label = _label(line, at, known)
            if label:
                yield label._replace(near=near)
            near = bool(label) or (near and not is_sentence(line))
        at += len(line) + 1


def _label(line: str, at: int, known: Known) -> Label | None:
    sign = _SIGN.match(line)
    if sign:
        return Label(at, at + sign.end(), "", "tool result" if sign[1] else "tool call", strong=True, fits=True)
    named = _NAMED.fullmatch(line[:LONGEST])
    if named:
        words = _words(named[1])
        kind, speaker = machine_of(words), speaker_of(words)
        return Label(at, at + len(line), speaker or "", kind or "role", True, True) if kind or speaker else None
    found = _LINE.match(line[: 2 * LONGEST])
    if not found or not (found["close"].strip() or found["head"].isupper() or _BOLD.search(found["lead"])):
        return None
    return _headed(found, line, at, known)


def _headed(found: re.Match[str], line: str, at: int, known: Known) -> Label | None:
    parts = _PART.findall(found["head"])
    if len(parts) == 1 and parts[0] in known.tools:
        return Label(at, at + found.end(), "", "tool result", strong=True, fits=False)
    names = [part for part in parts if is_identifier(part) and not _known(_words(part))]
    words = [word for part in parts if part not in names for word in _words(part)]
    said = [word for word in _words(found["head"].partition("(")[0]) if word in words] or words
    names += _tool_named_in(words)
    words = [word for word in words if word not in names]
    if len(parts) > WORDS or not _known(words):
        return None
    end = at + found.end()
    rest = line[found.end() :]
    value = end + len(rest) - len(rest.lstrip()) in known.values
    given = value or bool(names) or tuple(word.lower() for word in words) == _REACT
    fits = given or bool(_CALLED.match(rest.strip()) and _names_tool(rest))
    return _judged(words, said, Label(at, end, "", "role", strong=True, fits=fits), value=value)


def _tool_named_in(words: list[str]) -> list[str]:
    """Return the one word of a heading such as "Calling tool calculate" that is the tool's name."""
    unknown = [word for word in words if not _is_known(word.lower())]
    machine = [word for word in words if word.lower() in MACHINE or word.lower() in WEAK]
    return unknown if len(unknown) == 1 and len(machine) > 1 else []


def _names_tool(rest: str) -> bool:
    first = _PART.search(rest)
    return bool(first and (("_" in first[0] and is_identifier(first[0])) or "(" in rest))


def _words(name: str) -> list[str]:
    return [word for word in _BETWEEN.split(name) if word]


def _known(words: list[str]) -> bool:
    return bool(words) and all(_is_known(word.lower()) for word in words)


def _is_known(word: str) -> bool:
    known = word in BESIDE or word in MACHINE or word in WEAK or word in _QUESTION
    return known or speaker_of([word]) is not None


def _judged(words: list[str], before: list[str], label: Label, *, value: bool) -> Label | None:
    """Return the label that words make, of which some stand before a bracket and name the speaker.

    Args:
        words: All words of the heading.
        before: Those before a bracket.
        label: Where the heading stands, and whether what follows fits a tool.
        value: Whether what follows is a written-down value.
    """
    kind = machine_of(word.lower() for word in words)
    said = [word.lower() for word in before]
    if kind:
        return label._replace(kind=kind)
    speaker = "assistant" if said == ["final", "answer"] else speaker_of(said)
    if speaker:
        return label._replace(speaker=speaker, fits=False)
    if len(said) == 1 and said[0] in _QUESTION:
        return label._replace(speaker=_QUESTION[said[0]], strong=False, fits=False)
    weak = machine_of(said, weak=True) if all(word in WEAK or word in BESIDE for word in said) else None
    return label._replace(kind=weak, strong=False, fits=value) if weak else None


def _marks(found: list[Label], *, tools: bool) -> Iterator[Mark]:
    machine = False
    for label in found:
        if label.speaker:
            if label.strong or tools:
                machine = False
                yield Mark(label.start, label.end, "say")
        elif tools and (label.strong or (machine and label.near) or label.fits):
            machine = True
            yield Mark(label.start, label.end, "drop", label.kind, guess=True)
