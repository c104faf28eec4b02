"""The home's persona cache: atomic, audited, and safe when two processes learn at once."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from metahuman.memory.persona.cache import AuditedPersonaCache, PersonaCacheFile
from metahuman.state.errors import SettingError
from metahuman.state.persona_cache import Mention, track_theme
from tests.fakes import FakeAudit, FakeClock

#: Another program that counts the same twenty memories as everybody, and adds phrases of its own.
LEARNER = """
import sys
from pathlib import Path
from metahuman.memory.persona.cache import PersonaCacheFile
from metahuman.state.persona_cache import Mention, add_catchphrase, track_theme
file, now = PersonaCacheFile(Path(sys.argv[1])), "2026-05-17T12:00:00Z"
for number in range(20):
    file.change(lambda cache: track_theme(cache, "tea", Mention(now, f"evt-{number}", now)))
    if number % 4 == 0:
        file.change(lambda cache: add_catchphrase(cache, f"{sys.argv[2]}{number}", Mention(now)))
"""


def opened(tmp_path: Path) -> tuple[AuditedPersonaCache, PersonaCacheFile, FakeAudit]:
    file, audit = PersonaCacheFile(tmp_path / "persona" / "cache.json"), FakeAudit()
    return AuditedPersonaCache(file, audit, FakeClock()), file, audit


def test_every_function_of_the_plan_is_kept_in_the_file_and_audited(tmp_path: Path) -> None:
    cache, file, audit = opened(tmp_path)
    assert cache.update_frequent_fact("city", "London", "digest", ["evt-1"])
    assert cache.add_catchphrase("indeed", "digest", "evt-1")
    assert cache.add_quirk("hums", "digest", "evt-1")
    assert cache.track_theme("tea", "digest", "evt-1", "2026-05-01T00:00:00Z")
    assert cache.get_persona_context().splitlines() == [
        "You know: city: London",
        "You often say: indeed",
        "Lately: tea",
        "Quirks: hums",
    ]
    content = json.loads(file.path.read_text())
    assert (content["catchphrases"], content["frequentFacts"]) == (["indeed"], {"city": "London"})
    assert [event.details["changed"] for event in audit.events] == [
        {"frequentFacts": ["city"]},
        {"catchphrases": ["indeed"]},
        {"quirks": ["hums"]},
        {"recentThemes": ["tea"]},
    ]
    assert {(event.event, event.actor) for event in audit.events} == {("persona_cache_changed", "digest")}
    assert cache.save_persona_cache(cache.load_persona_cache() | {"quirks": ["sings"]}, "human")
    assert cache.forget_memory("evt-1")
    assert "evt-1" not in file.path.read_text()
    assert cache.update_frequent_fact("city", "Rome", "human")
    assert cache.clear()
    assert cache.get_persona_context() == "You know: city: Rome"
    assert cache.clear(owners_too=True)
    assert cache.get_persona_context() == ""


def test_what_changes_nothing_writes_nothing_and_is_not_audited(tmp_path: Path) -> None:
    cache, file, audit = opened(tmp_path)
    assert not cache.forget_memory("evt-1")
    assert not file.path.exists()
    cache.track_theme("tea", memory="evt-1")
    before, events = file.path.stat().st_mtime_ns, len(audit.events)
    assert not cache.track_theme("tea", memory="evt-1")
    assert not cache.update_frequent_fact("city", None)
    assert (file.path.stat().st_mtime_ns, len(audit.events)) == (before, events)


def test_other_programs_keys_and_odd_values_stay(tmp_path: Path) -> None:
    cache, file, _ = opened(tmp_path)
    file.path.parent.mkdir()
    file.path.write_text('{"mood": "calm", "quirks": "none", "recentThemes": [{"theme": "tea", "colour": "green"}, 7]}')
    cache.track_theme("tea")
    content = json.loads(file.path.read_text())
    assert (content["mood"], content["quirks"]) == ("calm", "none")
    assert {"colour": "green", "theme": "tea"}.items() <= content["recentThemes"][0].items()
    assert 7 in content["recentThemes"]


def test_a_batch_is_one_change(tmp_path: Path) -> None:
    cache, _, audit = opened(tmp_path)
    mention = Mention("2026-05-17T12:00:00Z")
    cache.change(lambda known: track_theme(track_theme(known, "tea", mention), "rust", mention), "digest")
    assert [event.details["changed"] for event in audit.events] == [{"recentThemes": ["tea", "rust"]}]


def test_two_processes_that_learn_the_same_at_once_count_it_once_and_lose_nothing(tmp_path: Path) -> None:
    file = PersonaCacheFile(tmp_path / "cache.json")
    others = [subprocess.Popen([sys.executable, "-c", LEARNER, str(file.path), name]) for name in ("a", "b", "c")]
    while any(other.poll() is None for other in others):
        file.load()  # whole at every moment
    assert [other.returncode for other in others] == [0, 0, 0]
    known = file.load()
    assert [one["frequency"] for one in known["recentThemes"]] == [20]
    assert set(known["catchphrases"]) == {f"{name}{number}" for name in "abc" for number in range(0, 20, 4)}


def test_a_file_that_is_none_is_named_and_left(tmp_path: Path) -> None:
    cache, file, audit = opened(tmp_path)
    file.path.parent.mkdir()
    file.path.write_text("[]")
    with pytest.raises(SettingError, match=r"cache\.json: holds a list"):
        cache.track_theme("tea")
    assert (file.path.read_text(), audit.events) == ("[]", [])
