"""Whether memories are found by meaning is the owner's to say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from metahuman.home import Home
from metahuman.meaning import RoleMeaning, minded
from metahuman.state.background import background
from metahuman.state.errors import SettingError
from metahuman.state.files import write_json
from tests.fakes import registry, world


def test_words_alone_find_memories_unless_the_owner_wants_more(tmp_path: Path) -> None:
    home, it = Home(tmp_path), world(known=registry({"embedder": ["embedder"]}))
    assert minded(home, it.services.models) is None  # type: ignore[arg-type]
    write_json(tmp_path / "etc" / "memory.json", {"meaning": True})
    assert minded(home, it.services.models) is not None  # type: ignore[arg-type]
    write_json(tmp_path / "etc" / "memory.json", {"meaning": "yes"})
    with pytest.raises(SettingError, match=r"memory\.json: meaning: is 'yes'; write true or false"):
        minded(home, it.services.models)  # type: ignore[arg-type]


def test_the_embedder_role_is_asked_and_audited() -> None:
    it = world({"embedder": [[[3.0, 4.0]]]}, known=registry({"embedder": ["embedder"]}))
    found = RoleMeaning(it.services.models).vectors(["a boat"], asking=False)  # type: ignore[arg-type]
    assert found == pytest.approx(np.array([[0.6, 0.8]]))
    assert [event.event for event in it.audit.events] == ["llm_call"]
    background.run(it.services.models.aclose())
