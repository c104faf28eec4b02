"""Placeholder while the real module is being written."""

import os
from pathlib import Path

import platformdirs


def models_folder() -> Path:
    return Path(os.environ.get("METAHUMAN_MODELS") or platformdirs.user_cache_path("metahuman") / "models")
