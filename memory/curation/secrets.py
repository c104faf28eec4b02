"""Whatever in a text lets somebody in: keys and tokens by their shape, by their name, and passwords told in words.

The shapes are our own (`state/secrets.py`) and, for services with no shape there, those of detect-secrets
(https://github.com/Yelp/detect-secrets, Apache-2.0). Only its patterns are used: its scan of single lines takes nearly
every quoted word for a secret, and its scan of files does not say where in a line one stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from metahuman.memory.curation.assigned import assigned
from metahuman.memory.curation.told import told
from metahuman.state.secrets import Found, shaped


def secrets_in(text: str) -> list[Found]:
    """Return the secrets that a text holds, in order; where several overlap, the one that begins first and is longest.

    Args:
        text: Any text: a message, a page, code.
    """
    found = [*shaped(text), *_library(text), *assigned(text), *told(text)]
    return apart(found)


def apart(found: list[Found]) -> list[Found]:
    """Return findings in order, those that overlap drawn together under the longest one's kind."""
    done: list[Found] = []
    for one in sorted(found, key=lambda one: (one.start, -one.end)):
        if not done or one.start >= done[-1].end:
            done.append(one)
        elif one.end > done[-1].end:
            last = done[-1]
            kind = last.kind if last.end - last.start >= one.end - one.start else one.kind
            done[-1] = Found(kind, last.start, one.end)
    return done


def _library(text: str) -> Iterator[Found]:
    for kind, cue, patterns in _rules():
        if cue.search(text):
            yield from (Found(kind, *match.span()) for pattern in patterns for match in pattern.finditer(text))


@cache
def _rules() -> tuple[tuple[str, re.Pattern[str], tuple[re.Pattern[str], ...]], ...]:
    """Return the library's rules: what they find, what a text has to hold before they are tried, and their patterns.

    The library is imported here because that takes a fifth of a second.
    """
    from detect_secrets.plugins import (
        artifactory,
        cloudant,
        ibm_cloud_iam,
        ibm_cos_hmac,
        mailchimp,
        npm,
        softlayer,
        twilio,
    )

    rules = (
        ("Artifactory token", r"AKC|AP[0-9A-F]", artifactory.ArtifactoryDetector),
        ("Cloudant key", r"[a-z]{24}|[0-9a-f]{64}", cloudant.CloudantDetector),
        ("IBM key", r"(?=[\w-]{0,43}\d)[\w-]{44}", ibm_cloud_iam.IbmCloudIamDetector),
        ("IBM key", r"[0-9a-f]{48}", ibm_cos_hmac.IbmCosHmacDetector),
        ("Mailchimp key", r"-us[0-9]", mailchimp.MailchimpDetector),
        ("registry token", r"_authToken", npm.NpmDetector),
        ("SoftLayer key", r"[a-z0-9]{64}", softlayer.SoftlayerDetector),
        ("Twilio key", r"[a-z0-9]{32}", twilio.TwilioKeyDetector),
    )
    return tuple((kind, re.compile(cue), tuple(rule.denylist)) for kind, cue, rule in rules)
