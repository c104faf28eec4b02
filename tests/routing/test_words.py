from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from metahuman.routing.kernel import Array
from metahuman.routing.words import CELLS, WordModel, cells, learn_words, load_words
from metahuman.state.errors import StoreError
from metahuman.state.parts import DESTINATIONS
from tests.lessons import examples

ODD = ["", " ", "\0", "👩‍👧" * 50, "\ud800", "x" * 50_000, "ﷺ" * 9, "a"]


@pytest.fixture(scope="module")
def model() -> WordModel:
    labels = [DESTINATIONS.index(one.label) for one in examples()]
    targets = (np.eye(8)[labels] - 1 / 8).astype(np.float32)
    messages = [one.situation.message for one in examples()]
    return WordModel(*learn_words(messages, targets, np.ones(len(messages), np.float32)), sharpness=8.0)


def written(path: Path, model: WordModel, **changes: Any) -> Path:
    arrays: dict[str, Any] = {"mean": model.mean, "weights": model.weights, "sharpness": model.sharpness} | changes
    np.savez(path, allow_pickle=True, **{name: array for name, array in arrays.items() if array is not None})
    return path


def likeliest(shares: Array) -> list[str]:
    return [DESTINATIONS[best] for best in shares.argmax(1)]


def test_what_was_learned_is_known(model: WordModel) -> None:
    assert likeliest(model.destinations([one.situation.message for one in examples()])) == [
        one.label for one in examples()
    ]


def test_letters_bear_typos_and_case(model: WordModel) -> None:
    found = likeliest(model.destinations(["PYTHN functon!!", "itinerray", "surrreal dreams", "downloading"]))
    assert found == ["coder", "planner", "dreamer", "operator"]


def test_any_text_has_probabilities(model: WordModel) -> None:
    shares = model.destinations(ODD)
    assert np.allclose(shares.sum(1), 1, atol=1e-5)
    assert shares.min() >= 0
    assert model.destinations([]).shape == (0, 8)


def test_of_long_messages_both_ends_are_read(model: WordModel) -> None:
    assert likeliest(model.destinations(["lorem " * 8000 + "python regex", "surreal dream " + "lorem " * 8000])) == [
        "coder", "dreamer",
    ]  # fmt: skip


def test_cells_are_of_length_1() -> None:
    found = cells(ODD)
    assert found.shape == (len(ODD), CELLS)
    assert np.allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)
    assert np.array_equal(cells(["A  b\n"]), cells(["a b"]))
    assert not np.array_equal(cells(["ab"]), cells(["ba"]))


def test_a_model_comes_back_from_its_file(tmp_path: Path, model: WordModel) -> None:
    found = load_words(written(tmp_path / "w.npz", model))
    assert np.array_equal(found.destinations(ODD), model.destinations(ODD))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"mean": np.zeros(5)}, "other sizes"),
        ({"weights": np.zeros((CELLS, 7))}, "other sizes"),
        ({"weights": None}, "weights"),
        ({"sharpness": np.array([{}], dtype=object)}, "allow_pickle"),
        ({"sharpness": np.zeros(3)}, "scalar"),
    ],
)
def test_a_file_that_makes_no_sense_is_one_error(
    tmp_path: Path, model: WordModel, changes: dict[str, Any], told: str
) -> None:
    with pytest.raises(StoreError, match=rf"w\.npz: is no routing model: .*{told}.*; install"):
        load_words(written(tmp_path / "w.npz", model, **changes))


def test_a_broken_file_is_one_error(tmp_path: Path, model: WordModel) -> None:
    file = io.BytesIO()
    np.savez(file, mean=model.mean, weights=model.weights, sharpness=1)
    for content in (b"", b"hello", file.getvalue()[:-20], file.getvalue()[:500]):
        (tmp_path / "w.npz").write_bytes(content)
        with pytest.raises(StoreError, match="is no routing model"):
            load_words(tmp_path / "w.npz")
    with pytest.raises(StoreError, match="No such file"):
        load_words(tmp_path / "none.npz")
