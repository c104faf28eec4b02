"""`etc/adapter-builder.json`: what of the curated memories is trained on."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StrictStr, ValidationError
from pydantic.alias_generators import to_camel

from metahuman.state.errors import SettingError
from metahuman.state.files import read_json
from metahuman.state.shipped import SHIPPED

NAME = "adapter-builder.json"


class BuilderSettings(BaseModel):
    """What the file says; keys that this program does not know are kept, for a newer one may.

    Args:
        half_life_days: Days after which a memory weighs half.
        limit: The most pairs of a dataset, unless another number is asked for.
        held_out: The share of conversations that are not trained on, but tested with.
        salt: Stands before a conversation's name when it is drawn; another one draws anew.
    """

    model_config = ConfigDict(extra="allow", frozen=True, alias_generator=to_camel, populate_by_name=True)

    half_life_days: Annotated[float, Field(gt=0, le=36_500)] = 14
    limit: Annotated[int, Field(ge=1, strict=True)] = 2000
    held_out: Annotated[float, Field(ge=0, le=0.5)] = 0.1
    salt: StrictStr = "metahuman"

    def mark(self) -> str:
        """Return what changes with whatever a row hangs on."""
        return hashlib.sha256(f"{self.held_out!r} {self.salt}".encode(errors="surrogatepass")).hexdigest()[:12]


def load_settings(root: Path) -> BuilderSettings:
    """Return what holds in a home: its own file, key by key, over the shipped one.

    Raises:
        SettingError: If a file is wrong; the error names the key.
        StoreError: If it cannot be read.
    """
    own = root / "etc" / NAME
    content = read_json(SHIPPED / NAME) | (read_json(own) if own.exists() else {})
    try:
        return BuilderSettings.model_validate(content)
    except ValidationError as error:
        problem = error.errors(include_url=False, include_context=False)[0]
        key = ".".join(map(str, problem["loc"]))
        raise SettingError(own, key, problem["msg"], "see docs/datasets.md, or remove the key") from None
