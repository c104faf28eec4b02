"""Junk in memories, told by its look: deterministic rules, no model. What is doubtful is a person's and is kept."""

from __future__ import annotations

import re
from typing import Literal, get_args

from metahuman.memory.hygiene.niceties import is_nicety
from metahuman.memory.hygiene.wording import plain, words

Junk = Literal["empty", "small talk", "heartbeat", "system prompt", "tool output", "recalled", "boilerplate"]
KINDS: tuple[Junk, ...] = get_args(Junk)

#: Characters of a text that is taken out of a chat template; a longer one is a paste.
LONGEST_TEMPLATE = 50_000
#: Who, said to be the speaker, is no person.
MACHINES = frozenset({"system", "tool", "function", "developer", "cron", "scheduler"})

_BEAT = re.compile(
    r"""
      [\[<(*]*(?:heart\s?-?beat|keep-?\s?alive|health-?\s?check|watchdog|liveness|cron(?:\s?-?job)?|scheduler
        |scheduled\s(?:task|job|run)|system\s(?:event|notice|message|notification)|background\s(?:task|job|event)
        |reminder\sfired)[^\]>)\n]{0,80}[\]>)*]+ .{0,400}
    | (?:heart_?-?beat(?:_(?:ok|ack))?|no_?reply|no_op|noop|silent|ping|pong|keep-?alive|ack|tick|poll|health_?check)
        (?:[\s:=,-]+(?:ok|okay|pass(?:ed)?|alive|healthy|green|done|success|true|\#?\d[\w:.-]*)){0,4}
    | (?:status|health|heartbeat|uptime|watchdog|cron|queue|sync|daemon|worker|gateway|service|agent)
        (?:\s(?:status|check|poll|job|tick|run|ping)){0,2}\s?[:=]\s?.{0,120}
        \b(?:ok|healthy|alive|up|idle|running|nominal|no\schanges|0\s\w+)\b.{0,60}
    | (?:cron|scheduled)\s(?:job|task|run)\b.{0,60}
        \b(?:started|finished|completed|executed|triggered|succeeded|ok|fired)\b.{0,80}
    | .{0,60}\b(?:read|check|consult)\s\S{0,30}heartbeat\.md\b.*
    | .{0,120}\breply\s(?:with\s)?(?:only\s)?["'`]?heartbeat_ok\b.*
    """,
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
_TEMPLATE = re.compile(
    r"<\|(?:im_start|im_end|system|user|assistant|start_header_id|begin_of_text|eot_id|endoftext)\|>"
    r"|\[/?INST\]|<</?SYS>>|<start_of_turn>|<(?:system|system[-_]prompt|system[-_]reminder|instructions)>",
    re.IGNORECASE,
)
_SAID_BY_USER = re.compile(
    r"(?:<\|im_start\|>user\n|<\|user\|>\n?|<start_of_turn>user\n|<\|start_header_id\|>user<\|end_header_id\|>\s*)(.*?)"
    r"(?=<\||<end_of_turn>|<start_of_turn>|$)"
    r"|\[INST\](?:\s*<<SYS>>.*?<</SYS>>)?(.*?)\[/INST\]",
    re.DOTALL | re.IGNORECASE,
)
_ROLE = re.compile(
    r"\s*(?:(?:\#+\s*)?(?:system|developer)(?:\s(?:prompt|message|instructions?))?\s*[:\n]\s*)?(?:"
    r"(?:you\sare|you're|act\sas|your\s(?:name|role)\sis|du\sbist|eres|tu\ses)\s.{0,160}?\b(?:ai|assistants?|agent|bot|chatbot|language\smodel"
    r"|llm|digital\stwin|persona|assistent\w*|asistente|modèle)\b"
    r"|\#+\s*(?:system|instructions?|rules|guidelines|identity|role|tools?|persona)\b"
    r"|(?:system|developer)(?:\s(?:prompt|message|instructions?))\s*:)",
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
_ORDER = re.compile(
    r"\b(?:you\s(?:must|should|will|can|have\saccess|never|always|are\snot)|do\snot|don't|never|always|only|respond|reply|answer|your\s"
    r"(?:task|goal|job|role|purpose|responses?)|follow\sthese|guidelines|rules|instructions?|tools?|the\suser|users?|json|format)\b",
    re.VERBOSE | re.IGNORECASE,
)
_TOOL = re.compile(
    r"""\s*(?:
      <(?:tool_?(?:result|response|output|call)s?|function_?(?:results?|response|call)s?|observation)\b
    | \[?(?:tool|function|mcp)[\s_-](?:result|output|response|call|returned)s?\b[^\n]{0,60}[\]:]
    | (?:observation|action|action\sinput|stdout|stderr|exit\scode|return\scode)\s?:\s | \[(?:stdout|stderr)\]
    | \{\s*"(?:tool|tool_call_id|tool_calls|function|role|type|status|result|error|ok|data)"\s*:
    )""",
    re.VERBOSE | re.IGNORECASE,
)
_FIRST_PERSON = re.compile(r"\b(?:i|me|my|mine|we|our|us|i'm|i've)\b", re.IGNORECASE)


def junk_kind(text: str, speaker: str | None = None) -> Junk | None:
    """Return what kind of junk a text is as a whole; None where it may say something.

    Args:
        text: What was said, its pastes cut out.
        speaker: Who is said to have said it, where that is not the owner.
    """
    text = plain(text).strip()
    if not text:
        return "empty"
    if speaker and speaker.casefold() in MACHINES:
        return "tool output" if speaker.casefold() in ("tool", "function") else "system prompt"
    if is_heartbeat(text):
        return "heartbeat"
    if is_system_prompt(text):
        return "system prompt"
    if _TOOL.match(text):
        return "tool output"
    return "small talk" if is_nicety(text) or not re.search(r"\w", text) else None


def is_heartbeat(text: str) -> bool:
    """Tell whether a text is a sign of life, or the notice of a timed job."""
    return bool(_BEAT.fullmatch(text.strip().strip("`\"'")))


def is_system_prompt(text: str) -> bool:
    """Tell whether a text is what a program tells a model before a conversation.

    To say "you are a great assistant" is praise: a prompt gives orders as well, one in each twenty words or so, and it
    does not speak of itself.
    """
    if _TEMPLATE.match(text):
        return True
    if not _ROLE.match(text):
        return False
    orders, size = len(_ORDER.findall(text)), len(text.split())
    of_itself = len(_FIRST_PERSON.findall(text))
    return size >= 8 and orders >= 2 and orders * 25 >= size and of_itself * 50 < max(size, 100)


def said_by_user(text: str) -> str:
    """Return what a person said in a text that is wrapped in a chat template; the text itself where it is not."""
    if len(text) > LONGEST_TEMPLATE or not _TEMPLATE.search(text):
        return text
    said = [(found.group(1) or found.group(2) or "").strip() for found in _SAID_BY_USER.finditer(text)]
    return "\n".join(part for part in said if part) or text


def same_but_numbers(text: str) -> str:
    """Return a text with its numbers masked: heartbeats differ in times and counts only."""
    return re.sub(r"\d+", "0", " ".join(words(text)))
