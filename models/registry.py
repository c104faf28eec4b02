"""Reads `etc/models.json` and says which models answer for a role, in which order."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from metahuman.models import validation
from metahuman.models.resolved import ResolvedModel
from metahuman.models.schema import (
    NO_STAND_INS,
    PRIVATE_ROLES,
    ModelEntry,
    ProviderSettings,
    RegistryFile,
    RolePolicy,
    first_problem,
)
from metahuman.state.errors import SettingError
from metahuman.state.files import read_json
from metahuman.state.shipped import SHIPPED

_ENVIRONMENT = re.compile(r"\$\{(\w+)\}")


class Registry:
    """The models of one `models.json`.

    Args:
        file: The validated content.
        path: Where it was read, for messages.
        root: The folder that relative adapter paths start from: the home.
    """

    def __init__(self, file: RegistryFile, path: Path, root: Path) -> None:
        self.file, self.path, self._root = file, path, root
        # A registry does not change once it is read, and every model call asks the same few questions of it.
        self._asked: dict[tuple[str, str | None, bool], list[ResolvedModel]] = {}

    @classmethod
    def load(cls, path: Path, root: Path) -> Registry:
        """Read and check the registry.

        Raises:
            SettingError: Naming the first key at fault, and how many more there are.
            StoreError: If the file cannot be read.
        """
        return cls.checked(read_json(path), path, root)

    @classmethod
    def checked(cls, value: Mapping[str, Any], path: Path, root: Path) -> Registry:
        """Check what was read from `path`; errors as for `load`."""
        registry = cls.parse(value, path, root)
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

    def asked(self, mode: str | None) -> dict[str, list[ResolvedModel]]:
        """Return whom each role may ask, in order, as a turn asks: a model that only stands in decides no route."""
        roles = self.list_available_roles()
        return {role: self.candidates(role, mode, listed_only=role in NO_STAND_INS) for role in roles}

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
        if overrides:
            return self._candidates(role, mode, overrides, listed_only)
        key = role, mode, listed_only
        if key not in self._asked:
            self._asked[key] = self._candidates(role, mode, {}, listed_only)
        return list(self._asked[key])

    def validate_registry(self) -> tuple[bool, list[str]]:
        """Return whether all is well, and a line for each thing that is not: file, key, problem, remedy."""
        errors = [str(error) for error in (*self.structure_errors(), *self.file_errors())]
        return not errors, errors

    def structure_errors(self) -> Iterator[SettingError]:
        """Yield what makes the registry unusable; see `validation`."""
        return validation.structure_errors(self)

    def file_errors(self) -> Iterator[SettingError]:
        """Yield what keeps single models from answering; see `validation`."""
        return validation.file_errors(self)

    def policy(self, role: str) -> RolePolicy:
        """Return what holds for `role`; where the file does not say, private roles stay on the machine."""
        policy = self.file.role_policies.get(role, RolePolicy())
        where = policy.locality or ("local" if role in PRIVATE_ROLES else "any")
        return policy.model_copy(update={"locality": where})

    def kind(self, provider: str) -> str:
        """Return what sort of provider `provider` is: ollama, openai, local, or a word this program does not know."""
        return self.settings(provider).type or provider

    def settings(self, provider: str) -> ProviderSettings:
        """Return how `provider` is reached, with `${NAME}` filled in from the environment."""
        settings = self.file.providers.get(provider, ProviderSettings())
        key = settings.api_key and _ENVIRONMENT.sub(lambda name: os.environ.get(name[1], ""), settings.api_key)
        return settings.model_copy(update={"api_key": key or None})

    def _candidates(
        self, role: str, mode: str | None, overrides: Mapping[str, Any], listed_only: bool
    ) -> list[ResolvedModel]:
        changes = dict(overrides)
        chosen = changes.pop("modelId", None) or changes.pop("model_id", None)
        mapping = self.file.cognitive_mode_mappings.get(mode or "", {})
        if not chosen and role in mapping and mapping[role] is None:
            return []
        first = chosen or mapping.get(role) or self.file.defaults.get(role)
        model_ids = list(dict.fromkeys([*([first] if first else []), *self._expand(role)]))
        if not model_ids:
            if role != "fallback":
                return self.candidates("fallback", mode, overrides)
            raise SettingError(self.path, f"defaults.{role}", "missing", "name a model id of `models` for it")
        head, *tail = model_ids
        models = [self._resolve(head, changes), *(self._resolve(model_id, {}) for model_id in tail)]
        if not listed_only:
            return models
        return [model for model in models if role in (model.roles or [role]) or model.model_id == chosen]

    def _resolve(self, model_id: str, changes: Mapping[str, Any]) -> ResolvedModel:
        entry = self._entry(model_id, changes)
        settings, adapters = self.settings(entry.provider), self.paths(entry.adapters)
        sharing = [other for other in self.file.models.values() if _base(other) == _base(entry)]
        siblings = (adapter for other in sharing for adapter in self.paths(other.adapters))
        windows = [one.options.context_window for one in (entry, *sharing) if one.options.context_window]
        return ResolvedModel(
            model_id=model_id,
            provider=entry.provider,
            kind=self.kind(entry.provider),
            model=entry.model,
            adapters=adapters,
            options=entry.options,
            settings=settings,
            price=entry.price or settings.price,
            roles=tuple(entry.roles),
            siblings=tuple(dict.fromkeys([*siblings, *adapters])),
            window=max(windows, default=None),
            always_loaded=any(one.always_loaded for one in (entry, *sharing)),
            base_sha256=entry.base_sha256,
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

    def paths(self, adapters: list[str]) -> tuple[Path, ...]:
        """Return the places of adapters: relative ones are in the home; what its `etc` lacks, in the shipped one."""
        return tuple(self._place(Path(adapter)) for adapter in adapters)

    def _place(self, adapter: Path) -> Path:
        own = self._root / _expanded(adapter)
        if adapter.parts[:1] != (SHIPPED.name,) or validation.is_there(own):
            return own
        shipped = SHIPPED.parent / adapter
        return shipped if validation.is_there(shipped) else own

    def _expand(self, role: str) -> Iterator[str]:
        """Yield the hierarchy's model ids; an entry that names another role stands for that role's own list."""
        hierarchy, seen = self.file.role_hierarchy, {role}
        lists = [iter(hierarchy.get(role, []))]
        while lists:
            name = next(lists[-1], None)
            if name is None:
                lists.pop()
            elif name in self.file.models:
                yield name
            elif name not in seen:
                seen.add(name)
                if default := self.file.defaults.get(name):
                    yield default
                lists.append(iter(hierarchy.get(name, [])))


def _expanded(path: Path) -> Path:
    """Return `path` with its `~` replaced; that of a user whom this machine does not know stays, and is not there."""
    try:
        return path.expanduser()
    except RuntimeError:
        return path


def _base(entry: ModelEntry) -> tuple[str, str]:
    return entry.provider, entry.model
