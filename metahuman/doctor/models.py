"""The models: whether somebody can answer for each role, whether what was fetched is whole, and whether all fit.

No model is asked to speak.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from metahuman.doctor.finding import Finding, Look, ok, problem, some, warning
from metahuman.memory.persona.files import PersonaFiles
from metahuman.models.download import models_folder
from metahuman.models.machine import this_machine
from metahuman.models.plan import make_plan, weigh
from metahuman.models.resolved import distinct
from metahuman.opening import open_registry
from metahuman.state.background import background
from metahuman.state.context import Mode
from metahuman.state.errors import MetaHumanError
from metahuman.state.files import digest_of
from metahuman.state.shipped import SHIPPED
from metahuman.status import problems_of

if TYPE_CHECKING:
    from metahuman.models.registry import Registry
    from metahuman.models.schema import Download

#: The one role without which there is no answer: without an orchestrator, all is conversation.
PERSONA = "persona"


def roles(look: Look) -> Iterator[Finding]:
    """See who can answer for each role now, as `metahuman status` does."""
    asked = {role: models for role, models in open_registry(look.home).asked(_mode(look)).items() if models}
    problems = background.run(problems_of(distinct(asked)))
    stood_in = dict[str, list[str]]()
    for role, (first, *others) in asked.items():
        why = problems.get(first.model_id)
        if why and all(model.model_id in problems for model in others):
            told = f"nobody can answer as {role}: {why}"
            yield problem(told, "metahuman models pull") if role == PERSONA else warning(told, "metahuman status")
        elif why:
            stood_in.setdefault(why, []).append(role)
    for why, names in stood_in.items():
        yield warning(f"other models stand in for the first of {', '.join(names)}: {why}", "metahuman status")
    if not problems:
        yield ok("every model that a role may ask is there")


def downloads(look: Look) -> Iterator[Finding]:
    """Compare the models that were fetched with their digests, byte for byte."""
    known = dict(_downloads(open_registry(look.home)))
    absent = [one.file for one in known.values() if not (models_folder() / one.file).is_file()]
    wrong = [one.file for one in known.values() if one.file not in absent and not _is_whole(one)]
    for file in wrong:
        path = models_folder() / file
        yield problem(f"{path} is damaged: its sha256 is another", f"rm '{path}' && metahuman models pull")
    if absent:
        yield warning(f"not fetched yet: {some(absent)}", "metahuman models pull")
    elif not wrong:
        yield ok(f"{len(known)} embedded models are there, and whole")


def memory(look: Look) -> Iterator[Finding]:
    """See whether the models fit into this machine's memory, as `metahuman models plan` does."""
    registry, mode = open_registry(look.home), _mode(look)
    weights = background.run(weigh(distinct(registry.asked(mode))))
    found = make_plan(registry, mode, weights, this_machine())
    if found.verdict == "too_big":
        yield warning(f"too big for this machine's memory: {some(list(found.too_big))}", "metahuman models plan")
    else:
        yield ok("the models whose size is known fit into this machine's memory")


def _mode(look: Look) -> Mode:
    """Return the owner's mode; one that cannot be read is told by the look at the persona."""
    try:
        return PersonaFiles(look.home.root / "persona", SHIPPED / "persona" / "core.json").mode()
    except MetaHumanError:
        return "dual"


def _downloads(registry: Registry) -> Iterator[tuple[str, Download]]:
    for provider in dict.fromkeys(["local", *registry.file.providers]):
        if registry.kind(provider) == "local":
            yield from registry.settings(provider).downloads.items()


def _is_whole(one: Download) -> bool:
    path = models_folder() / one.file
    return path.stat().st_size == one.size and digest_of(path) == one.sha256
