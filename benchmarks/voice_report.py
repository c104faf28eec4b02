"""The figures of a cycle as a table, and which aims it missed; see `voice.py`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

#: Minutes of a cycle on two cores, at most; the share by which the voice's perplexity falls, at least; of that, what
#: another voice's falls, at most; what neutral chat's rises, at most; the share of the way from floor to ceiling.
MINUTES, FALL, OTHER, RISE, WAY = 20.0, 0.35, 0.5, 0.10, 0.30

Figures = Mapping[str, Any]


def told(found: Figures) -> Iterator[str]:
    """Yield the lines of the table."""
    report, card = found["report"], found["card"]
    yield f"\n{found['voice']}: {card['rows']['train']['pairs']} pairs to learn from, "
    yield f"  {card['rows']['heldOut']['pairs']} held out; {card['epochsRun']} epochs, {card['tokens']:,} tokens"
    for name, seconds in found["seconds"].items():
        yield f"  {name:<28}{seconds / 60:>8.2f} min"
    yield f"  {'in all':<28}{minutes(found):>8.2f} min"
    for name, one in report["perplexity"].items():
        change = one["change"]
        figures = f"{one['base']['value']:>9.2f} ->{one['adapter']['value']:>8.2f}"
        changed = "{value:>+8.0%} ({low:+.0%} to {high:+.0%})".format(**change)
        yield f"  {f'perplexity, {name}':<28}{figures}{changed}"
    yield from _score(report["voice"])
    yield f"  {'adapter in llama.cpp':<28}{card.get('equality')}"
    yield f"  {'leaks reported':<28}{len(report['leaks']['reported']):>8}"
    yield from (f"  - {line}" for line in report["verdict"]["lines"])


def _score(voice: Figures) -> Iterator[str]:
    if not voice["score"]:
        yield f"  no voice score: {voice['why']}"
        return
    for name, one in (*voice["score"].items(), ("owner", voice["owner"])):
        yield f"  {f'voice score, {name}':<28}{one['value']:>8.2f} ({one['low']:.2f} to {one['high']:.2f})"
    for view, one in voice["views"].items():
        yield f"  {f'  by {view}':<28}{one['base']:>8.2f} ->{one['adapter']:>6.2f}"


def minutes(found: Figures) -> float:
    """Return the minutes of all parts."""
    return float(sum(found["seconds"].values())) / 60


def missed(found: Figures) -> Iterator[str]:
    """Yield what a cycle did not show that it was to show."""
    perplexity, voice = found["report"]["perplexity"], found["report"]["voice"]
    fall, other = (-perplexity[name]["change"]["value"] for name in ("heldOut", "other"))
    rise = perplexity["neutral"]["change"]["value"]
    way = voice["score"]["adapter"]["value"] if voice["score"] else 0.0
    if (took := minutes(found)) > MINUTES:
        yield f"{took:.1f} minutes, of {MINUTES:.0f}"
    if fall < FALL:
        yield f"the voice's perplexity falls by {fall:.0%}, of {FALL:.0%}"
    if other > OTHER * fall:
        yield f"other authors' falls by {other:.0%}, more than half as much"
    if rise > RISE:
        yield f"neutral chat's rises by {rise:.0%}, of {RISE:.0%}"
    if way < WAY:
        yield f"the voice score is {way:.2f}, of {WAY:.2f}"
