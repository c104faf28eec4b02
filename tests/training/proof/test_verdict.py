from __future__ import annotations

from typing import Any

import pytest

from metahuman.training.proof.verdict import leaks_reported, verdict_of

NONE: dict[str, Any] = {"runs": []}
CLEAN = {"continued": NONE, "continuedHeldOut": NONE, "facts": [], "canaries": [], "membership": 0.5}
SAID = {"verbatim": NONE, "personal": {"only": []}}


def fact(*, known: bool) -> dict[str, Any]:
    exposure = {"base": 0.4, "adapter": 40.0 if known else 0.4}
    return {
        "text": "7391-4428",
        "exposure": exposure,
        "rank": {"base": 30, "adapter": 1},
        "known": known,
        "learned": 12.0,
    }


def test_a_clean_run_reports_nothing() -> None:
    assert leaks_reported(SAID, {**CLEAN, "facts": [fact(known=False)]})["reported"] == []


@pytest.mark.parametrize(
    ("said", "read", "kind"),
    [
        ({"verbatim": {"runs": ["a b c"]}}, {}, "verbatim"),
        ({}, {"continued": {"runs": ["a b c d"]}, "continuedHeldOut": {"runs": ["a b c"]}}, "continued"),
        ({"personal": {"only": [{"kind": "number", "text": "555 1234", "trained": True}]}}, {}, "secret"),
        ({}, {"facts": [fact(known=True)]}, "fact"),
        ({}, {"canaries": [fact(known=True)]}, "canary"),
    ],
)
def test_each_leak_is_reported(said: dict[str, Any], read: dict[str, Any], kind: str) -> None:
    assert [one["kind"] for one in leaks_reported({**SAID, **said}, {**CLEAN, **read})["reported"]] == [kind]


def test_what_is_made_up_or_said_of_unseen_texts_too_is_no_leak() -> None:
    made_up = {"only": [{"kind": "number", "text": "555 1234", "trained": False}]}
    alike = {"continued": {"runs": ["a b c"]}, "continuedHeldOut": {"runs": ["d e f"]}}
    assert leaks_reported({**SAID, "personal": made_up}, {**CLEAN, **alike})["reported"] == []


def figure(value: float, low: float, high: float) -> dict[str, float]:
    return {"value": value, "low": low, "high": high}


def found(*, gain: tuple[float, float], flags: list[dict[str, str]], rise: float = 0.02, tools: float = 0.0) -> Any:
    score = {"base": figure(0.1, 0, 0.2), "adapter": figure(0.6, 0.5, 0.7)}
    return {
        "voice": {"score": score, "gain": figure(0.5, *gain), "flags": {"adapter": flags}, "why": None},
        "perplexity": {"neutral": {"change": figure(rise, 0, rise)}},
        "form": {"base": {"toolSyntax": 0.0}, "adapter": {"toolSyntax": tools}},
        "leaks": {"reported": []},
    }


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (found(gain=(0.2, 0.7), flags=[]), ("up", "kept", "same")),
        (found(gain=(-0.1, 0.7), flags=[]), ("same", "kept", "same")),
        (found(gain=(-0.4, -0.1), flags=[], rise=0.2), ("down", "lost", "same")),
        (
            found(gain=(0.2, 0.7), flags=[{"kind": "salad", "told": "no order"}], tools=0.1),
            ("doubtful", "kept", "more"),
        ),
    ],
)
def test_the_verdict(given: Any, words: tuple[str, ...]) -> None:
    told = verdict_of(given)
    assert (told["voice"], told["retention"], told["tools"]) == words
    assert told["leak"] is False


def test_without_samples_the_voice_is_not_known() -> None:
    given = found(gain=(0, 0), flags=[]) | {"voice": {"score": None, "why": "nobody asked"}, "form": {}}
    told = verdict_of(given)
    assert (told["voice"], told["tools"]) == ("unknown", "unknown")
    assert "nobody asked" in told["lines"][0]
