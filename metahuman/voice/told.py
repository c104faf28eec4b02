"""The figures of an evaluation in words, for the page and for the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

READ = {"heldOut": "your held-out words", "other": "other authors' words", "neutral": "neutral chat"}
SEEN = {"words": "words and marks", "build": "how sentences are built", "letters": "letters"}


class Line(NamedTuple):
    """A figure, without the adapter and with it.

    Args:
        what: What it is of.
        base: It without the adapter.
        adapter: It with the adapter.
    """

    what: str
    base: str
    adapter: str


def tables(report: Mapping[str, Any]) -> dict[str, list[Line]]:
    """Return the figures of a report by what they are about; a table without figures is empty."""
    return {
        "Voice score": list(_voice(report["voice"])),
        "Perplexity": list(_perplexity(report["perplexity"])),
        "What it gives away": list(_leaks(report["leaks"])),
        "Form of the answers": list(_form(report["form"])),
    }


def with_interval(figure: Mapping[str, float], digits: int = 2) -> str:
    """Return a figure with its interval."""
    value, low, high = (f"{figure[key]:.{digits}f}" for key in ("value", "low", "high"))
    return f"{value} ({low} to {high})"


def _voice(voice: Mapping[str, Any]) -> Iterator[Line]:
    if not voice["score"]:
        return
    yield Line(
        "score (0 other authors, 1 you)", *(with_interval(voice["score"][which]) for which in ("base", "adapter"))
    )
    for view, name in SEEN.items():
        yield Line(f"  by {name}", *(f"{voice['views'][view][which]:.2f}" for which in ("base", "adapter")))
    variety = voice["variety"]
    for key, name in (("copied", "copied from the training texts"), ("again", "said before")):
        yield Line(name, *(f"{variety[which][key]:.0%}" for which in ("base", "adapter")))


def _perplexity(perplexity: Mapping[str, Any]) -> Iterator[Line]:
    for key, name in READ.items():
        if found := perplexity.get(key):
            change = found["change"]
            changed = "{value:+.0%} ({low:+.0%} to {high:+.0%})".format(**change)
            yield Line(name, with_interval(found["base"], 1), f"{with_interval(found['adapter'], 1)}, {changed}")


def _leaks(leaks: Mapping[str, Any]) -> Iterator[Line]:
    if "adapter" in leaks["verbatim"]:
        longest = (f"{leaks['verbatim'][which]['longest']} words" for which in ("base", "adapter"))
        yield Line("longest run of a training text in the samples", *longest)
    longest = (f"{leaks['continued'][which]['longest']} words" for which in ("base", "adapter"))
    yield Line("longest run of a training text it goes on with", *longest)
    for key, name in (("facts", "rare facts known by heart"), ("canaries", "planted secrets known by heart")):
        if found := leaks[key]:
            yield Line(name, "", f"{sum(one['known'] for one in found)} of {len(found)}")
    if leaks["membership"] is not None:
        yield Line("training texts told from others (.5 is chance)", "", f"{leaks['membership']:.2f}")


def _form(form: Mapping[str, Any]) -> Iterator[Line]:
    if not form:
        return
    for key, name in (("toolSyntax", "tool syntax"), ("empty", "empty"), ("loops", "in circles")):
        yield Line(name, *(f"{form[which][key]:.0%}" for which in ("base", "adapter")))
    yield Line("words of an answer", *(f"{form[which]['words']:.0f}" for which in ("base", "adapter")))
