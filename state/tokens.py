"""How many tokens a text has, where no tokenizer is at hand."""

from __future__ import annotations


def estimate_tokens(text: str) -> int:
    """Return about how many tokens `text` has, rather too many than too few.

    Byte-pair vocabularies average some four ASCII characters a token, and at worst one token for each byte of any
    other script.
    """
    ascii_only = len(text.encode("ascii", "ignore"))
    other = len(text.encode(errors="surrogatepass")) - ascii_only
    return ascii_only // 4 + other + 1
