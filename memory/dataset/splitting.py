"""Which conversations a voice is trained on, and which it is tested with: drawn by name, so that none ever moves."""

from __future__ import annotations

import hashlib
from typing import Literal

Split = Literal["train", "held-out"]


def split_of(conversation: str, salt: str, share: float) -> Split:
    """Return the side of a conversation; it hangs on nothing but what is given.

    A larger share only takes conversations over from the training side, a smaller one only gives some back.

    Args:
        conversation: Its name.
        salt: Another one draws anew.
        share: The share of all conversations that are held out, from 0 to 1.
    """
    drawn = hashlib.sha256(f"{salt}\0{conversation}".encode(errors="surrogatepass")).digest()
    return "held-out" if int.from_bytes(drawn[:8]) < share * 2**64 else "train"
