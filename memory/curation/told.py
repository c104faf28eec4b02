"""Secrets told in words, as people tell them: "my password is ...", "PIN 4821", a wallet's recovery phrase."""

from __future__ import annotations

import re
from collections.abc import Iterator

from metahuman.state.secrets import Found

_PASSWORD = re.compile(
    r"""
    (?<![\w\-.])(?:pass(?:word|phrase|code|wort)s?|pwd|passwd|kennwort|log-?in|wi-?fi(?:\s(?:key|code))?
      |wlan-?(?:schl[üu]ssel|passwort)|network\skey|wpa2?(?:\skey)?
      |contrase[ñn]a|clave|senha|mot\sde\spasse|secret\s(?:word|answer)|master\skey|licen[sc]e\skey|api\skey
        |access\s(?:code|token|key)|api\stoken|token|secret)
    (?P<of>\s(?:for|to|of|on|at|at\smy|für|zum|para|pour|de|del)\s[^.!?:\n]{1,60}?)?
    \s{0,3}(?P<is>\b(?:is|was|are|ist|war|lautet|es|est|é|now|=)\b(?:\s(?:now|still|just|simply|jetzt|noch
      |ahora))?\s{0,2}:?|:|=|->|→)
    \s{0,3}(?P<quote>["'“\u2018`«]?)(?=(?P<value>[^\s"'”\u2019`»,;]{4,100})(?P<end>["'”\u2019`»]?))
    """,
    re.VERBOSE | re.IGNORECASE,
)
_PIN = re.compile(
    r"""
    \b(?:pin|pin[\s-]?(?:code|number|nummer)|passcode|(?:door|gate|alarm|entry|access|unlock|security|lock|safe
      |locker|garage|verification|2fa|sms|one[\s-]time|geheim)[\s-]?(?:code|combination|zahl|pin)
      |code(?=\s(?:for|to|of)\s(?:the|my|our)\s(?:\w+\s)?(?:door|gate|alarm|house|flat|building|garage|safe|locker
        |phone|ipad|tablet|lock|bike))
      |combination|cvv2?|cvc2?|otp|tan|puk)
    (?:\s(?:for|to|of|on)\s[^.!?:\d\n]{1,40}?)?
    (?:\s{0,2}(?:is|was|ist|es|est|=|:|\#)|\s(?:is|was)\s(?:now|still|just))?\s{0,3}["'“]?
    (?P<value>\d(?:[\s-]?\d){2,9})(?![\d%:/-]|[.,]\d|\s?(?:%|€|\$|usd|eur|km|kg|years?|days?|lines?))\b
    """,
    re.VERBOSE | re.IGNORECASE,
)
#: Only these say by themselves that a number beside them is secret; the others need a verb or a colon.
_SURE_PIN = re.compile(r"(?i)\b(?:pin|passcode|cvv2?|cvc2?|otp|puk)\b")
_ASSERTS = re.compile(r"(?i)\b(?:is|was|ist|es|est)\b|[:=]")
_PHRASE = re.compile(
    r"""
    \b(?:(?:seed|recovery|mnemonic|backup|wallet|secret)\s(?:phrase|words?|seed|passphrase)|mnemonic
      |seed)\b[^\n]{0,60}?(?:is|are|:|=|\n)\s{0,3}["'“]?
    (?P<value>(?:(?:\d{1,2}[.):]\s?)?[a-z]{3,8}[\s,]{1,3}){11,23}(?:\d{1,2}[.):]\s?)?[a-z]{3,8})\b
    """,
    re.VERBOSE | re.IGNORECASE,
)
#: In small letters: what a text has to hold before it is looked through for passwords, PINs and phrases.
_SIGNS = (
    *("pass", "pwd", "kennwort", "login", "log-in", "wifi", "wi-fi", "wlan", "wpa", "contrase", "clave", "senha"),
    *("secret", "key", "code", "token"),
)
_PIN_SIGNS = ("pin", "code", "zahl", "combination", "cvv", "cvc", "otp", "tan", "puk")
_PHRASE_SIGNS = ("seed", "mnemonic", "phrase", "word")
#: What is said about a password instead of telling it.
_ABOUT = re.compile(
    r"""
    (?:.*(?:ed|ing|ly|ten|able|ible)|an?|the|my|our|your|his|her|its|their|this|that|these|those|some|any|same|also
      |always|never|often|only|too|very|so|quite|really|pretty|still|already|just|now|then
      |not|no|none|nothing|in|on|at|of|for|to|from|by|with|under|inside|below|above|here|there|where|what|when|which
        |who|how|why|something|anything|everything|somewhere
      |weak|strong|long|short|safe|unsafe|secure|insecure|easy|hard|simple|complex|different|wrong|right|correct
        |incorrect|invalid|valid|old|new|good|bad|fine|okay|gone|lost|stale|due|empty
      |secret|private|public|important|necessary|optional|mandatory|case|visible|unknown|known|enough|ready|unique
        |random|sensitive|personal|stupid|terrible|ridiculous|great|more|less|least|most|two|three|four
      |must|should|can|cannot|may|might|will|would|could|has|have|had|does|did|been|being|be|if|because|since|unless
        |and|or|but|stored?|kept|set|reset|sent|changed|nicht|zu|sehr|falsch|richtig|sicher
      |unsicher|abgelaufen|muy|segura?|incorrecta|faible|fort|perdu|login|password|passwords?|code|minimum
        |characters?|used|per|via|free|open|down|slow|broken|back|up|off|out)
    """,
    re.VERBOSE | re.IGNORECASE,
)
#: Words after which a plain word is not taken at its word: `token: word` may be anything.
_DOUBTFUL = re.compile(r"(?i)(?:token|secret|clave|log-?in|wi-?fi|api\skey|access\s\w+)$")


def told(text: str) -> Iterator[Found]:
    """Yield the passwords, PINs and recovery phrases that a text tells in words.

    Args:
        text: What somebody said or wrote.
    """
    low = text.casefold()
    for match in _PASSWORD.finditer(text) if any(sign in low for sign in _SIGNS) else ():
        value = match["value"].rstrip(".!?)]}>")
        if value and _is_told(match, value):
            yield Found("password", match.start("value"), match.start("value") + len(value))
    for match in _PIN.finditer(text) if any(sign in low for sign in _PIN_SIGNS) else ():
        before = match[0][: match.start("value") - match.start()]
        if _SURE_PIN.search(before) or _ASSERTS.search(before):
            yield Found("PIN", *match.span("value"))
    if any(sign in low for sign in _PHRASE_SIGNS):
        yield from (Found("recovery phrase", *match.span("value")) for match in _PHRASE.finditer(text))


def _is_told(match: re.Match[str], value: str) -> bool:
    """Tell whether what stands after "the password is" is one: it looks like it, or is said as one."""
    if _DOUBTFUL.search(_name(match)) and not match["is"][:1].isalpha():
        return False
    if re.search(r"[<>{}$\[\]*(]|\.\.|://|^https?:|xxx|@\w+\.\w", value) or _ABOUT.fullmatch(value) or len(value) < 4:
        return False
    if re.search(r"[A-Za-z]", value) and re.search(r"\d|[!#%&+=?~^_@]", value[:-1] + value[-1:]):
        return not re.fullmatch(r"\w+\.\w{2,4}|\d+\w{1,2}", value)
    if re.fullmatch(r"\d{4,12}", value):
        return True
    if _DOUBTFUL.search(_name(match)) or not value.isalpha():
        return False
    return bool(match["quote"] and match["end"]) or _is_last(match, value)


def _name(match: re.Match[str]) -> str:
    return match[0][: match.start("is") - match.start()].strip()


def _is_last(match: re.Match[str], value: str) -> bool:
    """Tell whether a plain word ends the sentence, as a password does: "my password is swordfish"."""
    after = match.string[match.start("value") + len(value) :][:1]
    is_verb = match["is"].strip(" :") not in {"", "=", "->", "→"}
    return (is_verb or value != value.lower()) and (not after or after in ".!?\n)") and len(value) >= 5
