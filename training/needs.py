"""What training needs that is not installed with the rest: it is big, and many never train."""

from __future__ import annotations

from importlib.util import find_spec

from metahuman.state.errors import MetaHumanError

#: The packages of the extra `train` without which nothing is trained.
PACKAGES = ("torch", "transformers", "peft", "gguf", "safetensors", "matplotlib")
REMEDY = "run `make setup-train`, or `pip install 'metahuman[train]'`"


class NotInstalled(MetaHumanError):  # noqa: N818 - reads as what is wrong
    """What training needs is not installed."""


def require_train() -> None:
    """See whether all that training needs is installed; nothing is imported.

    Raises:
        NotInstalled: If something is missing; it says what to do.
    """
    if missing := [name for name in PACKAGES if find_spec(name) is None]:
        raise NotInstalled(f"training needs {', '.join(missing)}: {REMEDY}")
