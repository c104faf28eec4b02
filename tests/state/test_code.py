"""Code in a model's answer: which blocks are files, what they are called, what is wrong with them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metahuman.state.code import problem_of, read_code

TASK = "write a search tool"
ODD = ["```", "```py a.py", "````md", "~~~", "x = 1", "(", "> ```", "- ```js", "    ```", "**b.py**", "\x00"]
CODE = "```python\ndef search():\n    return 1\n```\n"


def names(answer: str, task: str = TASK) -> list[str]:
    return [file["name"] for file in read_code(answer, task).files]


def test_a_file_has_its_text_whole_and_the_rest_are_remarks() -> None:
    found = read_code(f"Here it is:\n\n{CODE}\nIt is slow.", TASK)
    (file,) = found.files
    assert file == {
        "kind": "code",
        "name": "search.py",
        "language": "python",
        "text": "def search():\n    return 1\n",
        "defines": ["search"],
        "problem": None,
    }
    assert found.remarks == "Here it is:\nIt is slow."
    assert problem_of(found.files) is None


@pytest.mark.parametrize(
    ("answer", "files"),
    [
        (f"```bash\npip install x\n```\n{CODE}```console\n$ python search.py\n3\n```", ["search.py"]),
        ("```bash\npip install x\n```", ["search-tool.sh"]),
        (f"```bash\n#!/bin/bash\nls\n```\n{CODE}", ["search-tool.sh", "search.py"]),
        (f"```bash\nfor x in *; do\n  ls\ndone\n```\n{CODE}", ["search-tool.sh", "search.py"]),
        (f"**run.sh**\n```bash\npython search.py\n```\n{CODE}", ["run.sh", "search.py"]),
        (f"{CODE}It prints:\n```\n[1, 2]\n```", ["search.py"]),
        (f"{CODE}```text\nfound\n```", ["search.py"]),
        (f"{CODE}```md README.md\n# Hi\n```", ["search.py", "README.md"]),
        (f"README.md\n```markdown\n# T\n```bash\npip install\n```\nbye\n```\n{CODE}", ["README.md", "search.py"]),
        ("```markdown\n# Only this\n```", ["search-tool.md"]),
        ("```diff\n--- a/x.py\n+++ b/src/x.py\n-a\n+b\n```", ["x.py.diff"]),
        ("```dockerfile\nFROM x\n```", ["Dockerfile"]),
        ("```make\nall:\n\techo\n```", ["Makefile"]),
        ("```html\n<pre>\n# ``` in HTML\n</pre>\n```", ["search-tool.html"]),
        ("`a.py`:\n```\nx = 1\n```\n`b.py`:\n```\ny = 2\n```", ["a.py", "b.py"]),
        ("```py a.py\nx\n```\n```py A.py\ny\n```\n```py a-2.py\nz\n```", ["a.py", "A-2.py", "a-2-2.py"]),
        (CODE + CODE, ["search.py"]),
        ("```python ../../.ssh/authorized_keys.py\nx = 1\n```", ["authorized_keys.py"]),
        ("```\n\n```\n", []),
        ("```", []),
        ("I cannot do that.", []),
        ("", []),
    ],
)  # fmt: skip
def test_which_blocks_are_files(answer: str, files: list[str]) -> None:
    assert names(answer) == files


def test_commands_are_files_where_a_script_was_asked_for() -> None:
    answer = f"```bash\npython search.py\n```\n{CODE}"
    assert names(answer, "a bash script for cron") == ["bash-script-cron.sh", "search.py"]


@pytest.mark.parametrize(
    ("answer", "name", "language"),
    [
        ("def search():\n    return 1", "search.py", "python"),
        ("import os\nos.remove('x')\n", "search-tool.py", "python"),
        ('{"a": 1}', "search-tool.json", "json"),
        ("<!doctype html>\n<p>", "search-tool.html", "html"),
    ],
)
def test_an_answer_without_a_fence_is_a_file_if_all_of_it_is_code(answer: str, name: str, language: str) -> None:
    found = read_code(answer, TASK)
    assert [(file["name"], file["language"]) for file in found.files] == [(name, language)]
    assert found.remarks == ""


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        ("I cannot.", "there is no fenced block of code in the answer"),
        ("```python\ndef f(:\n```", "search-tool.py: line 1: invalid syntax"),
        ("```python\ndef f(): pass", "f.py: it breaks off before its end"),
        ("```search.py\nx = \n```", "search.py: line 1: invalid syntax"),
        ("```py a.py\nx = 1\n```\n```json b.json\n{\n```", "b.json: Expecting property name enclosed in double quotes"),
        ("```bash\nif then (\n```", None),
        (f"```bash\nx (\n```\n{CODE}", None),
    ],
)
def test_what_is_wrong_is_told_with_the_files_name(answer: str, problem: str | None) -> None:
    found = problem_of(read_code(answer, TASK).files)
    assert found is None if problem is None else (found or "").startswith(problem)


@settings(derandomize=True, database=None)
@given(
    st.lists(st.sampled_from(ODD) | st.text(st.characters(exclude_categories=()), max_size=12), max_size=16),
    st.sampled_from(["\n", "\r\n", "\r", "\u2028"]),
)
def test_no_answer_is_too_odd_to_be_read(lines: list[str], end: str) -> None:
    found = read_code(end.join(lines), TASK)
    assert len({file["name"].lower() for file in found.files}) == len(found.files)
    assert all(file["text"].strip() for file in found.files)
    assert "\n" not in (problem_of(found.files) or "")
