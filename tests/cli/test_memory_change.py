"""Tests of `metahuman memory add`, `edit` and `forget`: what the owner notes, puts right and takes out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from metahuman.state.files import as_json
from tests.cli.test_memory import keep, listed, told
from tests.cli.test_persona import editor, events
from tests.homes import TALK, files, in_process, scripted
from tests.keepers import a_memory

#: Something that nobody says by chance.
SECRET = "the spare key is under the third flowerpot"


def memory_of(home: Path, name: str) -> dict[str, Any]:
    found: dict[str, Any] = told(home, "show", name)["memory"]
    return found


class TestAdd:
    def test_what_is_noted_is_found_and_audited(self, tmp_path: Path) -> None:
        done = in_process(
            tmp_path, "memory", "add", "Eva", "got", "a", "dog", "--type", "journal", "--at", "2024-05-01"
        )
        assert (done.returncode, done.stderr) == (0, "")
        [name] = listed(tmp_path)
        assert done.stdout == f"kept as {name}\n"
        assert (memory_of(tmp_path, name)["type"], memory_of(tmp_path, name)["content"]) == ("journal", "Eva got a dog")
        [event] = events(tmp_path, "memory_saved")
        assert (event["actor"], event["details"]["id"]) == ("human", name)
        assert [hit["memory"]["id"] for hit in told(tmp_path, "search", "Eva's dog")["hits"]] == [name]

    def test_it_goes_the_way_of_all_that_is_remembered(self, tmp_path: Path) -> None:
        in_process(tmp_path, "memory", "add", "My dentist is Dr. Moss", "--at", "2024-05-01")
        done = in_process(tmp_path, "memory", "add", "My dentist is Dr. Moss", "--at", "2024-06-01")
        assert done.stdout.startswith("nothing new was written\nsaid before, counted in ")
        assert in_process(tmp_path, "memory", "add", "thanks").stdout.endswith("kept but not recalled: small talk\n")

    def test_standard_input_may_be_anything(self, tmp_path: Path) -> None:
        assert in_process(tmp_path, "memory", "add", "-", typed="the attic\x00 \U0001f600\n").returncode == 0
        assert memory_of(tmp_path, listed(tmp_path)[0])["content"] == "the attic\x00 \U0001f600"

    @pytest.mark.parametrize("words", [[" "], ["-"]])
    def test_nothing_is_not_kept(self, tmp_path: Path, words: list[str]) -> None:
        done = in_process(tmp_path / "home", "memory", "add", *words)
        assert (done.returncode, done.stderr) == (
            1,
            "metahuman: there is nothing to remember: the text is empty\n",
        )
        assert not (tmp_path / "home").exists()


class TestEdit:
    def test_values_are_set_and_audited_by_key(self, tmp_path: Path) -> None:
        keep(tmp_path, a_memory("one", "tea"))
        values = ("--set", "metadata.trainingConsent=no", "--set", "tags=a, b", "--set", "content=42")
        done = in_process(tmp_path, "memory", "edit", "one", *values)
        assert done.stdout == "one: changed: content, tags, metadata.trainingConsent\n"
        found = memory_of(tmp_path, "one")
        assert (found["content"], found["tags"], found["metadata"]["trainingConsent"]) == ("42", ["a", "b"], False)
        [event] = events(tmp_path, "memory_edited")
        assert event["details"] == {"id": "one", "changed": ["content", "tags", "metadata.trainingConsent"]}
        assert in_process(tmp_path, "memory", "edit", "one", *values).stdout == "one: nothing was changed\n"
        assert len(events(tmp_path, "memory_edited")) == 1

    @pytest.mark.parametrize(
        ("value", "line"),
        [
            ("id=two", "one: id: names another memory; leave it as one"),
            ("timestamp=tomorrow", "one: timestamp: "),
            (
                "metadata.training_consent=no",
                "one: metadata.training_consent: not the key's name; call it metadata.trai",
            ),
            ("content.first=x", "one: content.first: there is nothing inside a str; "),
            ("=x", "'' is no key; "),
        ],
    )
    def test_a_value_that_does_not_fit_is_one_line_and_changes_nothing(
        self, tmp_path: Path, value: str, line: str
    ) -> None:
        keep(tmp_path, a_memory("one"))
        before = files(tmp_path / "memory")
        done = in_process(tmp_path, "memory", "edit", "one", "--set", value)
        assert (done.returncode, done.stderr.count("\n")) == (1, 1)
        assert done.stderr.startswith(f"metahuman: {line}")
        assert files(tmp_path / "memory") == before

    def test_a_value_without_a_key_is_a_mistake_of_use(self, tmp_path: Path) -> None:
        keep(tmp_path, a_memory("one"))
        assert in_process(tmp_path, "memory", "edit", "one", "--set", "nonsense").returncode == 2

    def test_a_wrong_copy_is_kept_offered_again_and_taken_up_later(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        home = tmp_path / "home"
        keep(home, a_memory("one", "tea"))
        right = json.dumps(a_memory("one", "coffee").as_json())
        monkeypatch.setenv("VISUAL", editor(tmp_path, '{"id": ', '{"id": "one"}', right))
        done = in_process(home, "memory", "edit", "one", typed="y\nn\n")
        draft = home / "state" / "drafts" / "one.json"
        assert done.returncode == 1
        assert "not JSON" in done.stderr
        assert "timestamp: field required; mend it, or move the file away\n" in done.stderr
        assert f"nothing was changed; your draft is kept: {draft}\n" in done.stderr
        assert memory_of(home, "one")["content"] == "tea"
        done = in_process(home, "memory", "edit", "one")
        assert done.stdout == f"going on with the draft that was left: {draft}\none: changed: content\n"
        assert memory_of(home, "one")["content"] == "coffee"
        assert not draft.exists()
        assert [hit["memory"]["id"] for hit in told(home, "search", "coffee")["hits"]] == ["one"]


class TestForget:
    def test_it_says_what_goes_and_asks(self, tmp_path: Path) -> None:
        keep(tmp_path, a_memory("one", SECRET), a_memory("two", links=["one"]))
        curated = tmp_path / "memory" / "curated"
        write(curated / "conversations" / "2026-05-17-one.json", {"id": "one"})
        write(curated / "training-datasets" / "d.jsonl", None, '{"memoryId": "one"}\n{"memoryId": "two"}\n')
        run = tmp_path / "out" / "adapters" / "a" / "v1"
        write(run / "manifest.json", {"memoryIds": ["one"]})
        write(run / "evaluation" / "ab.json", None, SECRET)
        before = files(tmp_path, but="state")
        done = in_process(tmp_path, "memory", "forget", "one", typed="n\n")
        assert (done.returncode, done.stderr.splitlines()[-1]) == (1, "nothing was forgotten")
        for line in (
            f"  its file: {tmp_path}/memory/episodic/2026/one.json",
            "  curated copy: memory/curated/conversations/2026-05-17-one.json",
            "  training data: memory/curated/training-datasets/d.jsonl, 1 rows",
            "  flagged, for it cannot unlearn: out/adapters/a/v1/manifest.json",
            "  deleted, for it may quote it: out/adapters/a/v1/evaluation",
        ):
            assert line in done.stdout.splitlines()
        assert files(tmp_path, but="state") == before
        done = in_process(tmp_path, "memory", "forget", "one", typed="y\n")
        assert done.returncode == 0, done.stderr
        assert "one: forgotten\n  no longer linked to it: two\n" in done.stdout
        assert listed(tmp_path) == ["two"]
        assert SECRET.encode() not in b"".join(files(tmp_path).values())
        [event] = events(tmp_path, "memory_forgotten")
        assert (event["details"]["id"], event["details"]["unlinked"]) == ("one", ["two"])

    def test_where_nobody_can_be_asked_nothing_is_forgotten(self, tmp_path: Path) -> None:
        keep(tmp_path, a_memory("one"))
        assert in_process(tmp_path, "memory", "forget", "one").returncode == 1
        assert listed(tmp_path) == ["one"]

    def test_several_go_at_once_or_none(self, tmp_path: Path) -> None:
        keep(tmp_path, a_memory("one"), a_memory("two"), a_memory("three"))
        assert in_process(tmp_path, "memory", "forget", "one", "x", "--yes").returncode == 1
        assert in_process(tmp_path, "memory", "forget", "one", "tw", "one", "--yes").returncode == 0
        assert listed(tmp_path) == ["three"]

    def test_the_persona_cache_forgets_too(self, tmp_path: Path) -> None:
        keep(tmp_path, a_memory("one"))
        with scripted(tmp_path) as twin:
            twin.persona_cache.update_frequent_fact("city", "London", memories=["one"])
        done = in_process(tmp_path, "memory", "forget", "one", "--yes")
        assert "one: forgotten, also by the persona cache\n" in done.stdout
        assert "London" not in (tmp_path / "persona" / "cache.json").read_text()

    def test_conversations_that_still_hold_the_words_are_named_and_deleted_if_wished(self, tmp_path: Path) -> None:
        with scripted(tmp_path, orchestrator=[TALK] * 3, persona=["noted", "hello", "there it is"]) as twin:
            name = str(twin.chat(f"Remember that {SECRET}.", thread="keys").memory_id)
            twin.chat("Hello, how was your day in the mountains?", thread="other")
            recalling = twin.chat("where is the spare key, under which flowerpot?", thread="third")
        assert [one["id"] for one in recalling.evidence] == [name]
        done = in_process(tmp_path, "memory", "forget", name, typed="n\n")
        told = [line for line in done.stdout.splitlines() if line.startswith("the conversation")]
        assert sorted(told) == [
            "the conversation keys still holds its words; --threads deletes it (its messages)",
            "the conversation third still holds its words; --threads deletes it (what its last turn recalled)",
        ]
        done = in_process(tmp_path, "memory", "forget", name, "--threads", "--yes")
        assert done.returncode == 0, done.stderr
        with scripted(tmp_path) as twin:
            assert twin.threads() == ["other"]
        assert SECRET.encode() not in b"".join(files(tmp_path, but="logs").values())
        assert sorted(events(tmp_path, "memory_forgotten")[0]["details"]["threads"]) == ["keys", "third"]


def write(path: Path, value: Any, text: str = "") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() or as_json(value))
