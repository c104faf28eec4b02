"""The chain of the audit log: how each line is sealed to the one written before it, and how anybody can check that.

A line is one JSON object. The chain's members are its last ones::

    {"timestamp":"…", …, "details":{…},"seq":12,"prev":"<64 hex digits>","hash":"<64 hex digits>"}

- `seq` counts the events of the log from 1, in the order of writing, through all days.
- `prev` is the `hash` of event `seq - 1`; for the first event it is 64 zeros if the log was empty, and 64 times `f` if
  it held lines without a chain.
- `hash` is the SHA-256, in lower-case hexadecimal digits, of the line's bytes from its `{` up to, but not with, the
  last `,"hash":"`. `seq` and `prev` are among them, so a line can be checked by itself.
- `torn` stands between `seq` and `prev` where unfinished lines stand right before the line: what writers left that
  were killed, or whose disk was full. It is the SHA-256 of those lines, joined by line breaks. So a line that broke
  off is told from one that somebody broke.

There is no secret in it: whoever can write the files can compute all of this anew. What that means is in docs/audit.md.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from typing import NamedTuple

#: What stands for the hash before the first: where nothing was written before, and where something was.
GENESIS, LATER = "0" * 64, "f" * 64
_HEX = rb"[0-9a-f]{64}"
_SEAL = re.compile(
    rb',"seq":(?P<seq>[1-9]\d{0,17})(?:,"torn":"(?P<torn>%b)")?,"prev":"(?P<prev>%b)","hash":"(?P<hash>%b)"\}'
    % (_HEX, _HEX, _HEX)
)
_HASH = b',"hash":"'
#: Bytes of the longest seal, and of what of it is not hashed: its hash, and the brackets around that.
_LONGEST, _UNHASHED = 300, len(_HASH) + 64 + len(b'"}')


class Link(NamedTuple):
    """An event's place in the chain: what the next one is sealed to."""

    seq: int = 0
    hash: str = GENESIS


class Seal(NamedTuple):
    """The chain's members of a line.

    Args:
        seq: The number of the event.
        torn: The hash of unfinished lines before it; empty for none.
        prev: The hash of the event before.
        hash: The line's own, as it says.
        sound: Whether that is so.
    """

    seq: int
    torn: str
    prev: str
    hash: str
    sound: bool

    @property
    def link(self) -> Link:
        """The event's place in the chain."""
        return Link(self.seq, self.hash)

    def follows(self, link: Link) -> bool:
        """Tell whether the event is the next one after `link`."""
        return self.seq == link.seq + 1 and self.prev == link.hash


def sealed(event: bytes, before: Link, torn: str = "") -> tuple[bytes, Link]:
    """Return the line of an event, with its line break, and its place in the chain.

    Args:
        event: A JSON object that is not empty, on one line.
        before: The event written before it.
        torn: The hash of the unfinished lines that stand before it, see `hash_of`.
    """
    told = f',"torn":"{torn}"' if torn else ""
    body = event[:-1] + f',"seq":{before.seq + 1}{told},"prev":"{before.hash}"'.encode()
    digest = hashlib.sha256(body).hexdigest()
    return body + f',"hash":"{digest}"}}\n'.encode(), Link(before.seq + 1, digest)


def seal_of(line: bytes) -> Seal | None:
    """Return the seal of a line, given without its line break; None for one that has none."""
    found = _found(line)
    if not found:
        return None
    seq, torn, prev, digest = (part.decode() for part in found.groups(b""))
    return Seal(int(seq), torn, prev, digest, hashlib.sha256(line[:-_UNHASHED]).hexdigest() == digest)


def beginning(after: Link) -> bytes:
    """Return what the seal of the event after `after` is, up to its own hash; where nothing unfinished is before it."""
    return b',"seq":%d,"prev":"%b"%b' % (after.seq + 1, after.hash.encode(), _HASH)


def hash_after(line: bytes, beginning: bytes) -> str | None:
    """Return the hash of a line with its line break, if its seal is sound and has that `beginning`.

    It finds out what `seal_of` does, in a third of the time, of the lines that are as one expects.
    """
    end = len(line) - _UNHASHED - len(b"\n")
    if not line.startswith(beginning, end + len(_HASH) - len(beginning)):
        return None
    digest = hashlib.sha256(line[:end]).hexdigest()
    return digest if line.endswith(b'%b"}\n' % digest.encode()) else None


def without_seal(line: bytes) -> tuple[bytes, int | None]:
    """Return a line as it was before it was sealed, and the number of its event; None where it has no seal."""
    found = _found(line)
    return (line[: found.start()] + b"}", int(found["seq"])) if found else (line, None)


def hash_of(lines: Iterable[bytes]) -> str:
    """Return the hash of unfinished lines, given without line breaks."""
    return hashlib.sha256(b"\n".join(lines)).hexdigest()


def is_event(line: bytes) -> bool:
    """Tell whether a line is a whole JSON object."""
    if not line.startswith(b"{"):  # so that what is long and no JSON is not decoded
        return False
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def _found(line: bytes) -> re.Match[bytes] | None:
    start = line.rfind(b',"seq":', max(0, len(line) - _LONGEST))
    return _SEAL.fullmatch(line, start) if start >= 0 else None
