"""What a curator's model flags, in words that mean the same every time: models have no end of words for one thing."""

from __future__ import annotations

import re
from collections.abc import Iterable

SENSITIVE = "sensitive-data"
#: What is meant by words of a flag, the graver first. A flag of other words is `OTHER`, and holds a pair back like any.
_MEANT = (
    (
        SENSITIVE,
        (
            r"sensitiv|privat|personal|pii|secret|password|credential|confiden|token|api|key|identit|address|phone|email"
            r"|medic|health|diagnos|financ|bank|money|salary|legal|politic|relig|sex|nsfw|intimat|child|minor|third|name"
        ),
    ),
    ("harmful", r"harm|violen|abus|self|suicid|hate|illegal|danger|unsafe|toxic"),
    ("tool-output", r"tool|system|log|json|command|shell|operator|transcript"),
    ("technical", r"techn|code|debug|program|error|trace|path"),
    ("invented", r"invent|halluc|unground|unsupported|fabricat|guess"),
    ("small-talk", r"small|greet|nicet|chit|trivial|generic|boilerplate"),
)
OTHER = "other"
#: What models write where they mean that there is nothing to flag.
_NONE = re.compile(r"(?:no|none|nothing|n a|null|nil|safe|ok|okay|clean|clear|empty|false|not applicable|no .*)?")


def flags_of(words: Iterable[str]) -> list[str]:
    """Return the flags that a model's words mean, each once.

    Args:
        words: As the model wrote them; nothing of their text is kept.
    """
    plain = (" ".join(re.findall(r"[^\W\d_]+", word.casefold())) for word in words)
    return list(dict.fromkeys(_flag(word) for word in plain if not _NONE.fullmatch(word)))


def _flag(word: str) -> str:
    return next((flag for flag, pattern in _MEANT if re.search(pattern, word)), OTHER)
