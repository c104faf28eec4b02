"""What counts when a voice is judged: each thing once, and nothing that was copied.

Who repeats one phrase, or recites what it was trained on, has not learned how to speak.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from metahuman.training.proof.texts import Token, Unit

#: Words in a row that, once copied from the training texts, are not judged; and those that, said before, are not.
COPIED, REPEATED = 8, 4

Run = tuple[str, ...]


def runs_of(units: Iterable[Unit], length: int) -> set[Run]:
    """Return every run of so many words that stands in one of `units`."""
    return {run for one in units for run in runs(_words(one), length)}


def not_copied(units: Sequence[Unit], trained: set[Run]) -> list[Unit]:
    """Return units without what was copied; those of which nothing is left are not among them.

    Args:
        units: What is to be judged.
        trained: Runs of `COPIED` words that stand in the training texts.
    """
    return _left(units, lambda words: covered(words, COPIED, trained.__contains__))


def said_once(units: Sequence[Unit]) -> list[Unit]:
    """Return units without what one of them said before; those of which nothing is left are not among them."""
    new = _new_to(set[Run]())
    return _left(units, lambda words: covered(words, REPEATED, new))


def _left(units: Sequence[Unit], gone_of: Callable[[Sequence[str]], set[int]]) -> list[Unit]:
    kept = list[Unit]()
    for one in units:
        words = _words(one)
        gone = gone_of(words)
        if len(gone) < len(words):
            kept.append(_without(one, gone) if gone else one)
    return kept


def covered(words: Sequence[str], length: int, known: Callable[[Run], bool]) -> set[int]:
    """Return the places of words that stand in a known run of so many words."""
    found = set[int]()
    for start, run in enumerate(runs(words, length)):
        if known(run):
            found.update(range(start, start + length))
    return found


def _new_to(said: set[Run]) -> Callable[[Run], bool]:
    """Return what tells whether a run was said before, and remembers it."""

    def before(run: Run) -> bool:
        was = run in said
        said.add(run)
        return was

    return before


def runs(words: Sequence[str], length: int) -> list[Run]:
    """Return every run of so many words."""
    return [tuple(words[start : start + length]) for start in range(len(words) - length + 1)]


def _words(one: Unit) -> list[str]:
    return [token.text for token in one.tokens if token.is_word]


def _without(one: Unit, gone: set[int]) -> Unit:
    """Return a unit without some of its words, and the marks that follow these."""
    number, parts, end, cut = -1, list[str](), 0, False
    for token in one.tokens:
        number += token.is_word
        out = number in gone if token.is_word else cut
        if not out:
            parts.append(_between(one.text, token, end, joined=not cut))
        cut, end = out, token.end
    return Unit("".join(parts).strip(), one.group)


def _between(text: str, token: Token, end: int, *, joined: bool) -> str:
    return (text[end : token.start] if joined else " ") + text[token.start : token.end]
