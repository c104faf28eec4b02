"""`etc/remote.json`: how a voice is trained on another machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, StrictStr

from metahuman.state.written import Written, settings_of

NAME = "remote.json"
Positive = Annotated[float, Field(gt=0)]
Whole = Annotated[int, Field(ge=1, strict=True)]


class RunPodSettings(Written):
    """What is rented at RunPod, and what it may cost.

    Args:
        gpus: The types of GPU to ask for, the first one first: ids as RunPod's catalog has them.
        cloud: Its own data centres, or machines of others.
        image: What the pod starts: an image that runs an SSH server for the key in `PUBLIC_KEY`.
        disk_gigabytes: Of the pod; it is gone with it.
        max_price_per_hour: In US dollars; a dearer pod is not rented.
        max_cost: In US dollars, of one pod from its creation on; then it is given back, finished or not.
        ready_seconds: How long it may take to start.
        settle_seconds: How long a pod that was asked for may take to appear in the list of pods.
        address: Of the API.
    """

    gpus: Annotated[tuple[StrictStr, ...], Field(min_length=1)] = (
        "NVIDIA RTX A5000",
        "NVIDIA GeForce RTX 4090",
        "NVIDIA L4",
    )
    cloud: Literal["SECURE", "COMMUNITY"] = "SECURE"
    image: StrictStr = "runpod/pytorch:1.0.2-cu1281-torch280-ubuntu2404"
    disk_gigabytes: Whole = 40
    max_price_per_hour: Positive = 1.0
    max_cost: Positive = 3.0
    ready_seconds: Positive = 900
    settle_seconds: Annotated[float, Field(ge=0)] = 120
    address: StrictStr = "https://api.runpod.io/v2"


class SkyPilotSettings(Written):
    """What SkyPilot is to look for.

    Args:
        accelerators: Any of these will do, such as "L4:1"; empty for none.
        use_spot: Whether the machine may be taken away at any time, for less money.
        disk_gigabytes: Of the machine.
        idle_minutes: After so many without work it is given back.
        max_price_per_hour: In US dollars.
    """

    accelerators: tuple[StrictStr, ...] = ("L4:1", "A10:1", "A10G:1")
    use_spot: bool = False
    disk_gigabytes: Whole = 60
    idle_minutes: Whole = 10
    max_price_per_hour: Positive = 2.0


class RemoteSettings(Written):
    """What the file says.

    Args:
        command: What is run in the job's folder over there; it has to go on where it was when it is run again.
        python: The Python that `run.sh` makes an environment with.
        poll_seconds: How often progress is asked for.
        give_up_seconds: How long a connection that was lost is tried again.
        send_base_megabytes: A base model larger than that is not uploaded.
        bases: By the base's id in the registry, where the other machine finds it at Hugging Face:
            "owner/repository" for a folder of safetensors, "owner/repository/file.gguf" for one file.
        keys: Files of private keys; none leaves that to the SSH agent and configuration.
        known_hosts: The file of known hosts; null for the SSH configuration's.
        runpod: For `--remote runpod`.
        skypilot: For `--remote skypilot`.
    """

    command: StrictStr = "sh run.sh"
    python: StrictStr = "python3"
    poll_seconds: Positive = 3
    give_up_seconds: Positive = 900
    send_base_megabytes: Annotated[float, Field(ge=0)] = 2000
    bases: dict[str, StrictStr] = Field(default_factory=dict)
    keys: tuple[StrictStr, ...] = ()
    known_hosts: StrictStr | None = None
    runpod: RunPodSettings = RunPodSettings()
    skypilot: SkyPilotSettings = SkyPilotSettings()


def load_settings(root: Path) -> RemoteSettings:
    """Return what holds in a home: its own file, key by key, over the shipped one.

    Raises:
        SettingError: If a file is wrong; the error names the key.
        StoreError: If it cannot be read.
    """
    return settings_of(RemoteSettings, root, NAME, "see docs/remote.md, or remove the key")
