"""What a block of code is called."""

from __future__ import annotations

import pytest

from metahuman.state.fences import blocks, lines_of
from metahuman.state.naming import ending_of, label_of, name_of


@pytest.mark.parametrize(
    ("info", "language", "name"),
    [
        ("python", "python", None),
        ("", "", None),
        ("Python3.11", "python", None),
        ("python search.py", "python", "search.py"),
        ("go:main.go", "go", "main.go"),
        ("js title=\"app/[id]/page.tsx\"", "js", "app/[id]/page.tsx"),
        ("docker filename=Dockerfile", "docker", "Dockerfile"),
        ("{.python .numberLines}", "python", None),
        ("{r, echo=FALSE}", "r", None),
        ("search.py", "", "search.py"),
        ("src/v1.2/search.py", "", "src/v1.2/search.py"),
        ("vb.net", "vb.net", None),
        ("c++", "c++", None),
        ("py {1-2.5}", "py", None),
        ("language-rust", "rust", None),
        ("python " + "a." * 50_000, "python", None),
    ],
)  # fmt: skip
def test_a_fence_names_the_language_and_perhaps_the_file(info: str, language: str, name: str | None) -> None:
    found = label_of(info)
    assert found.language == language
    assert len(info) > 1000 or found.name == name


@pytest.mark.parametrize(
    ("before", "first", "language", "name"),
    [
        ("**search.py**", "x", "python", "search.py"),
        ("`search.py`:", "x", "python", "search.py"),
        ("### src/search.py", "x", "python", "src/search.py"),
        ("1. `search.py`\n", "x", "python", "search.py"),
        ("File: `a.py`", "x", "python", "a.py"),
        ("**`a.py`** (new file)", "x", "python", "a.py"),
        ("__init__.py", "x", "python", "__init__.py"),
        ("**.gitignore**", "x", "", ".gitignore"),
        ("`Dockerfile`:", "x", "dockerfile", "Dockerfile"),
        ("Save it as `x/main.py`:", "x", "python", "x/main.py"),
        ("In `main.py`, import it:", "x", "python", "main.py"),
        ("Run `python main.py`:", "x", "bash", None),
        ("This uses `os.path`:", "x", "python", None),
        ("Here are `a.py` and `b.py`:", "x", "python", None),
        ("Look at a.py.", "x", "python", None),
        ("Here it is:", "# search.py", "python", "search.py"),
        ("", "// src/index.ts", "ts", "src/index.ts"),
        ("", "<!-- index.html -->", "html", "index.html"),
        ("", "/* style.css */", "css", "style.css"),
        ("", "#!/usr/bin/env python3\n# file: b.py", "python", "b.py"),
        ("", "# v1.0", "python", None),
        ("", "# finds things in a.py", "python", None),
        ("", "x", "python", None),
    ],
)
def test_the_first_lines_name_the_file_or_the_line_before(
    before: str, first: str, language: str, name: str | None
) -> None:
    lines = lines_of(f"{before}\n```{language}\n{first}\n```")
    assert name_of(next(blocks(lines)), lines, language) == name


@pytest.mark.parametrize(
    ("language", "ending"),
    [("python", ".py"), ("rs", ".rs"), ("c++", ".cpp"), ("r", ".R"), ("", ".txt"), ("svelte", ".svelte")],
)  # fmt: skip
def test_files_end_as_their_language_does(language: str, ending: str) -> None:
    assert ending_of(language) == ending
