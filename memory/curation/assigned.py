"""Secrets that nothing but their name gives away: `password = "..."`, an `Authorization` header, `curl -u`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from metahuman.state.secrets import Found, bits, is_filler

#: Names of what is always a secret, and of what often is: then its value has to look like one.
_WORDS = r"pass(?:word|wd|phrase|wort|code)|passwd|pwd|contrase[nñ]a|kennwort|motdepasse|senha"
_KEY = (
    r"secret|token|api[_.\- ]?key|(?:access|private|signing|encryption|master|account|auth|service|shared"
    r"|license)[_.\-]?key|apikey|key|auth|credentials?|creds|bearer"
)
#: In small letters: without one of these, a text has none of those names, and need not be looked through for them.
_SIGNS = ("pass", "pwd", "contrase", "kennwort", "senha", "secret", "token", "key", "auth", "cred", "bearer")
_NAMED = re.compile(
    rf"""
    (?<![\w.\-])(?P<name>[\w.\-]{{0,80}}?(?P<what>{_WORDS}|{_KEY})[\w.\-]{{0,40}}) (?P<open>["'`\]]{{0,3}})
    (?P<sep>\s{{0,8}}(?::=|=>|==?|:|\|\||,|>|<-)\s{{0,8}}(?:[urbf]{{0,2}}(?=["'`]))?|\s{{1,4}}(?=["'`]))
    (?:\\?(?P<quote>["'`])(?P<quoted>(?:(?!(?P=quote)|\\["']).){{4,400}})\\?(?P=quote)
      |(?P<bare>[^\s"'`,;<>(){{}}\[\]\\]{{6,400}}+)(?![("'\[]))
    """,
    re.VERBOSE | re.IGNORECASE,
)
#: Names that hold such a word and are no secret.
_HARMLESS = re.compile(
    r"""
    access(?:ib|or|[_.\-]?id)|(?:api|secret|token|keys?|credentials?|cred|auth|passw(?:or)?d
      |key[_.\-]?vault)[_.\-]?(?:id|ids|name|names|version|length|size|len|count
      |type|url|uri|endpoint|file|path|dir|prefix|hash|policy|hint|field|label|expir\w*|ttl|lifetime|regex|pattern
        |index|usage|algorithm|spec|bindings?|map|s?secretsid|source
      |results?|method|mode|enabled|required|provider|server|host|port|domain|user|scopes?|audience|issuer|limit
        |strength)(?![a-z])
    |key[_.\-]?(?:alias|board|code|down|frame|left|mesh|pair|press|right|ring|selector|signature|stone|stor|tab|up
      |word)\w*
    |author|authentication|jsonwebtoken|(?:public|pub|primary|foreign|bucket|schema|sequence|natural|partition|sort
      |hot|idx|cache|object|row|issuer|map|host)[_.\-]?key
    |public[_.\-]?token|csrf|xsrf|monkey|turkey|donkey|hockey|jockey|whiskey|keyword|keying|keyboard|keynote|rapid
      |tokeni[sz]|pagetoken|next[_.\-]?\w*token
    |max[_.\-]?\w*tokens?|num[_.\-]?tokens?|(?:input|output|total|prompt|completion|stop|pad|eos|bos
      |special)[_.\-]?tokens?|secretary|usersecretsid
    |withcredentials|keyvaultto|validkey|keystr|keychars|known[_.\-]?hosts|kms[_.\-]?key|sshpublic|fingerprint
    """,
    re.VERBOSE | re.IGNORECASE,
)
_STANDS_FOR = re.compile(
    r"""
    ^\$\d|\$[A-Za-z_{(]|\{\{|\}\}|\$\{|%\(|%s|%\w+%|<[^>]*>|^\[[^\]]*\]$|^\{[a-zA-Z_.\s\-]*\}$|\.\.|…|\*{3}|^_+$|^\#
    |(?:process|os)\.env|environ|getenv|get_secret|secrets?\.|vault:|ssm:|arn:|op://|file:|keyring|prompt\(|input\(
    |example|sample|dummy|placeholder|change[_\-]?(?:me|it|this)|redacted|insert|replace|your|\bmy[_\-]|todo|fixme
      |foo(?:bar)?\b|secret[_\-]?(?:here|key|name)|api[_\-]?key|goes[_\-]?here|xxxx|^x+$|yyy
    |^(?:none|null|nil|true|false|undefined|empty|string|str|bytes|text|optional|required|password\d{0,3}|passwd
      |passw0rd|pass|pwd|secret|token|key|user|username|test(?:ing)?|admin|root|default|hidden|unset|fake\S*|not\S*
      |bearer|basic)$
    """,
    re.VERBOSE | re.IGNORECASE,
)
#: Words with dots, slashes or capitals between them, a version, an address of a file: a name in a program.
_PROGRAM = re.compile(
    r"""
    [a-zA-Z_]+(?:[.\-_/:\\\s+][a-zA-Z_]*)*(?:\d{1,2})?|v?\d+(?:\.[\w\-]+)+|(?:[a-z][\w+.\-]*:)?/{1,2}\S*
      |[\w\-]+(?:\.[\w\-]+){2,}|[\w.\-/\\:]+\.(?:[a-z]{2,5}|p12|x509)
    |\S+@\S+\.\w+|\d{1,5}|(?:[A-Z][A-Z0-9]*[_\-]){2,}[A-Z0-9]+|[\w.\-]+::[\w.:\-]*|ENC\[.*
    """,
    re.VERBOSE,
)
#: A password in an address is taken at its word unless it says where the real one is.
_REFERS = re.compile(r"[${}<>%*]|\.\.\.|^x+$", re.IGNORECASE)
_ALPHABET = re.compile(r"(?i)abcdefgh|qrstuvw|01234567")
_HEADER = re.compile(
    r"(?i)\bauthorization\W{1,5}(?:(?P<how>basic|bearer|token|api-?(?:key|token)|digest"
    r"|negotiate)\s{1,3})?(?P<value>[\w=~@.+/\-]{8,2000})"
)
_TOKEN_HEADER = re.compile(
    r"""(?i)["'](?:x-(?:[a-z]+-){0,3})?(?:api-?)?(?:key|token):[ \t]{0,5}(?P<value>[\w=~@.+/\-]{8,400})["']"""
)
_CURL = re.compile(
    r"""\bcurl\b(?:[^\n]|\\\n){0,400}?\s(?:-u|--user)(?:=|\s{1,5})
    (?:"(?P<d>[^"]{1,100}:[^"]{0,100}|:[^"]{3,100})"|'(?P<s>[^']{1,100}:[^']{3,100})'|(?P<b>[\w$@.\-"'{}]{1,100}:[^\s]{3,100}))""",
    re.VERBOSE,
)
_ENTRY_OF_XML = re.compile(
    rf"""(?i)\bkey=["'][\w.:-]{{0,60}}(?:{_WORDS})["']\s{{1,9}}value=["'](?P<value>[^"'<>]{{6,200}})["']"""
)
_ADDRESS = re.compile(
    r"""(?i)\b[a-z][a-z0-9+.\-]{1,20}://(?P<user>[^\s/:@"'<>]{0,100}):(?P<value>[^\s/@"'<>]{2,200})@[\w\[%$]"""
)
_KUBERNETES = re.compile(r"""(?im)^\s*kind:\s*["']?secret["']?\s*$""")
_ENTRY = re.compile(
    r"""(?m)^[ \t]+[\w.\-]+:[ \t]*(?:[|>][+\-]?\s+)?["']?(?P<value>[A-Za-z0-9+/]{10,}={0,3})["']?[ \t]*$"""
)
#: Bits a character of a value whose name only hints at a secret.
LEAST_BITS = 3.1


def assigned(text: str) -> Iterator[Found]:
    """Yield the values in a text that their name, or their place, says to be secret.

    Args:
        text: Any text, code and settings among it.
    """
    low = text.casefold()
    for match in _NAMED.finditer(text) if any(sign in low for sign in _SIGNS) else ():
        group = "quoted" if match["quoted"] is not None else "bare"
        if _is_secret(match, match[group]):
            yield Found("password" if _is_password(match) else "key", *match.span(group))
    yield from _in_headers(text)
    yield from _in_commands(text)
    yield from _in_addresses(text)
    if _KUBERNETES.search(text) and "data:" in text:
        yield from (Found("password", *match.span("value")) for match in _ENTRY.finditer(text))
    for match in _ENTRY_OF_XML.finditer(text) if "value=" in text else ():
        if not stands_for_a_secret(match["value"]):
            yield Found("password", *match.span("value"))


def stands_for_a_secret(value: str) -> bool:
    """Tell whether a value only says where a secret comes from, or that one belongs here."""
    return bool(_STANDS_FOR.search(value)) or len(set(value)) < 3


def _is_password(match: re.Match[str]) -> bool:
    return bool(re.fullmatch(_WORDS, match["what"], re.IGNORECASE))


def _is_secret(match: re.Match[str], value: str) -> bool:
    """Tell whether a named value is a secret: a password at its word, a key only if it looks like one."""
    if _HARMLESS.search(match["name"]) or stands_for_a_secret(value) or _ALPHABET.search(value):
        return False
    quoted = match["quoted"] is not None
    if not quoted and match["sep"].strip() == ",":
        return False
    if _is_password(match):
        return (quoted and " " not in value and _said(match)) or _is_strong(value)
    return len(value) >= 10 and " " not in value and _is_random(value)


def _said(match: re.Match[str]) -> bool:
    """Tell whether a quoted value is given to the name, not listed beside it."""
    return match["sep"].strip() not in {",", ">", "||", "=="} and _is_no_name(match["quoted"])


def _is_no_name(value: str) -> bool:
    """Tell whether a value is more than the name of a thing in a program."""
    return not re.fullmatch(r"[a-z]+(?:[_.\-][a-z]+)+|[A-Z_]+", value)


def _is_strong(value: str) -> bool:
    """Tell whether a value that nothing quotes can be a password: a sign or a digit among its letters."""
    return (
        len(value) >= 6
        and bool(re.search(r"\d|[^\w.\-/:]", value))
        and bool(re.search(r"[A-Za-z]", value))
        and not _PROGRAM.fullmatch(value)
    )


def _is_random(value: str) -> bool:
    return (
        bool(re.search(r"\d", value))
        and bool(re.search(r"[A-Za-z]", value))
        and bits(value) >= LEAST_BITS
        and not is_filler(value)
        and not _PROGRAM.fullmatch(value)
    )


def _in_headers(text: str) -> Iterator[Found]:
    low = text.casefold()
    for match in _HEADER.finditer(text) if "authorization" in low else ():
        if not stands_for_a_secret(match["value"]) and (match["how"] or _is_random(match["value"])):
            yield Found("key", *match.span("value"))
    for match in _TOKEN_HEADER.finditer(text) if "key:" in low or "token:" in low else ():
        if not stands_for_a_secret(match["value"]):
            yield Found("key", *match.span("value"))


def _in_commands(text: str) -> Iterator[Found]:
    for match in _CURL.finditer(text) if "curl" in text else ():
        group = match.lastgroup or "b"
        if _names_a_password(match[group]):
            yield Found("password", *match.span(group))


def _names_a_password(pair: str) -> bool:
    user, _, password = pair.partition(":")
    password = password.strip("\"'")
    if not password:
        return _is_strong(user)
    return len(password) >= 3 and not stands_for_a_secret(password) and password != user


def _in_addresses(text: str) -> Iterator[Found]:
    """Yield the passwords of addresses such as `postgres://me:...@db`."""
    for match in _ADDRESS.finditer(text) if "://" in text else ():
        if not _REFERS.search(match["value"]):
            yield Found("password in an address", *match.span("value"))
