"""Rows as tokens: the templates, what is cut, what counts how much, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="the extra `train` is not installed: `make setup-train`")
pytest.importorskip("transformers")

from metahuman.state.errors import SettingError, StoreError
from metahuman.training.job import TrainingSettings
from metahuman.training.learning.batching import batches, epochs
from metahuman.training.learning.rows import Row, evened, rows_of, verify
from metahuman.training.learning.templates import Template
from metahuman.training.telling import hush
from tests.tiny_base import tiny_base
from tests.voice_runs import a_base, a_job, pairs, write_rows

pytestmark = pytest.mark.slow
SETTINGS = TrainingSettings()
GOOD = '{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}], "metadata": {}}'


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Any:
    hush()
    from transformers import AutoTokenizer

    path = tiny_base(tmp_path_factory.mktemp("base") / "tiny.gguf")
    return AutoTokenizer.from_pretrained(str(path.parent), gguf_file=path.name)


def test_a_row_is_written_by_the_bases_own_template(tmp_path: Path, tokenizer: Any) -> None:
    write_rows(tmp_path / "rows.jsonl", pairs(1))
    [row] = rows_of(tmp_path / "rows.jsonl", tokenizer, SETTINGS)
    assert tokenizer.decode(row.prompt) == "<|im_start|>user\nWhat of number 0?<|im_end|>\n<|im_start|>assistant\n"
    assert tokenizer.decode(row.answer) == "Bread is best warm, my dear.<|im_end|>"
    assert (row.weight, row.talk, row.cut) == (1.0, "talk-0", False)


def test_a_base_without_a_template_gets_the_instruct_form(tokenizer: Any) -> None:
    before, tokenizer.chat_template = tokenizer.chat_template, None
    try:
        template = Template(tokenizer)
        said = template.prompt([{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hello?"}])
        answer = template.answer(" Hello. ")
    finally:
        tokenizer.chat_template = before
    assert template.name == "instruct"
    assert tokenizer.decode(said).endswith("Be kind.\n\n### Instruction:\nHello?\n\n### Response:\n")
    assert tokenizer.decode(answer) == f"Hello.{tokenizer.eos_token}"


def test_a_long_row_keeps_the_end_of_what_was_said_and_the_beginning_of_the_answer(
    tmp_path: Path, tokenizer: Any
) -> None:
    long = {
        "messages": [{"role": "user", "content": "u" * 500 + "!"}, {"role": "assistant", "content": "A" + "b" * 500}]
    }
    write_rows(tmp_path / "rows.jsonl", [long])
    [row] = rows_of(tmp_path / "rows.jsonl", tokenizer, SETTINGS.model_copy(update={"max_tokens": 64}))
    assert (row.length, row.cut) == (64, True)
    assert "!<|im_end|>" in tokenizer.decode(row.prompt)
    assert tokenizer.decode(row.answer).startswith("Abb")
    assert tokenizer.eos_token_id not in row.answer


def test_what_is_old_counts_less_but_never_nothing(tmp_path: Path, tokenizer: Any) -> None:
    several = pairs(3)
    for row, weight in zip(several, (2.0, 1.0, 1e-9), strict=True):
        row["metadata"]["weight"] = weight
    write_rows(tmp_path / "rows.jsonl", several)
    rows = rows_of(tmp_path / "rows.jsonl", tokenizer, SETTINGS)
    assert [row.weight for row in rows] == [1.0, 0.5, SETTINGS.least_weight]
    counts = evened(rows)
    assert sum(counts.values()) == pytest.approx(3)
    assert counts[rows[0]] == pytest.approx(2 * counts[rows[1]])


@pytest.mark.parametrize(
    "line",
    [
        "{",
        "[]",
        "7",
        '{"messages": []}',
        '{"messages": [{"role": "user", "content": "a"}, {"role": "user", "content": "b"}]}',
        '{"messages": [{"role": "robot", "content": "a"}, {"role": "assistant", "content": "b"}]}',
        '{"messages": [{"role": "user", "content": 1}, {"role": "assistant", "content": "b"}]}',
        GOOD.replace("{}", "[1]"),
        GOOD.replace("{}", '{"weight": NaN}'),
        GOOD.replace("{}", '{"weight": -1}'),
        GOOD.replace("{}", '{"weight": "x"}'),
        "\xff",
    ],
)
def test_a_line_that_is_no_row_is_named(tmp_path: Path, tokenizer: Any, line: str) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b"\n" + line.encode("latin-1") + b"\n")
    with pytest.raises(SettingError, match="line 2: it is no row"):
        rows_of(path, tokenizer, SETTINGS)


def test_a_template_that_refuses_a_conversation_is_told(tmp_path: Path, tokenizer: Any) -> None:
    before = tokenizer.chat_template
    tokenizer.chat_template = (
        before + "{% if messages[0]['content'] == 'no' %}{{ raise_exception('never') }}{% endif %}"
    )
    rows = pairs(1)
    rows[0]["messages"][0]["content"] = "no"
    write_rows(tmp_path / "rows.jsonl", rows)
    try:
        with pytest.raises(SettingError, match="line 1: the base's chat template refuses it: never"):
            rows_of(tmp_path / "rows.jsonl", tokenizer, SETTINGS)
    finally:
        tokenizer.chat_template = before


def test_a_dataset_that_was_changed_is_refused(tmp_path: Path) -> None:
    job = a_job(tmp_path / "run", a_base())
    verify(job.dataset, tmp_path / "run")
    path = Path(job.dataset.folder) / "train.jsonl"
    write_rows(path, pairs(23))
    with pytest.raises(StoreError, match=r"it is not what this run was begun with.*metahuman dataset build"):
        verify(job.dataset, tmp_path / "run")
    path.unlink()
    with pytest.raises(StoreError, match=r"No such file.*metahuman dataset build"):
        verify(job.dataset, tmp_path / "run")


def some_rows(*lengths: int) -> list[Row]:
    return [Row([1] * (length - 1), [2]) for length in lengths]


def test_batches_hold_so_many_tokens_padding_counted() -> None:
    rows = some_rows(*range(5, 80), 400)
    found = batches(rows, 256)
    assert sorted(row.length for batch in found for row in batch) == sorted(row.length for row in rows)
    assert [len(batch) for batch in found if batch[0].length == 400] == [1]
    assert all(max(row.length for row in batch) * len(batch) <= 256 for batch in found if len(batch) > 1)


def test_epochs_are_drawn_by_the_seed() -> None:
    rows = some_rows(*[length for length in range(5, 60) for _ in range(3)])
    first, again, other = (epochs(rows, 256, 3, seed) for seed in (1, 1, 2))
    assert first == again
    assert first != other
    assert first[0] != first[1]
    assert all(sum(map(len, epoch)) == len(rows) for epoch in first)
