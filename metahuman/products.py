"""What specialists made, as files of the owner's; and where in its source a summary is from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, cast

from metahuman.state.artifacts import Artifact, Kept
from metahuman.state.briefing import first_text
from metahuman.state.condensing import pointers
from metahuman.state.errors import BadChoice, EmptyTurn
from metahuman.state.files import make_folder, store_errors, whole, write_atomic
from metahuman.state.turn import TurnState


class Sourced(NamedTuple):
    """A sentence of a summary, and the words of its source that it is from.

    `line` is the line of the source that they begin in, the first being 1. Both are None where the source does not bear
    the sentence out.
    """

    sentence: str
    place: str | None
    line: int | None


def chosen(kept: Sequence[Kept], names: Sequence[str]) -> list[Artifact]:
    """Return artifacts of a thread: those of the given names, the latest of each; else all of the last turn with any.

    Raises:
        EmptyTurn: If the thread has none.
        BadChoice: If it has none of such a name.
    """
    if not kept:
        raise EmptyTurn("no specialist has made anything here yet")
    if not names:
        return [one["artifact"] for one in kept if one["turn"] == kept[-1]["turn"]]
    known = {one["artifact"]["name"]: one["artifact"] for one in kept}
    if missing := [name for name in names if name not in known]:
        raise BadChoice(f"nothing here is called {missing[0]!r}; there is {', '.join(known)}")
    return [known[name] for name in dict.fromkeys(names)]


def save(artifacts: Sequence[Artifact], folder: Path) -> list[Path]:
    """Write artifacts into a folder and return the files; where there is one of that name, a number tells them apart.

    Raises:
        StoreError: If one cannot be written.
    """
    return [_written(artifact, folder.expanduser()) for artifact in artifacts]


def sourced(state: Mapping[str, Any]) -> list[Sourced]:
    """Return for each sentence of a thread's last summary where in its source it is from.

    Args:
        state: What the thread's latest turn knew.

    Raises:
        EmptyTurn: If there is no summary, or its source is no longer there.
    """
    summaries = [one for one in state.get("artifacts", []) if one["artifact"]["kind"] == "summary"]
    if not summaries:
        raise EmptyTurn("nothing has been summarized here yet")
    summary, source = summaries[-1]["artifact"], _source(state, summaries[-1])
    # A thread forgets: what others made in a turn, and in the end what was said. Pointers into another text are none.
    if source is None or pointers(summary["text"], source) != summary["pointers"]:
        raise EmptyTurn(f"the text that {summary['name']} was made from is no longer here")
    return [
        _sourced(summary["text"][slice(*pointer["sentence"])], source, pointer["start"], pointer["end"])
        for pointer in summary["pointers"]
    ]


def _source(state: Mapping[str, Any], kept: Kept) -> str | None:
    """Return the text that a summary was made from, as far as the thread still has it."""
    messages, work = state["messages"], state.get("work")
    place = next((at for at, message in enumerate(messages) if message.id == kept["turn"]), None)
    if place is None or work is None or work["turn"] != kept["turn"]:
        return None
    then = cast(TurnState, {**state, "messages": messages[: place + 1]})
    return next((first_text(then, job) for job in work["jobs"] if job["id"] == kept["job"]), None)


def _sourced(sentence: str, source: str, start: int | None, end: int | None) -> Sourced:
    if start is None:
        return Sourced(sentence, None, None)
    return Sourced(sentence, source[start:end], source.count("\n", 0, start) + 1)


def _written(artifact: Artifact, folder: Path) -> Path:
    path = _free(make_folder(folder) / artifact["name"])
    try:
        write_atomic(path, whole(artifact["text"]).encode())
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return path


def _free(wanted: Path) -> Path:
    """Return the first free name like the one wanted; an empty file of that name keeps it from everybody else."""
    path, number = wanted, 1
    with store_errors(wanted.parent):
        while True:
            try:
                path.touch(exist_ok=False)
            except FileExistsError:
                number += 1
                path = wanted.with_stem(f"{wanted.stem}-{number}")
            else:
                return path
