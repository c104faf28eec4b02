"""The command line. Commands are imported when they are run, so that `metahuman --help` answers at once."""

from __future__ import annotations

import importlib
import os
import sys
from typing import TYPE_CHECKING, cast

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

#: Each command's place and its one line of help; a test holds these lines against the commands' own.
COMMANDS = {
    "chat": "Talk with the twin.",
    "serve": "Serve the page, the API, and OpenAI's protocol.",
    "ask": "Ask one thing and print the answer.",
    "again": "Have specialists do their part of the last turn again.",
    "save": "Save what specialists made as files.",
    "specialist": "Have one specialist do one thing, without a conversation.",
    "init": "Put editable settings and a persona into the home.",
    "status": "Show who answers for which role, and whether they can.",
    "doctor": "Find what is wrong with the set-up, and say what to do.",
    "backup": "Keep the whole home in one file.",
    "restore": "Make the home from a backup.",
    "lock": "Seal the home while nobody needs it.",
    "unlock": "Open a home that was sealed.",
    "mode": "Show or switch the mode: dual, agent or emulation.",
    "persona": "Show, check and change who the twin is.",
    "memory": "See, find, change, bring in and forget what is remembered.",
    "approvals": "See and answer calls of tools that wait for your word.",
    "trust": "Show and set how far the operator is trusted.",
    "tasks": "See, add, change and finish tasks.",
    "undo": "Put back the files that the twin changed in a turn.",
    "trash": "Restore what the twin deleted, or let it go for good.",
    "curate": "Make memories ready to learn from.",
    "dataset": "Build, see and check what a voice is trained on.",
    "train": "Train a voice on a dataset.",
    "cycle": "Go all the way from memories to a voice.",
    "digest": "Find what keeps coming up, for the persona.",
    "dream": "Dream of memories, and reflect on them.",
    "agents": "See, run and switch what the twin does by itself.",
    "models": "See, check and fetch the models behind the roles.",
    "audit": "Show what the twin decided, called and changed.",
    "route": "Explain where a message goes, measure that, and learn from you.",
    "usage": "Show who was asked how much, and what it cost.",
    "eval": "Measure routing, recall, curation and the voice.",
    "mcp": "Let other programs ask the twin, over the Model Context Protocol.",
    "completion": "Print what has a shell complete commands and names.",
}
#: What can be asked of a home that is locked.
OF_LOCKED = ("lock", "unlock", "completion")
INTERRUPTED = 130


class LazyGroup(click.Group):
    """A group whose commands live in modules of the same name."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands in the order people meet them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return a command."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"metahuman.cli.{cmd_name}")
        return cast(click.Command, getattr(module, cmd_name))

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete the name of a command without importing any."""
        from click.shell_completion import CompletionItem

        named = [CompletionItem(name, help=told) for name, told in COMMANDS.items() if name.startswith(incomplete)]
        return named or click.Command.shell_complete(self, ctx, incomplete)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--home", metavar="DIR", help="The twin's folder.  [default: METAHUMAN_HOME, or the user's data folder]")
@click.version_option(package_name="metahuman", message="%(version)s")
@click.pass_context
def cli(ctx: click.Context, home: str | None) -> None:
    """A digital twin that runs on your own machine."""
    from metahuman.home import find_home

    ctx.obj = find_home(home)
    if ctx.invoked_subcommand not in OF_LOCKED:
        ctx.obj.see_that_it_is_open()


def main() -> None:
    """Run the command line; whatever is expected to go wrong ends in one line and an exit code that is not 0."""
    from metahuman.state.errors import MetaHumanError

    try:
        # Without its own handling of errors, click returns the code of a command that asked to exit.
        code = cli(standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        # The reader has gone (`| head`): say nothing more, not even at the flush on leaving.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except MetaHumanError as error:
        click.echo(f"metahuman: {error}", err=True)
        sys.exit(1)
    except OSError as error:
        click.echo(f"metahuman: {error}", err=True)
        sys.exit(1)
    except Exception as error:
        if os.environ.get("METAHUMAN_TRACEBACK"):
            raise
        told = f"{type(error).__name__}: {' '.join(str(error).split())}"
        click.echo(f"metahuman: a mistake in this program: {told}; METAHUMAN_TRACEBACK=1 shows where", err=True)
        sys.exit(1)
