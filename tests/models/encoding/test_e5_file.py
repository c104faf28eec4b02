from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from metahuman.models.encoding import is_encoder
from metahuman.models.encoding.e5_file import read_e5
from metahuman.state.errors import ModelMissing
from tests.encoders import PIECES, POSITIONS, WIDTH, write_e5


def test_a_file_says_what_it_holds(tmp_path: Path) -> None:
    model = read_e5(write_e5(tmp_path / "m.bin"))
    assert (model.shape.width, model.shape.layers, model.shape.positions) == (WIDTH, 1, POSITIONS)
    words = model.vocabulary
    pieces = [words.text[a:b].tobytes().decode() for a, b in zip(words.offsets, words.offsets[1:], strict=False)]
    assert pieces == [*PIECES]
    assert np.allclose(words.scores, [*PIECES.values()])
    assert (words.begin, words.end, words.unknown) == (0, 2, 3)
    assert words.replacements == {9: " ", 0xAA: "a", 0x200B: "", 0xA0: " "}
    assert len(model.tensors["emb.word"]) == (len(PIECES) + 1) * WIDTH // 32 * 18


def test_wherever_a_file_is_cut_short_it_is_one_line(tmp_path: Path) -> None:
    path = write_e5(tmp_path / "m.bin")
    whole = path.read_bytes()
    for length in (0, 3, 30, 60, 100, 300, 500, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(ModelMissing, match=r"m\.bin is no whole sentence encoder: .*models pull") as caught:
            read_e5(path)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"start": b"GGUF"}, "it does not start as one"),
        ({"width": 33}, "its header makes no sense"),
        ({"layers": 0}, "its header makes no sense"),
        ({"vocabulary": 3}, "it claims a vocabulary of 15 pieces"),
    ],
)
def test_a_file_that_makes_no_sense_is_told(tmp_path: Path, changes: dict[str, int], problem: str) -> None:
    with pytest.raises(ModelMissing, match=problem):
        read_e5(write_e5(tmp_path / "m.bin", **changes))  # type: ignore[arg-type]


def test_a_vocabulary_out_of_order_is_told(tmp_path: Path) -> None:
    path = write_e5(tmp_path / "m.bin")
    data = bytearray(path.read_bytes())
    data[44 + 28 + 4] = 255  # where the second piece begins
    path.write_bytes(data)
    with pytest.raises(ModelMissing, match="its vocabulary is out of order"):
        read_e5(path)


def test_encoders_are_known_by_how_they_start(tmp_path: Path) -> None:
    (tmp_path / "m.gguf").write_bytes(b"GGUF")
    assert is_encoder(write_e5(tmp_path / "m.bin"))
    assert not is_encoder(tmp_path / "m.gguf")
    assert not is_encoder(tmp_path / "none")
    with pytest.raises(ModelMissing, match="none cannot be read"):
        read_e5(tmp_path / "none")
