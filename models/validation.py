"""What can be wrong with a registry whose types are right, each told with its key and what to do."""

from __future__ import annotations

from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from metahuman.models.locality import leaves_for
from metahuman.models.schema import REQUIRED_ROLES, RegistryFile
from metahuman.state.errors import SettingError

if TYPE_CHECKING:
    from metahuman.models.registry import Registry
    from metahuman.models.resolved import ResolvedModel

#: The kinds of provider that are reached at an address, and all there are.
SERVERS = ("ollama", "openai")
KINDS = (*SERVERS, "local")


def structure_errors(registry: Registry) -> Iterator[SettingError]:
    """Yield what makes a registry unusable: names that lead nowhere, cycles, required roles without a model."""
    file, path = registry.file, registry.path
    known = ", ".join(file.models) or "none"
    for key, model_id in _references(file):
        if model_id not in file.models:
            yield SettingError(path, key, f"no model {model_id!r}", f"name one of `models`: {known}")
    for role in REQUIRED_ROLES:
        if not file.defaults.get(role) and not file.role_hierarchy.get(role):
            yield SettingError(path, f"defaults.{role}", "missing", f"name one of `models`: {known}")
    if cycle := _cycle(file):
        remedy = f"take one of the role names out: {' → '.join(cycle)}"
        yield SettingError(path, f"roleHierarchy.{cycle[0]}", "leads back to itself", remedy)
    for provider in {*SERVERS, *file.providers}:
        address = registry.settings(provider).base_url
        address = "http://default" if address is None else address
        if registry.kind(provider) in SERVERS and not _is_address(address):
            key = f"providers.{provider}.baseUrl"
            yield SettingError(path, key, f"{address!r} is no address", "write it as http://host:port")


def file_errors(registry: Registry) -> Iterator[SettingError]:
    """Yield what keeps single models from answering: unknown providers, adapters not there, servers too far away."""
    file, path = registry.file, registry.path
    for model_id in _reachable(file):
        entry, key = file.models[model_id], f"models.{model_id}"
        kind = registry.kind(entry.provider)
        if kind not in KINDS:
            remedy = f"use one of {', '.join(KINDS)}, or say with providers.{entry.provider}.type which of them it is"
            yield SettingError(path, f"{key}.provider", f"unknown provider {entry.provider!r}", remedy)
        for index, adapter in enumerate(registry.paths(entry.adapters)):
            if kind != "openai" and not is_there(adapter):  # such a server has them on its own disk
                problem = f"no file {adapter}"
                yield SettingError(path, f"{key}.adapters.{index}", problem, "train it, or take the entry out")
    for role in registry.list_available_roles():
        yield from _too_far(registry, role)


def _too_far(registry: Registry, role: str) -> Iterator[SettingError]:
    """Yield the models that may not be asked for a role, because they would take its prompts elsewhere."""
    if registry.policy(role).locality == "any":
        return
    modes = (None, *registry.file.cognitive_mode_mappings)
    asked = {model.model_id: model for mode in modes for model in _asked(registry, role, mode)}
    for model in asked.values():
        if model.kind in KINDS and (place := leaves_for(model)):
            key, problem = f"rolePolicies.{role}.locality", f"is local, and {model.model_id} would leave for {place}"
            yield SettingError(registry.path, key, problem, 'set it to "any" to allow that, or name another model')


def _asked(registry: Registry, role: str, mode: str | None) -> list[ResolvedModel]:
    """Return the models of a role; none where names lead nowhere, which `structure_errors` tells."""
    try:
        return registry.candidates(role, mode)
    except SettingError:
        return []


def _cycle(file: RegistryFile) -> list[str]:
    """Return a chain of roles that ends where it began; empty if every hierarchy ends in models."""
    roles = {role: [name for name in names if name not in file.models] for role, names in file.role_hierarchy.items()}
    try:
        TopologicalSorter(roles).prepare()
    except CycleError as error:
        return list(reversed(error.args[1]))  # it is told from what is named to who names it
    return []


def _references(file: RegistryFile) -> Iterator[tuple[str, str]]:
    """Yield every place that must name a model, as key and model id."""
    roles = {*file.role_hierarchy, *file.defaults}
    yield from ((f"defaults.{role}", model_id) for role, model_id in file.defaults.items())
    for role, names in file.role_hierarchy.items():
        yield from ((f"roleHierarchy.{role}.{i}", name) for i, name in enumerate(names) if name not in roles)
    for mode, mapping in file.cognitive_mode_mappings.items():
        yield from ((f"cognitiveModeMappings.{mode}.{role}", name) for role, name in mapping.items() if name)


def _reachable(file: RegistryFile) -> list[str]:
    """Return the ids of models that some role may ask."""
    return list(dict.fromkeys(model_id for _, model_id in _references(file) if model_id in file.models))


def is_there(file: Path) -> bool:
    """Tell whether there is a file, or a folder."""
    try:
        return file.exists()
    except OSError:  # it may not be looked for, or no file can have such a name
        return False


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
