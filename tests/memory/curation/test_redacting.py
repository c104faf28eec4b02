import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metahuman.memory.curation.identifiers import identifiers_in
from metahuman.memory.curation.redacting import redact, redacted, scrub
from metahuman.memory.curation.secrets import secrets_in
from metahuman.state.secrets import Found

FINDERS = (secrets_in, identifiers_in)
#: One value of each sort, as a text may hold it.
VALUES = (
    "ana.perez@example.org",
    "+49 151 23456789",
    "4111 1111 1111 1111",
    "DE89 3704 0044 0532 0130 00",
    "195.206.132.199",
    "ghp_" + "wWPw5k4aXcaT4fNP0UcnZwJUVFk6LO0pINUx",
    "00:1A:2B:3C:4D:5E",
    "my password is hunter2",
    "221B Baker Street",
    "https://ana:Tr0ub4dor@example.org/x",
)


def test_the_same_value_has_the_same_placeholder() -> None:
    text = "Write to a@b.org or c@d.org, best to A@B.org."
    assert redact(text, identifiers_in(text)) == "Write to [email] or [email 2], best to [email]."


def test_numbers_go_on_after_placeholders_that_stand_already() -> None:
    text = "[email] knows a@b.org"
    assert redact(text, identifiers_in(text)) == "[email] knows [email 2]"


def test_a_value_goes_wherever_it_stands() -> None:
    text = "My password is swordfish. Yes, swordfish, not swordfishes."
    assert redact(text, secrets_in(text)) == "My password is [password]. Yes, [password], not swordfishes."


def test_findings_that_overlap_become_one() -> None:
    assert redact("abcdef", [Found("x", 1, 3), Found("yy", 2, 5)]) == "a[yy]f"
    assert redact("abcdef", [Found("x", 0, 6), Found("y", 2, 3)]) == "[x]"


def test_nothing_found_changes_nothing() -> None:
    assert redact("Nothing here.", []) == "Nothing here."
    assert redact("", []) == ""


def test_offsets_are_carried_over() -> None:
    text = "to a@b.org and c@d.org, bye"
    done = redacted(text, identifiers_in(text))
    assert [done.text[a:b] for a, b in done.placed] == ["[email]", "[email 2]"]
    assert done.text[done.at(text.index("and")) :].startswith("and")
    assert done.text[done.at(text.index("bye")) :] == "bye"
    assert done.at(text.index("b.org")) == done.placed[0][0]
    assert done.at(len(text)) == len(done.text)


@given(
    st.lists(st.one_of(st.sampled_from(VALUES), st.text(max_size=12)), max_size=8), st.sampled_from([" ", "\n", ", "])
)
def test_no_value_survives_and_twice_is_as_once(parts: list[str], between: str) -> None:
    text = between.join(parts)
    found = [one for find in FINDERS for one in find(text)]
    clean = scrub(text, FINDERS)
    assert [one for find in FINDERS for one in find(clean) if "[" not in clean[one.start : one.end]] == []
    assert scrub(clean, FINDERS) == clean
    outside = re.sub(r"\[[^\[\]]*\]", "", redact(text, found))
    assert [
        text[one.start : one.end] for one in found if one.end - one.start > 8 and text[one.start : one.end] in outside
    ] == []


@given(st.text(max_size=40), st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=5))
def test_offsets_always_fit(text: str, spans: list[tuple[int, int]]) -> None:
    found = [Found("thing", min(a, b, len(text)), min(max(a, b), len(text))) for a, b in spans]
    done = redacted(text, found)
    assert all(0 <= done.at(offset) <= len(done.text) for offset in range(len(text) + 1))
    assert done.at(len(text)) == len(done.text)
    assert all(done.text[a] == "[" and done.text[b - 1] == "]" for a, b in done.placed)


@pytest.mark.parametrize("value", VALUES)
def test_each_sort_goes(value: str) -> None:
    assert value not in scrub(f"Well: {value} - that is it.", FINDERS)
