"""A voice put in force and taken back: the registry says exactly what it said before."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from metahuman.home import Home
from metahuman.opening import open_registry
from metahuman.state.errors import BadChoice, SettingError
from metahuman.voice.gate import gate
from metahuman.voice.history import changes, history_file, note
from metahuman.voice.promoting import MODEL_ID, drop, promote, rollback
from metahuman.voice.runs import Run, find_run
from metahuman.voice.standing import standing
from tests.fakes import FakeAudit, FakeClock
from tests.homes import files
from tests.voices import a_home, a_run

FIRST, SECOND = "2026-05-17-120000-aaaaaa", "2026-05-18-120000-bbbbbb"


def put_in_force(home: Home, run: Run, modes: Sequence[str] = ("emulation",), anyway: str = "") -> FakeAudit:
    audit, found = FakeAudit(), gate(run, open_registry(home))
    promote(home, run, found, modes=modes, anyway=anyway, audit=audit, clock=FakeClock())
    return audit


def registry(home: Home) -> object:
    return json.loads((home.root / "etc" / "models.json").read_bytes())


def back(home: Home) -> list[str]:
    return [one.change.run for one in rollback(home, audit=FakeAudit(), clock=FakeClock())]


def flag(run: Run) -> None:
    card = run.folder / "card.json"
    card.write_text(json.dumps({**json.loads(card.read_bytes()), "flagged": {"memoryIds": ["evt-1"]}}))


def test_a_voice_speaks_where_it_is_let_and_is_taken_back(tmp_path: Path) -> None:
    home = a_home(tmp_path)
    run, before = a_run(home), registry(home)
    audit = put_in_force(home, run, modes=("emulation", "dual"))
    assert standing(open_registry(home), run.folder) == ([MODEL_ID], ["dual", "emulation"])
    (told,) = audit.named("voice_promoted")
    assert (told["run"], told["modes"], told["anyway"]) == (run.name, ["emulation", "dual"], "")
    assert set(told["gate"].values()) == {True}
    undone = FakeAudit()
    (one,) = rollback(home, audit=undone, clock=FakeClock())
    assert registry(home) == before
    assert one.keys == [
        f"models.{MODEL_ID}",
        "cognitiveModeMappings.dual.persona",
        "cognitiveModeMappings.emulation.persona",
    ]
    assert undone.named("voice_rolled_back")[0]["keys"] == one.keys
    assert changes(home)[0].undone_at


def test_a_home_without_a_registry_of_its_own_has_none_afterwards(tmp_path: Path) -> None:
    a_home(tmp_path)
    home = Home(tmp_path)
    run = a_run(home)
    for path in (tmp_path / "etc").iterdir():
        path.unlink()
    job = json.loads((run.folder / "job.json").read_bytes())
    job["base"] |= {"modelId": "embedded", "model": "smollm2-135m-instruct"}
    (run.folder / "job.json").write_text(json.dumps(job))
    put_in_force(home, find_run(home, run.name))
    assert open_registry(home).resolve_model("persona", "emulation").model_id == MODEL_ID  # type: ignore[union-attr]
    back(home)
    assert not (tmp_path / "etc" / "models.json").exists()


def test_it_goes_back_step_by_step_and_what_else_was_changed_stays(tmp_path: Path) -> None:
    home = a_home(tmp_path)
    first, second, start = a_run(home, FIRST), a_run(home, SECOND), registry(home)
    put_in_force(home, first)
    one = registry(home)
    put_in_force(home, second, modes=("agent", "emulation"))
    path = tmp_path / "etc" / "models.json"
    path.write_text(json.dumps({**json.loads(path.read_bytes()), "version": "mine"}))
    assert back(home) == [SECOND]
    assert registry(home) == {**one, "version": "mine"}  # type: ignore[dict-item]
    assert back(home) == [FIRST]
    assert registry(home) == {**start, "version": "mine"}  # type: ignore[dict-item]
    with pytest.raises(BadChoice, match="that could be taken back"):
        back(home)
    put_in_force(home, second)
    assert back(home) == [SECOND]


def test_a_tainted_or_deleted_voice_is_not_gone_back_to(tmp_path: Path) -> None:
    home = a_home(tmp_path)
    first, second, start = a_run(home, FIRST), a_run(home, SECOND), registry(home)
    put_in_force(home, first)
    put_in_force(home, second)
    flag(first)
    assert back(home) == [SECOND, FIRST]
    assert registry(home) == start
    third = a_run(home, FIRST)
    put_in_force(home, third)
    put_in_force(home, second)
    assert drop(home, third, audit=FakeAudit()) == 5
    assert back(home) == [SECOND, FIRST]
    assert registry(home) == start


def test_a_promotion_that_a_crash_cut_short_is_taken_back(tmp_path: Path) -> None:
    home = a_home(tmp_path)
    run, before = a_run(home), registry(home)
    note(home, MODEL_ID, run.name, ["emulation"], "", "2026")
    assert back(home) == [run.name]
    assert registry(home) == before


def test_the_gate_is_obeyed_unless_there_is_a_reason(tmp_path: Path) -> None:
    home = a_home(tmp_path)
    run = a_run(home, report={"perplexity": None})
    before = files(tmp_path)
    with pytest.raises(BadChoice, match=r"other knowledge: not known; .* \(--anyway REASON passes over it\)"):
        put_in_force(home, run)
    assert files(tmp_path) == before
    (told,) = put_in_force(home, run, anyway="I like it").named("voice_promoted")
    assert (told["anyway"], told["gate"]["other knowledge"]) == ("I like it", False)
    assert changes(home)[0].anyway == "I like it"
    entry = open_registry(home).file.models[MODEL_ID]
    assert entry.metadata["anyway"] == "I like it"


def test_no_reason_passes_over_a_leak_or_a_taint(tmp_path: Path) -> None:
    home = a_home(tmp_path)
    leaks = a_run(home, FIRST, report={"leaks": {"reported": [{"kind": "secret"}]}})
    with pytest.raises(BadChoice, match="cannot be put in force, whatever the reason: leaks: 1 secret"):
        put_in_force(home, leaks, anyway="please")
    tainted = a_run(home, SECOND)
    flag(tainted)
    with pytest.raises(BadChoice, match="forgotten memories: 1"):
        put_in_force(home, tainted, anyway="please")
    assert not history_file(home).exists()


def test_what_is_forgotten_while_the_person_is_asked_counts(tmp_path: Path) -> None:
    home = a_home(tmp_path)
    run = a_run(home)
    found = gate(run, open_registry(home))
    flag(run)
    with pytest.raises(BadChoice, match="is tainted by now"):
        promote(home, run, found, audit=FakeAudit(), clock=FakeClock())
    assert not history_file(home).exists()


def test_a_reason_that_nothing_asked_for_is_not_written_down(tmp_path: Path) -> None:
    home = a_home(tmp_path)
    (told,) = put_in_force(home, a_run(home), anyway="just so").named("voice_promoted")
    assert (told["anyway"], changes(home)[0].anyway) == ("", "")


def test_a_voice_in_the_registry_is_not_deleted(tmp_path: Path) -> None:
    home = a_home(tmp_path)
    run = a_run(home)
    put_in_force(home, run)
    with pytest.raises(BadChoice, match="is in force in emulation: `metahuman persona rollback`"):
        drop(home, run, audit=FakeAudit())
    back(home)
    audit = FakeAudit()
    assert drop(home, run, audit=audit) == 5
    assert not run.folder.exists()
    assert audit.named("voice_dropped") == [{"run": run.name, "files": 5}]


@pytest.mark.parametrize(
    ("content", "key"),
    [
        ("{", "not JSON"),
        ({"changes": {}}, "changes"),
        ({"changes": [{"at": 1}]}, "changes.0.at"),
        ({"changes": [{"at": "", "run": "", "modes": [], "ownRegistry": True, "before": [{"key": ["x"]}]}]}, "key"),
    ],
)
def test_a_history_edited_badly_is_one_line_and_stays(tmp_path: Path, content: object, key: str) -> None:
    home = a_home(tmp_path)
    run, path = a_run(home), history_file(home)
    path.parent.mkdir(exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    before = files(tmp_path)
    for use in (lambda: back(home), lambda: put_in_force(home, run), lambda: changes(home)):
        with pytest.raises(SettingError, match=key):
            use()
    assert files(tmp_path) == before
