"""Writes voices into the home's model registry. What would not load is never written; other keys stay as they are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from metahuman.home import Home
from metahuman.models.providers.local import model_file
from metahuman.models.registry import Registry
from metahuman.models.resolved import ResolvedModel
from metahuman.models.validation import is_there
from metahuman.state.errors import BadChoice
from metahuman.state.files import read_json, update_json
from metahuman.training.job import PEFT, Base
from metahuman.voice.runs import Run

MODEL_ID, ROLE = "persona.with-lora", "persona"
ROLES = [ROLE, "conversation"]


def register(
    home: Home, run: Run, *, model_id: str = MODEL_ID, score: float | None = None, report: Path | None = None
) -> Path:
    """Write a voice into the registry, as an entry that a role or a mode can name. Nobody speaks with it by that alone.

    The entry has its base's provider and options, and the run's GGUF file: for vLLM, the folder that PEFT wrote.

    Args:
        home: The home; one without a registry of its own gets a copy of the shipped one.
        run: The voice's run.
        model_id: What the entry is called; one that is there is replaced.
        score: How much of the way to the owner's own voice it goes, as `metahuman persona eval` measured it.
        report: Where that is written.

    Returns:
        The registry's file.

    Raises:
        BadChoice: If the run has no adapter, or its base no entry in the registry any more.
        SettingError: If the registry is broken, or would be; it then stays as it is.
        StoreError: If it cannot be read or written.
    """
    if not run.finished or not run.gguf.is_file():
        raise BadChoice(f"run {run.name} has no adapter; `metahuman train --resume {run.name}` makes one")
    with _edited(home) as (content, registry):
        base = _base(registry, run.job.base)
        entry = _entry(home, run, base) | {"metadata": _metadata(home, run, score, report)}
        entry["options"] = content["models"][run.job.base.model_id].get("options", {})
        content["models"][model_id] = entry
    return _path(home)


def note_score(home: Home, run: Run, score: float | None, report: Path) -> list[str]:
    """Write a new score to every entry that speaks with a run's voice, and return their ids.

    Args:
        home: The home.
        run: The run.
        score: The score; None where there was too little to tell.
        report: Where it is written.

    Raises:
        SettingError: If the registry is broken.
        StoreError: If it cannot be read or written.
    """
    if not _path(home).exists():
        return []
    with _edited(home) as (content, registry):
        entries = registry.file.models.items()
        ids = [one for one, entry in entries if run.folder in {path.parent for path in registry.paths(entry.adapters)}]
        for one in ids:
            content["models"][one].setdefault("metadata", {}).update(_metadata(home, run, score, report))
    return ids


def unregister(home: Home, model_id: str = MODEL_ID) -> None:
    """Take a voice's entry out of the registry, and out of the modes, defaults and hierarchies that name it.

    Raises:
        BadChoice: If the registry has no such entry.
        SettingError: If the registry is broken, or would be without it; it then stays as it is.
        StoreError: If it cannot be read or written.
    """
    with _edited(home) as (content, _):
        if model_id not in content.get("models", {}):
            raise BadChoice(f"{_path(home)} has no model {model_id}")
        del content["models"][model_id]
        mappings = content.get("cognitiveModeMappings", {})
        for section in (content.get("defaults", {}), *mappings.values()):
            for role in [role for role, named in section.items() if named == model_id]:
                del section[role]
        for role, names in content.get("roleHierarchy", {}).items():
            content["roleHierarchy"][role] = [name for name in names if name != model_id]


def set_voice(
    home: Home, model_id: str | None, modes: Sequence[str] = ("emulation",), *, default: bool = False
) -> None:
    """Have an entry of the registry speak for the persona.

    Args:
        home: The home.
        model_id: The entry; None has whoever speaks by default speak in these modes.
        modes: In which cognitive modes.
        default: Whether it is to be the default as well.

    Raises:
        BadChoice: If there would be no default.
        SettingError: If the registry has no such entry, or is broken; it then stays as it is.
        StoreError: If it cannot be read or written.
    """
    if default and model_id is None:
        raise BadChoice("somebody has to speak by default: name a model of the registry")
    with _edited(home) as (content, _):
        for mode in modes:
            mapping = content.setdefault("cognitiveModeMappings", {}).setdefault(mode, {})
            if model_id is None:
                mapping.pop(ROLE, None)
            else:
                mapping[ROLE] = model_id
        if default:
            content.setdefault("defaults", {})[ROLE] = model_id


@contextmanager
def _edited(home: Home) -> Iterator[tuple[dict[str, Any], Registry]]:
    """Hand out the registry's content to be changed, and the registry as it is; what would not load is not written."""
    path = _path(home)
    with update_json(path) as content:
        if not content:
            content.update(read_json(home.setting(path.name)))
        yield content, Registry.checked(content, path, home.root)
        Registry.checked(content, path, home.root)


def _path(home: Home) -> Path:
    return home.root / "etc" / "models.json"


def _base(registry: Registry, base: Base) -> ResolvedModel:
    if base.model_id not in registry.file.models:
        known = ", ".join(registry.file.models)
        raise BadChoice(
            f"{registry.path} has no model {base.model_id} any more, which the voice was trained on: {known}"
        )
    found = registry.resolve_model(ROLE, overrides={"modelId": base.model_id})
    assert found is not None  # noqa: S101 - one that is chosen by name is never switched off
    return found


def _entry(home: Home, run: Run, base: ResolvedModel) -> dict[str, Any]:
    adapter = run.gguf
    if base.kind == "openai" and base.settings.server == "vllm":
        adapter = run.folder / PEFT
    model = _served(run, base) if base.kind == "local" else base.model
    return {
        "provider": base.provider,
        "model": model,
        "adapters": [adapter.relative_to(home.root).as_posix()],
        "baseModel": base.model,
        "roles": ROLES,
        "description": f"The persona's own voice, learned from its memories on {run.job.created_at[:10]}.",
    }


def _served(run: Run, base: ResolvedModel) -> str:
    """Return the model that the voice is run on here: the registry's, or the file that was trained on instead of it."""
    trained, own = Path(run.job.base.path), model_file(base)
    same = is_there(own) and is_there(trained) and own.samefile(trained)
    return str(trained) if trained.is_file() and not same and is_there(own) else base.model


def _metadata(home: Home, run: Run, score: float | None, report: Path | None) -> dict[str, Any]:
    base = run.job.base
    told = {"run": run.name, "dataset": run.job.dataset.name, "trainedOn": base.model, "evalScore": score}
    told["evalReport"] = report.relative_to(home.root).as_posix() if report else None
    # What llama.cpp loads is a GGUF file: the digest of a folder of safetensors says nothing of it.
    return told | ({"baseSha256": base.sha256} if base.path.endswith(".gguf") else {})
