"""Files on their way to another machine and back: only what is missing, from where a lost connection left it."""

from __future__ import annotations

import asyncio
import hashlib
import os
import posixpath
import stat
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import asyncssh
from asyncssh import SFTPClient

from metahuman.state.files import make_folder, store_errors
from metahuman.training.remote.bundle import Content
from metahuman.training.remote.errors import RemoteFailed

#: Bytes that are written at a time.
PIECE = 1 << 18
#: Bytes of what is read whole.
READ = 16 << 20
#: Told how many bytes are there, and of how many.
Moved = Callable[[int, int], object]


async def send(sftp: SFTPClient, root: str, files: Mapping[str, Content], moved: Moved = lambda done, of: None) -> None:
    """Bring files there. One that is there in full length under its name is not sent again.

    Args:
        sftp: The other machine.
        root: The job's folder there.
        files: What is sent; names that tell one content from another, if it may change.
        moved: Told as it goes on.
    """
    await sftp.makedirs(root, attrs=asyncssh.SFTPAttrs(permissions=0o700), exist_ok=True)
    of, before = sum(one.size for one in files.values()), 0
    for name, content in files.items():
        if await _size(sftp, f"{root}/{name}") != content.size:
            await sftp.makedirs(posixpath.dirname(f"{root}/{name}"), exist_ok=True)
            await _send_one(sftp, f"{root}/{name}", content, partial(_add, moved, before, of))
        before += content.size
        moved(before, of)


async def fetch(
    sftp: SFTPClient, place: str, target: Path, size: int, sha256: str, moved: Moved = lambda done, of: None
) -> None:
    """Bring a file here, from where an earlier try left it; it appears whole, and as it was promised, or not at all.

    Raises:
        RemoteFailed: If it is no file, or another one than was promised.
        StoreError: If it cannot be written.
    """
    part = make_folder(target.parent) / f".{target.name}.{sha256[:12]}.part"
    if not stat.S_ISREG((await sftp.lstat(place)).permissions or 0):
        raise RemoteFailed(f"{place} is no file")
    done = part.stat().st_size if part.exists() else 0
    async with sftp.open(place, "rb", encoding=None) as file:
        with store_errors(part), os.fdopen(os.open(part, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "wb") as out:
            while done < size and (piece := _bytes(await file.read(min(PIECE, size - done), done))):
                out.write(piece)
                done += len(piece)
                moved(done, size)
    with store_errors(part):
        if hashlib.sha256(part.read_bytes()).hexdigest() != sha256:
            part.unlink()
            raise RemoteFailed(f"{place} is not what its card promises; the same command fetches it again")
        part.replace(target)


async def read(sftp: SFTPClient, place: str, start: int = 0, limit: int = READ) -> bytes:
    """Return what stands in a file from `start` on, at most so many bytes; nothing where there is none."""
    try:
        async with sftp.open(place, "rb", encoding=None) as file:
            return _bytes(await file.read(limit, start))
    except asyncssh.SFTPNoSuchFile:
        return b""


def _bytes(read: bytes | str) -> bytes:
    """Return what a file that was opened for bytes has given; its type says that it may be text."""
    return read if isinstance(read, bytes) else read.encode()


def _add(moved: Moved, before: int, of: int, done: int) -> None:
    moved(before + done, of)


async def _send_one(sftp: SFTPClient, place: str, content: Content, moved: Callable[[int], object]) -> None:
    """Send a file under another name, which says what it will hold, and give it its own once it is whole."""
    part = f"{place}.{content.sha256[:12]}.part"
    done = await _whole(sftp, part, content)
    async with sftp.open(part, "r+b" if done else "wb") as file:
        while done < content.size:
            piece = await asyncio.to_thread(content.piece, done, PIECE)
            await file.write(piece, done)
            done += len(piece)
            moved(done)
    await sftp.posix_rename(part, place)


async def _whole(sftp: SFTPClient, part: str, content: Content) -> int:
    """Return how much of a file that was sent in part is there, in whole pieces."""
    done = min(await _size(sftp, part) or 0, content.size) // PIECE * PIECE
    last = done - PIECE
    # The blocks of a piece are written side by side, so the last one may have holes.
    return done if done == 0 or await read(sftp, part, last, PIECE) == content.piece(last, PIECE) else last


async def _size(sftp: SFTPClient, place: str) -> int | None:
    """Return how long a file is there; None if there is none."""
    try:
        return (await sftp.stat(place)).size
    except asyncssh.SFTPNoSuchFile:
        return None
