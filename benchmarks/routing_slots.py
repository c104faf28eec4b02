"""What API-Bank's dialogues have said of what their tools need: features of a turn beside its words.

A router knows the tools it offers. Here their names are those that the set's own protocol puts on offer, and their
parameters those of the calls in the dialogues that are known: of a tool that none of them calls, nothing is known.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping

from benchmarks.routing_sets import Turn

#: The parameters of each tool, by its name.
Parameters = Mapping[str, Collection[str]]
#: Others need what this one brings.
LOGIN, TOKEN, SEARCH = "GetUserToken", "token", "ToolSearcher"
#: As many features are of one tool, the one that most is given for.
OF_A_TOOL = 11

DATE = (
    r"\d{1,4}[-/.]\d{1,2}|(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]* \d|\d(st|nd|rd|th)\b|today|tomorrow"
    r"|(mon|tues|wednes|thurs|fri|satur|sun)day"
)
#: How a value of each kind looks, and how it is asked for.
SHAPES = {
    "username": (r"user ?name|user ?id|account (name|is)|\buser\b", r"user ?name|account|log ?in|credential|authent"),
    "password": (r"pass ?word|\bpass\b|passcode", r"pass ?word|authent|credential"),
    "email": (r"\S+@\S+", r"e-?mail"),
    "time": (rf"\d{{1,2}}[:.]\d\d|\d ?(am|pm|a\.m|p\.m)\b|noon|o'clock|midnight|{DATE}", r"time|when|date|what day"),
    "date": (DATE, r"date|when|day"),
    "id": (r"\b[a-z]*\d{3,}[a-z\d]*\b", r"\bids?\b|number"),
    "person": (r"\b(?-i:[A-Z][a-z]+ [A-Z][a-z]+)|\bdr\.? [a-z]+|name is \w+", r"name|who|doctor|attendees"),
    "url": (r"https?://|www\.", r"url|link"),
    "count": (r"\b(\d+|one|two|three|four|five|a|an|single)\b", r"how many"),
    "place": (r"\b(at|in) (the|my|room|conference)\b|room|office|hotel|cafe|center", r"where|location|place"),
    "language": (r"english|french|spanish|german|chinese|japanese|korean|italian|russian|arabic", r"language"),
    "number": (r"\d", r"reading|measure|data|value|code|symbol"),
    "free": (r"", r"what|content|topic|symptom"),
}
#: The kind of a parameter, by what its name contains; the first that fits.
KINDS = {
    "username": "username",
    "account": "username",
    "password": "password",
    "email": "email",
    "receiver": "email",
    "time": "time",
    "date": "date",
    "_id": "id",
    "count": "count",
    "url": "url",
    "location": "place",
    "lang": "language",
    "code": "number",
    "formula": "number",
    "health_data": "number",
    "doctor": "person",
    "_name": "person",
    "attendees": "person",
}


def parameters(turns: Iterable[Turn]) -> Parameters:
    """Return the parameters of every tool that the dialogues of `turns` call."""
    found: dict[str, set[str]] = {}
    for turn in turns:
        for line in turn.lines:
            if line["role"] == "API":
                found.setdefault(line["api_name"], set()).update(line["param_dict"])
    return found


def features(turn: Turn, known: Parameters) -> list[float]:
    """Return what is known of the tools on offer, as numbers of about 0 to 1, as many for every turn."""
    ran, said = turn.ran, _said(turn, since_last_run=False)
    left = [name for name in turn.offered if name not in ran and name != LOGIN]
    closed = any(TOKEN in known.get(name, ()) for name in left) and LOGIN not in ran
    login = [_given(name, said) for name in ("username", "password")]
    general = {
        "tools on offer": len(turn.offered) / 3,
        "tools left": len(left) / 3,
        "none left": not left,
        "tools that ran": min(len(ran), 4) / 4,
        "the search ran": SEARCH in ran,
        "tools to be searched": turn.searches,
        "not searched yet": turn.searches and SEARCH not in ran,
        "logged in": LOGIN in ran,
        "a login is on offer": LOGIN in turn.offered,
        "a tool needs a login": closed,
        "that could be done": closed and all(login),
        "that cannot be done": closed and not all(login),
        "parts of the login given": sum(login) / 2,
    }
    rows = [_of_tool(turn, name, known[name], closed=closed and not all(login)) for name in left if name in known]
    best = [*min(rows, key=lambda row: row["not given at all"]).values()] if rows else [0.0] * OF_A_TOOL
    return [*map(float, general.values()), *best, float(not rows)]


def _of_tool(turn: Turn, name: str, needed: Collection[str], *, closed: bool) -> dict[str, float]:
    kinds = [_kind(one) for one in needed if one != TOKEN]
    since, said, asked_for = _said(turn, since_last_run=True), _said(turn, since_last_run=False), turn.last("AI")
    asks = re.search(r"\?|provide|need", asked_for)
    asked = [one for one in kinds if asks and re.search(SHAPES[one][1], asked_for, re.IGNORECASE)]
    answered = [one for one in asked if _given(one, turn.text)]
    not_now = [one for one in kinds if not _given(one, since)]
    never = [one for one in kinds if not _given(one, said)]
    words = set(re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower().split())
    values = {
        "needed": len(kinds) / 6,
        "not given since a tool ran": len(not_now) / 4,
        "not given at all": len(never) / 4,
        "all given since a tool ran": not not_now,
        "all given": not never,
        "asked for": len(asked) / 4,
        "asked for and given": len(answered) / 4,
        "all asked for is given": bool(asked) and len(answered) == len(asked),
        "words of its name": len(words & set(re.findall(r"[a-z]+", since.lower()))) / len(words),
        "needs a login": TOKEN in needed,
        "ready": not never and not (TOKEN in needed and closed),
    }
    return {name: float(value) for name, value in values.items()}


def _said(turn: Turn, *, since_last_run: bool) -> str:
    """Return all that the owner has said, or all since a tool last ran."""
    runs = [number for number, line in enumerate(turn.before) if line["role"] == "API"] if since_last_run else []
    start = runs[-1] + 1 if runs else 0
    return " ".join([*(line["text"] for line in turn.before[start:] if line["role"] == "User"), turn.text])


def _kind(parameter: str) -> str:
    return next((kind for part, kind in KINDS.items() if part in parameter.lower()), "free")


def _given(kind: str, text: str) -> bool:
    return bool(re.search(SHAPES[kind][0], text, re.IGNORECASE))
