"""What specialists made, as a person sees it at a terminal, and as it is written where none watches."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Iterator

from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.rule import Rule
from rich.syntax import Syntax
from rich.table import Column, Table
from rich.text import Text

from metahuman.cli.text import plain
from metahuman.products import Sourced
from metahuman.state.artifacts import Artifact, CodeFile, Condensed, Plan
from metahuman.state.code import read_code
from metahuman.state.parts import SPECIALISTS, Finding
from metahuman.state.planning import in_order
from metahuman.state.prompting import shorten
from metahuman.threads import MAIN

#: Says how a command is given, where it is given: "again coder".
Say = Callable[[str], str]
#: Colours of the terminal's own, which can be read on its background.
COLOURS = "ansi_dark"
#: Characters of a place in a source.
PLACE = 400
#: Columns that a step's estimate may have; a longer one goes on beneath.
TAKES = 14


def in_chat(command: str) -> str:
    """Say how a command is given in a conversation."""
    return f"/{command}"


def outside(thread: str) -> Say:
    """Return what says how a command about a thread is given at the shell."""
    where = "" if thread == MAIN else f" --thread {shlex.quote(thread)}"
    return lambda command: f"`metahuman {command}{where}`"


def print_made(console: Console, finding: Finding, say: Say | None) -> None:
    """Print what came of a job, whole.

    Args:
        console: Where: a terminal gets a panel for each artifact, anything else the text as it came.
        finding: What came of it.
        say: Says how to have it done again; None where that cannot be.
    """
    if console.is_terminal:
        wrong = [failure(finding), _remedy(finding, say)]
        console.print(Group(*_panels(finding), *(Text(line, style="yellow") for line in filter(None, wrong))))
        return
    names = ", ".join(artifact["name"] for artifact in finding["artifacts"])
    told = [": ".join(filter(None, [finding["source"], names])), finding["content"].strip("\n"), *problems(finding)]
    # Printed by rich, tabs would become blanks.
    console.file.write(plain("\n".join(filter(None, [*told, _remedy(finding, say)]))) + "\n")


def problems(finding: Finding) -> list[str]:
    """Return what is wrong with what came of a job."""
    wrong = [*(artifact["problem"] for artifact in finding["artifacts"]), failure(finding)]
    return [problem for problem in wrong if problem]


def failure(finding: Finding) -> str | None:
    """Return why nothing came of a job, or not all."""
    return plain(f"{finding['source']}: {finding['error']}") if finding["error"] else None


def facts(artifact: Artifact) -> str:
    """Return what an artifact is, in a few words."""
    match artifact["kind"]:
        case "code":
            return f"{artifact['language'] or 'code'}, {_count(len(artifact['text'].splitlines()), 'line')}"
        case "plan":
            return f"plan, {_count(len(artifact['steps']), 'step')}"
        case "summary":
            return f"summary, {_count(artifact['words'], 'word')}"
        case kind:
            return kind


def sources(sentences: Iterable[Sourced]) -> Table:
    """Return each sentence of a summary with the words of its source that it is from."""
    table = Table.grid(padding=(0, 1))
    table.add_column(justify="right")
    table.add_column(overflow="fold")
    for number, (sentence, place, line) in enumerate(sentences, 1):
        words = " ".join(shorten(place, PLACE).split()) if place else ""
        told = (f"line {line}: “{plain(words)}”", "dim") if words else ("not found in the source", "yellow")
        table.add_row(f"{number}.", Text.assemble(plain(sentence), "\n", told))
    return table


def _panels(finding: Finding) -> Iterator[RenderableType]:
    for artifact in finding["artifacts"]:
        yield _panel(artifact, finding["source"])
    if beside := _beside(finding):
        words = Text(plain(beside))
        yield words if finding["artifacts"] else Panel(words, title=finding["source"], border_style="yellow")


def _panel(artifact: Artifact, source: str) -> RenderableType:
    """Return an artifact under its name, with what is wrong with it; code between lines only, to be copied."""
    told, style = facts(artifact) if artifact["kind"] == "code" else source, "cyan"
    parts = [*_body(artifact)]
    if artifact["problem"]:
        parts.append(Text(plain(artifact["problem"]), style="yellow"))
        style = "yellow"
    title = Text.assemble((plain(artifact["name"]), "bold"), (f" · {plain(told)}", "dim"))
    if artifact["kind"] == "code":
        return Group(Rule(title, style=style), *parts, Rule(style=style))
    return Panel(Group(*parts), title=title, border_style=style)


def _body(artifact: Artifact) -> Iterator[RenderableType]:
    match artifact["kind"]:
        case "code":
            yield _code(artifact)
        case "plan":
            yield from _plan(artifact)
        case "summary":
            yield Text(plain(artifact["text"].strip()))
            yield Text(_length(artifact), style="dim")
        case _:
            yield Text(plain(artifact["text"].strip()))


def _code(file: CodeFile) -> Syntax:
    """Return code in colours; with the numbers of its lines where a problem names one."""
    text = plain(file["text"].rstrip("\n"))
    language = file["language"] or Syntax.guess_lexer(file["name"], text)
    numbers = bool(file["problem"])
    return Syntax(text, language, theme=COLOURS, background_color="default", word_wrap=True, line_numbers=numbers)


def _plan(plan: Plan) -> Iterator[RenderableType]:
    """Yield the steps of a plan, and which of them can be done at the same time, if any can."""
    table = Table(
        Column(justify="right"),
        Column(ratio=1, overflow="fold"),
        Column(style="dim", max_width=TAKES, overflow="fold"),
        Column(style="dim"),
        box=None,
        show_header=False,
        padding=(0, 2, 0, 0),
        pad_edge=False,
    )
    for step in plan["steps"]:
        after = f"after {', '.join(map(str, step['after']))}" if step["after"] else ""
        table.add_row(f"{step['number']}.", Text(plain(step["step"])), Text(plain(step["takes"])), after)
    yield table
    waves = [] if plan["problem"] else in_order(plan["steps"])
    if waves and len(waves) < len(plan["steps"]):
        yield Text(f"side by side: {', then '.join(' + '.join(map(str, wave)) for wave in waves)}", style="dim")


def _length(summary: Condensed) -> str:
    """Return how long a summary is, and how much of it stands in its source."""
    borne_out = sum(pointer["start"] is not None for pointer in summary["pointers"])
    said = _count(len(summary["pointers"]), "sentence")
    return f"{_count(summary['words'], 'word')} ({summary['asked']} wanted); {borne_out} of {said} found in the source"


def _beside(finding: Finding) -> str:
    """Return the words that stand beside the artifacts."""
    if not finding["artifacts"]:
        return finding["content"]
    if any(artifact["kind"] == "code" for artifact in finding["artifacts"]):
        return read_code(finding["content"], finding["task"]).remarks
    return ""


def _remedy(finding: Finding, say: Say | None) -> str:
    """Return what can be done about a job that came out wrong; "" for one that did not."""
    source = finding["source"]
    due = source in SPECIALISTS and problems(finding)
    return f"{say(f'again {source}')} has it done again" if say and due else ""


def _count(number: int, of: str) -> str:
    return f"{number} {of}{'' if number == 1 else 's'}"
