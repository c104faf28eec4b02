"""What machines write into a sentence: the ids of calls, hashes, walls of base64, links that no one reads."""

from __future__ import annotations

import re
from collections.abc import Iterator

from metahuman.memory.curation.spans import Cut, Kind

_NOISE = re.compile(
    r"""
      (?P<identifier>
        \b(?:call|toolu|chatcmpl|msg|run|fc|resp|thread|asst|req|srvtoolu|item|step)[_-](?=[A-Za-z_-]*\d)[A-Za-z0-9_-]{12,80}\b
      | \b[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}\b
      | \b(?:sha(?:1|256|512)[:-])?(?=[a-f]*\d)(?=\d*[a-f])[0-9a-f]{32,128}\b
      )
    | (?P<encoded>(?:data:[\w/+.-]{1,60};base64,)?(?<![\w/+])[A-Za-z0-9+/]{80,}+={0,2})
    | (?P<address>\bhttps?://[^\s<>"')\]]{120,4000}+)
    | (?P<progress>\x1b\[[0-9;?]{0,12}[A-Za-z])
    """,
    re.VERBOSE,
)
_AROUND = {"(": ")", "[": "]", "`": "`"}


def noise_in(text: str) -> Iterator[Cut]:
    """Yield what stands in a text and says nothing to people."""
    for found in _NOISE.finditer(text):
        start, end = found.span()
        kind: Kind = found.lastgroup  # type: ignore[assignment]
        if kind == "encoded" and len(set(text[start:end])) < 12:
            continue  # "aaaah", or a line drawn with letters
        if start and end < len(text) and _AROUND.get(text[start - 1]) == text[end]:
            start, end = start - 1, end + 1
        yield Cut(kind, start, end)
