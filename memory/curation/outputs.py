"""Lines that a terminal or a program printed: shells, logs, stack traces, patches, headers, dumps."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from metahuman.memory.curation.prose import is_sentence
from metahuman.memory.curation.spans import Cut, Kind, Line
from metahuman.memory.curation.vocabulary import is_technical
from metahuman.memory.hygiene.pastes import kind_of_line

_PROMPT = re.compile(
    r"\s{0,8}(?:\([\w.-]+\)\s)?(?:[\w.-]+@[\w.-]+[:\s][^\s$#%]{0,120}\s?[$#%]|\[[\w.-]+@[^\]\n]{1,80}\][$#]|\$|\u276f|\u279c"
    r"|PS [A-Z]:[^>\n]{0,120}>|[A-Z]:\\[^>\n]{0,120}>|>>>|In \[\d+\]:)\s?[A-Za-z./~_(\[]\S*.*"
)
_REQUEST = re.compile(
    r"[<>*]?\s?(?:HTTP/\d(?:\.\d)?\s\d{3}\b.*|(?:GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS)\s\S+\sHTTP/.*)"
)
_HEADER = re.compile(r"[<>*]?\s?[A-Za-z][\w-]{1,40}:\s?\S.*")
_PATCH = re.compile(
    r"(?:diff --git .*|index [0-9a-f]{6,}\.\.[0-9a-f]{6,}.*|--- (?:a/)?\S+.*|\+\+\+ (?:b/)?\S+.*|@@ .{3,60} @@.*"
    r"|<{7} .*|={7}|>{7} .*|\*\*\* (?:Begin|End|Update|Add|Delete).*)"
)
_PATCHED = re.compile(r"[ +\\-].*|")
_STARTS_PATCH = re.compile(r"diff --git .*|--- (?:a/|/)\S+.*|@@ -\d.*|<{7} .*|\*\*\* Begin Patch.*")
_PROGRESS = re.compile(
    r".{0,80}?\d{1,3}(?:\.\d+)?%\s?[|\[\u2588\u2591\u2501=>#.].*|.{0,60}\[[=#>.\u2588 -]{8,}\].*"
    r"|.*\d/\d+(?:\.\d+)? [kMG]?i?B.*|\s*[\u2800-\u28ff\u2501\u2588\u2591]{2,}.*"
)
_FIELD = re.compile(r"\s*(?:-\s+)?[\"']?([A-Za-z_][\w.-]*)[\"']?\s?[:=]\s?(.*)|\s*-\s+\S{1,60}|\s*(?:---|\.\.\.)\s*")
_PERSONAL = re.compile(r"\s*(?:[|>#]|[\"\u201c].*\s.*|- |[-=*_]{3,}\s*$)")
_CHAT = re.compile(r"\s*[\[(]?[\d/., :T-]{5,25}(?:[AaPp][Mm])?[\])]?\s?(?:-\s)?[^\W\d][^:\n]{0,40}: ")
_LEVEL = re.compile(r"\b(?:TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|FATAL|CRITICAL|level=)")
_PLACE = re.compile(
    r"[\s`\"'*-]*(?:https?://\S+|(?:~|\.{1,2})?/[\w.@~+-]+(?:/[\w.@~+-]*)+(?::\d+)*|[A-Z]:\\\S+)[\s`\"',:;)]*"
)
#: What frameworks print between the turns of an agent, and names that stand alone.
_NOTICE = re.compile(
    r"\W{0,8}(?:(?:Entering|Entered|Finished|Exiting) (?:new |the )?[\w ]{0,40}chain\W{0,8})|\s*[a-z]\w*_\w+:?\s*"
)
_TOKEN = re.compile(r"[\w./-]*\w")
#: Lines of a kind in a row that make a block of it.
IN_A_ROW: dict[str, int] = {"stack trace": 2, "log": 2, "output": 3}


class _Run(NamedTuple):
    kind: Kind
    end: int


def outputs_in(lines: list[Line]) -> Iterator[Cut]:
    """Yield the lines that machines printed.

    Args:
        lines: What remains of a text.
    """
    at = 0
    while at < len(lines):
        run = _run(lines, at)
        if run:
            yield Cut(run.kind, lines[at].start, lines[run.end - 1].end)
        at = run.end if run else at + 1


def _run(lines: list[Line], at: int) -> _Run | None:
    said = lines[at].seen
    if not said.strip():
        return None
    if lines[at].touched:
        return _Run("tool call", at + 1) if _is_rest(said) else None
    return _alone(said, at) or _begun(lines, at) or _block(lines, at) or _fields(lines, at)


def _alone(said: str, at: int) -> _Run | None:
    """Return the run that one line is by itself."""
    if _NOTICE.fullmatch(said):
        return _Run("tool call", at + 1)
    if _PLACE.fullmatch(said):
        return _Run("address", at + 1)
    return _Run("progress", at + 1) if _PROGRESS.fullmatch(said) and not is_sentence(said) else None


def _begun(lines: list[Line], at: int) -> _Run | None:
    """Return the run that a line begins which says what follows it."""
    said = lines[at].seen
    if _PROMPT.fullmatch(said) and not is_sentence(said.strip(" $")):
        return _Run("shell", _output_end(lines, at))
    if _REQUEST.fullmatch(said):
        return _Run("headers", _while(lines, at, _HEADER))
    return _Run("diff", _patch(lines, at)) if _STARTS_PATCH.fullmatch(said) else None


def _is_rest(said: str) -> bool:
    """Tell whether what remains of a line beside a cut is a machine's too: a name, a heading, brackets."""
    words = _TOKEN.findall(said)
    known = sum(len(word) == 1 or is_technical(word) for word in words)
    return len(words) <= 12 and (
        known == len(words) or (len(words) == 1 and words[0].islower()) or (known > 2 and known + 1 == len(words))
    )


def _stops(line: Line) -> bool:
    return not line.seen.strip() or is_sentence(line.seen)


def _output_end(lines: list[Line], at: int) -> int:
    end = at + 1
    while end < len(lines) and not _stops(lines[end]):
        end += 1
    return end


def _while(lines: list[Line], at: int, pattern: re.Pattern[str]) -> int:
    end = at + 1
    while end < len(lines) and lines[end].seen.strip() and pattern.fullmatch(lines[end].seen):
        end += 1
    return end


def _patch(lines: list[Line], at: int) -> int:
    end = last = at + 1
    while end < len(lines) and (_PATCH.fullmatch(lines[end].seen) or _PATCHED.fullmatch(lines[end].seen)):
        last = end + 1 if lines[end].seen.strip() else last
        end += 1
        if not lines[end - 1].seen and end < len(lines) and is_sentence(lines[end].seen):
            break
    return last


def _block(lines: list[Line], at: int) -> _Run | None:
    """Return the run of lines that look like a machine's; one of another look inside of it belongs to it."""
    kind = _printed(lines[at].seen)
    if not kind:
        return None
    end, seen, place = at + 1, [kind], at + 1
    while place < len(lines) and place - end < 2:
        line = lines[place].seen
        more = _printed(line) or (kind == "stack trace" and line.startswith((" ", "\t")) and line.strip() and kind)
        if more:
            seen.append(more)
            end = place + 1
        elif is_sentence(line) or not line.strip():
            break
        place += 1
    for told in ("stack trace", "log", "output"):
        if told in seen:
            return _Run(told, end) if len(seen) >= IN_A_ROW[told] else None
    return None


def _printed(line: str) -> Kind | None:
    kind = kind_of_line(line)
    if kind is None or (kind == "output" and _PERSONAL.match(line)):
        return None
    if kind == "log" and not _LEVEL.search(line) and (_CHAT.match(line) or is_sentence(line)):
        return None
    return "stack trace" if kind == "stack trace" else "log" if kind == "log" else "output"


def _fields(lines: list[Line], at: int) -> _Run | None:
    """Return a run of `key: value`, of which one key at least is a program's name and none a person's words."""
    end, names = at, 0
    while end < len(lines) and lines[end].seen.strip():
        found = _FIELD.fullmatch(lines[end].seen)
        if not found or (found[1] and (found[1] != found[1].lower() or is_sentence(found[2]))):
            break
        names += bool(found[1] and "_" in found[1])
        end += 1
    return _Run("data", end) if names and end - at >= 2 else None
