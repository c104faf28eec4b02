"""`metahuman models plan`: whether the models fit into this machine's memory, and what to change."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import click

from metahuman.cli.options import mode_option

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Column, Table

    from metahuman.home import Home
    from metahuman.models.machine import Machine
    from metahuman.models.plan import Plan, Planned
    from metahuman.models.registry import Registry
    from metahuman.state.context import Mode

GIB, MIB = 1 << 30, 1 << 20
#: Letters of a model's id that are not broken, however narrow the terminal.
LONGEST_ID = 28


@click.command(short_help="Say whether the models fit into this machine's memory.")
@mode_option
@click.option("--json", "as_json", is_flag=True, help="Print the plan as one JSON object.")
@click.pass_obj
def plan(home: Home, mode: Mode | None, *, as_json: bool) -> None:
    """Say whether the models fit into this machine's memory, and which lines of the registry to change if not.

    Sizes come from Ollama and from the models' own files; a model that is not there yet has none.
    """
    from metahuman.models.machine import this_machine
    from metahuman.models.plan import make_plan, weigh
    from metahuman.models.resolved import distinct
    from metahuman.opening import open_memory, open_registry
    from metahuman.state.background import background

    registry = open_registry(home)
    chosen = mode or background.run(open_memory(home).current_mode())
    weights = background.run(weigh(distinct(registry.asked(chosen))))
    found = make_plan(registry, chosen, weights, this_machine())
    if as_json:
        click.echo(json.dumps(_as_json(found, registry, chosen), ensure_ascii=False, indent=2))
        return
    from rich.console import Console

    show(Console(highlight=False), found, registry, own=home.registry.is_relative_to(home.root))


def size(count: int) -> str:
    """Return bytes as people read them; at least a mebibyte, unless there is nothing."""
    if count >= GIB:
        return f"{count / GIB:.1f} GiB"
    return f"{max(round(count / MIB), 1)} MiB" if count else "—"


def show(console: Console, found: Plan, registry: Registry, *, own: bool) -> None:
    """Print a plan.

    Args:
        console: Where.
        found: The plan.
        registry: The registry it is about.
        own: Whether that is the owner's own file.
    """
    from metahuman.cli.text import plain

    console.print(_table(found))
    console.print(_room(found.machine, found.reserve), style="dim", markup=False)
    console.print()
    for line in _verdict(found):
        console.print(plain(line), markup=False)
    if not found.changes:
        return
    copied = "" if own else " (`metahuman init` puts a copy into your home)"
    console.print(f"\nTo change in {registry.path}{copied}:", markup=False, soft_wrap=True)
    for change in found.changes:
        line = f"  {change.key}: {json.dumps(change.value, ensure_ascii=False)}"
        console.print(plain(line), markup=False, soft_wrap=True)


def _table(found: Plan) -> Table:
    from rich import box
    from rich.table import Column, Table

    adapted = any(one.footprint and one.footprint.adapters for one in found.models)
    sizes = ["weights", "cache", *(["adapters"] if adapted else []), "in all"]
    columns = [Column(name, justify="right", no_wrap=True) for name in sizes]
    last = Column("asked as", overflow="fold")
    table = Table(
        Column("model", overflow="fold"), *columns, "runs in", last, box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0)
    )
    shown = set[str]()
    for one in found.models:
        counted = bool(shown & set(one.shares_with))
        shown.add(one.model.model_id)
        cells = [""] * (len(sizes) - 1) + ["the same"] if counted else _sizes(one, adapted=adapted)
        table.add_row(one.model.model_id, *cells, _place(one, found.machine), places(one.asked_as))
    return table


def ids_column(ids: Iterable[str]) -> Column:
    """Return the column of model ids, which are broken only if they are very long."""
    from rich.table import Column

    return Column("model", overflow="fold", min_width=min(max(map(len, ids), default=0), LONGEST_ID))


def places(asked_as: Mapping[str, int]) -> str:
    """Return the roles that a model may be asked as, each with its place in the role's hierarchy."""
    return ", ".join(f"{role} ({place})" for role, place in asked_as.items())


def _sizes(one: Planned, *, adapted: bool) -> list[str]:
    if (taken := one.footprint) is None:
        return ["—"] * (4 if adapted else 3)
    parts = [taken.weights, taken.kv, *([taken.adapters] if adapted else []), taken.total]
    return [size(part) for part in parts]


def _place(one: Planned, machine: Machine) -> str:
    ram = "memory" if machine.unified else "RAM"
    return {"gpu": "GPU", "ram": ram, "elsewhere": "elsewhere", "unknown": "not known"}[one.place]


def _room(machine: Machine, reserve: float) -> str:
    """Return what the machine has."""
    parts = [f"{size(machine.ram)} of {'unified memory' if machine.unified else 'RAM'}"]
    parts += [f"{card.name} with {size(card.total)}" for card in machine.gpus]
    return f"This machine: {', '.join(parts)}; {reserve:.0%} to be kept free (globalSettings.memoryReserve)"


def _verdict(found: Plan) -> Iterator[str]:
    """Yield the verdict, and what it does not cover."""
    told = _judgement(found)
    yield f"Of those whose size is known: {told}" if found.unknown else f"{told[0].upper()}{told[1:]}"
    problems: dict[str, list[str]] = {}
    for model_id, why in found.unknown.items():
        problems.setdefault(why, []).append(model_id)
    for why, model_ids in problems.items():
        yield f"Not counted: {', '.join(model_ids)} ({why})"


def _judgement(found: Plan) -> str:
    stay = " and ".join(found.staying)
    match found.verdict:
        case "together":
            return "everything fits together."
        case "in_turn":
            return f"not all at once: {stay} can stay in memory, the others come in turn."
        case "one_base":
            return (
                f"only one big model fits: {stay} can stay in memory, and what finds no room beside should share "
                "the persona's base."
            )
        case "one_by_one":
            return "one after the other: each fits alone, but not beside those that should stay."
        case "too_big":
            each = (f"{model_id}{_remedy(window)}" for model_id, window in found.too_big.items())
            return f"too big for this machine: {'; '.join(each)}."


def _remedy(window: int | None) -> str:
    if window is None:
        return ", whatever its context window (name a smaller model)"
    return f", which would fit with a context window of {window} tokens"


def _as_json(found: Plan, registry: Registry, mode: str | None) -> dict[str, Any]:
    from metahuman.models.fitting import nested

    machine = found.machine
    gpus = [{"name": card.name, "total": card.total} for card in machine.gpus]
    return {
        "mode": mode,
        "registry": str(registry.path),
        "machine": {"ram": machine.ram, "gpus": gpus, "unified": machine.unified, "reserve": found.reserve},
        "models": [_model_json(one) for one in found.models],
        "verdict": found.verdict,
        "staying": list(found.staying),
        "tooBig": dict(found.too_big),
        "unknown": found.unknown,
        "changes": {change.key: change.value for change in found.changes},
        "patch": nested(found.changes),
    }


def _model_json(one: Planned) -> dict[str, Any]:
    footprint = one.footprint
    weights = {"weights": footprint.weights, "kv": footprint.kv, "adapters": footprint.adapters} if footprint else {}
    return {
        "modelId": one.model.model_id,
        "provider": one.model.provider,
        "model": one.model.model,
        "contextWindow": one.model.window,
        "askedAs": dict(one.asked_as),
        "runsIn": one.place,
        **weights,
        "total": footprint.total if footprint else None,
        "sharesWith": list(one.shares_with),
        "why": one.why,
    }
