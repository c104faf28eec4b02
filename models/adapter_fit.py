"""Whether a LoRA is made for a base: seen before llama.cpp is asked, which only says that it cannot load it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from metahuman.models.digests import sha256_of
from metahuman.models.gguf import ALPHA, FLOAT32, Header, read_adapter, read_header
from metahuman.state.errors import AdapterRefused, ModelMissing

#: Where an adapter that was trained here says what it is made for: the sha256 of its base's GGUF file.
BASE = "metahuman.base.sha256"
REMEDY = "name the base it was trained on, or train it again"
#: What adapters have for a tensor of the base: the halves of what is added to it.
HALVES = (".lora_a", ".lora_b")
#: Their halves are turned round: llama.cpp looks at them itself.
EMBEDDINGS = "token_embd.weight"
#: A base in several files says so here; only the first is looked at, and it does not have all tensors.
SPLIT = "split.count"


def require_fit(base: Path, adapter: Path, sha256: str | None = None) -> None:
    """Make sure that a LoRA is made for a base.

    Args:
        base: The base's GGUF file.
        adapter: The LoRA's.
        sha256: That of the base it was trained on, where the registry knows it; None goes by what the LoRA says.

    Raises:
        AdapterRefused: If it is not, or there is no such LoRA.
        ModelMissing: If there is no such base.
    """
    header, under = read_adapter(adapter), read_header(base)
    problem = next(_misfits(header, under), None) or _other_base(base, sha256 or header.metadata.get(BASE))
    if problem:
        raise AdapterRefused(f"adapter {adapter} does not fit {base}: {problem}; {REMEDY}")


def fits(base: Path, adapter: Path, sha256: str | None = None) -> bool:
    """Tell whether a LoRA is there, and made for a base; arguments and errors of the base's as for `require_fit`."""
    try:
        require_fit(base, adapter, sha256)
    except AdapterRefused:
        return False
    return True


def _misfits(adapter: Header, base: Header) -> Iterator[str]:
    """Yield what in a LoRA has no place in a base."""
    kinds = [header.metadata.get("general.architecture") for header in (adapter, base)]
    if kinds[0] != kinds[1]:
        yield f"it is made for {kinds[0]} models, and that is a {kinds[1]} model"
    if adapter.kinds.get(ALPHA, FLOAT32) != FLOAT32:  # llama.cpp would end this whole program over it
        yield f"its {ALPHA} is no 32-bit float"
    if not adapter.tensors:
        yield "it holds nothing"
    if base.metadata.get(SPLIT, 0) not in (0, 1):
        return
    yield from filter(None, (_misplaced(name, shape, base) for name, shape in adapter.tensors.items()))


def _misplaced(name: str, shape: tuple[int, ...], base: Header) -> str:
    """Return why a tensor of a LoRA has no place in a base; "" if it has."""
    place, half = name[: -len(HALVES[0])], name[-len(HALVES[0]) :]
    if half not in HALVES:  # of norms there are no halves, and llama.cpp passes over them
        return "" if name.endswith("_norm.weight") else f"it has a tensor {name}, which is no half of a LoRA"
    if place not in base.tensors:
        return f"the base has no {place}"
    if place != EMBEDDINGS and not _matches(half, shape, base.tensors[place]):
        return f"its {name} is {_written(shape)}, and the base's {place} is {_written(base.tensors[place])}"
    return ""


def _matches(half: str, shape: tuple[int, ...], weight: tuple[int, ...]) -> bool:
    """Tell whether a half has the length of the side of the weight that it is multiplied with."""
    if len(shape) != len(weight):
        return False
    return shape[0] == weight[0] if half == HALVES[0] else shape[1:] == weight[1:]


def _other_base(base: Path, sha256: object) -> str:
    """Return what is wrong where a LoRA was trained on another file; "" if it says nothing, or all is well."""
    if not sha256:
        return ""
    try:
        found = sha256_of(base)
    except OSError as error:
        raise ModelMissing(f"{base} cannot be read: {error.strerror}") from error
    if found == sha256:
        return ""
    return f"it was trained on a base with sha256 {str(sha256)[:12]}…, and that file's is {found[:12]}…"


def _written(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))
