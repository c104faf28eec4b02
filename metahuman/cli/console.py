"""How a turn looks in a terminal. Everything a model, a memory or a file says is text: never markup, never control."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from metahuman.cli.made import Say, facts, print_made
from metahuman.cli.steps import intended, stepped
from metahuman.cli.text import plain
from metahuman.cli.working import Working
from metahuman.reply import Event, Found, Intended, Reply, Stepped, Token
from metahuman.state.events import ModelCall
from metahuman.state.operating import told
from metahuman.state.parts import Finding, Route

#: Places that an answer's footnote names.
SOURCES = 4


class Words:
    """Prints a text that comes in pieces, and breaks its lines between words where the terminal ends.

    Args:
        console: Where; one that is no terminal gets the text as it is.
    """

    def __init__(self, console: Console) -> None:
        self._console, self._width = console, console.width if console.is_terminal else None
        self._column, self._word = 0, ""

    def say(self, text: str) -> None:
        """Print all of `text` but its last word, which may go on."""
        for piece in re.findall(r"\s|\S+", plain(text)):
            if piece.isspace():
                self.end()
                self._print(piece)
            else:
                self._word += piece

    def end(self) -> None:
        """Print the last word."""
        if self._width and self._column and self._column + cell_len(self._word) > self._width:
            self._print("\n")
        self._print(self._word)
        self._word = ""

    def _print(self, piece: str) -> None:
        self._column = 0 if piece == "\n" else self._column + cell_len(piece)
        self._console.print(piece, end="", markup=False, highlight=False, soft_wrap=True)


def show(console: Console, events: Iterable[Event], say: Say) -> Reply | None:
    """Print a turn as it happens, and return its reply.

    Args:
        console: Where.
        events: What happens.
        say: Says how a command is given here.
    """
    reply, words = None, Words(console)
    try:
        with Working(console) as working:
            for event in events:
                working.note(event)
                if isinstance(event, Token):
                    working.stop()
                    words.say(event.text)
                elif isinstance(event, Reply):
                    reply = event
                else:
                    _between(console, event, say)
    finally:
        words.end()
    console.print()
    return reply


def _between(console: Console, event: Event, say: Say) -> None:
    """Print what is shown of an event between question and answer; the operator's finding was seen step by step."""
    match event:
        case Intended(call):
            console.print(intended(call))
        case Stepped(step):
            console.print(stepped(step))
        case Found(finding) if finding["source"] != "operator" or (finding["error"] and not finding["content"]):
            print_made(console, finding, say)


def footnote(reply: Reply, say: Say) -> Text:
    """Return the dim line under an answer: where it went, who spoke, how long it took, what can be saved."""
    speaker = next((call for call in reversed(reply.calls) if call["role"] == "persona"), None)
    parts = [destinations(reply.route)]
    if speaker:
        parts.append(f"{speaker['model']}{' (fallback)' if speaker['fallback'] else ''}")
    if reply.latency_ms is not None:
        parts.append(f"{reply.latency_ms / 1000:.1f} s")
    if reply.cut:
        parts.append("cut at its length limit (maxTokens)")
    if reply.mode != "dual":
        parts.append(reply.mode)
    if reply.sources:
        parts.append(f"from {', '.join(plain(source) for source in reply.sources[:SOURCES])}")
    if reply.artifacts:
        parts.append(f"{', '.join(plain(made['name']) for made in reply.artifacts)} ({say('save')})")
    line = Text(" · ".join(parts), style="dim")
    return Text.assemble((f"{plain(reply.broken)}\n", "yellow"), line) if reply.broken else line


def destinations(route: Route) -> str:
    """Return where a route leads, in words."""
    return " + ".join(dict.fromkeys(task["destination"] for task in route["tasks"]))


def why(reply: Reply) -> Table:
    """Return all that led to a reply: route, evidence, every model call."""
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for label, value in _route(reply.route):
        table.add_row(label, value)
    table.add_row("recalled", Text(f"{len(reply.evidence)} memories, {reply.recall_ms:.0f} ms"))
    for item in reply.evidence:
        table.add_row("", Text(f"{item['id']} ({item['why']}): {plain(item['text'])}", style="dim"))
    for step in reply.steps:
        ruling = step["ruling"]
        table.add_row(
            "tool", Text(f"{plain(told(step['call']))}: {step['ended']}, {ruling['rule']}: {plain(ruling['why'])}")
        )
    for finding in reply.findings:
        table.add_row(finding["source"], _finding(finding, reply))
    for call in reply.calls:
        table.add_row("model", _call(call))
    table.add_row("kept as", reply.memory_id or f"nothing ({reply.mode} mode)")
    if reply.latency_ms is not None:
        first = f", first word after {reply.first_token_ms:.0f} ms" if reply.first_token_ms else ""
        table.add_row("in all", f"{reply.latency_ms:.0f} ms{first}")
    return table


def _route(route: Route) -> Iterator[tuple[str, Text]]:
    """Yield where a turn went and what it was taken to be about, each under its label."""
    decided = f"{destinations(route)}, decided by {route['decidedBy']}, {route['confidence']:.2f} sure"
    yield "route", Text(f"{decided}, {route['latencyMs']:.0f} ms")
    if route["why"]:
        yield "", Text(plain(route["why"]), style="yellow")
    about = {"topics": ", ".join(route["topics"]), "intent": route["intent"], "focus": route["focus"]}
    yield from ((label, Text(plain(value))) for label, value in about.items() if value)


def _finding(finding: Finding, reply: Reply) -> Text:
    """Return how long a job took, how often its model was asked where that can be told, and what came of it."""
    parts = [f"{finding['latencyMs']:.0f} ms"]
    if [one["source"] for one in reply.findings].count(finding["source"]) == 1:
        asked = sum(call["role"] == finding["source"] for call in reply.calls)
        parts.append(f"asked {asked} time{'' if asked == 1 else 's'}")
    parts += [f"{artifact['name']} ({facts(artifact)})" for artifact in finding["artifacts"]]
    text = Text(plain(", ".join(parts)))
    for wrong in filter(None, [*(artifact["problem"] for artifact in finding["artifacts"]), finding["error"]]):
        text.append(f"\n{plain(wrong)}", style="yellow")
    return text


def _call(call: ModelCall) -> Text:
    tokens, who = call["tokens"], f"{call['modelId']} ({call['provider']}: {call['model']})"
    told = f"{call['role']} → {who if call['modelId'] else 'nobody'}, {call['latencyMs']:.0f} ms, "
    text = Text(f"{told}{tokens['prompt']} tokens in, {tokens['completion']} out")
    if call["error"]:
        text.append(f"\n{plain(call['error'])}", style="red")
    elif call["why"]:
        text.append(f"\n{'fallback' if call['fallback'] else 'again'}, because {plain(call['why'])}", style="yellow")
    return text
