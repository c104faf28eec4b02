"""What it costs to change the voice with each request, beside keeping one, and beside loading the base anew.

    python benchmarks/adapters.py [--runs 30] [--json FILE]

Two random LoRAs of rank 8 on all linear layers of the embedded model (`metahuman models pull`) are made for it; it
needs `gguf`, not torch. Each prompt is new, so that nothing of it is in a cache: what is added is the change alone. A
talk that goes on is measured beside it: the same voice finds what was said before in its cache, another one reads it
again.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import platform
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from statistics import quantiles
from typing import Any, NamedTuple

import numpy as np

from metahuman.models.download import models_folder
from metahuman.models.gguf import read_header
from metahuman.models.providers.engine import Engine, drop_engine, open_engine
from metahuman.training.export.lora_gguf import Heads, Shape, write_lora

BASE = models_folder() / "SmolLM2-135M-Instruct.Q4_1.gguf"
RANK, WINDOW, LENGTH = 8, 2048, 64
WORDS = ("river", "bread", "window", "garden", "letter", "bridge", "candle", "winter", "market", "violin", "harbour")
Voice = tuple[Path, ...]


class Answer(NamedTuple):
    """How long an answer took.

    Args:
        first: Milliseconds to its first token.
        speed: Tokens a second after it.
    """

    first: float
    speed: float


def random_lora(path: Path, seed: int) -> Path:
    """Write a LoRA of random numbers, too weak to break what the base says."""
    header, drawn = read_header(BASE), np.random.default_rng(seed)
    blocks: Any = header.metadata["llama.block_count"]
    heads: Any = [header.metadata[f"llama.attention.{key}"] for key in ("head_count", "head_count_kv")]
    parts = ("self_attn.q", "self_attn.k", "self_attn.v", "self_attn.o", "mlp.gate", "mlp.up", "mlp.down")
    places = ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down")
    tensors = {}
    for block, (part, place) in itertools.product(range(blocks), zip(parts, places, strict=True)):
        inner, outer = header.tensors[f"blk.{block}.{place}.weight"]
        name = f"base_model.model.model.layers.{block}.{part}_proj"
        tensors[f"{name}.lora_A.weight"] = drawn.normal(0, 0.02, (RANK, inner))
        tensors[f"{name}.lora_B.weight"] = drawn.normal(0, 0.002, (outer, RANK))
    write_lora(path, tensors, 2 * RANK, Shape("llama", blocks, Heads(*heads)))
    return path


def asked(engine: Engine, voice: Voice, messages: Sequence[dict[str, str]], tokens: int = 1) -> Answer:
    """Ask for an answer of some tokens, and time it."""
    started, times = time.perf_counter(), list[float]()

    def heard(part: dict[str, Any]) -> bool:
        choice = next(iter(part.get("choices") or []), {})
        if choice.get("delta", {}).get("content"):
            times.append(time.perf_counter())
        return False

    request = {"messages": list(messages), "stream": True, "max_tokens": tokens, "temperature": 0, "ignore_eos": True}
    engine.chat({**request, "lora": engine.lora(voice, 1.0)}, heard)
    spent = times[-1] - times[0]
    return Answer((times[0] - started) * 1000, (len(times) - 1) / spent if spent else 0.0)


def new_prompt(chance: random.Random) -> list[dict[str, str]]:
    """Return a prompt whose first words are new, so that nothing of it is in a cache; all are about as long."""
    return [{"role": "user", "content": f"{chance.random()} {' '.join(chance.choices(WORDS, k=20))}: what is that?"}]


def alternating(engine: Engine, voices: Iterable[Voice], runs: int, seed: int) -> list[float]:
    """Return the milliseconds to the first token of new prompts, one voice after the other."""
    chance, turn = random.Random(seed), itertools.cycle(voices)
    return [asked(engine, next(turn), new_prompt(chance)).first for _ in range(runs)]


def talk(engine: Engine, voices: Iterable[Voice], runs: int, seed: int) -> list[float]:
    """Return the milliseconds to the first token of each turn of a talk that goes on, one voice after the other."""
    chance, turn, times = random.Random(seed), itertools.cycle(voices), list[float]()
    said = new_prompt(chance)
    for _ in range(runs):
        times.append(asked(engine, next(turn), said).first)
        said += [{"role": "assistant", "content": "It is one."}, *new_prompt(chance)]
    return times[1:]


def speed(engine: Engine, voice: Voice, runs: int) -> list[float]:
    """Return tokens a second of answers of 64 tokens."""
    chance = random.Random(3)
    return [asked(engine, voice, new_prompt(chance), LENGTH).speed for _ in range(runs)]


def reload(adapters: Voice, runs: int) -> list[float]:
    """Return the milliseconds from dropping a base to its first token with another voice."""
    times, chance = list[float](), random.Random(4)
    for run in range(runs):
        started = time.perf_counter()
        drop_engine(BASE)
        engine = open_engine(BASE, WINDOW, (adapters[run % 2],))
        asked(engine, (adapters[run % 2],), new_prompt(chance))
        times.append((time.perf_counter() - started) * 1000)
    return times


def spread(values: Sequence[float]) -> dict[str, float]:
    """Return the median and the 95th percentile."""
    parts = quantiles(values, n=20, method="inclusive")
    return {"p50": round(parts[9], 1), "p95": round(parts[18], 1)}


def measure(folder: Path, runs: int) -> dict[str, dict[str, float]]:
    """Return the figures of all parts, by what is told of them, and print each as it is there."""
    one, other = (random_lora(folder / f"{name}.gguf", seed) for seed, name in enumerate(("one", "other")))
    engine = open_engine(BASE, WINDOW, (one, other))
    alternating(engine, [(), (one,), (other,)], 6, 0)  # the first calls are slower, whoever speaks
    parts: dict[str, Callable[[], list[float]]] = {
        "first token, one voice, ms": lambda: alternating(engine, [(one,)], runs, 1),
        "first token, another voice each time, ms": lambda: alternating(engine, [(one,), (other,)], runs, 1),
        "first token, two voices and none in turn, ms": lambda: alternating(engine, [(one,), (other,), ()], runs, 1),
        "first token, no voice, ms": lambda: alternating(engine, [()], runs, 1),
        "next turn of a talk, one voice, ms": lambda: talk(engine, [(one,)], runs, 2),
        "next turn of a talk, another voice each time, ms": lambda: talk(engine, [(one,), (other,)], runs, 2),
        "tokens a second, no voice": lambda: speed(engine, (), max(3, runs // 5)),
        "tokens a second, one voice": lambda: speed(engine, (one,), max(3, runs // 5)),
        "base loaded anew with another voice, to its first token, ms": lambda: reload((one, other), max(4, runs // 5)),
    }
    print("| what | p50 | p95 |\n|---|---|---|")
    figures = dict[str, dict[str, float]]()
    for name, part in parts.items():
        figures[name] = figure = spread(part())
        print(f"| {name} | {figure['p50']} | {figure['p95']} |", flush=True)
    return figures


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=30)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")
    options = parser.parse_args()
    if not BASE.exists():
        sys.exit(f"{BASE} is not there: metahuman models pull")
    print(
        f"{platform.platform()}, Python {platform.python_version()}, {os.cpu_count()} cores, {options.runs} runs each\n"
    )
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(Path(folder), options.runs)
    kept, changed = (figures[f"first token, {how}, ms"] for how in ("one voice", "another voice each time"))
    added = {key: round(changed[key] - kept[key], 1) for key in kept}
    print(f"\nadded to the first token by a change of voice: p50 {added['p50']} ms, p95 {added['p95']} ms")
    if options.json:
        options.json.write_text(json.dumps(figures | {"added by a change, ms": added}, indent=2) + "\n")


if __name__ == "__main__":
    main()
