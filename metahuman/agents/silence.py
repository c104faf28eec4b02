"""Whether agents may run at all: in emulation nothing is written, and they do nothing but write."""

from __future__ import annotations

from metahuman.home import Home
from metahuman.memory.persona.files import PersonaFiles
from metahuman.state.modes import RULES
from metahuman.state.shipped import SHIPPED

#: Why none runs.
SILENT = "the mode is emulation, in which nothing is written"


def silent(home: Home) -> bool:
    """Tell whether the owner's mode keeps every agent from running.

    Raises:
        SettingError: If the file that holds the mode names none.
        StoreError: If it cannot be read.
    """
    mode = PersonaFiles(home.root / "persona", SHIPPED / "persona" / "core.json").mode()
    return RULES[mode].writes == "nothing"
