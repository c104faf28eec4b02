"""Reads `etc/models.json` and says which models answer for a role, in which order."""

from __future__ import annotations

import os
import re
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import ValidationError

from metahuman.models.schema import (
    REQUIRED_ROLES,
    ModelEntry,
    ModelOptions,
    ProviderSettings,
    RegistryFile,
    first_problem,
)
from metahuman.state.errors import BadRequest, SettingError
from metahuman.state.files import read_json

SERVERS = ("ollama", "openai")
SUPPORTED_PROVIDERS = (*SERVERS, "local")
_ENVIRONMENT = re.compile(r"\$\{(\w+)\}")


@dataclass(frozen=True)
class ResolvedModel:
    """A model of the registry, ready to be asked.

    Args:
        model_id: Its key in the registry.
        provider: Who runs it.
        model: The provider's name for it.
        adapters: LoRA files it speaks with.
        options: How it is run.
        settings: How its provider is reached.
        roles: The roles it is listed for; in any other it only stands in.
        siblings: All adapters that the registry names for this base, so that one loaded base can serve them all.
    """

    model_id: str
    provider: str
    model: str
    adapters: tuple[Path, ...]
    options: ModelOptions
    settings: ProviderSettings
    roles: tuple[str, ...]
    siblings: tuple[Path, ...]

    @property
    def connection(self) -> tuple[Hashable, ...]:
        """Whatever makes two models need clients of their own; options travel with each call."""
        settings = self.settings
        address = (settings.base_url, settings.api_key, settings.timeout, settings.connect_timeout)
        return self.provider, self.model, self.options.context_window, self.adapters, self.siblings, address

    def with_options(self, changes: Mapping[str, Any]) -> ResolvedModel:
        """Return this model with some options changed for one call, named as in the registry or in snake_case.

        Raises:
            BadRequest: If there is no such option, or it cannot have that value.
        """
        try:
            changed = ModelOptions.model_validate(changes)
        except ValidationError as error:
            key, problem = first_problem(error)
            raise BadRequest(f"option {key}: {problem}") from None
        if changed.model_extra:
            raise BadRequest(
                f"no option {', '.join(changed.model_extra)}; there are {', '.join(ModelOptions.model_fields)}"
            )
        return replace(self, options=self.options.model_copy(update=changed.model_dump(exclude_unset=True)))


class Registry:
    """The models of one `models.json`.

    Args:
        file: The validated content.
        path: Where it was read, for messages.
        root: The folder that relative adapter paths start from: the home.
    """

    def __init__(self, file: RegistryFile, path: Path, root: Path) -> None:
        self.file, self.path, self._root = file, path, root

    @classmethod
    def load(cls, path: Path, root: Path) -> Registry:
        """Read and check the registry.

        Raises:
            SettingError: Naming the first key at fault, and how many more there are.
            StoreError: If the file cannot be read.
        """
        registry = cls.parse(read_json(path), path, root)
        for error in registry.structure_errors():
            raise error
        return registry

    @classmethod
    def parse(cls, value: Mapping[str, Any], path: Path, root: Path) -> Registry:
        """Check only the types; `structure_errors` and `file_errors` tell the rest.

        Raises:
            SettingError: Naming the first key of a wrong type, and how many more there are.
        """
        try:
            return cls(RegistryFile.model_validate(value), path, root)
        except ValidationError as error:
            key, problem = first_problem(error)
            more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
            remedy = "correct the value; `metahuman models schema` prints what is allowed"
            raise SettingError(path, key, problem + more, remedy) from None

    @property
    def version(self) -> str:
        """What the status shows as the registry's version."""
        return self.file.version

    def list_available_roles(self) -> list[str]:
        """Return every role that has a model, in the file's order."""
        return list(dict.fromkeys([*self.file.defaults, *self.file.role_hierarchy]))

    def resolve_model(
        self, role: str, mode: str | None = None, overrides: Mapping[str, Any] | None = None
    ) -> ResolvedModel | None:
        """Return the first model of a role.

        Args:
            role: A role of the registry; one that is not there is answered for by `fallback`.
            mode: A cognitive mode, whose mapping goes before the defaults.
            overrides: Instead of the registry's word: `modelId` to take another entry, or any fields of an entry.

        Returns:
            The model, or None if the mode switches the role off.

        Raises:
            SettingError: If the role has no model or an override is not valid.
        """
        return next(iter(self.candidates(role, mode, overrides)), None)

    def candidates(
        self,
        role: str,
        mode: str | None = None,
        overrides: Mapping[str, Any] | None = None,
        *,
        listed_only: bool = False,
    ) -> list[ResolvedModel]:
        """Return the models of a role in the order they are asked; empty if the mode switches the role off.

        Args and errors as for `resolve_model`; overridden fields hold for the first model only. With `listed_only`,
        none that merely stands in: a model that lists roles must list this one, unless it was chosen by name.
        """
        changes = dict(overrides or {})
        chosen = changes.pop("modelId", None) or changes.pop("model_id", None)
        mapping = self.file.cognitive_mode_mappings.get(mode or "", {})
        if not chosen and role in mapping and mapping[role] is None:
            return []
        first = chosen or mapping.get(role) or self.file.defaults.get(role)
        model_ids = list(dict.fromkeys([*([first] if first else []), *self._expand(role, set())]))
        if not model_ids:
            if role != "fallback":
                return self.candidates("fallback", mode, overrides)
            raise SettingError(self.path, f"defaults.{role}", "missing", "name a model id of `models` for it")
        head, *tail = model_ids
        models = [self._resolve(head, changes), *(self._resolve(model_id, {}) for model_id in tail)]
        if not listed_only:
            return models
        return [model for model in models if role in (model.roles or [role]) or model.model_id == chosen]

    def validate_registry(self) -> tuple[bool, list[str]]:
        """Return whether all is well, and a line for each thing that is not: file, key, problem, remedy."""
        errors = [str(error) for error in (*self.structure_errors(), *self.file_errors())]
        return not errors, errors

    def structure_errors(self) -> Iterator[SettingError]:
        """Yield what makes the registry unusable: names that lead nowhere, cycles, required roles without a model."""
        known = ", ".join(self.file.models) or "none"
        for key, model_id in self._references():
            if model_id not in self.file.models:
                yield SettingError(self.path, key, f"no model {model_id!r}", f"name one of `models`: {known}")
        for role in REQUIRED_ROLES:
            if not self.file.defaults.get(role) and not self.file.role_hierarchy.get(role):
                yield SettingError(self.path, f"defaults.{role}", "missing", f"name one of `models`: {known}")
        for named in filter(self._is_cyclic, self.file.role_hierarchy):
            yield SettingError(
                self.path, f"roleHierarchy.{named}", "leads back to itself", "take one of the role names out"
            )
        for provider in SERVERS:
            if not _is_address(address := self.settings(provider).base_url or "http://default"):
                key = f"providers.{provider}.baseUrl"
                yield SettingError(self.path, key, f"{address!r} is no address", "write it as http://host:port")

    def file_errors(self) -> Iterator[SettingError]:
        """Yield what keeps single models from answering: providers unknown here, adapters that are not there."""
        for model_id in self._reachable():
            entry, key = self.file.models[model_id], f"models.{model_id}"
            if entry.provider not in SUPPORTED_PROVIDERS:
                remedy = f"use one of {', '.join(SUPPORTED_PROVIDERS)}"
                yield SettingError(self.path, f"{key}.provider", f"unknown provider {entry.provider!r}", remedy)
            for index, adapter in enumerate(self._paths(entry.adapters)):
                if not adapter.exists():
                    problem = f"no file {adapter}"
                    yield SettingError(self.path, f"{key}.adapters.{index}", problem, "train it, or take the entry out")

    def settings(self, provider: str) -> ProviderSettings:
        """Return how `provider` is reached, with `${NAME}` filled in from the environment."""
        settings = self.file.providers.get(provider, ProviderSettings())
        key = settings.api_key and _ENVIRONMENT.sub(lambda name: os.environ.get(name[1], ""), settings.api_key)
        return settings.model_copy(update={"api_key": key or None})

    def _resolve(self, model_id: str, changes: Mapping[str, Any]) -> ResolvedModel:
        entry = self._entry(model_id, changes)
        siblings = (
            adapter
            for other in self.file.models.values()
            if (other.provider, other.model) == (entry.provider, entry.model)
            for adapter in self._paths(other.adapters)
        )
        adapters = self._paths(entry.adapters)
        return ResolvedModel(
            model_id=model_id,
            provider=entry.provider,
            model=entry.model,
            adapters=adapters,
            options=entry.options,
            settings=self.settings(entry.provider),
            roles=tuple(entry.roles),
            siblings=tuple(dict.fromkeys([*siblings, *adapters])),
        )

    def _entry(self, model_id: str, changes: Mapping[str, Any]) -> ModelEntry:
        entry = self.file.models.get(model_id)
        if entry is None:
            raise SettingError(self.path, f"models.{model_id}", "no such model", f"use {', '.join(self.file.models)}")
        if not changes:
            return entry
        options = entry.options.model_dump(exclude_unset=True, by_alias=True) | dict(changes.get("options", {}))
        try:
            return ModelEntry.model_validate({**entry.model_dump(by_alias=True), **changes, "options": options})
        except ValidationError as error:
            key, problem = first_problem(error)
            raise SettingError(self.path, f"overrides.{key}", problem, "correct the override") from None

    def _paths(self, adapters: list[str]) -> tuple[Path, ...]:
        return tuple(self._root / Path(adapter).expanduser() for adapter in adapters)

    def _expand(self, role: str, seen: set[str]) -> Iterator[str]:
        """Yield the hierarchy's model ids; an entry that names another role stands for that role's own list."""
        seen.add(role)
        for name in self.file.role_hierarchy.get(role, []):
            if name in self.file.models:
                yield name
            elif name not in seen:
                if default := self.file.defaults.get(name):
                    yield default
                yield from self._expand(name, seen)

    def _is_cyclic(self, role: str, above: tuple[str, ...] = ()) -> bool:
        if role in above:
            return True
        names = (name for name in self.file.role_hierarchy.get(role, []) if name not in self.file.models)
        return any(self._is_cyclic(name, (*above, role)) for name in names)

    def _references(self) -> Iterator[tuple[str, str]]:
        """Yield every place that must name a model, as key and model id."""
        file, roles = self.file, {*self.file.role_hierarchy, *self.file.defaults}
        yield from ((f"defaults.{role}", model_id) for role, model_id in file.defaults.items())
        for role, names in file.role_hierarchy.items():
            yield from ((f"roleHierarchy.{role}.{i}", name) for i, name in enumerate(names) if name not in roles)
        for mode, mapping in file.cognitive_mode_mappings.items():
            yield from ((f"cognitiveModeMappings.{mode}.{role}", name) for role, name in mapping.items() if name)

    def _reachable(self) -> list[str]:
        """Return the ids of models that some role may ask."""
        models = self.file.models
        return list(dict.fromkeys(model_id for _, model_id in self._references() if model_id in models))


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
