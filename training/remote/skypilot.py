"""A task for SkyPilot, which rents the cheapest fitting machine of many clouds.

The form of the file: https://docs.skypilot.co/en/latest/reference/yaml-spec.html
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from metahuman.state.files import write_atomic
from metahuman.training.remote.settings import SkyPilotSettings


def task_of(name: str, job: Path, settings: SkyPilotSettings) -> dict[str, Any]:
    """Return a task that trains one run.

    Args:
        name: The run's.
        job: The folder with its bundle, here; SkyPilot sends it, and nothing else.
        settings: What to look for.
    """
    resources: dict[str, Any] = {
        "disk_size": settings.disk_gigabytes,
        "use_spot": settings.use_spot,
        "max_hourly_cost": settings.max_price_per_hour,
        "autostop": {"idle_minutes": settings.idle_minutes, "down": True},
    }
    if settings.accelerators:
        resources["any_of"] = [{"accelerators": one} for one in settings.accelerators]
    return {
        "name": cluster_of(name),
        "workdir": str(job),
        "num_nodes": 1,
        "resources": resources,
        "run": "sh run.sh\n",
    }


def cluster_of(name: str) -> str:
    """Return what the machine is called: it begins with a letter, and some clouds take no more than 35 characters."""
    return f"mh-{name}"[:35]


def write_task(path: Path, task: dict[str, Any]) -> None:
    """Write a task as YAML.

    Raises:
        StoreError: If it cannot be written.
    """
    write_atomic(path, yaml.safe_dump(task, sort_keys=False, allow_unicode=True).encode())


def launch_of(name: str, task: Path, back: Path) -> list[list[str]]:
    """Return the commands that have a task done: rent and train, bring all that is there, give the machine back.

    Args:
        name: The run's.
        task: The file of the task.
        back: The folder that what comes back goes to; nothing of it is believed yet.
    """
    cluster = cluster_of(name)
    sent = [f"--exclude=/{one}" for one in ("venv", "code", "data", "base", "checkpoints")]
    return [
        ["sky", "launch", "--yes", "--cluster", cluster, str(task)],
        ["rsync", "--archive", *sent, f"{cluster}:sky_workdir/", f"{back}/"],
        ["sky", "down", "--yes", cluster],
    ]
