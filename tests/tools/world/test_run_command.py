from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from metahuman.state.errors import ToolError
from metahuman.tools.desk import Desk, Limits
from metahuman.tools.world.run_command import TOOL, RunCommand, preview, run
from metahuman.tools.world.running import run_held
from metahuman.tools.world.sandbox import hold, sandbox
from tests.servers.http import eventually
from tests.tools.own.desks import desk

#: What a shell is told here an owner would never allow: that is what the sandbox is for.
SHELL = {"program": "sh", "arguments": ["-c", "*"]}
sandboxed = pytest.mark.skipif(not sandbox(), reason="this system has no sandbox that is known")


def allowing(root: Path, *programs: object, sandbox: str = "wanted", **limits: Any) -> Desk:
    settings = {"programs": list(programs) or [SHELL], "sandbox": sandbox}
    return replace(desk(root), settings=settings, limits=Limits(**limits))


async def said(at: Desk, script: str) -> str:
    output = await run(RunCommand(command=["sh", "-c", script]), at)
    assert not output.trusted
    return output.text.partition("\n\n")[2]


async def test_a_program_is_run_and_says_how_it_ended(tmp_path: Path) -> None:
    at = allowing(tmp_path)
    output = await run(RunCommand(command=["sh", "-c", "pwd; echo wrong >&2; exit 3"]), at)
    assert output.text.startswith("sh -c 'pwd; echo wrong >&2; exit 3': exit code 3 (")
    assert output.text.endswith(f"\n\n{tmp_path / 'files'}\nwrong")
    assert (sandbox() or "no sandbox") in output.text
    assert output.sources == ("sh -c 'pwd; echo wrong >&2; exit 3'",)
    assert await said(at, "kill -9 $$") == "(it printed nothing)"


async def test_nothing_is_a_shell(tmp_path: Path) -> None:
    at = allowing(tmp_path, {"program": "echo", "rest": "*"})
    output = await run(RunCommand(command=["echo", "$(id)", "*", "; ls", "`ls`", "| cat"]), at)
    assert output.text.endswith("\n\n$(id) * ; ls `ls` | cat")


async def test_its_environment_holds_nothing_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    text = await said(allowing(tmp_path), "env; cat; echo $HOME; ls -a $HOME")
    assert "sk-secret" not in text
    names = {line.partition("=")[0] for line in text.splitlines() if "=" in line}
    shells, language = {"PWD", "OLDPWD", "SHLVL", "_"}, {"LANG", "LC_ALL", "LC_CTYPE", "LC_TIME", "TZ"}
    ours = {"PATH", "HOME", "TMPDIR", "TERM", "NO_COLOR", "PAGER", "GIT_PAGER", "GIT_TERMINAL_PROMPT"}
    assert names <= shells | language | ours
    assert list(tmp_path.parent.glob("metahuman-*")) == []


@sandboxed
async def test_the_sandbox_holds_files(tmp_path: Path) -> None:
    outside, at = tmp_path / "outside.txt", allowing(tmp_path)
    outside.write_text("private")
    (at.base / "mine.txt").write_text("mine")
    (at.base / "link").symlink_to(outside)
    script = f"cat mine.txt; cat {outside} link; ls {tmp_path}; echo x > new; echo x > {outside}; rm mine.txt; echo end"
    text = await said(at, script)
    assert text.startswith("mine")
    assert text.endswith("end")
    assert "private" not in text
    assert text.lower().count("permission denied") == 6
    assert [path.name for path in sorted(at.base.iterdir())] == ["link", "mine.txt"]
    assert outside.read_text() == "private"


@sandboxed
async def test_a_program_that_may_write_does_so_in_its_folders_only(tmp_path: Path) -> None:
    at = allowing(tmp_path, {**SHELL, "writes": True})
    text = await said(at, f"echo x > new; chmod 600 new; mkdir d; mv new d; echo x > {tmp_path}/no")
    assert "denied" in text.lower()
    assert (at.base / "d" / "new").read_text() == "x\n"
    assert not (tmp_path / "no").exists()


TRIES = """
import os, socket
def tried(what, *arguments):
    try: what(*arguments); print('done')
    except OSError as error: print(type(error).__name__)
[tried(socket.socket, kind, socket.SOCK_DGRAM) for kind in (socket.AF_INET, socket.AF_INET6, socket.AF_UNIX)]
tried(os.kill, {process}, 0)
tried(open, '/proc/{process}/environ')
tried(os.chmod, {folder!r}, 0o777)
tried(os.setsid)
"""


@sandboxed
async def test_the_sandbox_holds_sockets_and_other_processes(tmp_path: Path) -> None:
    script = TRIES.format(process=os.getpid(), folder=str(tmp_path))
    python, readable = Path(sys.executable), [Path(sys.base_prefix), Path(sys.prefix)]
    held = hold(python, ["python", "-I", "-S", "-c", script], readable, [], str(tmp_path), 10)
    ran = await run_held(held, tmp_path, 10)
    assert ran.head.split() == [b"PermissionError"] * 7


async def test_a_flood_costs_its_bound(tmp_path: Path) -> None:
    at, started = allowing(tmp_path, SHELL, output=1_000, seconds=60), time.perf_counter()
    output = await run(RunCommand(command=["sh", "-c", "echo first; yes | head -c 1000000000; echo last"]), at)
    assert "stopped, for it printed too much" in output.text
    assert "first" in output.text
    assert len(output.text) <= 1_000
    assert time.perf_counter() - started < 20
    long = await run(RunCommand(command=["sh", "-c", "echo first; yes | head -c 1000000; echo last"]), at)
    assert "exit code 0" in long.text
    assert "first" in long.text
    assert long.text.endswith("last\n")
    assert "cut here: the beginning and the end of 10000" in long.text


async def test_what_is_no_text_is_named(tmp_path: Path) -> None:
    assert await said(allowing(tmp_path), r"printf 'a\000b'") == "(not shown: 3 bytes that are no text)"
    assert await said(allowing(tmp_path), r"printf '\033[31mred\033[0m \377'") == "red \ufffd"


@pytest.mark.parametrize("script", ["sleep 71.5 & sleep 71.5", "(trap '' TERM HUP; sleep 71.5) & wait"])
async def test_one_that_hangs_is_ended_with_all_it_started(tmp_path: Path, script: str) -> None:
    with pytest.raises(ToolError, match=r"sh: was stopped after 0.5 seconds; ask it for less"):
        await said(allowing(tmp_path, SHELL, seconds=0.5), script)
    await eventually(lambda: not sleeping("71.5"))


async def test_what_it_leaves_running_is_ended(tmp_path: Path) -> None:
    started = time.perf_counter()
    assert await said(allowing(tmp_path), "sleep 72.5 & setsid sleep 72.5 2>/dev/null & echo begun") == "begun"
    assert time.perf_counter() - started < 10
    if sandbox():
        await eventually(lambda: not sleeping("72.5"))


async def test_giving_up_ends_it(tmp_path: Path) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5):
            await said(allowing(tmp_path), "sleep 73.5")
    await eventually(lambda: not sleeping("73.5"))


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such signal")
def test_it_ends_with_us(tmp_path: Path) -> None:
    """A program does not outlive the one that wanted it, however that ended."""
    script = (
        "import asyncio, sys\nfrom pathlib import Path\nfrom tests.tools.world.test_run_command import allowing, said\n"
        "asyncio.run(said(allowing(Path(sys.argv[1])), 'exec sleep 74.5'))"
    )
    with subprocess.Popen([sys.executable, "-c", script, str(tmp_path)]) as process:
        asyncio.run(eventually(lambda: sleeping("74.5"), 20))
        process.kill()
    asyncio.run(eventually(lambda: not sleeping("74.5")))


@pytest.mark.parametrize(
    ("command", "folder", "said"),
    [
        (["rm", "x"], "", "not among the commands allowed"),
        (["sh", "-c", "pwd"], "..", "outside the folders"),
        (["sh", "-c", "pwd"], "nothing", "is no folder"),
    ],
)
async def test_what_is_not_allowed_is_refused_before_anybody_is_asked(
    tmp_path: Path, command: list[str], folder: str, said: str
) -> None:
    call = RunCommand(command=command, folder=folder)
    for way in (run, preview):
        with pytest.raises(ToolError, match=said):
            await way(call, allowing(tmp_path))


async def test_a_person_is_told_what_would_be_run(tmp_path: Path) -> None:
    text = await preview(RunCommand(command=["sh", "-c", "a b"]), allowing(tmp_path))
    assert text.startswith(f"sh -c 'a b'\nin {tmp_path / 'files'}, as ")
    assert text.endswith("may write: nothing")
    text = await preview(RunCommand(command=["sh", "-c", "x"]), allowing(tmp_path, {**SHELL, "writes": True}))
    assert text.endswith(f"may write: {tmp_path / 'files'}")


async def test_a_sandbox_that_is_required_and_not_there(tmp_path: Path) -> None:
    at = allowing(tmp_path, sandbox="required")
    if sandbox():
        assert await said(at, "echo held") == "held"
    else:
        with pytest.raises(ToolError, match="one is required"):
            await said(at, "echo held")


def test_what_the_policy_is_told() -> None:
    call = RunCommand(command=["tar", "tf", "a.tgz", "--file=../b", "/etc/c", "~/d", "word"], folder="work")
    touched = [touch.path for touch in TOOL.touches(call)]
    assert touched == ["work", "work/a.tgz", "work/../b", "/etc/c", "~/d"]
    assert {touch.how for touch in TOOL.touches(call)} == {"read"}
    assert (TOOL.risk, TOOL.effect) == ("high", "run")
    assert TOOL.pattern(RunCommand(command=["date"])) == {"command": "['date']"}


def sleeping(seconds: str) -> list[int]:
    """Return the processes that sleep for so long."""
    found = psutil.process_iter(["cmdline", "status"])
    return [one.pid for one in found if one.info["cmdline"] == ["sleep", seconds] and one.info["status"] != "zombie"]
