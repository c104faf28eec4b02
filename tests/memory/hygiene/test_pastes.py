"""Pastes are cut, a person's words never."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metahuman.memory.hygiene.pastes import shortened

TRACE = """Traceback (most recent call last):
  File "/srv/app/main.py", line 10, in <module>
    run()
  File "/srv/app/main.py", line 6, in run
    open("cfg.toml")
FileNotFoundError: [Errno 2] No such file or directory: 'cfg.toml'"""
JAVA = """Exception in thread "main" java.lang.NullPointerException: name
    at com.acme.Foo.bar(Foo.java:12)
    at com.acme.Foo.main(Foo.java:5)
    at java.base/jdk.internal.reflect.Native.invoke(Native.java:9)
Caused by: java.io.IOException: gone
    ... 3 more"""
LOG = "\n".join(f"2024-05-01 10:00:0{n} INFO worker {n} took a job" for n in range(8))
ACCESS = "\n".join(f'10.0.0.{n} - - [01/May/2024:10:00:00 +0000] "GET / HTTP/1.1" 200 {n}' for n in range(6))
JSON = '{"items": [' + ", ".join(f'{{"id": {n}, "name": "row {n}"}}' for n in range(30)) + "]}"
DUMP = "\n".join(["{", '  "name": "app",', '  "version": "1.0.0",', '  "private": true,', '  "license": "MIT"', "}"])
BINARY = base64.b64encode(bytes(range(256)) * 2).decode()
LISTING = "\n".join(f"-rw-r--r-- 1 ada ada {n}00 May  1 10:00 file{n}.txt" for n in range(6))
DIFF = "\n".join(["--- a/x.py", "+++ b/x.py", "@@ -1,2 +1,2 @@", "[]", "{}", "()"])


@pytest.mark.parametrize("paste", [TRACE, JAVA, LOG, ACCESS, JSON, DUMP, BINARY, LISTING, DIFF])
def test_a_paste_is_cut_and_the_words_round_it_stay(paste: str) -> None:
    found = shortened(f"My build broke again this morning.\n{paste}\nAnna thinks it is the cache.")
    assert "My build broke again this morning." in found.own
    assert "Anna thinks it is the cache." in found.own
    assert len(found.cut) == 1
    assert "left out]" in found.text
    assert len(found.own) < 70


def test_the_line_that_tells_what_went_wrong_is_quoted() -> None:
    assert "FileNotFoundError: [Errno 2] No such file" in shortened(TRACE).text
    assert shortened(TRACE).own == ""
    assert "6 lines of a stack trace" in shortened(TRACE).cut[0]


@pytest.mark.parametrize(
    "text",
    [
        "1. milk\n2. eggs\n3. bread\n4. butter\n5. apples\n6. pears\n7. salt",
        "- call Anna\n- pay rent\n- water plants\n- book the dentist\n- write to Tom\n- sleep",
        "Roses are red\nviolets are blue\nI went to bed\nand thought of you\nthe night was long\nthe morning too",
        "```python\n" + "\n".join(f"x{n} = {n}" for n in range(20)) + "\n```",
        "One line. " * 200,
        "Error handling is what we spoke about with Anna: error here, error there. " * 10,
    ],
)
def test_lists_poems_and_code_are_left_whole(text: str) -> None:
    assert shortened(text) == (text, [], text)


def test_long_code_keeps_its_beginning() -> None:
    code = "\n".join(f"value_{n} = compute({n})" for n in range(100))
    found = shortened(f"This is my script:\n```python\n{code}\n```\nIt works.")
    assert "value_19 " in found.text
    assert "value_20 " not in found.text
    assert found.cut == ["80 lines of code"]


@given(
    st.lists(st.sampled_from(["I met Anna at the lake.", "We spoke of the house.", "It rained, sadly."]), min_size=1)
)
def test_prose_is_never_cut(lines: list[str]) -> None:
    text = "\n".join(lines)
    assert shortened(text).text == text


@given(st.text(max_size=400))
def test_any_text_is_read(text: str) -> None:
    found = shortened(text)
    assert found.cut or found.text == text
