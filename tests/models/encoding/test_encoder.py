from __future__ import annotations

import gc
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from metahuman.models.encoding.encoder import Encoder, close_encoder, is_open, open_encoder
from metahuman.state.errors import ContextOverflow, ModelMissing
from tests.encoders import POSITIONS, WIDTH, write_e5
from tests.homes import ENCODER
from tests.resolved import real_encoder

LONG = "ab " * 20_000


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    found = write_e5(tmp_path_factory.mktemp("e5") / "m.bin")
    yield found
    close_encoder(found)


def test_a_vector_has_the_length_1(path: Path) -> None:
    encoder = open_encoder(path)
    vectors = encoder.encode(["a", "ab b", "", "\ud800 \0 👩‍👧"])
    assert (vectors.shape, vectors.dtype, encoder.dimension) == ((4, WIDTH), np.float32, WIDTH)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    assert np.linalg.norm(vectors[0] - vectors[1]) > 0.01
    assert encoder.encode([]).shape == (0, WIDTH)


def test_an_encoder_is_loaded_once_until_it_is_closed(path: Path) -> None:
    close_encoder(path)
    with ThreadPoolExecutor(4) as threads:
        one, *others = threads.map(open_encoder, [path] * 8)
    assert {*others} == {one}
    assert is_open(path)
    vectors = one.encode(["ab"])
    close_encoder(path)
    assert not is_open(path)
    assert np.array_equal(open_encoder(path).encode(["ab"]), vectors)


def test_what_was_returned_can_be_changed_without_harm(path: Path) -> None:
    encoder = open_encoder(path)
    first = encoder.encode(["ab"])
    kept = first.copy()
    first[:] = 0
    assert np.array_equal(encoder.encode(["ab"]), kept)


def test_threads_get_each_their_own(path: Path) -> None:
    encoder, texts = open_encoder(path), [f"{'a' * (n % 5)} {'b' * (n // 5)}" for n in range(25)]
    expected = encoder.encode(texts)
    again = Encoder(path)  # one that has kept nothing
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda text: again.encode([text])[0], texts * 3))
    assert np.allclose(found, np.tile(expected, (3, 1)), atol=1e-6)


def test_of_a_long_text_start_and_end_count(path: Path) -> None:
    encoder = open_encoder(path)
    clipped = encoder.encode([f"a{LONG}b"], head=3, tail=2)
    assert np.array_equal(clipped, encoder.encode(["aab  b"[:3] + " " + " b"]))
    assert np.array_equal(encoder.encode([f"a{LONG}"], head=2, tail=0), encoder.encode(["aa "]))
    assert encoder.encode([LONG]).shape == (1, WIDTH)


def test_a_text_that_is_to_stay_whole_is_refused_where_it_is_too_long(path: Path) -> None:
    encoder = open_encoder(path)
    vectors, tokens = encoder.encode_whole(["ab", "a b"])
    assert np.array_equal(vectors, encoder.encode(["ab", "a b"]))
    assert tokens == 2 * 2 + 2 * 2 + 1 + 3
    for text in ("z" * POSITIONS, LONG):
        with pytest.raises(ContextOverflow, match="a text is longer than the 24 tokens"):
            encoder.encode_whole(["ab", text])


def test_the_prefix_counts(path: Path) -> None:
    encoder = open_encoder(path)
    assert not np.allclose(encoder.encode(["ab"]), encoder.encode(["ab"], "passage"))


def test_an_encoder_can_be_dropped_as_soon_as_it_is_loaded(path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from metahuman.models.encoding.encoder import Encoder\n"
        "for _ in range(6): Encoder(Path(sys.argv[1]))"
    )
    subprocess.run([sys.executable, "-c", code, str(path)], check=True, timeout=60)
    gc.collect()


def test_what_llama_cpp_cannot_load_is_told(tmp_path: Path) -> None:
    path = write_e5(tmp_path / "m.bin", heads=5)
    with pytest.raises(ModelMissing, match=r"llama\.cpp cannot load .*m\.gguf; delete it, and it is made again"):
        open_encoder(path)
    assert not is_open(path)


@real_encoder
def test_what_means_the_same_is_near_in_any_language() -> None:
    encoder = open_encoder(ENCODER)
    texts = ["Remind me to call my mother", "Erinnere mich daran, meine Mutter anzurufen", "The soup is too salty"]
    near, same, other = encoder.encode(texts)
    assert near @ same > near @ other + 0.05
    assert encoder.dimension == 384


@real_encoder
def test_any_script_and_any_length_has_a_vector() -> None:
    texts = ["你好今天天气怎么样", "مرحبا ﷺ", "ᚠᛇᚻ", "🙂", "", "x" * 50_000, "ﷺ" * 480]
    vectors = open_encoder(ENCODER).encode(texts)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
