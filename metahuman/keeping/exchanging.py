"""Two folders that take each other's name in one step, so that a crash leaves them as they were or exchanged."""

from __future__ import annotations

import ctypes
import errno
import os
import sys
from pathlib import Path

#: That names are those of this process's folder, and that two are to be exchanged: <fcntl.h> and <stdio.h> of Linux,
#: <stdio.h> of macOS.
_AT_FDCWD, _RENAME_EXCHANGE, _RENAME_SWAP = -100, 2, 2


def exchange(one: Path, other: Path) -> None:
    """Give each of two folders of a file system the other's name.

    Raises:
        OSError: If that failed; ENOTSUP where this system or file system cannot do it.
    """
    here, there = os.fsencode(one), os.fsencode(other)
    system = ctypes.CDLL(None, use_errno=True)
    try:
        if sys.platform == "darwin":
            failed = system.renamex_np(here, there, _RENAME_SWAP)
        else:
            failed = system.renameat2(_AT_FDCWD, here, _AT_FDCWD, there, _RENAME_EXCHANGE)
    except AttributeError as error:  # an older C library
        raise OSError(errno.ENOTSUP, os.strerror(errno.ENOTSUP)) from error
    if failed:
        number = ctypes.get_errno()
        number = errno.ENOTSUP if number in (errno.EINVAL, errno.ENOSYS) else number
        raise OSError(number, os.strerror(number), str(one))
