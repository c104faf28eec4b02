"""What models put round a text that they were asked for alone: a lead-in, a heading, a fence, a farewell."""

from __future__ import annotations

import re

from metahuman.state.fences import blocks, lines_of

#: Words of a line beyond which it is no lead-in.
WORDS = 24
#: A fence in a lead-in in tags: times that something is taken off.
LAYERS = 3

_SUMMARY = (
    r"(?:(?:brief|short|concise|executive|quick) )?summary|summari[sz]\w+|tl;?\s?dr|condensed \w+|key points"
    r"|key takeaways|main points|overview|abstract|zusammenfassung|kurzfassung|kernpunkte|résumé|synthèse|points clés"
    r"|resumen|puntos clave|síntesis|riassunto|sintesi|punti chiave"
)
_OF_COURSE = (
    r"sure|certainly|of course|absolutely|okay|ok|gern\w*|natürlich|klar|bien sûr|claro|por supuesto|certo|certamente"
)
_HERE_IS = (
    r"here(?:'s|’s| is| are)|this is|below is|the following(?: is)?|hier (?:ist|sind|kommt)|voici"  # noqa: RUF001
    r"|aqu[ií] (?:está|tienes|va)|ecco"
)
_GOODBYE = (
    r"(?:please )?let me know|i hope (?:this|that)|feel free|would you like|is there anything|lass mich wissen"
    r"|sag (?:mir )?(?:einfach )?bescheid|n'hésite[sz]|avísame|dime si|fammi sapere"
)
_TAGS = re.compile(r"<(?P<tag>summary|text|answer|result|output)>(?P<text>.*)</(?P=tag)>", re.S | re.I)
#: A heading or a label that says no more than what the text is: "## Summary of it", "**Summary:** Sales rose".
_HEADING = re.compile(
    rf"(?:#+\s*(?:{_SUMMARY})\b[^\n]*|\*\*(?:{_SUMMARY})\b[^\n*]*\*\*:?|(?:{_SUMMARY})\s*:?)[ \t]*\n", re.I
)
_LABEL = re.compile(rf"(?:\*\*|__)?(?:{_SUMMARY})(?:\*\*|__)?\s*:\s*(?:\*\*|__)?\s*", re.I)
#: "Sure! Here is a summary in three sentences:", alone on a line or before the text.
_LEAD_IN = re.compile(
    rf"(?:(?:{_OF_COURSE})\b[^\n.:]{{0,30}}[,.!:]\s*)?(?:{_HERE_IS})\b(?=[^\n:]*\b(?:{_SUMMARY}))[^\n:]*"
    r"(?::[ \t]*(?:\*\*)?\s*|\.?[ \t]*\n)",
    re.I,
)
_COUNT = re.compile(
    r"\s*[(\[*_]*(?:(?:word count|words|wortzahl|wörter)\s*:\s*\d+"
    r"|(?:approx\.? |about |~)?\d+ (?:words|wörter|mots|palabras|parole))[)\]*_.]*\s*$",
    re.I,
)
_FAREWELL = re.compile(rf"\n+[ \t]*(?:{_GOODBYE})\b[^\n]*$", re.I)


def bare(text: str) -> str:
    """Return the summary in a model's answer, without what stands round it; nothing is taken that leaves nothing."""
    text = text.strip()
    for _ in range(LAYERS):
        for peel in (_unwrapped, _begun, _ended):
            text = peel(text).strip() or text
    return text


def _unwrapped(text: str) -> str:
    """Return what stands in the one fence, or between the tags, that a text consists of."""
    if tags := _TAGS.fullmatch(text):
        return tags["text"]
    lines = lines_of(text)
    block = next(blocks(lines), None)
    return block.text if block and (block.first, block.beyond) == (0, len(lines)) else text


def _begun(text: str) -> str:
    lead = _LEAD_IN.match(text)
    found = (lead if lead and len(lead[0].split()) <= WORDS else None) or _HEADING.match(text) or _LABEL.match(text)
    return text[found.end() :] if found else text


def _ended(text: str) -> str:
    """Return a text without a farewell, or a count of its words, on a line or in brackets of its own."""
    text = _FAREWELL.sub("", text)
    counted = _COUNT.search(text, max(0, len(text) - 60))
    alone = counted and (counted[0].lstrip()[:1] in "([" or ":" in counted[0] or counted[0].count("\n") > 1)
    return text[: counted.start()] if counted and alone else text
