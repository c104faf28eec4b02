"""What machines wrote and a person pasted: found by its look, and shortened so that the person's own words remain."""

from __future__ import annotations

import json
import re
from typing import NamedTuple

#: Fewer lines than this in a row are an illustration, not a paste.
LINES = 5
#: Code is often what its owner wants to remember; only long blocks are shortened, to so many lines.
CODE_LINES, CODE_KEPT = 60, 20
#: Characters of one run of base64, hex or JSON that nobody types.
RUN = 240
#: Places in a text where JSON, or a block of code, may begin; nothing that is read has more, and each costs time.
PLACES = 200
#: Characters of the line that tells what a paste was about.
TELLING = 160

_LOG = re.compile(
    r"""\s*(?:
      [\[(]?\d{4}-\d\d-\d\d[T ]\d\d:\d\d                      # 2026-11-22 10:00
    | [\[(]?\d\d:\d\d:\d\d[\])., ]                            # [10:00:00]
    | [A-Z][a-z]{2}\s+\d{1,2}\s\d\d:\d\d:\d\d\s               # Nov 22 10:00:00 host
    | [\[(]?(?:TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|FATAL|CRITICAL)[\]):\s]
    | \d{1,3}(?:\.\d{1,3}){3}\s-\s                            # 127.0.0.1 - -
    | [IWEF]\d{4}\s\d\d:\d\d                                  # I1122 10:00
    )""",
    re.VERBOSE,
)
_TRACE = re.compile(
    r"""\s*(?:
      Traceback\s\(most\srecent | File\s"[^"]+",\sline\s\d+ | at\s[\w$.<>/]+\s?\(.*\) | at\s[\w./-]+:\d+
    | Caused\sby: | \.\.\.\s\d+\smore | goroutine\s\d+ | \#\d+\s+0x[0-9a-f]+ | Exception\sin\sthread
    | [\w.]+(?:Error|Exception|Panic)(?::\s|$) | panic:\s | thread\s'.*'\spanicked
    )""",
    re.VERBOSE,
)
_DUMP = re.compile(
    r"""\s*(?:
      [{}\[\]()]+[,;]? | "[^"]*"\s*:\s*\S.* | "[^"]*",? | </?[A-Za-z][^>]*>.* | \|.*\| | [-+|=*_.]{8,}
    | [+-]{3}\s[ab]/.* | @@\s.*@@.* | [$#>%]\s\S+.* | [d-][rwx-]{9}[.@+]?\s.* | npm\s(?:ERR!|WARN).*
    | \S*[A-Za-z0-9+/]{60,}={0,2} | (?:[0-9a-fA-F]{2,8}[\s:]){8,}.* | .*\d{1,3}%\s?[|\[\u2588\u2591=>\#.-].*
    | (?:Collecting|Downloading|Installing|Successfully|Requirement\salready)\s\S+.*
    )""",
    re.VERBOSE,
)
_RUN = re.compile(rf"(?:data:[\w/+.-]+;base64,)?[A-Za-z0-9+/]{{{RUN},}}={{0,2}}|\b[0-9a-fA-F]{{{RUN},}}\b")
_BEGINS = re.compile(r"[{\[]\s{0,8}[\"{\[]")
_DECODER = json.JSONDecoder()
_FENCE = re.compile(r"^```[^\n]*\n(.*?)^```[ \t]*$", re.DOTALL | re.MULTILINE)
_ERROR = re.compile(
    r"\b(?:error|exception|failed|failure|fatal|panic|denied|refused|timeout|timed out)\b", re.IGNORECASE
)


class Shortened(NamedTuple):
    """A text without its pastes.

    Args:
        text: What remains; a mark stands where something was cut.
        cut: What was cut, in plain words, one for each place.
        own: What remains without the marks and what they quote: the person's own words.
    """

    text: str
    cut: list[str]
    own: str


def shortened(text: str) -> Shortened:
    """Return `text` with long machine-made blocks cut down to the line that tells what they were about."""
    if len(text) < RUN and text.count("\n") < LINES:
        return Shortened(text, [], text)
    cut: list[str] = []
    fenced = text.count("```") <= 2 * PLACES
    marked = _FENCE.sub(lambda found: _fenced(found, cut), text) if fenced else text
    marked = _without_json(_RUN.sub(lambda found: _mark(cut, "encoded data", found.group(), ""), marked), cut)
    lines = _without_blocks(marked.split("\n"), cut)
    if not cut:
        return Shortened(text, [], text)
    return Shortened("\n".join(lines).strip(), cut, _MARKED.sub("", "\n".join(lines)).strip())


_MARKED = re.compile(r"\[\u2026 [^\]\n]* left out\](?: [^\n]*)?")


def _mark(cut: list[str], kind: str, block: str, telling: str) -> str:
    lines = block.count("\n") + 1
    size = f"{lines} lines" if lines > 1 else f"{len(block)} characters"
    cut.append(f"{size} of {kind}")
    quoted = telling.strip().replace("\n", " ")[:TELLING]
    return f"[\u2026 {cut[-1]} left out]" + (f" {quoted}" if quoted else "")


def _fenced(found: re.Match[str], cut: list[str]) -> str:
    block = found.group(1).rstrip("\n")
    lines = block.split("\n")
    kinds = [kind for kind in map(kind_of_line, lines) if kind]
    if len(lines) >= LINES and len(kinds) * 2 > len(lines) and not {"log", "stack trace"}.isdisjoint(kinds):
        return _mark(cut, _main(kinds), block, _telling(lines))
    if len(lines) <= CODE_LINES:
        return found.group()
    kept, rest = lines[:CODE_KEPT], lines[CODE_KEPT:]
    return "\n".join(["```", *kept, "```", _mark(cut, "code", "\n".join(rest), "")])


def _without_json(text: str, cut: list[str]) -> str:
    """Cut each long run that is JSON; what merely looks like it stays."""
    parts, at, done, failed = list[str](), 0, 0, 0
    while failed < PLACES and (found := _BEGINS.search(text, at)):
        start, end = found.start(), _end_of_json(text, found.start())
        failed += end is None
        at = end or start + 1
        if end and end - start >= RUN:
            parts += [text[done:start], _mark(cut, "JSON", text[start:end], "")]
            done = end
    return "".join([*parts, text[done:]])


def _end_of_json(text: str, start: int) -> int | None:
    """Return where the JSON that begins at `start` ends; None where it is none."""
    try:
        return _DECODER.raw_decode(text, start)[1]
    except (ValueError, RecursionError):
        return None


def kind_of_line(line: str) -> str | None:
    """Return what kind of machine's line this is; None for a person's."""
    if _TRACE.match(line):
        return "stack trace"
    if _LOG.match(line):
        return "log"
    return "output" if line.strip() and _DUMP.fullmatch(line) else None


def _without_blocks(lines: list[str], cut: list[str]) -> list[str]:
    """Cut every run of machine lines; a line or two of another look inside a run belong to it."""
    kept: list[str] = []
    start = 0
    while start < len(lines):
        end, kinds = _block(lines, start)
        if len(kinds) >= LINES:
            block = lines[start:end]
            kept.append(_mark(cut, _main(kinds), "\n".join(block), _telling(block)))
            start = end
        else:
            kept.append(lines[start])
            start += 1
    return kept


def _block(lines: list[str], start: int) -> tuple[int, list[str]]:
    """Return where the run that begins at `start` ends, and the kinds of its lines."""
    if lines[start].startswith("```") or kind_of_line(lines[start]) is None:
        return start, []
    end, kinds, inside = start, list[str](), False
    for place in range(start, len(lines)):
        line, kind = lines[place], kind_of_line(lines[place])
        inside = kind == "stack trace" or (inside and line.startswith((" ", "\t")))
        if kind or inside:
            kinds.append(kind or "stack trace")
            end = place + 1
        elif line.strip() or place - end >= 2:
            break
    return end, kinds


def _main(kinds: list[str]) -> str:
    if "stack trace" in kinds:
        return "a stack trace"
    return "a log" if kinds.count("log") * 2 >= len(kinds) else "output"


def _telling(lines: list[str]) -> str:
    """Return the line that says what went wrong, the last one of a stack trace; "" where nothing did."""
    wrong = [line for line in lines if _ERROR.search(line) or (_TRACE.match(line) and "Error" in line)]
    return wrong[-1] if wrong else ""
