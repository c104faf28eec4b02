"""Keys and tokens that show by their shape what they are: the shapes that their makers publish, in one table.

What only its surroundings make a secret, such as a password, is for others to tell.
"""

from __future__ import annotations

import base64
import json
import math
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

#: Begins where no word goes on, and ends so.
_START, _END = r"(?<![A-Za-z0-9_])", r"(?![A-Za-z0-9_-])"
_HEX = "[a-f0-9]"
_UUID = rf"{_HEX}{{8}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{12}}"
#: A digit and a letter of each case are ahead: a key, not words with hyphens between them.
_MIXED = r"(?=[\w-]*[0-9])(?=[\w-]*[A-Z])(?=[\w-]*[a-z])"

#: What it is, literals of which one stands in it (in small letters), and its shape.
_SHAPES: tuple[tuple[str, str, str], ...] = (
    ("GitHub token", "gh", r"gh[pousr]_[A-Za-z0-9]{36,255}"),
    ("GitHub token", "github_pat_", r"github_pat_\w{50,255}"),
    ("GitLab token", "gl", r"gl(?:pat|dt|ft|rt|ffct|soat)-(?:[\w-]{27,300}\.[0-9a-z]{9}|[\w-]{20,50})" + _END),
    ("GitLab token", "glimt-", r"glimt-[\w-]{25}" + _END),
    ("GitLab token", "glptt-", r"glptt-[\w-]{40}" + _END),
    ("GitLab token", "gl", r"(?:glagent-[\w-]{50,1024}|gloas-[\w-]{64}|glcbt-[\w-]{20,26})" + _END),
    ("GitLab token", "gr1348941", r"GR1348941[\w-]{20,50}" + _END),
    ("GitLab token", "_gitlab_session=", r"_gitlab_session=[0-9a-z]{32}"),
    ("AWS key", "a", r"(?:A3T[A-Z0-9]|ABIA|ACCA|AKIA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9])"),
    ("AWS key", "absk", r"ABSK[A-Za-z0-9+/]{109,269}={0,2}"),
    ("Google key", "aiza", r"AIza[\w-]{35}" + _END),
    ("Google key", "ya29.", r"ya29\.[\w-]{30,}"),
    ("Google key", "gocspx-", r"GOCSPX-[\w-]{20,40}"),
    ("Google key", "1//0", r"1//0[\w-]{30,120}"),
    ("Slack token", "xoxb-", r"xoxb-[0-9]{8,14}-[A-Za-z0-9-]{18,60}"),
    ("Slack token", "xox", r"xox[pe](?:-[0-9]{8,14}){3}-[A-Za-z0-9-]{20,64}"),
    ("Slack token", "xox", r"xox[os](?:-[0-9]{6,14}){3}-[A-Fa-f0-9]{10,80}"),
    ("Slack token", "xox", r"xox[ar]-(?:[0-9]-)?[0-9a-zA-Z-]{8,80}"),
    ("Slack token", "xoxe", r"(?i:xoxe(?:\.xox[bp])?-[0-9]-[A-Z0-9]{140,170})"),
    ("Slack token", "xapp-", r"(?i:xapp-[0-9]-[A-Z0-9]+-[0-9]+-[a-z0-9]{20,})"),
    ("Slack token", "slack.com", r"hooks\.slack(?:-gov)?\.com/(?:services|workflows|triggers)/[A-Za-z0-9+/_]{20,80}"),
    ("Stripe key", "k_", r"[rs]k_(?:live|test|prod)_[A-Za-z0-9]{10,200}"),
    ("Stripe key", "whsec_", r"whsec_[A-Za-z0-9+/=]{24,80}"),
    ("model provider's key", "sk-", _MIXED + r"sk-[\w-]{20,300}"),
    ("model provider's key", "sk-", rf"sk-[a-z0-9-]{{0,8}}(?=[a-z]*[0-9])(?=[0-9]*[a-z]){_HEX}{{32,64}}" + _END),
    ("model provider's key", "gsk_", r"gsk_[A-Za-z0-9]{40,60}"),
    ("model provider's key", "pplx-", r"pplx-[A-Za-z0-9]{40,60}"),
    ("model provider's key", "xai-", r"xai-[A-Za-z0-9]{60,100}"),
    ("model provider's key", "r8_", r"r8_[A-Za-z0-9]{37,40}"),
    ("model provider's key", "lsv2_", rf"lsv2_(?:pt|sk)_{_HEX}{{32}}_{_HEX}{{10}}"),
    ("model provider's key", "tvly-", r"tvly-(?:dev-|prod-)?[A-Za-z0-9]{24,60}"),
    ("model provider's key", "pcsk_", r"pcsk_[A-Za-z0-9]{4,8}_[A-Za-z0-9]{40,80}"),
    ("Hugging Face token", "hf_", r"hf_[A-Za-z0-9]{30,40}" + _END),
    ("Hugging Face token", "api_org_", r"api_org_[A-Za-z]{34}"),
    ("registry token", "npm_", r"npm_[A-Za-z0-9]{36}"),
    ("registry token", "pypi-age", r"pypi-AgE(?:IcHlwaS5vcmc|NdGVzdC5weXBpLm9yZw)[\w-]{70,1000}"),
    ("registry token", "dckr_", r"dckr_(?:pat|oat)_[\w-]{20,50}"),
    ("registry token", "rubygems_", rf"rubygems_{_HEX}{{48}}"),
    ("registry token", "clojars_", r"(?i:CLOJARS_[a-z0-9]{60})"),
    ("registry token", "oy2", r"oy2[a-z0-9]{43}" + _END),
    ("registry token", "bundle_", r"BUNDLE_\w{3,60}__(?:COM|ORG|NET|IO)\W{1,5}[\w-]{4,80}:[\w-]{4,80}"),
    ("private key", "mii", r"MII(?:BO|C[WXde]|E[opqv]|J[JKQR])[A-Za-z0-9+/]{60,}={0,2}"),
    ("Square key", "sq0", r"sq0(?:atp|csp|idp)-[\w-]{22,60}"),
    ("Shopify token", "shp", r"shp(?:at|ca|pa|ss|tka)_[a-fA-F0-9]{32}"),
    ("SendGrid key", "sg.", r"SG\.[\w-]{20,24}\.[\w-]{39,50}"),
    ("Mailgun key", "key-", rf"(?:pub)?key-{_HEX}{{32}}" + _END),
    ("Twilio key", "k", rf"SK{_HEX}{{32}}" + _END),
    ("Postman key", "pmak-", rf"PMAK-{_HEX}{{24}}-{_HEX}{{34}}"),
    ("DigitalOcean token", "_v1_", rf"do[opr]_v1_{_HEX}{{64}}"),
    ("Doppler token", "dp.", r"dp\.(?:pt|st|ct|sa|scim|audit)\.[A-Za-z0-9._-]{40,60}"),
    ("Databricks token", "dapi", rf"dapi{_HEX}{{32}}(?:-[0-9])?" + _END),
    ("Linear token", "lin_", r"lin_(?:api|oauth)_[A-Za-z0-9]{32,64}"),
    ("Notion token", "ntn_", r"ntn_[A-Za-z0-9]{40,60}"),
    ("Notion token", "secret_", r"secret_[A-Za-z0-9]{43}" + _END),
    ("Figma token", "fig", r"fig[dour]_[\w-]{36,60}"),
    ("Grafana token", "gl", r"(?:glc_[A-Za-z0-9+/]{32,400}={0,3}|glsa_[A-Za-z0-9]{32}_[A-Fa-f0-9]{8})"),
    ("Grafana token", "eyjrijoi", r"eyJrIjoi[A-Za-z0-9+/=]{60,400}"),
    ("Heroku key", "hrku-", r"HRKU-[\w-]{36,70}"),
    ("Vault token", "hv", r"hv[sbr]\.[\w-]{90,300}"),
    ("Vault token", "s.", r"(?<![\w.])s\.(?=[A-Za-z]*[0-9])[A-Za-z0-9]{24}" + _END),
    ("Terraform token", ".atlasv1.", r"[A-Za-z0-9]{14}\.atlasv1\.[\w=-]{60,70}"),
    ("Pulumi token", "pul-", rf"pul-{_HEX}{{40}}"),
    ("New Relic key", "nr", r"NR(?:AK|JS|II|RA|BR|SP)-[A-Za-z0-9-]{19,42}"),
    ("Atlassian token", "at", r"AT(?:ATT|CTT|BB|STT)[A-Za-z0-9_=.-]{24,260}"),
    ("Dropbox token", "sl.", r"sl\.(?:u\.)?[\w=-]{130,160}"),
    ("Airtable token", "pat", rf"pat[A-Za-z0-9]{{14}}\.{_HEX}{{64}}"),
    ("HubSpot token", "pat-", rf"(?i:pat-(?:na|eu|ap)[0-9]-{_UUID})"),
    ("Harness token", "at.", r"[ps]at\.[\w-]{22}\.[0-9a-f]{24}\.[A-Za-z0-9]{20}"),
    ("Alibaba key", "ltai", r"LTAI[A-Za-z0-9]{20}" + _END),
    ("Tencent key", "akid", r"AKID[A-Za-z0-9]{32}" + _END),
    ("Adobe key", "p8e-", r"(?i:p8e-[a-z0-9]{32})"),
    ("age key", "age-secret-key-1", r"(?i:AGE-SECRET-KEY-1[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58})"),
    ("Artifactory token", "akcp", r"AKCp[A-Za-z0-9]{69}"),
    ("Artifactory token", "cmvmdgtu", r"cmVmdGtu[A-Za-z0-9]{56}"),
    ("Authress key", ".acc", r"(?:sc|ext|scauth|authress)_\w{5,30}\.\w{4,6}\.acc[_-][\w-]{10,32}\.[\w=/+-]{30,}"),
    ("Azure key", "q~", r"[A-Za-z0-9_~.]{3}[0-9]Q~[\w~.-]{31,34}"),
    ("Azure key", "key=", r"(?:AccountKey|SharedAccessKey)=[A-Za-z0-9+/]{40,100}={0,3}"),
    ("Cloudflare key", "v1.0-", rf"v1\.0-{_HEX}{{24}}-{_HEX}{{146}}"),
    ("Contentful token", "cfpat-", r"CFPAT-[\w-]{43}"),
    ("ClickHouse key", "4b1d", r"4b1d[A-Za-z0-9]{38}" + _END),
    ("Duffel token", "duffel_", r"duffel_(?:test|live)_[\w=-]{43}"),
    ("Dynatrace token", "dt0", r"(?i:dt0[a-z][0-9]{2}\.[A-Z0-9]{24}\.[A-Z0-9]{64})"),
    ("EasyPost key", "ez", r"EZ[AT]K[A-Za-z0-9]{54}"),
    ("Facebook token", "eaa", r"EAA[A-Za-z0-9]{40,300}"),
    ("Facebook token", "", r"[0-9]{15,16}(?:\||%7C)(?=[\w-]*[A-Z])(?=[\w-]*[a-z])[\w-]{27,40}"),
    ("Flutterwave key", "flw", r"FLW(?:SEC|PUB)K_TEST-[a-h0-9]{12,32}(?:-X)?"),
    ("Fly.io token", "fo1_", r"fo1_[\w-]{43}"),
    ("Fly.io token", "fm", r"fm[12][ar]?_[A-Za-z0-9+/]{100,}={0,3}"),
    ("Frame.io token", "fio-u-", r"fio-u-[\w=-]{64}"),
    ("Infracost key", "ico-", r"ico-[A-Za-z0-9]{32}"),
    ("Intra42 key", "s-s4t2", rf"s-s4t2(?:ud|af)-{_HEX}{{64}}"),
    ("MaxMind key", "_mmk", r"[A-Za-z0-9]{6}_[A-Za-z0-9]{29}_mmk"),
    ("Mapbox token", "k.", r"[ps]k\.eyJ[A-Za-z0-9_-]{40,120}\.[A-Za-z0-9_-]{20,30}"),
    ("Mapbox token", "k.", r"[ps]k\.[a-z0-9]{60}\.[a-z0-9]{22}"),
    ("Netlify token", "nfp_", r"nfp_[A-Za-z0-9]{36,44}"),
    ("Octopus key", "api-", r"API-(?=[A-Z]*[0-9])[A-Z0-9]{26}" + _END),
    ("OpenShift token", "sha256~", r"sha256~[\w-]{43}"),
    ("PlanetScale token", "pscale_", r"pscale_(?:pw|tkn|oauth)_[\w=.-]{32,64}"),
    ("Prefect token", "pn", r"pn[ub]_[A-Za-z0-9]{36}"),
    ("Readme key", "rdme_", r"rdme_[a-z0-9]{70}"),
    ("Sendinblue key", "xkeysib-", rf"xkeysib-{_HEX}{{64}}-[A-Za-z0-9]{{16}}"),
    ("Sentry token", "sntry", r"sntry(?:s_eyJ[\w+/=-]{80,}|u_[a-f0-9]{64})"),
    ("SettleMint token", "sm_", r"sm_(?:pat|aat|sat)_[A-Za-z0-9]{16}"),
    ("Shippo token", "shippo_", r"shippo_(?:live|test)_[a-fA-F0-9]{40}"),
    ("Sourcegraph token", "sgp_", r"sgp_(?:(?:[a-fA-F0-9]{16}|local)_)?[a-fA-F0-9]{40}" + _END),
    ("Supabase key", "sb", rf"(?:sbp_{_HEX}{{40}}|sb_secret_[\w-]{{20,50}})"),
    ("Sumo Logic key", "sumo", r"(?i:sumo[\w.]{0,26})\W{1,5}su(?=[A-Za-z]*[0-9A-Z])[A-Za-z0-9]{12}" + _END),
    ("Telegram token", ":", r"[0-9]{8,10}:[A-Za-z0-9_-]{35}" + _END),
    ("Typeform token", "tfp_", r"tfp_[\w.=-]{40,70}"),
    ("Yandex key", "aqvn", r"AQVN[\w-]{35,40}"),
    ("Yandex key", "t1.", r"t1\.[A-Z0-9a-z_-]{20,}={0,2}\.[A-Z0-9a-z_-]{86}={0,2}"),
    ("Defined Networking key", "dnkey-", r"dnkey-[a-z0-9=_-]{26}-[a-z0-9=_-]{52}"),
    ("1Password key", "a3-", r"A3-[A-Z0-9]{6}-(?:[A-Z0-9]{11}|[A-Z0-9]{6}-[A-Z0-9]{5})(?:-[A-Z0-9]{5}){3}"),
    ("1Password key", "ops_eyj", r"ops_eyJ[A-Za-z0-9+/=]{100,}"),
    ("Discord token", ".", r"(?<!\.)[MNO][A-Za-z0-9_-]{23,25}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,38}" + _END),
    ("Discord token", "/webhooks/", r"discord(?:app)?\.com/api/webhooks/[0-9]{15,21}/[\w-]{60,80}"),
    ("Teams webhook", "webhook.office.com", r"[a-z0-9.-]{1,60}webhook\.office\.com/webhookb2/[\w@/.-]{80,240}"),
)  # fmt: skip

_PRIVATE = re.compile(
    r"-----BEGIN (?:[A-Z0-9]{1,10} ){0,3}PRIVATE KEY(?: BLOCK)?-----(?:.*?-----END [A-Z0-9 ]{1,40}-----"
    r"|[\sA-Za-z0-9+/=\\:,.-]*)"
    r"|PuTTY-User-Key-File-[0-9]:.*?Private-MAC: ?\w+",
    re.DOTALL,
)
_JWT = re.compile(
    r"(?<![A-Za-z0-9_=-])(ey[A-Za-z0-9_-]{8,})={0,2}\.(ey[A-Za-z0-9_-]{4,})={0,2}(?:\.[A-Za-z0-9_-]{2,}={0,2})?"
)
_FILLING = re.compile(r"([xX*#.0_-])\1{5,}|(?i:example|abcdefgh)|(?:123){4}")
#: Told by the letters they begin with so surely that the rest may be anything.
_SURE = frozenset({"AWS key"})
#: A word of a text without one is too short for any shape of the table.
_LONG = re.compile(r"\S{16}")
#: Bits a character that a key drawn at random has at least; words and rows of one letter have less.
LEAST_BITS = 2.9


class Found(NamedTuple):
    """Something found in a text.

    Args:
        kind: What it is, in words.
        start: The first of its characters.
        end: The character after its last.
    """

    kind: str
    start: int
    end: int


def bits(text: str) -> float:
    """Return Shannon's entropy of a text's characters, in bits a character."""
    counts = Counter(text).values()
    return -sum(count / len(text) * math.log2(count / len(text)) for count in counts)


def is_filler(text: str, least_bits: float = LEAST_BITS) -> bool:
    """Tell whether a text that looks like a key only stands for one, as in manuals: `ghp_xxxxxxxx`."""
    return bool(_FILLING.search(text)) or bits(text) < least_bits


def shaped(text: str) -> list[Found]:
    """Return the keys and tokens that a text holds, by their shape; where two rules agree, both.

    Args:
        text: Any text.
    """
    unsigned = [
        one for one in _shaped(text) if not is_filler(text[one.start : one.end], 0 if one.kind in _SURE else LEAST_BITS)
    ]
    return unsigned + _signed(text)


def _shaped(text: str) -> Iterator[Found]:
    """Yield what has a shape; of a text that cannot hold it, no pattern is tried."""
    low = text.casefold()
    for kind, literal, pattern in _compiled() if _LONG.search(text) else ():
        if literal in low:
            yield from (Found(kind, *match.span()) for match in pattern.finditer(text))
    if "private" in low:
        yield from (Found("private key", *match.span()) for match in _PRIVATE.finditer(text))


def _signed(text: str) -> list[Found]:
    """Return the signed tokens (RFC 7519): their first two parts are JSON, so no entropy is asked of them."""
    if "ey" not in text:
        return []
    return [Found("signed token", *match.span()) for match in _JWT.finditer(text) if all(map(_is_json, match.groups()))]


def _is_json(part: str) -> bool:
    try:
        return isinstance(json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))), dict)
    except ValueError:
        return False


@cache
def _compiled() -> tuple[tuple[str, str, re.Pattern[str]], ...]:
    """Return the shapes as patterns; those that do not say themselves what may stand before them begin a word."""
    begun = (
        (kind, literal, pattern if pattern.startswith("(?<!") else _START + pattern)
        for kind, literal, pattern in _SHAPES
    )
    return tuple((kind, literal, re.compile(pattern)) for kind, literal, pattern in begun)
