"""After which prompts torch and llama.cpp are held against each other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from metahuman.training.export.agreement import PROMPTS
from metahuman.training.job import Job

#: Tokens of a prompt, of which the end counts: enough to tell, and soon read.
MOST = 192


def prompts_of(folder: Path, job: Job, tokenizer: Any) -> list[list[int]]:
    """Return twenty prompts in tokens: half are what the persona was asked and never learned from, half are neutral.

    Args:
        folder: The run's folder.
        job: Its job.
        tokenizer: The base's.

    Raises:
        SettingError: If the dataset's held-out rows are broken.
    """
    from metahuman.training.learning.retention import NEUTRAL
    from metahuman.training.learning.rows import HELD_OUT, rows_of

    held_out = rows_of(folder / job.dataset.folder / HELD_OUT, tokenizer, job.settings)[: PROMPTS // 2]
    neutral = rows_of(NEUTRAL, tokenizer, job.settings)[: PROMPTS - len(held_out)]
    return [row.prompt[-MOST:] for row in (*held_out, *neutral)]
