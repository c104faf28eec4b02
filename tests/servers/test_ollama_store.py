"""The scripted Ollama's disk and memory, as the real client finds them."""

from __future__ import annotations

import hashlib
from pathlib import Path

import httpx
import ollama
import pytest

from tests.servers.ollama import OllamaServer

MODEL = "qwen3:30b"


def test_a_blob_is_uploaded_and_a_model_made_with_it(
    server: OllamaServer, client: ollama.Client, tmp_path: Path
) -> None:
    (tmp_path / "lora").write_bytes(b"\xff\x00 any bytes")
    digest = hashlib.sha256(b"\xff\x00 any bytes").hexdigest()
    place = f"{server.url}/api/blobs/sha256:{digest}"
    assert httpx.head(place, verify=False).status_code == 404
    with pytest.raises(ollama.ResponseError, match=r"blob .* not found"):
        client.create("voice", from_=MODEL, adapters={"lora": f"sha256:{digest}"})
    assert client.create_blob(tmp_path / "lora") == f"sha256:{digest}"
    assert httpx.head(place, verify=False).status_code == 200
    assert client.create("voice", from_=MODEL, adapters={"lora": f"sha256:{digest}"}).status == "success"
    assert "voice:latest" in server.models
    server.takes_adapters = False
    with pytest.raises(ollama.ResponseError, match="LoRA adapters are no longer supported"):
        client.create("voice", from_=MODEL, adapters={"lora": f"sha256:{digest}"})


def test_a_blob_that_is_not_what_it_is_called_is_refused(server: OllamaServer) -> None:
    answer = httpx.post(f"{server.url}/api/blobs/sha256:{'0' * 64}", content=b"other", verify=False)
    assert (answer.status_code, answer.json()) == (400, {"error": "digest mismatch"})
    assert server.blobs == {}


def test_an_empty_prompt_loads_and_unloads(server: OllamaServer, client: ollama.Client) -> None:
    assert client.generate(MODEL, options={"num_ctx": 8192}).done_reason == "load"
    [running] = client.ps().models
    assert (running.model, running.context_length) == (MODEL, 8192)
    client.generate(MODEL, options={"num_ctx": 8192})
    client.generate(MODEL, options={"num_ctx": 2048})
    assert server.loads == [MODEL, MODEL]
    assert client.generate(MODEL, keep_alive=0).done_reason == "unload"
    assert client.ps().models == []
    with pytest.raises(ollama.ResponseError, match="not found"):
        client.generate("nobody")


def test_no_more_are_loaded_than_there_is_room_for(client: ollama.Client, server: OllamaServer) -> None:
    server.models += ["one:latest", "two:latest"]
    server.max_loaded = 2
    for name in ("one", "two", "one", MODEL):
        client.generate(name)
    assert [running.model for running in client.ps().models] == ["one:latest", MODEL]


def test_how_a_model_is_built_is_shown(client: ollama.Client, server: OllamaServer) -> None:
    server.built["attention.head_count_kv"] = 8
    info = client.show(MODEL).modelinfo or {}
    keys = ("block_count", "attention.head_count", "attention.head_count_kv", "attention.key_length")
    assert [info[f"qwen3.{key}"] for key in keys] == [48, 32, 8, 128]


def test_a_model_that_runs_elsewhere_says_so(server: OllamaServer) -> None:
    server.remote[MODEL] = "https://ollama.com:443"
    [listed] = httpx.get(f"{server.url}/api/tags", verify=False).json()["models"]
    shown = httpx.post(f"{server.url}/api/show", json={"model": MODEL}, verify=False).json()
    assert listed["remote_host"] == shown["remote_host"] == "https://ollama.com:443"
    assert listed["size"] < 1000


def test_it_can_send_everybody_elsewhere(server: OllamaServer) -> None:
    server.redirect = "http://127.0.0.1:9"
    answer = httpx.get(f"{server.url}/api/tags", verify=False)
    assert (answer.status_code, answer.headers["Location"]) == (307, "http://127.0.0.1:9/api/tags")
