"""How calls of tools look in a terminal: before they are made, after they ended, and while they wait for a word."""

from __future__ import annotations

import json

from rich.console import Group
from rich.panel import Panel
from rich.syntax import Syntax
from rich.text import Text

from metahuman.cli.text import plain
from metahuman.state.acting import Call, Step
from metahuman.state.approvals import Ask
from metahuman.state.operating import told

#: Lines and characters of what a tool brought that are shown at once; /why and the audit tell of the rest.
LINES, CHARACTERS = 12, 1000
MARKS = {"done": ("✓", "green"), "failed": ("✗", "red"), "refused": ("-", "yellow"), "unknown": ("?", "red")}
RISKY = {"low": "cyan", "medium": "yellow", "high": "red"}


def intended(call: Call) -> Text:
    """Return the line that says what is about to be done."""
    return Text(f"→ {plain(told(call))}", style="dim")


def stepped(step: Step) -> Text:
    """Return what became of a call, with the beginning of what it brought."""
    mark, style = MARKS[step["ended"]]
    text = Text.assemble((f"{mark} {step['call']['tool']}", style), (f" {step['latencyMs']:.0f} ms", "dim"))
    if step["approvedBy"] not in (None, "policy"):
        text.append(f", approved by {step['approvedBy']}", style="dim")
    if step["error"]:
        text.append(f": {plain(step['error'])}", style="" if step["ended"] == "refused" else style)
    return text.append(_beginning(step["output"]), style="dim") if step["output"] else text


def ask_panel(ask: Ask) -> Panel:
    """Return a call that waits for a person's word: what, why they are asked, and what it would do."""
    call, ruling = ask["call"], ask["ruling"]
    arguments = json.dumps(call["arguments"], ensure_ascii=False, indent=2)
    parts = [Text(plain(call["tool"]), style="bold"), Text(plain(arguments)), Text(plain(ruling["why"]), style="dim")]
    preview = Syntax(plain(ask["preview"]), "diff", background_color="default", word_wrap=True)
    title = f"may I? · risk {ruling['risk']}"
    return Panel(Group(*parts, *([preview] if ask["preview"] else [])), title=title, border_style=RISKY[ruling["risk"]])


def _beginning(output: str) -> str:
    lines = plain(output[:CHARACTERS]).splitlines()
    shown = "".join(f"\n  {line}" for line in lines[:LINES])
    return f"{shown}\n  …" if len(lines) > LINES or len(output) > CHARACTERS else shown
