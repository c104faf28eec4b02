"""What was learned of the examples, and the examples as numbers: one small file without code in it."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from metahuman.routing.arrays import read_arrays
from metahuman.routing.kernel import FEW, Array, Known, Numbers, Seen, products, softmax, unit
from metahuman.routing.situations import EXPECTED, OWNER, SIGNS, TOOLS, TWIN, Encoded
from metahuman.state.errors import StoreError
from metahuman.state.parts import DESTINATIONS

#: The model that comes with the program.
SHIPPED_MODEL = Path(__file__).parent / "model.npz"
#: Raised whenever the arrays come to mean something else.
VERSION = 1
#: The columns after the destinations: whether several things are asked for, and how soon.
SEVERAL, HIGH, LOW = (len(DESTINATIONS) + number for number in range(3))
#: How decided the destination of an earlier message is taken to be.
EARLIER_SHARPNESS = 8.0
#: Earlier messages whose likely destinations are kept.
KEPT = 256
#: Kept in half precision, which is as much as the encoder's own weights are worth.
HALF = ("message", "owner", "twin", "tools", "went", "alone", "added")


class Scores(NamedTuple):
    """What the model makes of situations: probabilities and shares of the destinations, (n, 8), and scores (n,)."""

    destinations: Array
    shares: Array
    several: Array
    high: Array
    low: Array


@dataclass(frozen=True)
class RouteModel:
    """A fitted model; `fitting` makes one.

    Args:
        encoder: The name of the encoder whose vectors these are.
        rows: The examples, as `examples.as_row` writes them: without what went before, which stands below as numbers.
        mean: The mean of the messages' vectors, (d,).
        message: The messages' vectors, (n, d).
        led: Which examples something went before, (m,).
        owner: What the owner said last before those, (m, d).
        twin: What the twin said last before those, (m, d).
        tools: What tools brought before those, (m, d).
        signs: The signs of those, (m, 5).
        went: Where what was said before those would have gone, (m, 16).
        alone: What each example adds to where an earlier message would have gone, (n, 8).
        added: What each example adds to each score, (n, 11).
        sharpness: What scores are multiplied with before they become probabilities, so that those hold.
    """

    encoder: str
    rows: list[dict[str, Any]]
    mean: Array
    message: Array
    led: Numbers
    owner: Array
    twin: Array
    tools: Array
    signs: Array
    went: Array
    alone: Array
    added: Array
    sharpness: float
    known: Known = field(init=False, repr=False, compare=False)
    _kept: Callable[[bytes], Array] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        owner, twin, tools = (unit(part, self.mean) for part in (self.owner, self.twin, self.tools))
        before = weighed(owner, twin, tools, self.signs, self.went)
        object.__setattr__(self, "known", Known(unit(self.message, self.mean), before, self.led))
        object.__setattr__(self, "_kept", lru_cache(KEPT)(self._expected_of_one))

    def scores(self, encoded: Encoded) -> tuple[Scores, Array]:
        """Return what it makes of situations, and how near they are to each example."""
        near = self.known.near(self.seen(encoded))
        raw = products(near, self.added.T)
        probable = softmax(raw[:, :SEVERAL] * self.sharpness)
        shares = raw[:, :SEVERAL] + 1 / SEVERAL  # what `fitting` took off
        return Scores(probable, shares, raw[:, SEVERAL], raw[:, HIGH], raw[:, LOW]), near

    def seen(self, encoded: Encoded) -> Seen:
        """Return situations as the kernel takes them."""
        return seen(encoded, self.mean, self._expected)[0]

    def expect(self, vectors: Array) -> None:
        """Work out where messages, (n, d) as encoded, would have gone: situations will look back on them."""
        self._expected(unit(vectors, self.mean))

    def _expected(self, vectors: Array) -> Array:
        """Return what `expected` does; of a few, each is worked out once, for a message is looked back on for turns."""
        if 0 < len(vectors) <= FEW:
            return np.concatenate([self._kept(vector.tobytes()) for vector in vectors])
        return expected(vectors, self.known, self.alone)

    def _expected_of_one(self, vector: bytes) -> Array:
        return expected(np.frombuffer(vector, np.float32)[None], self.known, self.alone)

    def content(self) -> bytes:
        """Return the model as a file's content, in numpy's format."""
        arrays = {one.name: getattr(self, one.name) for one in fields(self) if one.init}
        arrays |= {name: arrays[name].astype(np.float16) for name in HALF}
        arrays |= {"rows": np.frombuffer(json.dumps(self.rows, ensure_ascii=False).encode(), np.uint8)}
        file = io.BytesIO()
        np.savez(file, version=VERSION, **arrays)
        return file.getvalue()


def load_model(path: Path) -> RouteModel:
    """Return the model that the file at `path` holds.

    Raises:
        StoreError: If it cannot be read, is broken, or of another version.
    """
    try:
        if (version := int(read_arrays(path, ["version"])["version"])) != VERSION:
            raise ValueError(f"it is of version {version}, not {VERSION}")
        found = read_arrays(path, [one.name for one in fields(RouteModel) if one.init])
        found |= {name: found[name].astype(np.float32) for name in HALF}
        found |= {"encoder": str(found["encoder"]), "sharpness": float(found["sharpness"])}
        return _checked(RouteModel(**found | {"rows": json.loads(found["rows"].tobytes())}))
    except (OSError, ValueError, TypeError) as error:
        raise StoreError(
            path, f"is no routing model: {error}", "delete it, or install the metahuman package again"
        ) from error


def seen(encoded: Encoded, mean: Array, expected: Callable[[Array], Array]) -> tuple[Seen, Array]:
    """Return situations as the kernel takes them, and where what went before would have gone, (n, 16).

    Args:
        encoded: The situations.
        mean: The mean of the examples' messages.
        expected: Tells where messages would have gone, by their vectors.
    """
    message, owner, twin, tools = (unit(part, mean) for part in encoded[:4])
    went = np.concatenate([_went(part, expected) for part in (owner, twin)], axis=1)
    return Seen(message, weighed(owner, twin, tools, encoded.signs, went)), went


def expected(vectors: Array, known: Known, alone: Array) -> Array:
    """Return where messages would have gone, going by themselves, as probabilities, (n, 8)."""
    return softmax(products(known.near_message(vectors), alone.T) * EARLIER_SHARPNESS)


def weighed(owner: Array, twin: Array, tools: Array, signs: Array, went: Array) -> Array:
    """Return what went before as one row of numbers each, whose distances are those that count."""
    parts = ((TWIN, twin), (OWNER, owner), (TOOLS, tools), (SIGNS, signs), (EXPECTED, went))
    return np.asarray(np.concatenate([weight**0.5 * part for weight, part in parts], axis=1), np.float32)


def _checked(model: RouteModel) -> RouteModel:
    """Return a model whose arrays have the sizes that they must have for each other."""
    count, wide = len(model.rows), (len(model.led), len(model.mean))
    shapes = {"message": (count, wide[1]), "alone": (count, SEVERAL), "added": (count, LOW + 1)}
    shapes |= dict.fromkeys(("owner", "twin", "tools"), wide) | {"went": (wide[0], 2 * SEVERAL)}
    if wrong := [name for name, shape in shapes.items() if getattr(model, name).shape != shape]:
        raise ValueError(f"{wrong[0]} has another size")
    return model


def _went(vectors: Array, expected: Callable[[Array], Array]) -> Array:
    """Return what is expected of vectors; zeros for those of nothing."""
    went = np.zeros((len(vectors), len(DESTINATIONS)), np.float32)
    there = np.any(vectors, axis=1)
    if there.any():
        went[there] = expected(vectors[there])
    return went
