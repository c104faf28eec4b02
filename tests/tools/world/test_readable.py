from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metahuman.tools.world.readable import readable

PAGE = """<!doctype html><html><head><title>Peas &amp; beans</title><style>p { color: red }</style></head><body>
<!-- hidden <p>words</p> --><nav><a href="#top">up</a></nav>
<h2>How to  sow</h2><p>Sow &lt;5 peas&gt;, 1 < 2, it's <a title="a > b" href="/more?a=1&amp;b=2">the <i>rest</i></a>.
<script>if (a < b) { document.write("</p>") }</script><noscript>Turn scripts on</noscript>
<ul><li>one<li>two</ul><table><tr><th>a</th><th>b</th></tr><tr><td>1<td>2</table>
<img alt="A pea" src="x.png"><a href="javascript:evil()">click</a></p>end"""


def test_a_page_is_read_as_a_person_would() -> None:
    page = readable(PAGE, "https://example.org/garden/")
    assert page.title == "Peas & beans"
    assert page.text.split("\n") == [
        "up", "", "## How to sow", "",
        "Sow <5 peas>, 1 < 2, it's [the rest](https://example.org/more?a=1&b=2).", "",
        "- one", "- two", "", "a | b", "", "1 | 2", "", "(picture: A pea)click", "", "end",
    ]  # fmt: skip


@pytest.mark.parametrize("page", ["<script>", "a<b", "<", "<a href='", "<!--", "</", "<title>x", "<svg>x</p>"])
def test_what_never_ends_is_not_shown(page: str) -> None:
    assert readable(page).text in ("", "a", "<")


HOSTILE = {
    "tags": "<a" * 700_000, "angles": "<" * 1_500_000, "deep": "<div>" * 300_000, "quotes": "<a b='" * 250_000,
    "comments": "<!--" * 400_000, "script": "<script>" + "</scrip" * 200_000, "equals": "<a " + "= " * 700_000 + ">",
    "blanks": "<p>" + " \t" * 700_000, "hidden": "<svg><math>" * 60_000 + "</svg>" * 60_000, "ends": "</a" * 500_000,
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_page_takes_no_longer_than_others(name: str) -> None:
    started = time.perf_counter()
    readable(HOSTILE[name], "https://example.org/")
    assert time.perf_counter() - started < 10  # Python's own parser takes hours


@given(st.text(alphabet=st.sampled_from("<>/!-='\"a bscriptltheadsvg&#;\n"), max_size=300))
def test_any_text_is_read(page: str) -> None:
    assert "<script" not in readable(f"{page}").text or "&" in page or "<" in page
    readable(page, "https://example.org/")
