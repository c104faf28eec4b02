"""What a model claims is counted in the text, or refused with the reason."""

from __future__ import annotations

import pytest

from metahuman.memory.digest.weighing import Weighing
from metahuman.state.digesting import Claim, DigestAnswer, Item, NoticedTheme, claims_of, in_chunks
from tests.digests import claim, noted

SAID = noted(
    "I walked the dog along the harbour wall. Easy does it, captain.",
    "The harbour wall is cracked",
    "My daughter is called Bea. Easy does it, captain.",
    "keep it tiny for me: what is a reef knot",
    "Easy does it, captain. I like the harbour",
    "what is a bowline, keep it tiny for me",
    "keep it tiny for me, is it raining",
    "I would like to live in Rome",
    *["some other matter"] * 30,
)


def weighed(*claims: Claim, items: list[Item] | None = None) -> tuple[list[Item], list[str]]:
    held, refused = Weighing(SAID, items or []).weigh(claims)
    return held, [one["reason"] for one in refused]


def test_frequencies_are_counted_not_believed() -> None:
    (theme,), _ = weighed(claim("theme", "harbour wall", "m0"))
    assert (theme["text"], theme["memories"], theme["by"]) == ("harbour wall", ["m0", "m1"], "model")
    (phrase,), _ = weighed(claim("catchphrase", "easy does it, captain", "m9"))
    assert (phrase["text"], phrase["memories"]) == ("Easy does it, captain", ["m0", "m2", "m4"])
    (quirk,), _ = weighed(claim("quirk", "asks for tiny answers", "m3", words="keep it tiny"))
    assert quirk["memories"] == ["m3", "m5", "m6"]
    (fact,), _ = weighed(claim("fact", "daughter", "m2", "m1", value="Bea"))
    assert (fact["text"], fact["value"], fact["memories"]) == ("daughter", "Bea", ["m2"])


@pytest.mark.parametrize(
    ("made_up", "reason"),
    [
        (claim("theme", "space travel", "m0"), "none of the memories that it cites is about it"),
        (claim("theme", "harbour wall"), "it cites no memory that there is"),
        (claim("theme", "harbour wall", "m99"), "none of the memories that it cites is about it"),
        (claim("theme", "the of and", "m0"), "it is no matter in one to 5 words"),
        (claim("theme", "reef knot", "m3"), "only one memory is about it"),
        (claim("theme", "a b c d e f harbour", "m0"), "it is no matter in one to 5 words"),
        (claim("fact", "city", "m7", value="Rome"), "no memory that it cites states it plainly"),
        (claim("fact", "daughter", "m1", value="Bea"), "no memory that it cites states it plainly"),
        (claim("fact", "", "m2", value="Bea"), "it does not say what it is about in a few words"),
        (claim("fact", "mail", "m2", value="ada@example.org"), "it holds a secret or personal data"),
        (claim("catchphrase", "to infinity and beyond", "m0"), "the owner never says it in these words"),
        (claim("catchphrase", "reef knot", "m3"), "it is not said often enough, and far enough apart"),
        (claim("catchphrase", "?", "m3"), "the owner never says it in these words"),
        (claim("catchphrase", "what is", "m3"), "it is not said often enough, and far enough apart"),
        (claim("quirk", "is very kind", "m0"), "it cannot be counted: it names no words by which it shows"),
        (
            claim("quirk", "is a sailor", "m0", words="my good ship"),
            "it does not show often enough, and far enough apart",
        ),
    ],
)
def test_what_cannot_be_counted_is_refused(made_up: Claim, reason: str) -> None:
    assert weighed(made_up) == ([], [reason])


def test_what_rules_found_is_not_found_twice() -> None:
    known = Item(kind="theme", text="harbour", value="", ended=False, memories=["m0", "m1", "m4"], by="rules")
    assert weighed(claim("theme", "harbour wall", "m0"), items=[known]) == ([known], [])
    fact = Item(kind="fact", text="child", value="Bea", ended=False, memories=["m2"], by="rules")
    assert weighed(claim("fact", "daughter", "m2", value="Bea"), items=[fact])[1] == [
        "it is known already, under another name"
    ]
    assert weighed(claim("fact", "Child", "m2", value="Bea"), items=[fact])[1] == [
        "rules have read that matter themselves"
    ]


def test_numbers_that_no_memory_has_are_dropped_and_counted() -> None:
    answer = DigestAnswer(themes=[NoticedTheme(name="boats", memories=[2, 2, 7, 0, -1])])
    claims, unknown = claims_of(answer, ["a", "b"])
    assert (claims, unknown) == ([claim("theme", "boats", "b")], 3)


def test_memories_are_parted_by_what_fits() -> None:
    memories = noted(*"abcde")
    parts = in_chunks(memories, 10, [4, 4, 4, 30, 1])
    assert [[one["said"] for one in part] for part in parts] == [["a", "b"], ["c"], ["d"], ["e"]]
    assert in_chunks([], 10, []) == []
