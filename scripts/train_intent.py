"""Trains the adapter with which the embedded model decides where a message goes, and writes it as a GGUF file.

    python scripts/train_intent.py [--epochs 3] [--layers 12] [--out FILE]

It needs the extra `train`, the embedded model (`metahuman models pull`), and half an hour. Where other work goes on
beside it, OMP_NUM_THREADS=1 makes it quicker: threads that wait for each other lose more than they gain. Three things
keep it from taking hours:

- The upper layers alone learn. What the lower ones make of every example is the same in each epoch: computed once.
- The prompt begins alike for all: its keys and values are computed once for a batch, and shared.
- The loss is on the answer, and most of it on the destination: what the grammar forces need not be learned.
"""

from __future__ import annotations

import argparse
import copy
import math
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

sys.path.insert(0, str(Path(__file__).parents[1]))

import torch
from peft import LoraConfig, get_peft_model, get_peft_model_state_dict
from transformers import AutoModelForCausalLM, AutoTokenizer, DynamicCache

from metahuman.models.digests import sha256_of
from metahuman.models.download import models_folder
from metahuman.state.parts import Destination
from metahuman.training.export.llama import Question, Step, ask
from metahuman.training.export.lora_gguf import BASE_SHA256, Heads, Shape, write_lora
from metahuman.training.learning.loading import LINEAR
from scripts.intent_examples import all_examples, held_out
from scripts.intent_rows import Coder, Group, Row, batches, drawn

BASE = "SmolLM2-135M-Instruct.Q4_1.gguf"
OUT = Path(__file__).parents[1] / "etc" / "adapters" / "intent.gguf"
#: In how many prompts of each group torch and llama.cpp are compared.
COMPARED = 6
#: The likeliest next tokens that are compared.
LIKELIEST = 20
#: The part of the steps in which the learning rate climbs.
WARM_UP = 0.06


class Trainer:
    """The base, its adapter, and what is needed to run it in two parts.

    Args:
        path: The base's GGUF file.
        top: How many layers learn, counted from the top.
        rank: The adapter's rank; its alpha is twice that.
    """

    def __init__(self, path: Path, top: int, rank: int) -> None:
        self.coder = Coder(AutoTokenizer.from_pretrained(str(path.parent), gguf_file=path.name))
        model = AutoModelForCausalLM.from_pretrained(str(path.parent), gguf_file=path.name, dtype=torch.float32)
        self.split = model.config.num_hidden_layers - top
        learning = list(range(self.split, model.config.num_hidden_layers))
        config = LoraConfig(r=rank, lora_alpha=2 * rank, target_modules=[*LINEAR], layers_to_transform=learning)
        self.adapted = get_peft_model(model, config)
        self.model, self.alpha = model, 2 * rank
        self.first = {self.coder.tokens(name)[0]: name for name in get_args(Destination)}

    @property
    def shape(self) -> Shape:
        """How the base is built."""
        config = self.model.config
        return Shape("llama", config.num_hidden_layers, Heads(config.num_attention_heads, config.num_key_value_heads))

    def through(self, layers: Sequence[Any], hidden: torch.Tensor, cache: DynamicCache, start: int) -> torch.Tensor:
        """Return what `layers` make of `hidden`, which stands behind the `start` tokens of the cache."""
        length = hidden.shape[1]
        inner = self.model.model
        rotation = inner.rotary_emb(hidden, torch.arange(start, start + length)[None])
        mask = torch.ones(length, start + length, dtype=torch.bool).tril(start)[None, None]
        for layer in layers:
            hidden = layer(hidden, attention_mask=mask, position_embeddings=rotation, past_key_values=cache)
        return hidden

    @torch.no_grad()
    def lower(self, group: Group, batch: int) -> None:
        """Run what does not learn, once and for all."""
        layers, embed = self.model.model.layers[: self.split], self.model.model.embed_tokens
        prefix = DynamicCache()
        group.hidden = self.through(layers, embed(torch.tensor([group.prefix])), prefix, 0)
        for rows in batches(group.rows, batch):
            cache = copy.deepcopy(prefix)
            cache.batch_repeat_interleave(len(rows))
            ids = padded([torch.tensor(row.ids) for row in rows])
            hidden = self.through(layers, embed(ids), cache, len(group.prefix))
            for row, one in zip(rows, hidden, strict=True):
                row.hidden = one[: len(row.ids)].clone()

    def upper(self, group: Group, rows: Sequence[Row]) -> list[torch.Tensor]:
        """Return, for each row, the logits of the tokens of its answer."""
        layers, cache = self.model.model.layers[self.split :], DynamicCache()
        self.through(layers, group.hidden, cache, 0)
        cache.batch_repeat_interleave(len(rows))
        hidden = self.through(layers, padded([row.hidden for row in rows]), cache, len(group.prefix))
        told = [one[len(row.ids) - len(row.targets) : len(row.ids)] for row, one in zip(rows, hidden, strict=True)]
        logits = self.model.lm_head(self.model.model.norm(torch.cat(told)))
        return list(logits.split([len(row.targets) for row in rows]))

    def loss(self, group: Group, rows: Sequence[Row]) -> torch.Tensor:
        """Return the mean loss of some rows."""
        targets = torch.tensor([token for row in rows for token in row.targets])
        weights = torch.tensor([weight for row in rows for weight in row.weights])
        each = torch.nn.functional.cross_entropy(torch.cat(self.upper(group, rows)), targets, reduction="none")
        return (each * weights).sum() / len(rows)

    def decisive(self, row: Row) -> int:
        """Return which of the answer's tokens first names a destination."""
        return next(at for at, token in enumerate(row.targets) if token in self.first)

    @torch.no_grad()
    def decision(self, group: Group, row: Row) -> tuple[list[int], dict[int, float]]:
        """Return the tokens up to the first destination, and how likely each token is to be the next."""
        at = self.decisive(row)
        known = row.ids[: len(row.ids) - len(row.targets) + at + 1]
        likely = self.upper(group, [row])[0][at].softmax(-1)
        return [*group.prefix, *known], dict(enumerate(likely.tolist()))

    @torch.no_grad()
    def accuracy(self, groups: Sequence[Group], batch: int) -> tuple[float, float]:
        """Return how often the first destination is right: of all rows, and as the mean over destinations."""
        right, all_ = Counter[Destination](), Counter[Destination]()
        choices = list(self.first)
        for group in groups:
            for rows in batches(group.rows, batch):
                for row, logits in zip(rows, self.upper(group, rows), strict=True):
                    chosen = self.first[choices[int(logits[self.decisive(row), choices].argmax())]]
                    right[row.label] += chosen == row.label
                    all_[row.label] += 1
        return right.total() / all_.total(), sum(right[one] / all_[one] for one in all_) / len(all_)

    def train(self, groups: Sequence[Group], options: argparse.Namespace) -> Iterator[float]:
        """Train the adapter; yield the mean loss of each epoch."""
        epochs = [drawn(groups, options.most, options.batch) for _ in range(options.epochs)]
        steps = sum(len(epoch) for epoch in epochs)
        learning = [one for one in self.adapted.parameters() if one.requires_grad]
        optimizer = torch.optim.AdamW(learning, lr=options.lr, weight_decay=0.01, betas=(0.9, 0.99))
        schedule = torch.optim.lr_scheduler.LambdaLR(
            optimizer, lambda step: min((step + 1) / (steps * WARM_UP), 1.02 - step / steps)
        )
        started = time.monotonic()
        for epoch in epochs:
            losses = []
            for group, rows in epoch:
                loss = self.loss(group, rows)
                loss.backward()
                torch.nn.utils.clip_grad_norm_(learning, 1.0)
                optimizer.step()
                optimizer.zero_grad()
                schedule.step()
                losses.append(loss.item())
                if (step := schedule.last_epoch) % 20 == 0:
                    print(
                        f"{time.monotonic() - started:6.0f} s  step {step}/{steps}  loss {losses[-1]:.3f}", flush=True
                    )
            yield sum(losses) / len(losses)


def largest_difference(here: Mapping[int, float], there: Step) -> float:
    """Return by how much the probability of any token that llama.cpp names differs at most from torch's."""
    return max(abs(here[token] - math.exp(logarithm)) for token, logarithm in there.likeliest.items())


def padded(rows: Sequence[torch.Tensor]) -> torch.Tensor:
    """Return rows as one tensor; what is added stands behind, where no token looks."""
    return torch.nn.utils.rnn.pad_sequence(list(rows), batch_first=True)


def arguments() -> argparse.Namespace:
    """Return what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", type=Path, default=models_folder() / BASE)
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--layers", type=int, default=12, help="how many layers learn, from the top")
    parser.add_argument("--rank", type=int, default=8)
    parser.add_argument("--lr", type=float, default=1e-3)
    parser.add_argument("--batch", type=int, default=24)
    parser.add_argument("--most", type=int, default=350, help="examples of one destination in an epoch, at most")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--limit", type=int, help="take only so many examples, to try it out")
    return parser.parse_args()


def main() -> None:
    """Train; after each epoch tell how good it is on what it never saw, and write the adapter."""
    options = arguments()
    random.seed(options.seed)
    torch.manual_seed(options.seed)
    examples = all_examples()
    random.shuffle(examples)
    examples = examples[: options.limit]
    trainer = Trainer(options.base, options.layers, options.rank)
    seen = trainer.coder.groups([one for one in examples if not held_out(one)])
    unseen = trainer.coder.groups([one for one in examples if held_out(one)])
    sizes = [len(row.ids) for group in seen for row in group.rows]
    print(f"{len(sizes)} examples of {sum(sizes) / len(sizes):.0f} tokens", flush=True)
    started = time.monotonic()
    for group in (*seen, *unseen):
        trainer.lower(group, options.batch)
    print(f"lower layers: {time.monotonic() - started:.0f} s", flush=True)
    for epoch, loss in enumerate(trainer.train(seen, options), 1):
        right, mean = trainer.accuracy(unseen, options.batch)
        print(f"epoch {epoch}: loss {loss:.3f}; held out: {right:.3f} right, {mean:.3f} by destination", flush=True)
        tensors = {name: one.numpy() for name, one in get_peft_model_state_dict(trainer.adapted).items()}
        size = write_lora(options.out, tensors, trainer.alpha, trainer.shape, {BASE_SHA256: sha256_of(options.base)})
        print(f"{size} bytes in {options.out}", flush=True)
    decisions = [trainer.decision(group, row) for group in unseen for row in group.rows[:COMPARED]]
    prompts, likely = zip(*decisions, strict=True)
    (there,) = ask(Question(str(options.base), str(options.out), prompts, (1.0,), 1, LIKELIEST))
    difference = max(largest_difference(one, steps[0]) for one, steps in zip(likely, there, strict=True))
    print(f"llama.cpp, over {len(prompts)} prompts: no token's probability differs by more than {difference:.3f}")


if __name__ == "__main__":
    main()
