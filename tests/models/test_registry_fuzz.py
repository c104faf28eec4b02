"""However a models.json is spoilt, it is loaded, or told where it is wrong; METAHUMAN_FUZZ=10000 tries that often."""

from __future__ import annotations

import copy
import json
import math
import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from metahuman.home import SHIPPED
from metahuman.models.live import LiveRegistry
from metahuman.models.registry import Registry
from metahuman.models.schema import ROLES
from metahuman.state.context import MODES
from metahuman.state.errors import SettingError

pytestmark = pytest.mark.slow

TEXT = (SHIPPED / "models.json").read_text("utf-8")
SHIPPED_CONTENT: dict[str, Any] = json.loads(TEXT)
#: Split over the tests below.
EXAMPLES = int(os.environ.get("METAHUMAN_FUZZ", "300"))
often = settings(
    max_examples=max(EXAMPLES // 3, 1),
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)


def deep(levels: int) -> Any:
    value: Any = "embedded"
    for _ in range(levels):
        value = [value] if levels % 2 else {"fallback": value}
    return value


ODD = st.one_of(
    st.sampled_from([None, True, False, 0, -1, 1, 256, 10**30, 10**400, 0.5, -0.0, math.nan, math.inf, -math.inf]),
    st.sampled_from(["", " ", "embedded", "fallback", "persona", "local", "ollama", "openai", "~nobody/voice", "a\0b"]),
    st.sampled_from(
        ["http://[::1", "http://a:b", "https://example.org", "http://a\nb", "${HOME}", "\ud83d", "x" * 5000]
    ),
    st.sampled_from([[], {}, [None], [[]], {"": {}}, deep(3), deep(100), deep(301), ["embedded"] * 500]),
    st.text(max_size=8),
    st.integers(),
    st.floats(),
)
#: Tokens that no program would write into the text, but an accident may.
SPLINTERS = [
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    '"',
    "\\",
    "\0",
    "NaN",
    "-Infinity",
    "1e999",
    "9" * 5000,
    "[" * 3000,
    "\ufeff",
]
#: How a value is spoilt where it stands.
DAMAGES = ["delete", "replace", "rename", "copy", "swap", "wrap"]


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Yield every place of a JSON value, as what holds it and its key or number in there."""
    held = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in list(held):
        yield value, key
        yield from places(inner)


def damage(content: dict[str, Any], how: str, chance: random.Random, odd: Any) -> None:
    """Spoil one place of `content`, or two that change their values."""
    found = list(places(content))
    if not found:
        return
    (holder, key), (other, there) = chance.choice(found), chance.choice(found)
    if how == "delete":
        del holder[key]
    elif how == "swap":
        holder[key], other[there] = copy.deepcopy((other[there], holder[key]))
    elif how == "copy":
        other[there] = copy.deepcopy(holder[key])
    elif how == "rename" and isinstance(holder, dict):
        holder[str(odd) if isinstance(odd, str | None) else "persona"] = holder.pop(key)
    else:
        holder[key] = {"wrapped": [holder[key]]} if how == "wrap" else odd


def documents() -> st.SearchStrategy[Any]:
    """Return JSON values built from the words that a registry knows."""
    words = sorted({str(key) for holder, key in places(SHIPPED_CONTENT) if isinstance(holder, dict)} | {*ROLES, *MODES})
    keys = st.sampled_from(words) | st.text(max_size=5)

    def around(held: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
        return st.lists(held, max_size=4) | st.dictionaries(keys, held, max_size=4)

    inner = st.recursive(ODD | keys, around, max_leaves=20)
    sections = st.sampled_from([*SHIPPED_CONTENT, "rolePolicies", "role_hierarchy"])
    return st.dictionaries(sections, inner, max_size=8) | inner


class Judge:
    """Loads what is written into a file of its own, with a program running that follows the same file."""

    def __init__(self, home: Path) -> None:
        self.home, self.path = home, home / "models.json"
        self.path.write_text(TEXT, "utf-8")
        self.live = LiveRegistry(lambda: self.path, home)

    def judge(self, data: bytes) -> None:
        """Fail if `data` leads to anything but a registry that works, or one line that says where to look."""
        self.path.write_bytes(data)
        refused = refusal(lambda: self._use(Registry.load(self.path, self.home)))
        assert self.live() is self.live()
        assert str(self.live.problem or "") == str(refused or "")
        if refused:
            assert str(refused).startswith(f"{self.path}: ")
            assert refused.problem
            assert refused.remedy
            assert refused.key or not is_object(data), refused
            self._list_errors(data)

    def _list_errors(self, data: bytes) -> None:
        """See that `metahuman models validate` has something to say, if it comes so far."""
        if is_object(data) and not refusal(lambda: Registry.parse(json.loads(data), self.path, self.home)):
            assert not Registry.parse(json.loads(data), self.path, self.home).validate_registry()[0]

    def _use(self, registry: Registry) -> None:
        valid, errors = registry.validate_registry()
        assert valid is not bool(errors)
        assert all(error.startswith(f"{self.path}: ") for error in errors)
        for role in (*registry.list_available_roles(), *ROLES, "gardener"):
            registry.policy(role)
            for mode in (None, *MODES, *registry.file.cognitive_mode_mappings):
                self._ask(registry, role, mode)

    def _ask(self, registry: Registry, role: str, mode: str | None) -> None:
        refused = refusal(lambda: registry.candidates(role, mode))
        if refused:
            assert refused.key.startswith("defaults."), refused  # nobody answers for it, nor falls back for it
            return
        models = registry.candidates(role, mode)
        assert registry.resolve_model(role, mode) is (models[0] if models else None)
        refused = refusal(lambda: registry.candidates(role, mode, {"modelId": "embedded"}, listed_only=True))
        assert (refused is None) is ("embedded" in registry.file.models)


def refusal(action: Callable[[], object]) -> SettingError | None:
    """Return the one error that may come of a file that can be read."""
    try:
        action()
    except SettingError as error:
        return error
    return None


def is_object(data: bytes) -> bool:
    try:
        return isinstance(json.loads(data), dict)
    except (ValueError, RecursionError):
        return False


@pytest.fixture
def judge(tmp_path: Path) -> Judge:
    return Judge(tmp_path)


@often
@given(damages=st.lists(st.tuples(st.sampled_from(DAMAGES), ODD), min_size=1, max_size=4), chance=st.randoms())
@pytest.mark.slow
def test_the_shipped_registry_with_values_spoilt(
    judge: Judge, damages: list[tuple[str, Any]], chance: random.Random
) -> None:
    content = copy.deepcopy(SHIPPED_CONTENT)
    for how, odd in damages:
        damage(content, how, chance, copy.deepcopy(odd))
    judge.judge(json.dumps(content).encode())


@often
@given(
    cuts=st.lists(st.tuples(st.integers(0, len(TEXT)), st.integers(0, 40)), min_size=1, max_size=3),
    splinter=st.sampled_from(SPLINTERS).map(str.encode) | st.binary(max_size=4),
    ends=st.booleans(),
)
def test_the_shipped_registry_with_its_text_spoilt(
    judge: Judge, cuts: list[tuple[int, int]], splinter: bytes, *, ends: bool
) -> None:
    data = TEXT.encode()
    for start, length in cuts:
        data = data[:start] + splinter + (b"" if ends else data[start + length :])
    judge.judge(data)


@often
@given(document=documents())
def test_whole_documents_of_chance(judge: Judge, document: Any) -> None:
    judge.judge(json.dumps(document).encode())


@pytest.mark.parametrize("names", [1, 2], ids=["one by one", "each named twice"])
@pytest.mark.parametrize("end", ["embedded", "role0", "nobody"])
def test_a_long_chain_of_roles_takes_no_time(judge: Judge, names: int, end: str) -> None:
    chain = {f"role{number}": [f"role{number + 1}"] * names for number in range(3000)} | {"role3000": [end]}
    content = SHIPPED_CONTENT | {"roleHierarchy": chain}
    registry = Registry.parse(content, judge.path, judge.home)
    assert registry.validate_registry()[0] is (end == "embedded")
    assert [model.model_id for model in registry.candidates("role0")] == ["embedded"]


@pytest.mark.parametrize("adapter", ["~nobody-of-this-name/voice.gguf", "a\0b", "x" * 5000, "/", "."])
def test_an_adapter_that_cannot_be_a_file_is_told_as_one_that_is_not_there(judge: Judge, adapter: str) -> None:
    content = copy.deepcopy(SHIPPED_CONTENT)
    content["models"]["embedded"]["adapters"] = [f"{adapter}/voice"]
    _, errors = Registry.parse(content, judge.path, judge.home).validate_registry()
    assert [error.split(": ")[1] for error in errors] == ["models.embedded.adapters.0"]
    assert Registry.checked(content, judge.path, judge.home).candidates("fallback")[0].adapters


def test_all_that_is_wrong_is_listed_where_a_private_role_leads_nowhere(judge: Judge) -> None:
    content = copy.deepcopy(SHIPPED_CONTENT) | {"defaults": {"orchestrator": "embedded", "persona": "gone"}}
    valid, errors = Registry.parse(content, judge.path, judge.home).validate_registry()
    assert not valid
    assert any("defaults.persona: no model 'gone'" in error for error in errors)


@pytest.mark.parametrize("price", ["Infinity", "NaN", "1e999"])
def test_a_price_that_no_sum_can_hold_is_refused(judge: Judge, price: str) -> None:
    content = copy.deepcopy(SHIPPED_CONTENT)
    content["providers"]["openai"]["price"] = {"prompt": 123.5}
    judge.path.write_text(json.dumps(content).replace("123.5", price))
    refused = refusal(lambda: Registry.load(judge.path, judge.home))
    assert refused
    assert refused.key == "providers.openai.price.prompt"
