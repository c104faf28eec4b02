"""Every file of settings, read as the program reads it: what is wrong with each, not only with the first."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from metahuman.agents.jobs import JOBS
from metahuman.agents.loading import load_agents
from metahuman.agents.records import Records
from metahuman.doctor.finding import Finding, Look, of_error, ok, problem, warning
from metahuman.home import Home
from metahuman.keeping.keys import keys_in_settings
from metahuman.memory.dataset import settings as builder
from metahuman.memory.persona.check import check
from metahuman.memory.persona.files import PersonaFiles
from metahuman.memory.persona.short_term import ShortTermFile
from metahuman.models.registry import Registry
from metahuman.routing.settings import load_settings as load_routing
from metahuman.state.errors import MetaHumanError
from metahuman.state.files import read_json
from metahuman.state.shipped import SHIPPED
from metahuman.tools.mcp.settings import read_servers
from metahuman.tools.policy.settings import TrustFiles
from metahuman.tools.world.hosts import hosts_of
from metahuman.tools.world.programs import rules_of
from metahuman.training.remote.settings import load_settings as load_remote
from metahuman.training.settings import load_settings as load_training
from metahuman.voice.history import changes


def _trust(home: Home) -> None:
    """Read how far the operator is trusted, and what its tools may run and reach."""
    trust = TrustFiles(home.root).read()
    rules_of(trust.part("run_command"), home.root)
    hosts_of(trust.part("http_get"), home.root)


#: What reads each file; the registry and the persona, which tell all that is wrong with them, are apart.
READERS: Mapping[str, Callable[[Home], object]] = {
    "etc/agents.json": lambda home: load_agents(home, JOBS.keys()),
    "etc/trust.json": _trust,
    "etc/mcp.json": lambda home: read_servers(home.setting("mcp.json")),
    "etc/routing.json": lambda home: load_routing(home.setting("routing.json")),
    "etc/memory.json": lambda home: read_json(home.setting("memory.json")),
    "etc/adapter-builder.json": lambda home: builder.load_settings(home.root),
    "etc/training.json": lambda home: load_training(home.root),
    "etc/remote.json": lambda home: load_remote(home.root),
    "out/state/short-term.json": lambda home: ShortTermFile(home.root / "out" / "state" / "short-term.json").load(),
    "state/agents.json": lambda home: Records(home).read(),
    "state/voices.json": changes,
}


def settings(look: Look) -> Iterator[Finding]:
    """Read every file of settings, and of what the program notes down."""
    sound = 0
    for read in READERS.values():
        try:
            read(look.home)
            sound += 1
        except MetaHumanError as error:
            yield of_error(error)
    if sound == len(READERS):
        yield ok(f"{sound} files of settings can be read")


def registry(look: Look) -> Iterator[Finding]:
    """Read the registry, and tell all that is wrong with it."""
    path = look.home.registry
    found = Registry.parse(read_json(path), path, look.home.root)
    wrong = [*found.structure_errors()]
    yield from map(of_error, wrong)
    lesser = [*found.file_errors()]
    yield from (of_error(error, "warning") for error in lesser)
    if not wrong and not lesser:
        yield ok(f"{path}: {len(found.file.models)} models")


def persona(look: Look) -> Iterator[Finding]:
    """Read the files of the persona, and tell all that is wrong with them."""
    found = check(PersonaFiles(look.home.root / "persona", SHIPPED / "persona" / "core.json"))
    for one in found:
        told = f"{one.file}: {one.key + ': ' if one.key else ''}{one.problem}"
        yield problem(told, one.remedy) if one.level == "error" else warning(told, one.remedy)
    if not found:
        yield ok("the persona's files are sound")


def keys(look: Look) -> Iterator[Finding]:
    """Find keys that stand in settings, where every copy of them has them too."""
    found = keys_in_settings(look.home.root)
    for where in found:
        yield warning(f"{where} is a key", "write ${NAME} there, and set NAME in the environment")
    if not found:
        yield ok("no key stands in the settings")
