"""Tests of `metahuman persona`: what it shows, checks and changes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.homes import files, in_process


def write(home: Path, name: str, content: object) -> Path:
    path = home / "persona" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def events(home: Path, name: str) -> list[Any]:
    lines = in_process(home, "audit", "--json", "--event", name).stdout.splitlines()
    return [json.loads(line) for line in lines]


def editor(home: Path, *texts: str) -> str:
    """Return an editor that puts the first text in the file, then the second, and so on."""
    for number, text in enumerate(texts, 1):
        (home / f"text{number}").write_text(text)
    script = home / "editor.sh"
    count = home / "count"
    script.write_text(
        f'n=$(($(cat "{count}" 2>/dev/null || echo 0) + 1)); echo $n > "{count}"; cat "{home}/text$n" > "$1"\n'
    )
    return f"sh {script}"


@pytest.mark.parametrize("width", [60, 200])
def test_a_fresh_home_shows_the_shipped_persona_and_stays_empty(tmp_path: Path, width: int) -> None:
    done = in_process(tmp_path, "persona", columns=width)
    assert (done.returncode, done.stderr) == (0, "")
    assert "honesty, privacy" in done.stdout
    assert "facet" in done.stdout
    assert in_process(tmp_path, "persona", "check").stdout.endswith("persona: nothing to mend\n")
    assert files(tmp_path) == {}


def test_the_card_tells_core_and_cache_and_cannot_steer_the_terminal(tmp_path: Path) -> None:
    core = {"identity": {"name": "[red]Ada\x1b[31m"}, "goals": {"shortTerm": ["[bold]rest[/]"]}}
    write(tmp_path, "core.json", core | {"personality": {"traits": {"openness": 0.75, "notes": "x"}}})
    sources = {"frequentFacts": {"city": {"value": "London", "since": "2026-05-01T00:00:00Z"}}}
    themes = [{"theme": "tea", "frequency": 2, "lastSeen": "2999-01-01T00:00:00Z"}]
    facts = {"city": "London", "pet": "cat"}
    write(tmp_path, "cache.json", {"frequentFacts": facts, "sources": sources, "recentThemes": themes})
    told = in_process(tmp_path, "persona", "show", columns=120).stdout
    for part in ("[bold]rest[/]", "openness 0.75", "London (since 2026-05-01)", "cat", "tea (2.0)", "[red]Ada"):
        assert part in told
    assert "\x1b" not in told


def test_the_card_as_json_and_the_prompt_as_the_model_has_it(tmp_path: Path) -> None:
    write(tmp_path, "core.json", {"identity": {"name": "Ada"}, "mood": 1})
    told = json.loads(in_process(tmp_path, "persona", "show", "--json").stdout)
    assert told == {
        "facet": "default",
        "core": {"identity": {"name": "Ada"}, "mood": 1},
        "cache": {},
        "prompt": "You are Ada.",
    }
    assert in_process(tmp_path, "persona", "show", "--prompt").stdout == "You are Ada.\n"


def test_a_value_is_set_once_and_audited(tmp_path: Path) -> None:
    done = in_process(tmp_path, "persona", "set", "personality.interests", "chess, tea")
    assert (done.returncode, done.stdout) == (0, "set: personality.interests\n")
    assert in_process(tmp_path, "persona", "set", "personality.interests", "chess, tea").stdout.startswith("already so")
    assert "Your interests: chess, tea" in in_process(tmp_path, "persona", "show", "--prompt").stdout
    (event,) = events(tmp_path, "persona_changed")
    assert (event["actor"], event["details"]) == (
        "human",
        {"file": "persona/core.json", "changed": ["personality.interests"]},
    )


def test_a_value_that_does_not_fit_is_one_line_and_changes_nothing(tmp_path: Path) -> None:
    done = in_process(tmp_path, "persona", "set", "personality.traits.openness", "7")
    assert done.returncode == 1
    assert done.stderr.endswith("personality.traits.openness: too large; write a number from 0 to 1\n")
    assert done.stderr.count("\n") == 1
    assert files(tmp_path) == {}


def test_a_misspelt_key_is_set_and_told(tmp_path: Path) -> None:
    done = in_process(tmp_path, "persona", "set", "identity.humanNam", "Ada")
    assert done.returncode == 0
    assert "identity.humanNam: not known; humanName is meant, perhaps" in done.stderr


def test_a_check_names_each_thing_and_fails_on_errors_only(tmp_path: Path) -> None:
    path = write(tmp_path, "core.json", {"identity": {"humanName": "[Your Full Name]"}})
    done = in_process(tmp_path, "persona", "check")
    remedy = "say it in your words, or take it out"
    line = f"warning: {path}: identity.humanName: still says [Your Full Name]; {remedy}\n"
    assert (done.returncode, done.stdout) == (0, line)
    write(tmp_path, "cache.json", "{")
    done = in_process(tmp_path, "persona", "check")
    assert (done.returncode, len(done.stdout.splitlines())) == (1, 2)


def test_a_facet_is_chosen_listed_and_audited(tmp_path: Path) -> None:
    write(tmp_path, "facets/poet.json", {"description": "metaphors", "identity": {"role": "a poet"}})
    assert in_process(tmp_path, "persona", "facet").stdout.startswith("* default: ")
    done = in_process(tmp_path, "persona", "facet", "poet")
    assert "* poet: metaphors\n" in done.stdout
    assert "You are MetaHuman, a poet." in in_process(tmp_path, "persona", "show", "--prompt").stdout
    in_process(tmp_path, "persona", "facet", "poet")
    assert [one["details"] for one in events(tmp_path, "facet_changed")] == [{"before": "default", "after": "poet"}]
    done = in_process(tmp_path, "persona", "facet", "clown")
    assert (done.returncode, done.stderr) == (
        1,
        "metahuman: no facet 'clown' to choose; there are default, inactive, poet\n",
    )


def test_the_whole_file_is_edited_in_the_owners_editor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    monkeypatch.setenv("VISUAL", editor(tmp_path, '{"identity": {"name": "Zoë"}}'))
    done = in_process(home, "persona", "edit")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("changed: ")
    assert in_process(home, "persona", "show", "--prompt").stdout == "You are Zoë.\n"
    assert len(events(home, "persona_changed")) == 1
    assert [path.name for path in (home / "persona").glob("[!.]*")] == ["core.json"]


def test_a_wrong_edit_is_offered_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VISUAL", editor(tmp_path, '{"identity": ', '{"identity": {"name": "Zoë"}}'))
    done = in_process(tmp_path / "home", "persona", "edit", typed="y\n")
    assert done.returncode == 0
    assert "error: " in done.stderr
    assert in_process(tmp_path / "home", "persona", "show", "--prompt").stdout == "You are Zoë.\n"


@pytest.mark.parametrize("typed", ["n\n", ""])
def test_a_wrong_edit_that_is_given_up_is_kept_and_taken_up_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, typed: str
) -> None:
    home = tmp_path / "home"
    monkeypatch.setenv("VISUAL", editor(tmp_path, '{"identity": 3}', '{"identity": {"name": "Zoë"}}'))
    done = in_process(home, "persona", "edit", typed=typed)
    assert done.returncode == 1
    draft = home / "persona" / "core.draft.json"
    assert f"nothing was changed; your draft is kept: {draft}\n" in done.stderr
    assert draft.read_text() == '{"identity": 3}'
    assert not (home / "persona" / "core.json").exists()
    done = in_process(home, "persona", "edit")
    assert done.stdout.startswith(f"going on with the draft that was left: {draft}\nchanged: ")
    assert not draft.exists()
