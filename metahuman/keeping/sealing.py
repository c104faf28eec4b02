"""A file under a passphrase: scrypt makes a key of it, AES-256-GCM seals the file in chunks of 64 KiB.

Each chunk is sealed with its number, and with whether it is the last: none can be changed, moved, left out or cut off
without its being noticed. The key is the file's own, so numbers serve as nonces (the STREAM construction of Hoang,
Reyhanitabar, Rogaway and Vizár, 2015, as `age` has it). The chunks can be read in any order.

The header: 16 bytes that name the format, one with the logarithm of scrypt's cost, 16 of salt, and 32 that tell whether
the passphrase is the right one (HMAC-SHA256 of what stands before them).
"""

from __future__ import annotations

import hashlib
import hmac
import io
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

from metahuman.state.errors import BadChoice, SettingError, StoreError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

MAGIC = b"metahuman-seal-1"
CHUNK, TAG = 64 * 1024, 16
#: scrypt's n is 2 to the power of this, with r = 8 and p = 1: 128 MiB of memory for each guess, as OWASP's Password
#: Storage Cheat Sheet has it.
COST = 17
#: What a file may ask of whoever reads it: at most 1 GiB.
COSTS = range(10, 21)
SALT, CHECK = 16, hashlib.sha256().digest_size
HEADER = len(MAGIC) + 1 + SALT + CHECK
_BROKEN = "was changed or cut short after it was written"
_ANOTHER = "take another copy of it, or another backup"


class _Keys(NamedTuple):
    """What a passphrase and a salt come to.

    Args:
        seal: The key of the chunks.
        check: The key of the header.
    """

    seal: bytes
    check: bytes


def is_sealed(file: BinaryIO) -> bool:
    """Tell whether a file begins as a sealed one does; it is left at its beginning."""
    begin = file.read(len(MAGIC))
    file.seek(0)
    return begin == MAGIC


class SealedWriter(io.RawIOBase):
    """Seals what is written into a file. Only `finish` makes it whole: without, nobody can open it.

    Args:
        file: Where it goes.
        passphrase: What opens it.
        cost: The logarithm of scrypt's cost.

    Raises:
        BadChoice: If the passphrase is empty.
        SettingError: If the package that this needs is not installed.
    """

    def __init__(self, file: BinaryIO, passphrase: str, cost: int = COST) -> None:
        if not passphrase:
            raise BadChoice("an empty passphrase keeps nobody out: give another")
        head = MAGIC + bytes([cost]) + os.urandom(SALT)
        keys = _keys(passphrase, head)
        self._file, self._cipher, self._header = file, _cipher(keys.seal), head + _check(keys, head)
        self._held, self._number = bytearray(), 0
        file.write(self._header)

    def writable(self) -> bool:
        """Tell that it can be written."""
        return True

    def write(self, data: Any) -> int:
        """Take data; what fills a chunk is written."""
        self._held += data
        while len(self._held) > CHUNK:  # not >=: the last chunk is known only when there is no more
            self._put(bytes(self._held[:CHUNK]), last=False)
            del self._held[:CHUNK]
        return len(data)

    def finish(self) -> None:
        """Write the last chunk; the file stays open."""
        self._put(bytes(self._held), last=True)

    def _put(self, chunk: bytes, *, last: bool) -> None:
        self._file.write(self._cipher.encrypt(_nonce(self._number, last=last), chunk, self._header))
        self._number += 1


class SealedReader(io.RawIOBase):
    """What a sealed file holds, from any place on.

    Args:
        file: The sealed file.
        path: What it is called.
        passphrase: What opens it.

    Raises:
        BadChoice: If that is another passphrase.
        SettingError: If the package that this needs is not installed.
        StoreError: If the file is broken, here or when it is read.
    """

    def __init__(self, file: BinaryIO, path: Path, passphrase: str) -> None:
        self._file, self._path = file, path
        self._header = file.read(HEADER)
        head = self._header[: HEADER - CHECK]
        if len(self._header) < HEADER or head[len(MAGIC)] not in COSTS:
            raise StoreError(path, _BROKEN, _ANOTHER)
        keys = _keys(passphrase, head)
        if not hmac.compare_digest(_check(keys, head), self._header[-CHECK:]):
            raise BadChoice(f"{path}: that is not its passphrase")
        self._cipher = _cipher(keys.seal)
        body = file.seek(0, os.SEEK_END) - HEADER
        self._chunks = max(-(-body // (CHUNK + TAG)), 1)
        self._size = body - self._chunks * TAG
        self._at, self._held, self._number = 0, b"", -1
        self._chunk(self._chunks - 1)  # which tells whether the end is there

    def readable(self) -> bool:
        """Tell that it can be read."""
        return True

    def seekable(self) -> bool:
        """Tell that it can be read from any place on."""
        return True

    def tell(self) -> int:
        """Return where the next byte is read."""
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go elsewhere."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        if base + offset < 0:
            raise ValueError(f"no place {base + offset} in a file")
        self._at = base + offset
        return self._at

    def readinto(self, buffer: Any) -> int:
        """Read what is left of the chunk here, as far as there is room for it."""
        if self._at >= self._size:
            return 0
        number, start = divmod(self._at, CHUNK)
        data = self._chunk(number)[start : start + len(buffer)]
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)

    def _chunk(self, number: int) -> bytes:
        from cryptography.exceptions import InvalidTag

        if number != self._number:
            self._file.seek(HEADER + number * (CHUNK + TAG))
            sealed = self._file.read(CHUNK + TAG)
            try:
                nonce = _nonce(number, last=number == self._chunks - 1)
                self._held = self._cipher.decrypt(nonce, sealed, self._header)
            except (InvalidTag, ValueError) as error:
                raise StoreError(self._path, _BROKEN, _ANOTHER) from error
            self._number = number
        return self._held


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])


def _keys(passphrase: str, head: bytes) -> _Keys:
    cost, salt = head[len(MAGIC)], head[-SALT:]
    text = passphrase.encode(errors="surrogateescape")
    both = hashlib.scrypt(text, salt=salt, n=1 << cost, r=8, p=1, maxmem=(1 << cost) * 1024 + (1 << 24), dklen=64)
    return _Keys(both[:32], both[32:])


def _check(keys: _Keys, head: bytes) -> bytes:
    return hmac.digest(keys.check, head, "sha256")


def _cipher(key: bytes) -> AESGCM:
    try:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    except ImportError as error:
        remedy = "`pip install 'metahuman[backup]'`"
        raise SettingError("encryption", "", "needs a package that is not installed", remedy) from error
    return AESGCM(key)
