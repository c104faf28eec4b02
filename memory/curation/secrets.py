"""Whatever in a text lets somebody in: keys and tokens by their shape, by their name, and passwords told in words.

The shapes are our own (`state/secrets.py`) and, for services with no shape there, those of detect-secrets
(https://github.com/Yelp/detect-secrets, Apache-2.0). Only its patterns are used: its scan of single lines takes nearly
every quoted word for a secret, and its scan of files does not say where in a line one stands.
"""

from __future__ import annotations

import re
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


def _library(text: str) -> list[Found]:
    if not re.search(r"\S{10}", text):
        return []
    return [Found(kind, *match.span()) for kind, pattern in _patterns() for match in pattern.finditer(text)]


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Return the library's patterns; it is imported here because that takes a fifth of a second."""
    from detect_secrets.plugins import artifactory, cloudant, ibm_cloud_iam, ibm_cos_hmac, mailchimp, npm, softlayer, twilio

    rules = (
        ("Artifactory token", artifactory.ArtifactoryDetector),
        ("Cloudant key", cloudant.CloudantDetector),
        ("IBM key", ibm_cloud_iam.IbmCloudIamDetector),
        ("IBM key", ibm_cos_hmac.IbmCosHmacDetector),
        ("Mailchimp key", mailchimp.MailchimpDetector),
        ("registry token", npm.NpmDetector),
        ("SoftLayer key", softlayer.SoftlayerDetector),
        ("Twilio key", twilio.TwilioKeyDetector),
    )
    return tuple((kind, pattern) for kind, rule in rules for pattern in rule.denylist)
