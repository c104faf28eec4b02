"""A person's yes, before something is done that cannot be undone."""

from __future__ import annotations

import click


def agreed(question: str, *, default: bool = False) -> bool:
    """Ask whether to go on; where nobody can be asked, the answer is no."""
    try:
        return click.confirm(question, default=default, err=True)
    except click.Abort:
        return False
