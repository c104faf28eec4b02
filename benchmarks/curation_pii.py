"""How well secrets and personal data are found before anything is learned from a memory.

Run it with `python -m benchmarks.curation_pii --secrets FILE --personal FILE [--names] [--show] [--json FILE]`; the
files are items of gitleaks' and detect-secrets' own tests (`text_b64`, `secret`), and of presidio-research's synthetic
sentences (`full_text`, `spans`). Each figure is given for the items with even numbers, which were looked at while the
rules were written, and for those with odd ones.
"""

from __future__ import annotations

import argparse
import base64
import json
import re
import time
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from metahuman.memory.curation.identifiers import identifiers_in
from metahuman.memory.curation.names import names_in
from metahuman.memory.curation.secrets import secrets_in
from metahuman.state.secrets import Found

#: What presidio-research calls our kinds.
KINDS = {
    "email": "EMAIL_ADDRESS",
    "phone": "PHONE_NUMBER",
    "web address": "DOMAIN_NAME",
    "IP address": "IP_ADDRESS",
    "card": "CREDIT_CARD",
    "IBAN": "IBAN_CODE",
    "national id": "US_SSN",
    "driving licence": "US_DRIVER_LICENSE",
    "postal code": "ZIP_CODE",
    "street address": "STREET_ADDRESS",
    "birth date": "DATE_TIME",
    "date": "DATE_TIME",
    "person": "PERSON",
    "place": "GPE",
    "organisation": "ORGANIZATION",
    "title": "TITLE",
    "nationality": "NRP",
    "age": "AGE",
}
#: Those with a form of their own.
HARD = frozenset(list(KINDS.values())[:9])
#: Of a span's characters, the share that has to be found.
ENOUGH = 0.8
Span = tuple[str, int, int]
Finder = Callable[[str], list[Found]]


def read(file: Path) -> list[dict[str, Any]]:
    """Return the items of a file of JSON lines."""
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


def share(part: float, whole: float) -> float:
    """Return a part of a whole, from 0 to 1."""
    return round(part / whole, 4) if whole else 0.0


def f2(precision: float, recall: float) -> float:
    """Return the F-measure in which recall weighs twice as much (van Rijsbergen 1979)."""
    return share(5 * precision * recall, 4 * precision + recall)


def of_secrets(items: list[dict[str, Any]], *, show: bool) -> dict[str, Any]:
    """Return how many lines with a secret are found, and how many without one are taken for it."""
    lines = [(base64.b64decode(item["text_b64"]).decode(), bool(item["secret"])) for item in items]
    found = [bool(secrets_in(text)) for text, _ in lines]
    for (text, secret), hit in zip(lines, found, strict=True):
        if show and hit != secret:
            print("missed" if secret else "taken", repr(text)[:160])
    secret, other = sum(is_one for _, is_one in lines), sum(not is_one for _, is_one in lines)
    return {
        "lines with a secret": secret,
        "recall": share(sum(hit and is_one for hit, (_, is_one) in zip(found, lines, strict=True)), secret),
        "lines without": other,
        "false alarms": share(sum(hit and not is_one for hit, (_, is_one) in zip(found, lines, strict=True)), other),
    }


def meant(item: dict[str, Any]) -> list[Span]:
    """Return the spans that a person marked in a sentence."""
    return [(span["entity_type"], span["start_position"], span["end_position"]) for span in item["spans"]]


def called(found: Iterable[Found]) -> list[Span]:
    """Return findings by presidio-research's kinds."""
    return [(KINDS.get(one.kind, one.kind), one.start, one.end) for one in found]


def of_identifiers(items: list[dict[str, Any]], *, show: bool) -> dict[str, Any]:
    """Return precision and recall on identifiers: a span counts if its kind is right and nearly all of it is found."""
    counts: Counter[str] = Counter()
    for item in items:
        right = [span for span in meant(item) if span[0] in HARD]
        found = [span for span in called(identifiers_in(item["full_text"])) if span[0] in HARD]
        missed = [span for span in right if not any(_is_same(span, other) for other in found)]
        wrong = [span for span in found if not any(_is_same(other, span) for other in right)]
        counts.update(right=len(right), found=len(found), missed=len(missed), wrong=len(wrong))
        for what, spans in (("missed", missed), ("wrong", wrong)) if show else ():
            for kind, start, end in spans:
                print(what, kind, repr(item["full_text"][start:end]))
    return {
        "identifiers": counts["right"],
        "recall": share(counts["right"] - counts["missed"], counts["right"]),
        "precision": share(counts["found"] - counts["wrong"], counts["found"]),
    }


def _is_same(right: Span, found: Span) -> bool:
    common = min(right[2], found[2]) - max(right[1], found[1])
    return right[0] == found[0] and common >= ENOUGH * (right[2] - right[1])


def of_words(items: list[dict[str, Any]], finders: tuple[Finder, ...], *, kinds: bool) -> dict[str, Any]:
    """Return precision, recall and F2 over words, as presidio-research measures.

    Args:
        items: The sentences.
        finders: What finds.
        kinds: Whether the kind has to be right too.
    """
    hit = wanted = got = 0
    for item in items:
        text = item["full_text"]
        right, found = meant(item), called(one for find in finders for one in find(text))
        for word in re.finditer(r"\w+", text):
            of_right, of_found = _kinds_at(right, word), _kinds_at(found, word)
            if not kinds:
                of_right, of_found = {bool(of_right)} - {False}, {bool(of_found)} - {False}
            hit += len(of_right & of_found)
            wanted += len(of_right)
            got += len(of_found)
    precision, recall = share(hit, got), share(hit, wanted)
    return {"words": wanted, "precision": precision, "recall": recall, "F2": f2(precision, recall)}


def _kinds_at(spans: list[Span], word: re.Match[str]) -> set[Any]:
    return {kind for kind, start, end in spans if start < word.end() and word.start() < end}


def of_time(items: list[dict[str, Any]], finders: tuple[Finder, ...]) -> dict[str, Any]:
    """Return milliseconds a text, after one that loads whatever the finders need."""
    for find in finders:
        find("Ann, ann@example.org, 415-555-2671")
    start = time.perf_counter()
    for item in items:
        for find in finders:
            find(item["full_text"])
    return {"milliseconds a text": round(1000 * (time.perf_counter() - start) / max(1, len(items)), 2)}


def measured(args: argparse.Namespace) -> dict[str, Any]:
    """Return all figures that the files given allow, for both halves and the whole."""
    figures: dict[str, Any] = {}
    every: tuple[Finder, ...] = (identifiers_in, names_in)
    for half, part in (("even", slice(0, None, 2)), ("odd", slice(1, None, 2)), ("all", slice(None))):
        show = args.show and half != "all"
        if args.secrets:
            figures[f"secrets, {half}"] = of_secrets(read(args.secrets)[part], show=show)
        if args.personal:
            items = read(args.personal)[part]
            figures[f"identifiers, {half}"] = of_identifiers(items, show=show)
            if args.names:
                figures[f"all personal data, {half}"] = of_words(items, every, kinds=False)
                figures[f"all personal data with its kind, {half}"] = of_words(items, every, kinds=True)
    if args.personal:
        figures["time"] = of_time(read(args.personal), (secrets_in, identifiers_in))
    return figures


def main() -> None:
    """Measure, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--secrets", type=Path, help="lines with and without secrets")
    parser.add_argument("--personal", type=Path, help="sentences with personal data marked")
    parser.add_argument("--names", action="store_true", help="names too, which need the extra `ner`")
    parser.add_argument("--show", action="store_true", help="print what is missed or wrong")
    parser.add_argument("--json", type=Path, help="write the figures there")
    args = parser.parse_args()
    figures = measured(args)
    for name, values in figures.items():
        print(f"{name}: " + ", ".join(f"{key} {value}" for key, value in values.items()))
    if args.json:
        args.json.write_text(json.dumps(figures, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
