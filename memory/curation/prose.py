"""Whether a line reads like something that a person wrote."""

from __future__ import annotations

import re

_WORD = re.compile(r"[\"'(*_\u201c\u2018\[]*[^\W\d_]+(?:['\u2019-][^\W\d_]+)*[\"')*_.,;:!?\u2026\u201d\u2019\]]*")
_SCRIPT = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\u0e00-\u0e7f]")
_ENDS = re.compile(r"[.!?\u2026:][\"')*_\u201d]*$")
_LIST = re.compile(r"\s*(?:[^\w\s\"'(\[{<]{1,6}|\d{1,3}[.)])\s+")
#: A sentence has so many words; one that ends in a full stop may have fewer.
SENTENCE, ENDED = 5, 3


def is_sentence(line: str) -> bool:
    """Tell whether a line is a sentence: words, of which most are plain, that begin as sentences do."""
    said = _LIST.sub("", line, count=1).strip()
    if len(_SCRIPT.findall(said)) >= ENDED:
        return True
    tokens = said.split()
    plain = sum(bool(_WORD.fullmatch(token)) for token in tokens)
    if not tokens or plain * 10 < len(tokens) * 7 or not said.lstrip("\"'*_(\u201c\u2018\u00a1\u00bf")[:1].isupper():
        return False
    return plain >= SENTENCE or (plain >= ENDED and bool(_ENDS.search(said)))


def mostly_sentences(text: str) -> bool:
    """Tell whether most lines of a text read like prose."""
    lines = [line for line in text.splitlines() if line.strip()]
    return bool(lines) and sum(map(is_sentence, lines)) * 2 > len(lines)
