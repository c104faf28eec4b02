"""`etc/routing.json`: from what confidence on the classifier decides by itself."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from metahuman.state.files import read_json
from metahuman.state.parts import Destination
from metahuman.state.written import read_as

Share = Annotated[float, Field(ge=0, le=1)]


class RoutingSettings(BaseModel):
    """The thresholds, as `scripts/train_routing.py` fits them or as the owner wants them.

    Args:
        description: What the file is for.
        thresholds: The confidence from which on a destination is decided without a model; 1 always asks one.
        several: The score from which on a message is taken for several wishes, its pieces heard.
        perhaps: The score of the whole from which on its pieces are heard; they may go different ways.
        together: The confidence from which on several wishes are decided without a model.
        clause: The confidence from which on a piece of a message is a wish of its own, beyond the two likeliest.
        high: The score from which on a message is urgent.
        low: The score from which on it can wait.
        ask_model: Whether a model is asked at all.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel, populate_by_name=True)

    description: str = ""
    thresholds: dict[Destination, Share]
    several: float
    perhaps: float
    together: Share
    clause: Share
    high: float
    low: float
    ask_model: bool = True

    def needed(self, destination: Destination) -> float:
        """Return the confidence that a destination needs."""
        return self.thresholds.get(destination, 1.0)

    def enough(self, destination: Destination, confidence: float) -> bool:
        """Tell whether a confidence is enough to do without a model; where 1 is needed, none is."""
        return self.needed(destination) < 1 and confidence >= self.needed(destination)


def load_settings(path: Path) -> RoutingSettings:
    """Read the settings.

    Raises:
        SettingError: If the file is not there or wrong; the error names the key.
        StoreError: If it cannot be read.
    """
    return read_as(RoutingSettings, path, read_json(path), "see docs/routing.md, or delete the file")
