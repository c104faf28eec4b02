"""The rows of a dataset that a curated memory gives; or why there are none."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, cast, get_args

from metahuman.memory.curation.preparing import NO_CONSENT
from metahuman.memory.dataset.gates import clean, gates_version, held, syntax_in
from metahuman.memory.dataset.own_texts import Asked, Told, is_own, told_of
from metahuman.memory.dataset.settings import BuilderSettings
from metahuman.memory.dataset.splitting import split_of
from metahuman.state.curating import ONE_SIDED, Pair
from metahuman.state.moments import iso

Word = Literal["keep", "edit", "drop"]
#: Characters of a message that may still be one; the curator keeps far less.
LONGEST = 20_000
#: Characters of a conversation's name.
LONGEST_NAME = 500
#: Characters of what is told about a row: who made it, why there is none.
TOLD = 120
_MOMENTS = ("originalTimestamp", "curatedAt")
#: In whose words an answer is.
OWN, TWIN = "own", "twin"
_TYPE = re.compile(r"[a-z][a-z_-]{0,40}")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,120}")
_HASH = re.compile(r"(?:sha256:)?[0-9a-f]{16,64}")
#: What other programs take for the end of a line, though JSON does not.
_LINE_ENDS = str.maketrans({"\x85": "\\u0085", "\u2028": "\\u2028", "\u2029": "\\u2029"})


@dataclass(frozen=True)
class Made:
    """What a curated memory gives.

    Args:
        rows: The rows: what was said with its answer, and what the owner wrote passage by passage.
        held_back: Why the curator or a flag, holds it back; the owner may say otherwise.
        barred: Why there can be none as it stands, whoever says so.
        word: What the owner said of it.
        left: For each passage that is no row, why.
    """

    rows: tuple[Pair, ...] = ()
    held_back: tuple[str, ...] = ()
    barred: tuple[str, ...] = ()
    word: Word | None = None
    left: tuple[str, ...] = ()

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why there is no row; empty where there is one."""
        if self.rows:
            return ()
        if self.word == "drop":
            return ("dropped by the owner",)
        return tuple(dict.fromkeys((*self.barred, *self.held_back, *self.left)))


def made_of(curated: Mapping[str, Any], settings: BuilderSettings) -> Made:
    """Return what a curated memory gives, whatever somebody has written into its file.

    Args:
        curated: What its file holds.
        settings: What holds.
    """
    word, (said, answered) = word_of(curated), messages_of(curated)
    text = said if _speaks_alone(curated, said, answered) else ""
    held_back = tuple(_held_back(curated, alone=bool(text and not answered)))
    barred = tuple(_barred(curated, {"text": said} if text and not answered else {"message": said, "answer": answered}))
    if barred or (held_back if word is None else word == "drop"):
        return Made((), held_back, barred, word)
    about = _about(curated, settings)
    rows = [_row(said, answered, about | _of_talk(curated))] if answered else []
    told = told_of(curated, text, about["timestamp"], settings, kept=word is not None) if text else Told((), ())
    rows += [_row(one.question, one.text, about | _of_passage(one)) for one in told.pairs]
    return Made(tuple(rows), held_back, barred, word, told.left)


def word_of(curated: Mapping[str, Any]) -> Word | None:
    """Return what the owner said of a curated memory; what cannot be read as a word of theirs counts as "drop"."""
    review = curated.get("review")
    if review is None:
        return None
    said = review.get("verdict") if isinstance(review, Mapping) else None
    return cast(Word, said) if said in get_args(Word) else "drop"


def messages_of(curated: Mapping[str, Any]) -> tuple[str, str]:
    """Return both messages, as the owner has put them where they did; "" for one that is not there."""
    review = curated.get("review")
    edited = review if word_of(curated) == "edit" and isinstance(review, Mapping) else {}
    said, answered = ((edited.get(key, curated.get(key))) for key in ("userMessage", "assistantResponse"))
    return _text(said), _text(answered)


def line_of(row: Pair) -> bytes:
    """Return a row as a line of a file, its end included; no reader takes it for two."""
    return json.dumps(row, ensure_ascii=False).translate(_LINE_ENDS).encode(errors="backslashreplace") + b"\n"


def moment_of(value: object) -> str:
    """Return a moment as files have it; "" for what is none."""
    if not isinstance(value, str):
        return ""
    try:
        found = datetime.fromisoformat(value)
        return iso(found if found.tzinfo else found.replace(tzinfo=UTC))
    except (ValueError, OverflowError):
        return ""


def _speaks_alone(curated: Mapping[str, Any], said: str, answered: str) -> bool:
    """Tell whether what was said is the owner's, and is to be learned from without what a model answered."""
    if not said or not is_own(curated, "said", alone=not answered):
        return False
    return not (answered and _is_theirs(curated))


def _is_theirs(curated: Mapping[str, Any]) -> bool:
    """Tell whether an answer is in the owner's words, or has their word for it."""
    return word_of(curated) in ("keep", "edit") or is_own(curated, "answered", alone=False)


def _row(said: str, answered: str, about: Mapping[str, Any]) -> Pair:
    messages = [{"role": "user", "content": said}, {"role": "assistant", "content": answered}]
    return Pair(messages=messages, metadata=dict(about))


def _of_talk(curated: Mapping[str, Any]) -> dict[str, Any]:
    return {"words": OWN if _is_theirs(curated) else TWIN}


def _of_passage(one: Asked) -> dict[str, Any]:
    return {"words": OWN, "passage": one.place, "side": one.side}


def _about(curated: Mapping[str, Any], settings: BuilderSettings) -> dict[str, Any]:
    name, source, word = _text(curated.get("id")), _object(curated.get("source")), word_of(curated)
    conversation, digest, kind = (
        _text(one) for one in (curated.get("conversationId"), source.get("hash"), source.get("type"))
    )
    return {
        "sourceId": name,
        "type": kind if _TYPE.fullmatch(kind) and clean(kind) else "conversation",
        "timestamp": moment_of(curated.get("originalTimestamp")),
        "curatedAt": moment_of(curated.get("curatedAt")),
        "conversationId": conversation,
        "sourceHash": digest if _HASH.fullmatch(digest) else "",
        "curator": _maker(_object(curated.get("curator"))),
        "gates": gates_version(),
        "split": split_of(conversation or name, settings.salt, settings.held_out),
        **({"review": word} if word else {}),
    }


def _held_back(curated: Mapping[str, Any], *, alone: bool) -> Iterator[str]:
    for what, text in () if alone else zip(("message", "answer"), messages_of(curated), strict=True):
        yield from (f"the {what} holds tool syntax: {kind}" for kind in syntax_in(text[:LONGEST]))
    listed, flags = _listed(curated.get("refused")), _listed(curated.get("flags"))
    # That nobody answered is no reason where the owner's own text is all there is to be.
    refused = [reason for reason in listed if not (alone and reason == ONE_SIDED)]
    yield from (_told(reason) for reason in refused)
    if not refused:  # a flag, or "not suitable", is among the curator's own reasons
        yield from (f"flagged: {_told(flag)}" for flag in flags)
        if not flags and not listed and curated.get("suitableForTraining") is not True:
            yield "not suitable for training"


def _barred(curated: Mapping[str, Any], texts: Mapping[str, str]) -> Iterator[str]:
    name, conversation = _text(curated.get("id")), _text(curated.get("conversationId"))
    if not _ID.fullmatch(name):
        yield "its id names no memory"
    if NO_CONSENT in _listed(curated.get("refused")):
        yield NO_CONSENT
    yield from (f"its {key} is no moment" for key in _MOMENTS if not moment_of(curated.get(key)))
    if len(conversation) > LONGEST_NAME or not (clean(conversation) and clean(name)):
        yield "its id or its conversation's is too long, or holds personal data"
    for what, text in texts.items():
        yield from _wrong(what, text)


def _wrong(what: str, text: str) -> Iterator[str]:
    if not text:
        yield f"no {what}"
    elif len(text) > LONGEST:
        yield f"the {what} is longer than {LONGEST:,} characters"
    else:
        yield from (f"the {what} holds personal data or a secret: {kind}" for kind in held(text))


def _listed(value: object) -> list[object]:
    """Return what a list holds; whatever stands in its place counts as one thing in it."""
    return value if isinstance(value, list) else [] if value is None else [value]


def _told(value: object) -> str:
    text = " ".join(value.split())[:TOLD] if isinstance(value, str) else "what is no text"
    return text if clean(text) else "what holds personal data itself"


def _maker(curator: Mapping[str, Any]) -> dict[str, Any]:
    """Return who made it: short, plain values, in which nothing stands that a dataset must not have."""
    plain = {key: value for key, value in curator.items() if len(key) <= TOLD and clean(key)}
    return {
        key: value
        for key, value in sorted(plain.items())
        if isinstance(value, str | int) and len(str(value)) <= TOLD and clean(str(value))
    }


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""
