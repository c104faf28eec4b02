"""Where the passphrase of a backup comes from: the environment, or the person at the terminal."""

from __future__ import annotations

import os

import click

VARIABLE = "METAHUMAN_BACKUP_PASSPHRASE"


def ask_passphrase(*, new: bool = False) -> str:
    """Return the passphrase.

    Args:
        new: Whether something is sealed with it: then it is asked for twice.
    """
    given = os.environ.get(VARIABLE)
    if given is not None:
        return given
    try:
        return str(click.prompt("Passphrase", hide_input=True, confirmation_prompt=new, err=True))
    except click.Abort:
        raise click.UsageError(f"a passphrase is needed: set {VARIABLE}, or answer at a terminal") from None
