"""`etc/training.json`: how a voice is trained."""

from __future__ import annotations

from pathlib import Path

from metahuman.state.written import settings_of
from metahuman.training.job import REMEDY, TrainingSettings

NAME = "training.json"


def load_settings(root: Path) -> TrainingSettings:
    """Return what holds in a home: its own file, key by key, over the shipped one.

    Raises:
        SettingError: If a file is wrong; the error names the key.
        StoreError: If it cannot be read.
    """
    return settings_of(TrainingSettings, root, NAME, REMEDY)
