"""`metahuman completion`: what has a shell complete commands, options and names."""

from __future__ import annotations

import click

#: What is typed to begin; it is where each shell looks by itself.
SHELLS = ("bash", "zsh", "fish")


@click.command(short_help="Print what has a shell complete commands and names.")
@click.argument("shell", metavar="|".join(SHELLS), type=click.Choice(SHELLS))
def completion(shell: str) -> None:
    r"""Print what has a shell complete commands, options, modes, and the names of models, threads, datasets and runs.

    \b
    bash: metahuman completion bash > ~/.local/share/bash-completion/completions/metahuman
    zsh:  metahuman completion zsh > ~/.zfunc/_metahuman   (fpath+=~/.zfunc, before compinit)
    fish: metahuman completion fish > ~/.config/fish/completions/metahuman.fish
    """
    from click.shell_completion import get_completion_class

    from metahuman.cli import cli

    known = get_completion_class(shell)
    if known is None:
        raise click.UsageError(f"click completes nothing in {shell}")
    of = known(cli, {}, "metahuman", "_METAHUMAN_COMPLETE")
    click.echo(of.source_template % of.source_vars())  # `source` would first start a bash, to ask for its version
