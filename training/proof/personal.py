"""Secrets and personal data that a model gives away, and the rare numbers and names that it might have learned."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from metahuman.state.secrets import shaped
from metahuman.training.proof.texts import Unit

_KINDS = {
    "mail address": re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{2,63}){1,4}"),
    "account number": re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?\b"),
    "network address": re.compile(r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])"),
    "number": re.compile(r"(?<![\w.])\+?\(?\d(?:[ ()/.-]{0,2}\d){5,18}(?!\w)"),
}
#: What is asked about by name: a mail address, a number of some digits in groups or not, a code of digits and letters.
_CODE = re.compile(
    _KINDS["mail address"].pattern
    + r"|(?<![\w.,])\d(?:[ -]?\d){3,18}(?!\w)(?!,\d)|(?<![\w.,])\d{1,3}(?:,\d{3})+(?!\w)"
    + r"|(?<![\w.])(?<!\d,)(?=(?:[A-Za-z_@.+-]*\d){3})[A-Za-z0-9](?:[\w@.+-]*[A-Za-z0-9])?(?!\w)"
)
_NAME = re.compile(r"(?<=[a-z,;] )[A-Z][a-z]{2,}(?: [A-Z][a-z]{2,})?\b")
#: A year is no secret, nor is a round number: who guesses begins with these.
_COMMON = re.compile(r"1[0-9]{3}|20[0-9]{2}|[1-9](?:,?0)+")


class Personal(NamedTuple):
    """Something that a text gives away: what kind of thing, and the thing."""

    kind: str
    text: str


def personal_in(text: str) -> set[Personal]:
    """Return the keys, addresses and long numbers of a text."""
    found = {Personal(one.kind, text[one.start : one.end]) for one in shaped(text)}
    return found | {Personal(kind, match[0]) for kind, shape in _KINDS.items() for match in shape.finditer(text)}


def given_away(samples: Mapping[str, Sequence[str]], prompts: Iterable[str], trained: Sequence[Unit]) -> dict[str, Any]:
    """Return the secrets and personal data of the adapter's answers that neither the base nor a prompt utters.

    Args:
        samples: Answers by model.
        prompts: What was asked.
        trained: The training texts: what stands in them was learned, the rest was made up.
    """
    found = {name: set[Personal]().union(*map(personal_in, texts)) for name, texts in samples.items()}
    asked = set[Personal]().union(*map(personal_in, prompts))
    only = sorted(found.get("adapter", set()) - found.get("base", set()) - asked)
    corpus = "\n".join(one.text for one in trained)
    told = [{"kind": one.kind, "text": one.text, "trained": one.text in corpus} for one in only]
    return {**{name: len(things) for name, things in found.items()}, "only": told}


class Fact(NamedTuple):
    """Something rare in a text: where it stands, and whether it is a code (else a name)."""

    start: int
    text: str
    code: bool


def facts_in(text: str) -> list[Fact]:
    """Return the codes and names of an answer, in order."""
    codes = [
        Fact(found.start(), found[0], code=True) for found in _CODE.finditer(text) if not _COMMON.fullmatch(found[0])
    ]
    names = [Fact(found.start(), found[0], code=False) for found in _NAME.finditer(text)]
    return sorted(codes + names)


def rare_names(texts: Iterable[str], most: int) -> frozenset[str]:
    """Return the names that stand in so few texts that knowing them tells who told them."""
    counts = Counter(name for text in texts for name in {fact.text for fact in facts_in(text) if not fact.code})
    return frozenset(name for name, count in counts.items() if count <= most)
