"""Files of arrays, in numpy's format."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

#: What numpy and zipfile say of a file that is cut short or altered.
BROKEN = (ValueError, TypeError, KeyError, EOFError, RuntimeError, struct.error, zlib.error, zipfile.BadZipFile)


def read_arrays(path: Path, names: Iterable[str]) -> dict[str, Any]:
    """Return the arrays of a file by their names; nothing in it is ever run.

    Raises:
        OSError: If it cannot be read.
        ValueError: If it does not hold them.
    """
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as file:
            return {name: file[name] for name in names}
    except BROKEN as error:
        raise ValueError(str(error).strip("'\"").splitlines()[0] if str(error) else "it is empty") from error
