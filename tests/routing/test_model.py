from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from metahuman.routing.fitting import learn
from metahuman.routing.model import HALF, RouteModel, load_model
from metahuman.routing.situations import encode
from metahuman.state.errors import StoreError
from metahuman.state.routing import Said, Situation
from tests.lessons import HashedEncoder, example, lesson

SITUATIONS = [
    Situation("python regex please"),
    Situation("do it", (Said("twin", "shall I delete the folder?"),)),
    Situation(""),
    Situation("never seen words only"),
    Situation("once more", (Said("owner", "imagine"), Said("twin", "a surreal dream")), ("ls: a",), "f", ("t",)),
]


@pytest.fixture(scope="module")
def model() -> RouteModel:
    said = Said("twin", "shall I delete it?")
    return learn(lesson(example("do it", "operator", said), example("go on", "dreamer", Said("owner", "imagine"))), 8.0)


def arrays(model: RouteModel, path: Path, **changes: Any) -> Path:
    """Write a model some of whose arrays are others; None leaves one out."""
    with np.load(io.BytesIO(model.content())) as file:
        found = {**file} | changes
    np.savez(path, **{name: array for name, array in found.items() if array is not None}, allow_pickle=True)
    return path


def test_a_model_comes_back_from_its_file(tmp_path: Path, model: RouteModel) -> None:
    (tmp_path / "m.npz").write_bytes(model.content())
    found = load_model(tmp_path / "m.npz")
    assert (found.encoder, found.rows, found.sharpness) == (model.encoder, model.rows, model.sharpness)
    assert np.array_equal(found.led, model.led)
    for name in HALF:
        assert getattr(found, name).dtype == np.float32
        assert np.allclose(getattr(found, name), getattr(model, name), atol=2e-3)
    encoded = encode(SITUATIONS, HashedEncoder())
    (scores, near), (wanted, was_near) = found.scores(encoded), model.scores(encoded)
    assert np.allclose(scores.destinations, wanted.destinations, atol=0.02)
    assert np.allclose(near, was_near, atol=5e-3)


def test_writing_twice_writes_the_same(model: RouteModel, tmp_path: Path) -> None:
    (tmp_path / "m.npz").write_bytes(model.content())
    again = load_model(tmp_path / "m.npz").content()
    with np.load(tmp_path / "m.npz") as one, np.load(io.BytesIO(again)) as other:
        assert {*one} == {*other}
        assert all(np.array_equal(one[name], other[name]) for name in one)


def test_scores_are_probabilities(model: RouteModel) -> None:
    scores, near = model.scores(encode(SITUATIONS, HashedEncoder()))
    assert scores.destinations.shape == (len(SITUATIONS), 8)
    assert np.allclose(scores.destinations.sum(1), 1, atol=1e-5)
    assert scores.destinations.min() >= 0
    assert near.shape == (len(SITUATIONS), len(model.rows))
    assert near.min() >= 0
    assert near.max() <= 1 + 1e-6
    assert np.isfinite([scores.several, scores.high, scores.low]).all()


def test_a_situation_is_scored_alike_alone_and_among_others(model: RouteModel) -> None:
    together = model.scores(encode(SITUATIONS, HashedEncoder()))[0].destinations
    alone = [model.scores(encode([one], HashedEncoder()))[0].destinations[0] for one in SITUATIONS]
    assert np.allclose(together, alone, atol=1e-5)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"version": 2}, "it is of version 2, not 1"),
        ({"version": None}, "version"),
        ({"version": np.array([1, 2])}, "scalar"),
        ({"added": None}, "added"),
        ({"added": np.zeros((3, 11), np.float16)}, "added has another size"),
        ({"alone": np.zeros((3, 8), np.float16)}, "alone has another size"),
        ({"mean": np.zeros(7, np.float32)}, "could not be broadcast"),
        ({"mean": np.float32(1)}, "broadcast|unsized"),
        ({"rows": np.frombuffer(b"[{", np.uint8)}, "Expecting property name"),
        ({"rows": np.frombuffer(b"[]", np.uint8)}, "message has another size"),
        ({"encoder": np.array([print], dtype=object)}, "allow_pickle=False"),
        ({"message": np.array([{}], dtype=object)}, "allow_pickle=False"),
        ({"sharpness": np.array("sharp")}, "could not convert"),
    ],
)
def test_a_file_that_makes_no_sense_is_one_error(
    tmp_path: Path, model: RouteModel, changes: dict[str, Any], told: str
) -> None:
    path = arrays(model, tmp_path / "m.npz", **changes)
    with pytest.raises(StoreError, match=rf"m\.npz: is no routing model: .*({told}).*; delete it, or") as caught:
        load_model(path)
    assert "\n" not in str(caught.value)


def test_wherever_a_file_is_cut_short_it_is_one_error(tmp_path: Path, model: RouteModel) -> None:
    whole, path = model.content(), tmp_path / "m.npz"
    for length in (0, 1, 4, 30, 500, len(whole) // 2, len(whole) - 30, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(StoreError, match="is no routing model"):
            load_model(path)


def test_whichever_bytes_are_altered_it_is_one_error_or_none(tmp_path: Path, model: RouteModel) -> None:
    whole, path, random = model.content(), tmp_path / "m.npz", np.random.default_rng(5)
    directory = whole.index(b"PK\x01\x02")
    for at in [*random.integers(0, directory, 60), *random.integers(directory, len(whole), 240)]:
        altered = bytearray(whole)
        altered[at] ^= int(random.integers(1, 256))
        path.write_bytes(altered)
        try:
            assert load_model(path).encoder
        except StoreError as error:
            assert "is no routing model" in str(error)  # noqa: PT017 - most are wrong, some altered bytes say nothing


@pytest.mark.parametrize("content", [b"hello", b"\x80\x04]\x94.", b"PK\x05\x06" + 18 * b"\0"])
def test_other_files_are_no_model(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "m.npz").write_bytes(content)
    with pytest.raises(StoreError, match="is no routing model"):
        load_model(tmp_path / "m.npz")
    with (tmp_path / "m.npz").open("wb") as file:
        np.save(file, np.zeros(3))
    with pytest.raises(StoreError, match="is no routing model"):
        load_model(tmp_path / "m.npz")


def test_a_file_that_is_not_there_is_one_error(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"none\.npz: is no routing model: .*No such file"):
        load_model(tmp_path / "none.npz")
