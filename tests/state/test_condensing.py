"""Summaries: the pieces of a long text, where a summary is from, and what it may not have."""

from __future__ import annotations

import random
import time
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metahuman.state.condensing import as_summary, pieces, pointers, shortened_to
from metahuman.state.lengths import Length
from metahuman.state.sentences import sentences
from metahuman.state.tokens import estimate_tokens

#: A report of 30 sentences, as a town's paper would have it.
ARTICLE = """\
The town council of Marrow voted on Tuesday to rebuild the old bridge over the Tamsin river. The stone bridge, built in
1874, has been closed to lorries since a flood cracked its middle pier two winters ago. Engineers from the county
inspected the pier in March. They found that water had washed out the gravel beneath its foundation. Dr. Helen Ott, who
led the inspection, called the damage serious but repairable.

The council weighed three proposals. The cheapest would have patched the pier with concrete for 400,000 pounds. A second
would have replaced the whole bridge with a steel one for 6.2 million. The third, which won by nine votes to four, keeps
the arches and puts new piles under every pier. It is expected to cost 2.8 million pounds. The county will pay half of
that sum, and the town will borrow the rest over twenty years.

Shopkeepers on the eastern bank welcomed the decision. Since the closure, deliveries have had to take a detour of eleven
miles through Harlow. Marta Dale, who runs the bakery, said that her flour now arrives a day late. The pharmacy has lost
a third of its customers. Two cafes closed for good last autumn.

Not everyone agreed. Councillor Piet Brandt argued that a steel bridge would last longer and need fewer repairs. He
warned that stone piles of this kind had failed in a neighbouring valley. An angling club fears that the works will
disturb the salmon that spawn upstream in November. The council promised to pause all digging in the river from October
to January. A biologist will count the fish before, during and after the works.

Construction is to begin next April. For ten weeks, even pedestrians will have to use a ferry. The ferry will run every
quarter of an hour from six in the morning and cost nothing. Schoolchildren will get a bus of their own. If the weather
holds, lorries could cross again by the following spring.

The town's museum plans an exhibition on the bridge's history. It has asked residents to lend photographs and letters.
The oldest picture found so far shows a wedding party on the bridge in 1881.
"""
#: Sentences of a summary, and the beginning of the article's that they are from.
TOLD = {
    "Marrow's council decided to rebuild its old bridge across the Tamsin.": "The town council of Marrow voted",
    "A flood two winters ago cracked a pier, and lorries have been banned since.": "The stone bridge, built",
    "The inspectors discovered that the gravel under the foundation was washed away.": "They found that water",
    "A steel replacement for 6.2 million was rejected.": "A second",
    "The winning plan preserves the arches and sets new piles beneath each pier.": "The third, which won",
    "The county pays half, and the town takes a loan over twenty years for the rest.": "The county will pay half",
    "Deliveries take an eleven-mile detour through Harlow.": "Since the closure",
    "The baker Marta Dale gets her flour a day late.": "Marta Dale",
    "Brandt argued that steel would last longer and need fewer repairs.": "Councillor Piet Brandt",
    "Anglers fear for the salmon spawning upstream in November.": "An angling club",
    "No digging in the river is allowed between October and January.": "The council promised",
    "A free ferry will run every quarter of an hour.": "The ferry will run",
    "The museum wants residents to lend letters and photographs.": "It has asked residents",
}
INVENTED = [
    "The mayor resigned after the vote.",
    "Volunteers planted hundreds of trees along the motorway.",
    "The prime minister praised the new airport.",
    "Local hospitals reported fewer accidents involving bicycles.",
    "Musicians will perform at the opening ceremony.",
]


def where(sentence: str) -> str | None:
    """Return what of the article a sentence points to."""
    (pointer,) = pointers(sentence, ARTICLE)
    return None if pointer["start"] is None else ARTICLE[pointer["start"] : pointer["end"]]


def test_the_article_has_thirty_sentences() -> None:
    assert len(sentences(ARTICLE)) == 30


@pytest.mark.parametrize(("sentence", "beginning"), TOLD.items())
def test_a_sentence_points_to_where_it_is_from(sentence: str, beginning: str) -> None:
    assert beginning in (where(sentence) or "")


@pytest.mark.parametrize("sentence", INVENTED)
def test_an_invented_sentence_points_nowhere(sentence: str) -> None:
    assert where(sentence) is None


def test_every_sentence_of_the_article_points_to_itself() -> None:
    places = sentences(ARTICLE)
    for pointer, (start, end) in zip(pointers(ARTICLE, ARTICLE), places, strict=True):
        assert pointer["sentence"] == [start, end]
        assert pointer["start"] is not None
        assert pointer["start"] <= start < end <= (pointer["end"] or 0)


def test_a_summary_of_many_sentences_has_a_pointer_for_each() -> None:
    summary = " ".join([*TOLD, *INVENTED])
    found = pointers(summary, ARTICLE)
    assert [summary[slice(*pointer["sentence"])] for pointer in found] == [*TOLD, *INVENTED]
    assert [pointer["start"] is None for pointer in found] == [False] * len(TOLD) + [True] * len(INVENTED)


@pytest.mark.parametrize(("text", "source"), [("", ARTICLE), ("A. B.", ""), ("!!!", ARTICLE), ("", "")])
def test_nothing_is_borne_out_by_nothing(text: str, source: str) -> None:
    assert all(pointer["start"] is None for pointer in pointers(text, source))


def test_a_summary_is_whole_and_says_what_is_wrong_with_it() -> None:
    made = as_summary(" The bridge will be rebuilt. ", ARTICLE, Length(1, "sentences"), "shorten the report")
    assert made["text"] == "The bridge will be rebuilt.\n"
    assert (made["name"], made["words"], made["asked"], made["problem"]) == ("shorten-report.md", 5, "1 sentence", None)
    long = as_summary("It costs 2.8 million. It began in 1874.", ARTICLE, Length(1, "sentences"), "shorten")
    assert long["problem"] == "it has 2 sentences, and 1 sentence is wanted"
    wrong = as_summary("It costs 3.9 million and opened in 1890.", ARTICLE, Length(1, "sentences"), "shorten")
    assert wrong["problem"] == "the text has no 3.9 million, 1890"


def test_sentences_that_nothing_bears_out_go_before_the_last() -> None:
    told = list(TOLD)
    text = f"{INVENTED[0]} {told[0]} {told[1]} {told[2]}"
    assert shortened_to(text, ARTICLE, Length(3, "sentences")) == f"{told[0]} {told[1]} {told[2]}"
    assert shortened_to(text, ARTICLE, Length(2, "sentences")) == f"{told[0]} {told[1]}"


def test_sentences_with_numbers_of_nobodys_go_first_of_all() -> None:
    text = "It will cost 9.9 million. The bridge was built in 1874."
    assert shortened_to(text, ARTICLE, Length(50, "words", at_most=True)) == "The bridge was built in 1874."


def test_bullets_and_paragraphs_stay_apart() -> None:
    bullets = "- The bridge is old.\n- The pier cracked.\n- A ferry runs."
    assert shortened_to(bullets, ARTICLE, Length(2, "lines")) == "- The bridge is old.\n- The pier cracked."
    paragraphs = "The bridge is old. It is closed.\n\nThe pier cracked.\n\nA ferry runs."
    assert shortened_to(paragraphs, ARTICLE, Length(2, "paragraphs")).count("\n\n") == 1


@settings(derandomize=True, database=None)
@given(
    st.lists(st.sampled_from([*TOLD, *INVENTED, "It cost 77 pounds."]), max_size=9),
    st.sampled_from([" ", "\n", "\n\n"]),
    st.builds(
        Length,
        st.integers(1, 40),
        st.sampled_from(["words", "sentences", "lines", "paragraphs", "characters"]),
        st.booleans(),
    ),
)
def test_a_shortened_summary_is_never_too_long_and_has_only_its_own_sentences_in_order(
    parts: list[str], gap: str, length: Length
) -> None:
    left = shortened_to(gap.join(parts), ARTICLE, length)
    assert Length(length.count, length.unit, at_most=True).objection(left) is None
    said = [left[start:end] for start, end in sentences(left)]
    rest = iter(parts)
    assert all(one in rest for one in said)
    assert "It cost 77 pounds." not in said


def fits(text: str, start: int, end: int, tokens: int) -> bool:
    return estimate_tokens(text[start:end]) <= max(tokens, 1) or end - start == 1


@settings(derandomize=True, database=None)
@given(st.text() | st.text(st.sampled_from("ab. \n本。😀")), st.integers(0, 40))
def test_pieces_are_all_of_a_text_in_order_and_none_is_too_long(text: str, tokens: int) -> None:
    found = pieces(text, tokens)
    assert found[0][0] == 0
    assert found[-1][1] == len(text)
    assert all(end == start for (_, end), (start, _) in pairwise(found))
    assert all(start < end for start, end in found) or found == [(0, 0)]
    assert all(fits(text, start, end, tokens) for start, end in found)


def test_pieces_end_with_sentences_and_are_about_equally_long() -> None:
    found = pieces(ARTICLE, 150)
    lengths = [end - start for start, end in found]
    assert len(found) == -(-len(ARTICLE) // (150 * 4))
    assert {end for _, end in found[:-1]} <= {end for _, end in sentences(ARTICLE)}
    assert max(lengths) < 1.5 * min(lengths)


def test_scripts_that_take_more_tokens_get_shorter_pieces() -> None:
    text = "The fox ran off. " * 60 + "狐が走った。" * 60
    found = pieces(text, 80)
    assert all(estimate_tokens(text[start:end]) <= 80 for start, end in found)
    assert found[0][1] - found[0][0] > 5 * (found[-1][1] - found[-1][0])


def test_a_sentence_that_is_too_long_is_cut_between_words() -> None:
    text = "word " * 500
    assert all(text[:end].endswith(" ") for _, end in pieces(text, 20)[:-1])
    assert pieces("x" * 100, 10) == [(0, 39), (39, 78), (78, 100)]


def test_a_long_text_is_cut_and_pointed_into_in_no_time() -> None:
    draw = random.Random(7)
    words = ["".join(draw.choices("bdfgklmnprstaeiou", k=draw.randrange(3, 9))) for _ in range(4_000)]
    filler = " ".join(f"The {' '.join(draw.choices(words, k=14))} and the rest." for _ in range(5_000))
    source, began = f"{filler}\n\n{ARTICLE}", time.perf_counter()
    assert len(pieces(source, 3_000)) > 20
    found = pointers("\n".join([*TOLD, *INVENTED]), source)
    assert [pointer["start"] is None for pointer in found] == [False] * len(TOLD) + [True] * len(INVENTED)
    assert shortened_to(" ".join([*INVENTED, *TOLD]), source, Length(1, "sentences")) == next(iter(TOLD))
    assert time.perf_counter() - began < 8
