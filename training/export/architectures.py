"""The kinds of base whose adapters are written as GGUF files, as llama.cpp and Hugging Face call them."""

from __future__ import annotations

from metahuman.state.errors import BadChoice

#: What Hugging Face calls a kind of model (`model_type` in its config.json), and llama.cpp (`general.architecture`).
NAMES = {
    "llama": "llama",
    "mistral": "llama",
    "qwen2": "qwen2",
    "qwen3": "qwen3",
    "gemma2": "gemma2",
    "gemma3": "gemma3",
    "gemma3_text": "gemma3",
    "phi3": "phi3",
}
#: Those whose query and key rows llama.cpp puts in another order: `undo_permute` in its conversion/llama.py.
REORDERED = frozenset({"llama"})


def architecture_of(model_type: str) -> str:
    """Return what llama.cpp calls a kind of model that Hugging Face calls `model_type`; if unknown, the same."""
    return NAMES.get(model_type, model_type)


def supported(architecture: str) -> bool:
    """Tell whether adapters for bases of this `general.architecture` can be written."""
    return architecture in NAMES.values()


def require_supported(architecture: str) -> None:
    """Make sure, before anything is trained, that what comes of it can be written.

    Raises:
        BadChoice: If adapters for this kind of base cannot be.
    """
    if not supported(architecture):
        known = ", ".join(dict.fromkeys(NAMES.values()))
        raise BadChoice(f"a base of the kind {architecture!r} cannot be trained here; take one of {known}")
