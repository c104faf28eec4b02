"""How a file of the owner's is read and written: whole or not at all, private, and safe between processes."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from filelock import FileLock

from metahuman.state.errors import SettingError, StoreError

REMEDY = "check that the folder can be written and that the disk has room"


@contextlib.contextmanager
def store_errors(path: Path, remedy: str = REMEDY) -> Iterator[None]:
    """Turn what the operating system says about `path` into one line with a remedy.

    Raises:
        StoreError: For any `OSError` inside the block.
    """
    try:
        yield
    except OSError as error:
        raise StoreError(path, error, remedy) from error


def make_folder(path: Path) -> Path:
    """Create a folder, and those above it, for the owner's eyes only; return it.

    Raises:
        StoreError: If it cannot be created.
    """
    with store_errors(path):
        for folder in reversed([path, *path.parents]):  # with `parents=True`, those above would be everyone's to read
            if not folder.is_dir():
                folder.mkdir(mode=0o700, exist_ok=True)
    return path


def digest_of(path: Path, remedy: str = "check that it exists and can be read") -> str:
    """Return the SHA-256 of a file, in hexadecimal digits.

    Raises:
        StoreError: If it cannot be read.
    """
    with store_errors(path, remedy), path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def described(path: Path) -> dict[str, int | str]:
    """Return a file's size in `bytes`, and its `sha256`.

    Raises:
        StoreError: If it cannot be read.
    """
    with store_errors(path):
        return {"bytes": path.stat().st_size, "sha256": digest_of(path)}


def write_atomic(path: Path, data: bytes) -> None:
    """Write `data` to `path` so that a reader, or a crash at any point, sees the old file or the new one.

    The file's permissions survive; a new file is readable by its owner only.

    Raises:
        StoreError: If it cannot be written; the old file is then untouched.
    """
    make_folder(path.parent)
    with replacing(path) as file:
        if path.exists():
            os.fchmod(file.fileno(), path.stat().st_mode & 0o777)
        file.write(data)


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Open a new file, its owner's alone, that takes the place of `path` once the block has ended well.

    Raises:
        StoreError: For any `OSError`, inside the block too; the old file is then untouched.
    """
    with store_errors(path):
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
        try:
            with os.fdopen(descriptor, "wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        sync_folder(path.parent)


def private_lock(path: Path, timeout: float = -1, **options: Any) -> FileLock:
    """Return a lock between processes, which a crash releases; its file is the owner's alone.

    Args:
        path: The file.
        timeout: Seconds to wait for it; -1 for as long as it takes.
        **options: More of filelock's.
    """
    return FileLock(path, timeout, mode=0o600, **options)


def sync_folder(folder: Path) -> None:
    """Make the rename itself durable, where folders can be opened (not on Windows)."""
    with contextlib.suppress(PermissionError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def as_json(value: Any) -> bytes:
    """Return `value` as the indented JSON of the owner's files; half a character, as of a cut emoji, is escaped."""
    return (json.dumps(value, ensure_ascii=False, indent=2) + "\n").encode(errors="backslashreplace")


def write_json(path: Path, value: Any) -> None:
    """Write `value` as indented JSON, atomically.

    Raises:
        StoreError: If it cannot be written.
    """
    write_atomic(path, as_json(value))


def whole(value: Any) -> Any:
    """Return a JSON value with every half of a character, which no model or checkpoint takes, replaced by "\ufffd"."""
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [whole(item) for item in value]
    return {whole(key): whole(item) for key, item in value.items()} if isinstance(value, dict) else value


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object from `path`.

    Raises:
        SettingError: If the file is not JSON or not an object, naming the line.
        StoreError: If it cannot be read.
    """
    with store_errors(path, "check that the file exists and can be read"):
        data = path.read_bytes()
    return json_object(path, data)


def json_object(path: Path, data: bytes) -> dict[str, Any]:
    """Return the JSON object that was read from `path`.

    Raises:
        SettingError: If it is not JSON or not an object, naming the line.
    """
    try:
        value = whole(json.loads(data))
    except UnicodeDecodeError as error:
        raise SettingError(path, "", f"not UTF-8 text (byte {error.start})", "save it as UTF-8") from error
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise SettingError(path, "", f"not JSON: {error.msg} at {where}", "mend that line") from error
    except ValueError as error:  # Python reads numbers of up to 4,300 digits
        raise SettingError(path, "", "a number in it has too many digits", "mend or replace it") from error
    except RecursionError as error:
        raise SettingError(path, "", "nested too deeply to be settings", "mend or replace it") from error
    if not isinstance(value, dict):
        raise SettingError(path, "", f"holds a {type(value).__name__}, not an object", "wrap it in { }")
    return value


@contextlib.contextmanager
def update_json(path: Path) -> Iterator[dict[str, Any]]:
    """Hand out the object in `path` (empty if there is none), and write back what the block made of it.

    Keys that the block does not touch are kept. Two processes take turns; the lock of one that died is released
    by the operating system.

    Raises:
        SettingError: If the file holds no JSON object.
        StoreError: If it cannot be read or written.
    """
    make_folder(path.parent)
    with store_errors(path), private_lock(path.with_name(f".{path.name}.lock")):
        value = read_json(path) if path.exists() else {}
        yield value
        write_json(path, value)
