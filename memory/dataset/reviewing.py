"""The owner's word on what the curator held back: keep it, put other words in its place, or drop it for good."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from metahuman.memory.curation.preparing import NO_CONSENT
from metahuman.memory.dataset.building import bring_up, brought_up, current
from metahuman.memory.dataset.known import Known
from metahuman.memory.dataset.own_texts import LEFT_OUT
from metahuman.memory.dataset.places import curated_folder, writing
from metahuman.memory.dataset.rows import Made, Word, made_of, messages_of
from metahuman.memory.dataset.settings import load_settings
from metahuman.state.errors import BadChoice, MetaHumanError
from metahuman.state.files import read_json, write_json
from metahuman.state.moments import iso

#: Why the owner need not be asked: there is nothing to keep, or they have said so already.
_NOTHING_TO_ASK = {"no message", "no answer", NO_CONSENT, "not JSON", "it cannot be read"}


class Item(NamedTuple):
    """A curated memory that the owner may say something of.

    Args:
        id: The memory's.
        curated: What its file holds.
        made: What it gives now.
    """

    id: str
    curated: dict[str, Any]
    made: Made

    def as_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        said, answered = messages_of(self.curated)
        return {
            "id": self.id,
            "userMessage": said,
            "assistantResponse": answered,
            "pair": bool(self.made.rows),
            "pairs": len(self.made.rows),
            "reasons": list(self.made.reasons),
            "barred": list(self.made.barred),
            "review": self.curated.get("review"),
        }


def waiting(known: Known) -> list[str]:
    """Return the ids of curated memories that give no pair though both sides speak, and of which nothing was said."""
    files = [(name, known.files[file]) for name, file in current(known).items()]
    held_back = [
        (entry.at, name) for name, entry in files if not (entry.pairs or entry.word) and _may_ask(entry.reasons)
    ]
    return [name for _, name in sorted(held_back)]


def items(root: Path, *, everything: bool = False) -> list[Item]:
    """Return what waits for the owner's word, the oldest first.

    Args:
        root: The home.
        everything: Whether all curated memories are returned, whatever was said of them.

    Raises:
        SettingError: If `etc/adapter-builder.json` is wrong.
        StoreError: If something cannot be read or written.
    """
    known = brought_up(root)
    files = current(known)
    names = sorted(files, key=lambda name: (known.files[files[name]].at, name)) if everything else waiting(known)
    found = (_item(root, name, files[name]) for name in names)
    return [item for item in found if item]


def say(
    root: Path, word: str, verdict: Word, now: datetime, said: str | None = None, answered: str | None = None
) -> Item:
    """Write down what the owner says of a curated memory, and bring the pairs up to it.

    Args:
        root: The home.
        word: The memory's id, or how it alone begins.
        verdict: What they say.
        now: When.
        said: The message as they want it, for "edit".
        answered: The answer as they want it.

    Raises:
        BadChoice: If there is no such curated memory, or it cannot be kept as it stands.
        StoreError: If it cannot be written.
    """
    if not curated_folder(root).is_dir():
        raise BadChoice(f"there is no curated memory {word!r}")
    with writing(root):
        files = current(bring_up(root))
        name = _meant(files, word)
        path = curated_folder(root) / files[name]
        curated = read_json(path)
        curated["review"] = _review(curated, verdict, now, said, answered)
        item = Item(name, curated, made_of(curated, load_settings(root)))
        if verdict != "drop" and item.made.barred:
            raise BadChoice(f"{name} cannot be kept: {'; '.join(item.made.barred)}; {_remedy(item.made)}")
        write_json(path, curated)
        bring_up(root)
    return item


def _review(
    curated: dict[str, Any], verdict: Word, now: datetime, said: str | None, answered: str | None
) -> dict[str, Any]:
    review: dict[str, Any] = {"verdict": verdict, "by": "human", "at": iso(now)}
    if verdict != "edit":
        return review
    before = messages_of(curated)
    texts = (before[0] if said is None else said, before[1] if answered is None else answered)
    return review | {"userMessage": texts[0].strip(), "assistantResponse": texts[1].strip()}


def _item(root: Path, name: str, file: str) -> Item | None:
    try:
        curated = read_json(curated_folder(root) / file)
    except MetaHumanError:  # it is no JSON, or was forgotten meanwhile
        return None
    return Item(name, curated, made_of(curated, load_settings(root)))


def _meant(files: dict[str, str], word: str) -> str:
    found = [word] if word in files else [name for name in files if word and name.startswith(word)]
    if len(found) == 1:
        return found[0]
    if found:
        raise BadChoice(f"{word!r} may be any of {len(found)} memories: write more of it")
    raise BadChoice(f"there is no curated memory {word!r}; `metahuman dataset review --list --all` names them")


def _may_ask(reasons: Sequence[str]) -> bool:
    """Tell whether the owner may say otherwise; passages that say little of them are not worth a question each."""
    return not (_NOTHING_TO_ASK.intersection(reasons) or all(reason.startswith(LEFT_OUT) for reason in reasons))


def _remedy(made: Made) -> str:
    if NO_CONSENT in made.barred:
        return "let it be learned from first: `metahuman memory edit ID --set metadata.trainingConsent=true`"
    return "edit it, or drop it"
