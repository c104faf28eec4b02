"""Transcripts that are one table or one YAML document: they are read as a whole, or not at all."""

from __future__ import annotations

import csv
import io
import re
from typing import Any

import yaml

#: Characters of YAML that are read; the reader is slow, and what is longer is taken line by line.
LONGEST_YAML = 500_000
#: Entries of a document that refer to others may stand for far more than they are.
_REFERS = re.compile(r"(?m)(?:^|[\s:-])[&*][A-Za-z]\w*\s*$")
_YAML = re.compile(r"\s*(?:---\s*\n)?(?:#[^\n]*\n)*(?:-\s+)?[\"']?\w+[\"']?:(?:\s|$)")
_ROLE = re.compile(r"^[\s-]*[\"']?(?:role|from|speaker|sender|author)[\"']?: *[\"']?\w+[\"']?\s*$", re.MULTILINE)
_COLUMN = re.compile(r"[\"']?(?:\w+[\"']?,[\"']?){0,8}(?:role|from|speaker|sender)[\"']?,[^\n.]{0,80}\n")


def document_of(text: str) -> Any:
    """Return what a text is as a whole, as lists and dictionaries; None for what is no such document."""
    if _COLUMN.match(text):
        return _rows(text)
    if len(text) <= LONGEST_YAML and _YAML.match(text) and len(_ROLE.findall(text)) > 1 and not _REFERS.search(text):
        return _yaml(text)
    return None


def _rows(text: str) -> list[dict[str, str]] | None:
    try:
        return [{key: value for key, value in row.items() if key} for row in csv.DictReader(io.StringIO(text))]
    except csv.Error:
        return None


def _yaml(text: str) -> Any:
    try:
        return list(yaml.load_all(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader)))
    except (yaml.YAMLError, ValueError, RecursionError):
        return None
