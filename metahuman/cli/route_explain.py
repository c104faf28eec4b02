"""`metahuman route explain`: where a message would go, who decides that, and on what grounds."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from metahuman.cli.options import mode_option
from metahuman.cli.text import standard_input

if TYPE_CHECKING:
    from metahuman.home import Home
    from metahuman.state.context import Mode
    from metahuman.state.routing import Said

#: What stands for the text where it comes from standard input.
STDIN = "-"


@click.command(short_help="Explain where a message would go, and why.")
@click.argument("text", nargs=-1, required=True)
@click.option("--earlier", multiple=True, metavar="'WHO: TEXT'", help="What owner or twin said before; repeatable.")
@click.option("--tool", "tools", multiple=True, metavar="'NAME: TEXT'", help="What a tool brought; repeatable.")
@click.option("--focus", default="", metavar="TEXT", help="What the conversation is about.")
@click.option("--active", multiple=True, metavar="TEXT", help="An open task; repeatable.")
@click.option("--model", "ask", is_flag=True, help="Ask the orchestrator's model for real, even if it need not be.")
@mode_option
@click.option("--json", "as_json", is_flag=True, help="Print the decision and its grounds as one JSON object.")
@click.pass_obj
def explain(
    home: Home,
    text: tuple[str, ...],
    mode: Mode | None,
    *,
    earlier: tuple[str, ...],
    tools: tuple[str, ...],
    focus: str,
    active: tuple[str, ...],
    ask: bool,
    as_json: bool,
) -> None:
    """Explain where TEXT would go, and why; - stands for standard input. Nothing is done.

    TEXT is taken as the first message of a conversation, unless you say what went before it.
    """
    from metahuman.explaining import Question
    from metahuman.explaining import explain as explained
    from metahuman.state.background import background
    from metahuman.state.files import whole
    from metahuman.state.short_term import from_file

    said = [_said(line) for line in earlier]
    outputs = {name: output for name, _, output in (tool.partition(": ") for tool in tools)}
    known = from_file({"currentFocus": focus, "activeTasks": list(active), "recentToolOutputs": outputs})
    message = standard_input() if text == (STDIN,) else " ".join(text)
    question = Question(whole(message), said, known, mode)
    found = background.run(explained(home, question, ask=ask))
    if as_json:
        click.echo(json.dumps(found.as_json(), ensure_ascii=False, indent=2))
        return
    from metahuman.cli.route_show import show

    show(found)


def _said(line: str) -> Said:
    from metahuman.state.routing import Said

    who, colon, text = line.partition(":")
    if who not in ("owner", "twin") or not colon:
        raise click.BadParameter(f"{line!r}: begin with 'owner: ' or 'twin: '", param_hint="--earlier")
    return Said("owner" if who == "owner" else "twin", text.strip())
