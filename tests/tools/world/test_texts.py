from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from metahuman.tools.world.texts import in_a_line, page, plain


def test_what_steers_a_terminal_is_taken_out() -> None:
    assert plain("a\x1b[31mred\x1b[0m\x1b]0;title\x07\r\nb\x00\x08\u202ec\ud800 \t👩‍🌾") == "ared\nbc \t👩‍🌾"


def test_a_line_is_one_line() -> None:
    assert in_a_line(" a\n\tb ") == "a b"
    assert in_a_line("x" * 300) == "x" * 199 + "…"


@given(st.text(alphabet="abc \n", min_size=1, max_size=3_000), st.integers(500, 2_000))
def test_pages_make_up_the_whole(text: str, room: int) -> None:
    found, start = "", 0
    while start < len(text):
        shown = page("head", text, start, room)
        assert len(shown) <= room
        end = f"of {len(text)}; the next begin at start="
        following = int(shown.rpartition("start=")[2].rstrip(")")) if end in shown else len(text)
        part = text[start:following]
        assert shown.startswith(f"head\n\n{part}")
        found, start = found + part, following
    assert found == text


def test_past_the_end_it_says_so() -> None:
    assert page("head", "abc", 3, 500) == "head\n\n(it has 3 characters; nothing is at 3)"
    assert page("head", "", 0, 500) == "head\n\n(empty)"
    assert page("head", "abc", 0, 500, more="cut") == "head\n\nabc\n\n(cut)"
