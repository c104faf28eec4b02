"""Signs that a text speaks to an assistant rather than to its reader.

They only flag. What may be done never hangs on them: an injected wish needs no such signs, and many have none
(docs/injection.md has the figures). The words are those of five languages, in other languages only the signs of form
are seen.
"""

from __future__ import annotations

import re
import unicodedata

#: Characters that print nothing and spell ASCII all the same: Unicode's tags, but for those of a flag.
_TAGS = re.compile(r"(?<![\U0001f3f4\U000e0020-\U000e007f])[\U000e0000-\U000e007f]+")
#: Tokens that chat templates put between speakers.
_TOKENS = re.compile(r"<\|[a-z_]+\|>|\[/?INST\]|<</?SYS>>|<(?:start|end)_of_turn>|</s>", re.IGNORECASE)
#: A line that claims to be of another speaker.
_SPEAKER = re.compile(r"^[\W_]*(?:system|assistant|developer)\s*:", re.IGNORECASE | re.MULTILINE)
_LETTING_GO = r"ignor|disregard|forget|override|supersede|bypass|vergiss|vergessen|missachte|oubli|olvid|dimentic"
_RULES = r"instruction|instruccion|istruzion|anweisung|directive|direttiv|direktive|guideline|richtlinie|prompt|rules\b"
_EARLIER = r"previous|prior|above|earlier|your|all|vorherig|alle|deine|toutes|précédent|anterior|todas|precedent|tutte"
#: "Ignore ... previous ... instructions", in the order of either family of languages.
_OVERRIDE = re.compile(
    rf"\b(?:{_LETTING_GO})\w*\W+(?:\w+\W+){{0,4}}?(?:(?:{_EARLIER})\w*\W+(?:\w+\W+){{0,2}}?(?:{_RULES})"
    rf"|(?:{_RULES})\w*\W+(?:{_EARLIER}))",
    re.IGNORECASE,
)


def markers(text: str) -> list[str]:
    """Return what in a text speaks to an assistant, each sign by its name; empty for most texts.

    Args:
        text: Of others: a file, a page, a mail.
    """
    plain = unicodedata.normalize("NFKC", text)
    found = {
        "hidden letters": _TAGS.search(text),
        "tokens of a chat template": _TOKENS.search(plain),
        "a line of another speaker": _SPEAKER.search(plain),
        "instructions are to be forgotten": _OVERRIDE.search(plain),
    }
    return [name for name, there in found.items() if there]
