from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from metahuman.routing.settings import load_settings
from metahuman.state.errors import SettingError, StoreError
from metahuman.state.parts import DESTINATIONS
from metahuman.state.shipped import SHIPPED

PLAIN: dict[str, Any] = json.loads((SHIPPED / "routing.json").read_bytes())


def written(folder: Path, content: Any) -> Path:
    (folder / "routing.json").write_text(json.dumps(content))
    return folder / "routing.json"


def test_the_shipped_settings_are_good() -> None:
    found = load_settings(SHIPPED / "routing.json")
    assert found.description
    assert {*found.thresholds} == {*DESTINATIONS}
    assert all(0 < found.needed(one) < 1 for one in DESTINATIONS)
    assert found.ask_model


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"treshold": 1}, "treshold"),
        ({"thresholds": []}, "thresholds"),
        ({"thresholds": {"coder": 1.01}}, "thresholds.coder"),
        ({"thresholds": {"coder": -0.1}}, "thresholds.coder"),
        ({"thresholds": {"coder": "much"}}, "thresholds.coder"),
        ({"thresholds": {"coder": None}}, "thresholds.coder"),
        ({"thresholds": {"coder": float("nan")}}, "thresholds.coder"),
        ({"thresholds": {"cook": 0.5}}, "thresholds.cook"),
        ({"several": "often"}, "several"),
        ({"clause": 2}, "clause"),
        ({"together": 1.5}, "together"),
        ({"perhaps": ""}, "perhaps"),
        ({"high": None}, "high"),
        ({"low": [0.5]}, "low"),
        ({"askModel": "perhaps"}, "askModel"),
        ({"description": 5}, "description"),
    ],
)
def test_a_wrong_setting_is_one_error_that_names_it(tmp_path: Path, changes: dict[str, Any], key: str) -> None:
    with pytest.raises(SettingError, match=r"routing\.json: .*; see docs/routing\.md, or delete the file") as caught:
        load_settings(written(tmp_path, PLAIN | changes))
    assert caught.value.key.startswith(key)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("key", ["thresholds", "several", "perhaps", "together", "clause", "high", "low"])
def test_a_missing_setting_is_named(tmp_path: Path, key: str) -> None:
    with pytest.raises(SettingError) as caught:
        load_settings(written(tmp_path, {name: value for name, value in PLAIN.items() if name != key}))
    assert caught.value.key == key


def test_a_broken_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="holds a list"):
        load_settings(written(tmp_path, []))
    (tmp_path / "routing.json").write_text("{")
    with pytest.raises(SettingError, match=r"not JSON: .* at line 1"):
        load_settings(tmp_path / "routing.json")
    with pytest.raises(StoreError, match="No such file"):
        load_settings(tmp_path / "none.json")


def test_enough_is_what_is_needed_and_where_all_is_needed_nothing(tmp_path: Path) -> None:
    found = load_settings(written(tmp_path, PLAIN | {"thresholds": {"coder": 0.5, "dreamer": 1}}))
    assert [found.enough("coder", share) for share in (0.49, 0.5, 1)] == [False, True, True]
    assert not found.enough("dreamer", 1)
    assert found.needed("memory") == 1
    assert not found.enough("memory", 1)
