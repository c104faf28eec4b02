"""A base model of random numbers, small enough to be run in moments by torch and by llama.cpp alike."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import gguf
import numpy as np

from metahuman.training.export.lora_gguf import Heads, Shape
from metahuman.training.job import Base

WIDTH, LAYERS, INNER = 64, 2, 96
SHAPE = Shape("llama", LAYERS, Heads(queries=4, keys=2))
TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
SPECIAL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")


def tiny_base(path: Path, seed: int = 0) -> Path:
    """Write a Llama of two layers as a GGUF file, its tokens the bytes and three special ones; return it."""
    writer, tokens = gguf.GGUFWriter(path, "llama"), [*SPECIAL, *_bytes(), "ab"]
    writer.add_block_count(LAYERS)
    writer.add_context_length(2048)
    writer.add_embedding_length(WIDTH)
    writer.add_feed_forward_length(INNER)
    writer.add_head_count(SHAPE.heads.queries)
    writer.add_head_count_kv(SHAPE.heads.keys)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_freq_base(10_000.0)
    writer.add_rope_dimension_count(WIDTH // SHAPE.heads.queries)
    writer.add_vocab_size(len(tokens))
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)
    _tokenizer(writer, tokens)
    for name, tensor in _tensors(np.random.default_rng(seed), len(tokens)).items():
        writer.add_tensor(name, tensor)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def base_of(path: Path, model_id: str = "tiny") -> Base:
    """Return a job's word on a base."""
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return Base(model_id=model_id, model=model_id, path=str(path), sha256=digest, architecture="llama")


def _tokenizer(writer: gguf.GGUFWriter, tokens: list[str]) -> None:
    control = gguf.TokenType.CONTROL
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(tokens)
    writer.add_token_types([control if token in SPECIAL else gguf.TokenType.NORMAL for token in tokens])
    writer.add_token_merges(["a b"])  # without any, transformers takes it for another kind
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_pad_token_id(0)
    writer.add_chat_template(TEMPLATE)


def _tensors(random: np.random.Generator, vocabulary: int) -> dict[str, Any]:
    def drawn(*shape: int) -> Any:
        return random.normal(0, 0.15, shape).astype(np.float32)

    keys = WIDTH // SHAPE.heads.queries * SHAPE.heads.keys
    tensors = {"token_embd.weight": drawn(vocabulary, WIDTH), "output.weight": drawn(vocabulary, WIDTH)}
    tensors["output_norm.weight"] = np.ones(WIDTH, np.float32)
    for block in range(LAYERS):
        shapes = {
            "attn_q": (WIDTH, WIDTH),
            "attn_k": (keys, WIDTH),
            "attn_v": (keys, WIDTH),
            "attn_output": (WIDTH, WIDTH),
            "ffn_gate": (INNER, WIDTH),
            "ffn_up": (INNER, WIDTH),
            "ffn_down": (WIDTH, INNER),
        }
        tensors |= {f"blk.{block}.{part}.weight": drawn(*shape) for part, shape in shapes.items()}
        tensors |= {f"blk.{block}.{part}_norm.weight": np.ones(WIDTH, np.float32) for part in ("attn", "ffn")}
    return tensors


def _bytes() -> list[str]:
    """Return the characters that stand for the 256 bytes, as GPT-2 has them (`bytes_to_unicode` in its encoder.py)."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = iter(range(256, 512))
    return [chr(byte) if byte in plain else chr(next(others)) for byte in range(256)]
