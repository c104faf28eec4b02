"""What this machine has for models, by what its driver says."""

from __future__ import annotations

from pathlib import Path

import pytest

from metahuman.models.machine import Gpu, machine_memory, this_machine

SMI = "NVIDIA H200, 143771\nNVIDIA GeForce RTX 4090, 24564\n"


def test_the_machine_is_what_its_driver_says() -> None:
    found = this_machine(lambda: SMI)
    assert [(card.name, card.total >> 20) for card in found.gpus] == [
        ("NVIDIA H200", 143771),
        ("NVIDIA GeForce RTX 4090", 24564),
    ]
    assert found.gpu == (143771 + 24564) << 20
    assert found.ram == machine_memory().total > 0


@pytest.mark.parametrize("answer", ["", "NVIDIA GB10, [N/A]\n", "No devices were found\n"])
def test_a_card_without_memory_of_its_own_is_none(answer: str) -> None:
    assert this_machine(lambda: answer).gpus == ()


def test_a_driver_that_is_not_there_or_fails_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert this_machine().gpus == ()
    program = tmp_path / "nvidia-smi"
    program.write_text("#!/bin/sh\necho 'NVIDIA, 5'\nexit 9\n")
    program.chmod(0o755)
    assert this_machine().gpus == ()
    program.write_text("#!/bin/sh\necho 'NVIDIA, 5'\n")
    assert this_machine().gpus == (Gpu("NVIDIA", 5 << 20),)
