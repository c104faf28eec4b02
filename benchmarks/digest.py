"""What the digest finds without a model: the topics of meetings, and phrases that were put into them.

    python -m benchmarks.digest --data DIR [--json FILE]

DIR has QMSum's validation meetings (Zhong et al., 2021, NAACL; github.com/Yale-LILY/QMSum, MIT): `val.jsonl`, in it or
in `themes_qmsum` below it. A meeting stands for two weeks, each utterance for a memory.

Topics: people wrote down what each meeting was about. A topic is found if at least half of its telling words, by their
stems, stand in the twenty themes; the second figure is the share of its words that do, on average. The constants of
themes were chosen on the meetings in even places; those in odd places were only measured.

Phrases: ten turns of phrase are put into four utterances each. `found` is the share of them that comes back word for
word; `others` is how many phrases are found besides, in a meeting as it is: some of them are habits of its speakers.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import mean
from typing import Any

from metahuman.memory.digest.catchphrases import catchphrases
from metahuman.memory.digest.terms import Terms
from metahuman.memory.digest.themes import MOST, themes
from metahuman.memory.recall.words import told_stems
from metahuman.state.digesting import Noted
from metahuman.state.moments import iso

#: Put into meetings, each so many times.
PHRASES = (
    "long story short", "let's not boil the ocean", "trust but verify", "that's a tomorrow problem",
    "move fast and break things", "slow is smooth, smooth is fast", "not my circus, not my monkeys", "happy as a clam",
    "at the end of the day it's all about people", "done beats perfect",
)  # fmt: skip
TIMES = 4
BEGAN = datetime(2026, 5, 1, tzinfo=UTC)
Finder = Callable[[list[str]], list[str]]


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print and, if asked, write the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the folder of QMSum's validation meetings")
    parser.add_argument("--json", type=Path, help="write the figures there too")
    given = parser.parse_args(arguments)
    meetings = read(given.data)
    figures: dict[str, Any] = {"topics": measured_topics(meetings), "phrases": measured_phrases(meetings)}
    if given.json:
        given.json.write_text(json.dumps(figures, indent=2) + "\n")


def read(folder: Path) -> list[tuple[list[str], list[str]]]:
    """Return each meeting's utterances and its topics."""
    path = next(path for path in (folder / "val.jsonl", folder / "themes_qmsum" / "val.jsonl") if path.exists())
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    return [([said_in(turn) for turn in row["meeting_transcripts"]], topics_of(row)) for row in rows]


def said_in(turn: dict[str, str]) -> str:
    """Return what was said in a turn, without the transcriber's marks such as {disfmarker}."""
    return re.sub(r"\{\w+\}", "", turn["content"])


def topics_of(row: dict[str, Any]) -> list[str]:
    """Return a meeting's topics."""
    return [topic["topic"] for topic in row["topic_list"]]


def telling(text: str) -> set[str]:
    """Return the stems of a text's words that are no function words."""
    return {word.stem for word in told_stems(text) if word.telling}


def shares(found: Sequence[str], topics: Sequence[str]) -> list[float]:
    """Return, for each topic, which share of its telling words stands in what was found."""
    stems = set().union(*map(telling, found))
    wanted = [telling(topic) for topic in topics]
    return [len(one & stems) / len(one) for one in wanted if one]


def measured_topics(meetings: list[tuple[list[str], list[str]]]) -> dict[str, Any]:
    """Print how many topics each finder finds, on both halves of the meetings and on all of them."""
    print(f"{'topics':22} {'chosen on':>16} {'only measured':>16} {'all':>16} {'ms':>7}")
    figures = {}
    for name, find in finders().items():
        begun = time.perf_counter()
        found = [shares(find(said), topics) for said, topics in meetings]
        took = (time.perf_counter() - begun) * 1000 / len(meetings)
        halves = [[share for part in some for share in part] for some in (found[::2], found[1::2], found)]
        rows = [(mean(share >= 0.5 for share in half), mean(half)) for half in halves]
        print(f"{name:22} " + " ".join(f"{topic:8.3f} {words:7.3f}" for topic, words in rows) + f" {took:7.0f}")
        figures[name] = {"tuned": rows[0], "measured": rows[1], "all": rows[2], "ms": round(took, 1)}
    return figures


def finders() -> dict[str, Finder]:
    """Return what finds themes: the digest, and what it has to beat; YAKE (Campos et al., 2020) if it is installed."""
    found: dict[str, Finder] = {"digest": lambda said: [theme.name for theme in themes(said)]}
    found["most frequent words"] = lambda said: frequent(said, longest=1)
    found["most frequent terms"] = lambda said: frequent(said, longest=3)
    found["RAKE"] = rake
    try:
        from yake import KeywordExtractor
    except ImportError:
        return found
    extractor = KeywordExtractor(lan="en", n=3, top=MOST)
    return {**found, "YAKE": lambda said: [phrase for phrase, _ in extractor.extract_keywords("\n".join(said))]}


def frequent(said: list[str], longest: int) -> list[str]:
    """Return the terms that most utterances hold."""
    counts = Counter({term: len(places) for term, places in Terms(said).places.items() if len(term) <= longest})
    return [" ".join(term) for term, _ in counts.most_common(MOST)]


def rake(said: list[str]) -> list[str]:
    """Return the runs of telling words whose words stand in long runs most often (Rose et al., 2010)."""
    runs = Counter(term for text in said for term in longest_runs(text))
    frequency, degree = Counter[str](), Counter[str]()
    for run, count in runs.items():
        for word in run:
            frequency[word] += count
            degree[word] += count * len(run)
    score = {run: sum(degree[word] / frequency[word] for word in run) for run in runs if len(run) <= 3}
    return [" ".join(run) for run in sorted(score, key=lambda run: (-score[run], run))[:MOST]]


def longest_runs(text: str) -> list[tuple[str, ...]]:
    """Return the runs of telling words of a text."""
    found, run = list[tuple[str, ...]](), list[str]()
    for word in told_stems(text):
        if word.telling:
            run.append(word.word)
        elif run:
            found.append(tuple(run))
            run = []
    return [*found, tuple(run)] if run else found


def measured_phrases(meetings: list[tuple[list[str], list[str]]]) -> dict[str, Any]:
    """Print how many of the phrases that were put in are found, and how many others."""
    found = others = words = 0
    for seed, (said, _) in enumerate(meetings):
        found += sum(one.casefold() in PHRASES for one, _ in catchphrases(noted(with_phrases(said, seed))))
        others += len(catchphrases(noted(said)))
        words += sum(len(text.split()) for text in said)
    share = found / len(PHRASES) / len(meetings)
    print(f"\nphrases: found {share:.3f} of {len(PHRASES) * len(meetings)}; others {others} in {words:,} words")
    return {"found": share, "others": others, "words": words}


def with_phrases(said: list[str], seed: int) -> list[str]:
    """Return utterances with each phrase before or after some of them."""
    chance, texts = random.Random(seed), list(said)
    for phrase in PHRASES:
        for place in chance.sample(range(len(texts)), TIMES):
            texts[place] = chance.choice([f"{phrase}, {texts[place]}", f"{texts[place]} {phrase.capitalize()}."])
    return texts


def noted(said: list[str]) -> list[Noted]:
    """Return utterances as the memories of two weeks."""
    step = timedelta(days=14) / max(len(said), 1)
    return [
        Noted(id=f"m{place}", at=iso(BEGAN + step * place), thread="", said=text, own=True, current=True)
        for place, text in enumerate(said)
    ]


if __name__ == "__main__":
    main()
