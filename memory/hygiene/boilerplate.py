"""Phrases that models say whatever was asked; in a memory they are found by everything and tell nothing."""

from __future__ import annotations

import re

from metahuman.memory.hygiene.wording import plain, sentences, words

#: A sentence of more words than this has something of its own to say.
LONG = 28
_ENGLISH = (
    r"(?:as|being|i am|i'm|since i'm)(?: just| only)? an? (?:ai|a\.i\.|large|language|virtual|digital)\b.*",
    r"i (?:don't|do not)(?: actually| really)? have (?:personal|feelings|emotions|opinions|consciousness|a body)\b.*",
    (
        r"(?:i'm |i am )?(?:very |so |truly )?(?:sorry|afraid|apologi[sz]e)\b.{0,40}\b(?:can't|cannot|unable"
        r"|not able)\b"
        r".{0,20}\b(?:help|assist|comply|provide|fulfil\w*|do that|answer|engage|discuss)\b.*"
    ),
    r"i (?:can't|cannot|am unable to|am not able to) (?:help|assist|comply)\b.{0,60}",
    r"(?:hello|hi|hey|welcome|good \w+)?[\s,!.]*(?:how|what) (?:can|may|could) i (?:help|assist|do for)\b.*",
    r"(?:is|was) there anything (?:else|more)\b.*|anything else\b.{0,50}|what else can i\b.*",
    r"(?:please )?(?:just )?(?:let me know|feel free|don't hesitate|do not hesitate|reach out)\b.*",
    r"if you (?:have|need|want|would like) (?:any|more|further|help|me)\b.*",
    r"i(?:'m| am)(?: always)? here (?:to help|for you|if you)\b.*",
    r"(?:i )?hope (?:this|that) (?:helps|was helpful)\b.*",
    r"(?:i'm |i am )?(?:always |more than )?(?:happy|glad|delighted) to (?:help|assist|hear)\b.{0,40}",
    r"(?:you're|you are) (?:very |most )?welcome\b.{0,30}|no problem|my pleasure|any ?time|not at all|don't mention it",
    r"(?:that's|that is|what)(?: such)? an? (?:great|good|excellent|wonderful) (?:question|point|idea).{0,10}",
    r"(?:great|good|excellent|interesting) (?:question|point)",
    r"(?:certainly|absolutely|of course|sure(?: thing)?|understood|got it|noted|i understand|will do|i see)",
    r"thanks? for (?:sharing|letting me know|asking|telling me)\b.{0,30}|thank you for \w+ing\b.{0,40}",
    r"(?:i've|i have|i'll|i will) (?:noted|remember|keep|make a note|saved|made a note|taken note)\b.{0,60}",
)
_OTHER = (
    r"(?:als|ich bin (?:nur )?eine?) (?:ki|künstliche|sprachmodell|ki-\w+)\b.*|gern geschehen",
    r"wie kann ich (?:dir|ihnen)\b.{0,40}\bhelfen.{0,20}|kann ich (?:dir|ihnen) sonst\b.*",
    r"sag (?:mir )?(?:einfach )?bescheid\b.*|es tut mir leid,? (?:aber )?(?:das |ich |dabei )?kann\b.*",
    r"como (?:modelo de lenguaje|una? (?:ia|inteligencia))\b.*|.{0,3}(?:en qué|cómo) puedo ayudar\w*\b.*",
    r"de nada|lo siento,? (?:pero )?no puedo\b.*",
    r"en tant que (?:modèle|ia|intelligence)\b.*|comment puis-je (?:vous|t') ?aider\b.*",
    r"je (?:vous en|t'en) prie|de rien|désolée?,? (?:mais )?je ne (?:peux|puis) pas\b.*",
)
_IN_ENGLISH = re.compile("|".join(_ENGLISH), re.IGNORECASE)
_IN_OTHERS = re.compile("|".join(_OTHER), re.IGNORECASE)
#: In English, a capital inside a sentence is a name's; in German it may be any noun's.
_NAME_OR_NUMBER = re.compile(r"(?<!^)\b(?!(?:I|AI|I'm|I've|I'll|OpenAI|ChatGPT)\b)[A-Z][^\W\d_]+|\d")


def says_nothing(sentence: str) -> bool:
    """Tell whether a sentence is one that models say to everybody; one with a name or a number in it never is."""
    text = plain(sentence).strip(" .!?\u2026\u00a1\u00bf*_-\"'")
    if len(text.split()) > LONG:
        return False
    if not words(text) or _IN_OTHERS.fullmatch(text):
        return True
    return bool(_IN_ENGLISH.fullmatch(text)) and not _NAME_OR_NUMBER.search(text)


def without_boilerplate(response: str) -> str:
    """Return an answer without the sentences at its beginning and end that models say to everybody; "" if that is all.

    What stands between sentences of substance is left, so that nothing is torn.
    """
    parts = sentences(response)
    first, last = 0, len(parts)
    while first < last and says_nothing(parts[first]):
        first += 1
    while last > first and says_nothing(parts[last - 1]):
        last -= 1
    if first == last:
        return ""
    if first == 0 and last == len(parts):
        return response
    start = response.index(parts[first])
    return response[start : response.rindex(parts[last - 1]) + len(parts[last - 1])]
