"""What forks are told to do: furnish a home, live a day in it, look at what is left, run a command."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

from metahuman.api import MetaHuman
from metahuman.cli import main
from metahuman.home import Home
from metahuman.state.errors import MetaHumanError
from tests.faults import scene
from tests.faults.deeds import DEEDS, Day, jump
from tests.faults.forks import Tell
from tests.faults.looking import look_at
from tests.faults.troubles import JumpingClock, Trouble, fill, kill, lock_up, make_room, obey_permissions, unlock

__all__ = ["command", "enlarge", "furnish", "live", "look", "mount", "unmount"]

#: Bytes that a disk in memory needs for a file, at least.
PAGE = 4096


def furnish(order: dict[str, Any], tell: Tell) -> None:
    """Make the home that days begin with; see `scene.furnish`."""
    scene.furnish(Path(order["home"]), order["registry"])


def mount(order: dict[str, Any], tell: Tell) -> None:
    """Put the home on a disk of its own that has only so many `kilobytes` left."""
    home, template = Path(order["home"]), Path(order["template"])
    pages = sum(-(-path.stat().st_size // PAGE) for path in template.rglob("*") if path.is_file())
    size = f"size={pages * PAGE // 1024 + order['kilobytes']}k,mode=700"
    subprocess.run(["mount", "-t", "tmpfs", "-o", size, "none", home], check=True)
    shutil.copytree(template, home, dirs_exist_ok=True)


def enlarge(order: dict[str, Any], tell: Tell) -> None:
    """Give that disk room."""
    subprocess.run(["mount", "-o", "remount,size=64m", order["home"]], check=True)


def unmount(order: dict[str, Any], tell: Tell) -> None:
    """Take that disk away."""
    subprocess.run(["umount", order["home"]], check=True)


def live(order: dict[str, Any], tell: Tell) -> None:
    """Live a day: so many deeds, in an order that the seed decides, with the trouble that was ordered.

    Args:
        order: `home`, `seed`, `name`, `deeds`, and what goes wrong: `trouble`; `jumps` where the clock does; `obeys`
            where root is to obey permissions too.
        tell: Is told what was done, and each error.
    """
    home = Path(order["home"])
    if order.get("obeys"):
        obey_permissions()
    trouble = _trouble(home, order.get("trouble") or {})
    trouble.watch()
    clock, drawn = JumpingClock(), Random(order["seed"])
    chosen = drawn.choices([*DEEDS], weights=[*DEEDS.values()], k=order["deeds"])
    try:
        with MetaHuman(Home(home), patience=10, clock=clock) as twin:
            day = Day(home, twin, clock, drawn, tell, order["name"])
            for deed in chosen:
                if order.get("jumps") and drawn.random() < 0.5:
                    jump(day)
                try:
                    deed(day)
                except MetaHumanError as error:
                    tell({"error": str(error), "in": deed.__name__, "kind": type(error).__name__})
    except MetaHumanError as error:
        tell({"error": str(error), "in": "opening or closing", "kind": type(error).__name__})
    finally:
        trouble.end()
    tell({"moments": trouble.count, "struck": trouble.struck})


def look(order: dict[str, Any], tell: Tell) -> None:
    """Look at what a day has left; tell each thing that must not be."""
    if order.get("obeys"):
        obey_permissions()
    look_at(Path(order["home"]), order["facts"], tell, spared=order.get("spared", ""))


def command(order: dict[str, Any], tell: Tell) -> int:
    """Run the command line, and return its exit code."""
    os.environ["METAHUMAN_TRACEBACK"] = "1"  # a mistake in the program is to be seen
    sys.argv = ["metahuman", "--home", order["home"], *order["words"]]
    try:
        main()
    except SystemExit as left:
        return int(left.code or 0)
    return 0


def _trouble(home: Path, told: dict[str, Any]) -> Trouble:
    """Return what goes wrong in a day: `kind`, the moment `at` which it does, and how long it lasts."""
    at, length = told.get("at", 0), told.get("length", 0)
    match told.get("kind"):
        case "kill":
            return Trouble(home, at, partial(kill, told["seconds"]))
        case "full":
            return Trouble(home, at, partial(fill, told["bytes"]), length, make_room)
        case "readonly":
            folder = home / told["folder"]
            return Trouble(home, at, partial(lock_up, folder), length, partial(unlock, folder))
    return Trouble(home, 0, lambda: None)
