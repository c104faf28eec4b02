"""What an evaluation found, as one page that needs nothing from elsewhere: `evaluation/report.html` of a run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from metahuman.voice.report_chart import chart, score_bars
from metahuman.voice.told import Line, tables

#: Samples that are shown side by side.
SHOWN = 20
STYLE = """
:root { color-scheme: light dark; --ink: #1c1e21; --soft: #5f6670; --paper: #fff; --line: #d9dde3; --voice: #0b62c4;
  --warn: #a33b00; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8eaed; --soft: #a4abb5; --paper: #16181b; --line: #363b42;
  --voice: #6fb0ff; --warn: #ff9d66; } }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 60rem;
  margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2.5rem; } p, li { max-width: 46rem; }
.soft, caption { color: var(--soft); } .warn { color: var(--warn); font-weight: 600; }
table { border-collapse: collapse; width: 100%; } caption { text-align: left; padding-bottom: .4rem; }
th, td { text-align: left; vertical-align: top; padding: .35rem .8rem .35rem 0; border-bottom: 1px solid var(--line); }
td { overflow-wrap: anywhere; } .samples td { width: 33%; white-space: pre-wrap; }
.wide { overflow-x: auto; } svg { width: 100%; height: auto; } svg text { font-size: 13px; fill: var(--ink); }
svg .tick { fill: var(--soft); } svg .grid { stroke: var(--line); } svg g line { stroke: var(--soft); stroke-width: 3; }
svg g circle { fill: var(--soft); } svg .voice line { stroke: var(--voice); } svg .voice circle { fill: var(--voice); }
svg .voice text, svg .owner text { font-weight: 600; } svg .owner circle { fill: var(--ink); }
"""
ABOUT = (
    "0 is where other authors stand on average, 1 where your own other texts do. Three views are taken: which words "
    "everybody uses, and how often; how they follow each other; how words are made, by the letter. What is copied from "
    "the training texts, or said before, does not count. docs/voice.md tells more."
)


def page(report: Mapping[str, Any], samples: Sequence[Mapping[str, Any]]) -> str:
    """Return the page.

    Args:
        report: What was found.
        samples: What the models said, of which some are shown.
    """
    name = escape(str(report["run"]))
    parts = [
        f"<h1>The voice of {name}</h1>",
        f'<p class="soft">dataset {escape(str(report["dataset"]))}, {escape(str(report["createdAt"]))}</p>',
        _tainted(report),
        _listed(report["verdict"]["lines"]),
        _score(report["voice"]),
        *(_table(title, lines) for title, lines in tables(report).items()),
        _leaks(report["leaks"]["reported"]),
        _samples(samples[:SHOWN]),
    ]
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{name}</title>'
    policy = "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
    body = "\n".join(part for part in parts if part)
    head = f"<head>{head}{policy}<style>{STYLE}</style></head>"
    return f'<!doctype html>\n<html lang="en">{head}\n<body>\n{body}\n</body></html>\n'


def _tainted(report: Mapping[str, Any]) -> str:
    if not report["tainted"]:
        return ""
    remedy = "<code>metahuman train --again</code> makes it anew"
    return f'<p class="warn">It is tainted: it knew a memory that was forgotten; {remedy}.</p>'


def _listed(lines: Iterable[str]) -> str:
    return f"<ul>{''.join(f'<li>{escape(line)}</li>' for line in lines)}</ul>"


def _score(voice: Mapping[str, Any]) -> str:
    if not voice["score"]:
        return f"<h2>Voice</h2><p>The voice cannot be judged: {escape(str(voice['why']))}.</p>"
    return f'<h2>Voice</h2>{chart(score_bars(voice), "voice scores with 95 % intervals")}<p class="soft">{ABOUT}</p>'


def _table(title: str, lines: Sequence[Line]) -> str:
    if not lines:
        return ""
    rows = (
        f"<tr><th>{escape(one.what)}</th><td>{escape(one.base)}</td><td>{escape(one.adapter)}</td></tr>"
        for one in lines
    )
    head = "<tr><th></th><th>without</th><th>with the adapter</th></tr>"
    return f'<h2>{escape(title)}</h2><div class="wide"><table>{head}{"".join(rows)}</table></div>'


def _leaks(reported: Sequence[Mapping[str, str]]) -> str:
    if not reported:
        return ""
    return f'<h2 class="warn">Leaks</h2>{_listed(one["told"] for one in reported)}'


def _samples(samples: Sequence[Mapping[str, Any]]) -> str:
    if not samples:
        return ""
    head = "<tr><th>without</th><th>with the adapter</th><th>you</th></tr>"
    rows = (_sample(one) for one in samples)
    return f'<h2>What it says</h2><div class="wide"><table class="samples">{head}{"".join(rows)}</table></div>'


def _sample(one: Mapping[str, Any]) -> str:
    cells = "".join(f"<td>{escape(str(one.get(key) or ''))}</td>" for key in ("base", "adapter", "owner"))
    return f'<tr><td colspan="3" class="soft">{escape(str(one["prompt"]))}</td></tr><tr>{cells}</tr>'
