"""Tests of the registry: who answers for a role, and what is said about a file that is wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from metahuman.home import SHIPPED
from metahuman.models.registry import Registry
from metahuman.models.schema import EMBEDDER, ROLES, json_schema
from metahuman.state.errors import SettingError, StoreError

Content = dict[str, Any]
INTENT = SHIPPED / "adapters" / "intent.gguf"


def shipped() -> Content:
    content: Content = json.loads((SHIPPED / "models.json").read_bytes())
    return content


def load(tmp_path: Path, content: Content) -> Registry:
    path = tmp_path / "models.json"
    path.write_text(json.dumps(content))
    return Registry.load(path, tmp_path)


def test_the_shipped_registry_has_no_error_and_ends_every_hierarchy_in_the_embedded_model(tmp_path: Path) -> None:
    registry = load(tmp_path, shipped())
    assert registry.validate_registry() == (True, [])
    assert set(registry.list_available_roles()) == {*ROLES, EMBEDDER}
    for role in ROLES:
        last = registry.candidates(role, listed_only=role == "orchestrator")[-1]
        assert last.model_id == ("embedded.orchestrator" if role == "orchestrator" else "embedded")
        if role != "fallback":
            assert registry.candidates(role)[0].provider == "ollama"


def test_the_checked_in_schema_is_the_generated_one_and_the_shipped_file_names_it() -> None:
    schema = json.loads((SHIPPED / "models.schema.json").read_bytes())
    assert schema == json_schema(), "run: metahuman models schema > etc/models.schema.json"
    assert shipped()["$schema"] == "./models.schema.json"


def test_modes_map_roles_to_other_models_or_to_none(tmp_path: Path) -> None:
    content = shipped()
    content["cognitiveModeMappings"]["agent"]["persona"] = "default.coder"
    registry = load(tmp_path, content)
    resolved = registry.resolve_model("persona", "agent")
    assert resolved is not None
    assert resolved.model_id == "default.coder"
    assert [model.model_id for model in registry.candidates("persona", "agent")][1:] == ["default.persona", "embedded"]
    assert registry.resolve_model("orchestrator", "emulation") is None


def test_overrides_choose_an_entry_or_change_one(tmp_path: Path) -> None:
    registry = load(tmp_path, shipped())
    chosen = registry.resolve_model("persona", overrides={"modelId": "embedded"})
    changed = registry.resolve_model("persona", overrides={"model": "qwen3:8b", "options": {"temperature": 0}})
    assert chosen is not None
    assert changed is not None
    assert chosen.provider == "local"
    assert (changed.model, changed.options.temperature, changed.options.context_window) == ("qwen3:8b", 0, 8192)
    with pytest.raises(SettingError, match=r"overrides\.options\.temperature"):
        registry.resolve_model("persona", overrides={"options": {"temperature": "hot"}})
    with pytest.raises(SettingError, match=r"models\.nobody: no such model; use default\.orchestrator"):
        registry.resolve_model("persona", overrides={"modelId": "nobody"})


def test_a_role_the_registry_does_not_know_is_answered_by_the_fallback(tmp_path: Path) -> None:
    resolved = load(tmp_path, shipped()).resolve_model("gardener")
    assert resolved is not None
    assert resolved.model_id == "embedded"


def test_a_model_that_lists_other_roles_only_stands_in(tmp_path: Path) -> None:
    content = shipped()
    content["roleHierarchy"]["orchestrator"] = ["default.orchestrator", "fallback"]
    registry = load(tmp_path, content)
    assert [model.model_id for model in registry.candidates("orchestrator", listed_only=True)] == [
        "default.orchestrator"
    ]
    content["models"]["embedded"]["roles"] = []
    registry = load(tmp_path, content)
    assert len(registry.candidates("orchestrator", listed_only=True)) == 2


def test_keys_come_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    registry = load(tmp_path, shipped())
    assert registry.settings("openai").api_key is None
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    assert registry.settings("openai").api_key == "secret"


def test_adapters_of_one_base_are_known_to_each_other(tmp_path: Path) -> None:
    content = shipped()
    voice = {"provider": "local", "model": "smollm2-135m-instruct", "adapters": ["out/voice.gguf"]}
    registry = load(tmp_path, content | {"models": content["models"] | {"voice": voice}})
    base = registry.resolve_model("fallback")
    assert base is not None
    assert (base.adapters, base.siblings) == ((), (INTENT, tmp_path / "out" / "voice.gguf"))


def test_an_adapter_that_the_homes_etc_lacks_is_the_shipped_one(tmp_path: Path) -> None:
    def places(*adapters: str) -> tuple[Path, ...]:
        content = shipped()
        content["models"]["embedded"]["adapters"] = adapters
        return load(tmp_path, content).candidates("fallback")[0].adapters

    name = "etc/adapters/intent.gguf"
    assert places(name) == (INTENT,)
    assert places("etc/adapters/none.gguf", "adapters/intent.gguf", str(INTENT)) == (
        tmp_path / "etc" / "adapters" / "none.gguf",
        tmp_path / "adapters" / "intent.gguf",
        INTENT,
    )
    (tmp_path / "etc" / "adapters").mkdir(parents=True)
    (tmp_path / name).touch()
    assert places(name) == (tmp_path / name,)


def _set(*path: str, to: object) -> Callable[[Content], None]:
    def change(content: Content) -> None:
        *above, last = path
        for key in above:
            content = content[key]
        content[last] = to

    return change


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            _set("defaults", "persona", to="nobody"),
            "defaults.persona: no model 'nobody'; name one of `models`: default",
        ),
        (_set("defaults", "persona", to=7), "defaults.persona: Input should be a valid string"),
        (_set("models", "embedded", "options", "temperature", to="hot"), "models.embedded.options.temperature: Input"),
        (_set("models", "embedded", "provider", to=""), "models.embedded.provider: String should have at least 1"),
        (_set("roleHierarchy", "persona", to=["gone"]), "roleHierarchy.persona.0: no model 'gone'"),
        (_set("roleHierarchy", "fallback", to=["persona"]), "leads back to itself; take one of the role names out"),
        (_set("roleHierarchy", to=[]), "roleHierarchy: Input should be a valid dictionary"),
        (_set("cognitiveModeMappings", "dual", "persona", to="gone"), "cognitiveModeMappings.dual.persona: no model"),
        (
            _set("providers", "ollama", "baseUrl", to="localhost:11434"),
            "baseUrl: 'localhost:11434' is no address; write",
        ),
        (
            _set("providers", "openai", "baseUrl", to="http://host:port"),
            "providers.openai.baseUrl: 'http://host:port' is",
        ),
        (_set("providers", "ollama", "timeout", to=-1), "providers.ollama.timeout: Input should be greater than 0"),
    ],
)
def test_what_is_wrong_is_told_with_file_key_and_remedy(
    tmp_path: Path, change: Callable[[Content], None], told: str
) -> None:
    content = shipped()
    change(content)
    with pytest.raises(SettingError) as raised:
        load(tmp_path, content)
    line = str(raised.value)
    assert line.startswith(str(tmp_path / "models.json"))
    assert told in line
    assert "; " in line
    assert "\n" not in line


def test_a_required_role_without_a_model_is_an_error(tmp_path: Path) -> None:
    content = shipped()
    del content["defaults"]["orchestrator"], content["roleHierarchy"]["orchestrator"]
    with pytest.raises(SettingError, match=r"defaults\.orchestrator: missing"):
        load(tmp_path, content)


def test_validation_lists_every_error_and_what_single_models_lack(tmp_path: Path) -> None:
    content = shipped()
    content["defaults"]["coder"] = "gone"
    content["models"]["default.persona"] |= {"provider": "cloud", "adapters": ["out/voice.gguf"]}
    valid, errors = Registry.parse(content, tmp_path / "models.json", tmp_path).validate_registry()
    assert not valid
    assert [error.split(": ")[1] for error in errors] == [
        "defaults.coder",
        "models.default.persona.provider",
        "models.default.persona.adapters.0",
    ]


def test_a_registry_that_is_no_json_or_not_there_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "models.json").write_text('{"defaults": }')
    with pytest.raises(SettingError, match="not JSON: Expecting value at line 1, column 14"):
        Registry.load(tmp_path / "models.json", tmp_path)
    with pytest.raises(StoreError, match="No such file"):
        Registry.load(tmp_path / "none.json", tmp_path)


def test_a_registry_of_metahuman_os_is_taken_as_it_is(tmp_path: Path) -> None:
    """Roles and providers that this program does not have, and keys it does not read, hurt nobody."""
    entry = {"provider": "ollama", "model": "qwen3:14b", "roles": ["router"], "options": {"dimensions": 3}}
    content = {
        "_WARNING": "do not edit",
        "globalSettings": {"useAdapter": True, "activeAdapter": {"modelName": "voice"}},
        "defaults": {"orchestrator": "default.orchestrator", "persona": "default.persona", "embedder": "embedder"},
        "models": {
            "default.orchestrator": entry,
            "default.persona": entry,
            "embedder": entry | {"provider": "local-models"},
            "cloud": entry | {"provider": "runpod_serverless"},
        },
        "roleHierarchy": {"persona": ["default.persona"]},
        "cognitiveModeMappings": {"emulation": {"orchestrator": "default.orchestrator"}},
        "providers": {"runpod_serverless": {"baseUrl": "https://example.org", "timeout": 1, "retries": 2}},
    }
    registry = load(tmp_path, content)
    assert [model.model_id for model in registry.candidates("persona")] == ["default.persona"]
    remedy = "use one of ollama, openai, local, or say with providers.local-models.type which of them it is"
    assert registry.validate_registry()[1] == [
        f"{registry.path}: models.embedder.provider: unknown provider 'local-models'; {remedy}"
    ]
