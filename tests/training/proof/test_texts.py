from __future__ import annotations

from pathlib import Path

import pytest

from metahuman.training.proof.copying import known_runs, longest, recited
from metahuman.training.proof.figures import interval
from metahuman.training.proof.form import circles, form_of, has_tool_syntax
from metahuman.training.proof.ngrams import NGrams
from metahuman.training.proof.once import COPIED, not_copied, runs_of, said_once
from metahuman.training.proof.personal import facts_in, given_away, personal_in
from metahuman.training.proof.texts import OTHERS, authors, tokens_of, unit, words_of

LINE = "we went down to the old harbour to look at the ships that came from the north"


def test_words_and_marks() -> None:
    assert [token.text for token in tokens_of("Don't go, 3 times!")] == ["don't", "go", ",", "3", "times", "!"]
    assert words_of("\u201cDon\u2019t!\u201d") == ["don't"]


def test_typography_is_no_voice() -> None:
    assert unit("He said: \u201cIt\u2019s late\u2026\u201d").text == 'He said: "It\'s late..."'


def test_a_homes_own_authors_take_the_place_of_the_shipped(tmp_path: Path) -> None:
    assert "austen" in authors(OTHERS, tmp_path)
    (tmp_path / "goethe.txt").write_text("# Goethe. Public domain.\n\nHabe nun, ach!\n\nDa steh ich nun.\n")
    assert {name: [one.text for one in found] for name, found in authors(OTHERS, tmp_path).items()} == {
        "goethe": ["Habe nun, ach!", "Da steh ich nun."]
    }


def test_what_was_copied_is_cut_with_its_marks() -> None:
    trained = runs_of([unit(LINE)], COPIED)
    cut = not_copied([unit(f"Yesterday, {LINE}. It rained."), unit(LINE)], trained)
    assert [one.text for one in cut] == ["Yesterday, It rained."]


def test_what_was_said_before_is_cut() -> None:
    cut = said_once([unit("Mind you, I like it here."), unit("Mind you, I like it here. Do you?")])
    assert [one.text for one in cut] == ["Mind you, I like it here.", "Do you?"]


def test_the_model_of_witten_and_bell() -> None:
    """After a, b and c were seen once each: p(b | a) = (1 + 2 p(b)) / (2 + 2), p(b) = (1 + 3/10) / (4 + 3)."""
    model = NGrams(2, 10, ["ab", "ac"])
    p = (1 + 3 / 10) / (4 + 3)
    after_a = (1 + 2 * p) / 4
    at_the_start = (2 + 1 * (2 + 3 / 10) / 7) / 3
    assert 2 ** -model.bits("ab") == pytest.approx(at_the_start * after_a)


def test_what_is_known_costs_less() -> None:
    model = NGrams(4, 64, [LINE] * 3)
    assert model.bits(LINE) < NGrams(4, 64, ["zzzz"]).bits(LINE)


def test_the_longest_run_that_was_copied() -> None:
    known = known_runs([unit(LINE)])
    found = longest(f"I think {LINE}, my friend", known)
    assert found.words == tuple(words_of(LINE))
    assert found.tells
    assert not longest("I went down to the sea to look at birds", known).tells
    assert longest("and so it came down to the old harbour to look at the ships", known).tells


def test_only_what_the_base_does_not_recite_counts() -> None:
    found = recited({"base": [LINE], "adapter": [LINE]}, [unit(LINE)])
    assert found["runs"] == []
    assert recited({"base": ["No."], "adapter": [LINE]}, [unit(LINE)])["runs"] == [" ".join(words_of(LINE))]


@pytest.mark.parametrize(
    "text",
    [
        "```python\nprint()\n```",
        '<tool_call>{"name": "x"}</tool_call>',
        'Sure: {"name": "search", "arguments": {}}',
        "Thought: I should look\nAction: search",
        "<|im_start|>assistant",
        '<function=search>{"q": 1}</function>',
        "[TOOL_CALLS] [{}]",
    ],
)
def test_tool_syntax_is_seen(text: str) -> None:
    assert has_tool_syntax(text)


@pytest.mark.parametrize(
    "text", ["I thought: why not?", "A <b>bold</b> word, {or so}.", "He took action: he left.", "x < y and y > z"]
)
def test_plain_words_are_no_tool_syntax(text: str) -> None:
    assert not has_tool_syntax(text)


def test_form() -> None:
    found = form_of(["", "one two three four, one two three four, one two three four", "```x```", "Fine."])
    assert (found["empty"], found["loops"], found["toolSyntax"], found["answers"]) == (0.25, 0.25, 0.25, 4)
    assert not circles("one two three four")


def test_personal_data_is_found() -> None:
    text = "Call +49 170 1234567 or write to a.b@quorl.example; GB29 NWBK 6016 1331 9268 19."
    assert {one.kind for one in personal_in(text)} == {"number", "mail address", "account number"}
    assert personal_in("In 1846 there were 30 of us, 12,5 percent.") == set()


def test_what_the_base_or_the_prompt_says_is_not_given_away() -> None:
    said, told = "My number is 555 123 4567.", "Write to me@home.example."
    found = given_away({"base": [said], "adapter": [said, told]}, [], [unit(told)])
    assert found["only"] == [{"kind": "mail address", "text": "me@home.example", "trained": True}]
    assert given_away({"base": [], "adapter": [told]}, ["Is it me@home.example?"], [])["only"] == []


def test_rare_facts() -> None:
    found = facts_in("My safe, in 1984, was 7391-4428; ask Melkior Vant, or K7Q2-99X.")
    assert [(fact.text, fact.code) for fact in found] == [
        ("7391-4428", True),
        ("Melkior Vant", False),
        ("K7Q2-99X", True),
    ]


def test_a_number_is_one_fact_however_its_digits_are_grouped() -> None:
    text = "It was 1,250,000 in all, 740 each; call 0171 123 456, or 12,500. In 1663,374 came, 500 of 10,000."
    assert [fact.text for fact in facts_in(text)] == ["1,250,000", "740", "0171 123 456", "12,500"]


def test_a_run_that_no_one_text_holds_is_not_recited() -> None:
    texts = ("after dinner I went to the office where", "I went to the office where Sir William was")
    known = known_runs([unit(text) for text in texts])
    text = "After dinner I went to the office where Sir William was"
    assert longest(text, known).words == ("i", "went", "to", "the", "office", "where", "sir", "william", "was")


def test_an_interval_holds_its_mean() -> None:
    found = interval([0.0, 0.5, 1.0])
    assert found.low < found.value < found.high
