from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from metahuman.state.errors import ToolError
from metahuman.tools.mcp.opening import McpTools
from metahuman.tools.tool import Tool
from tests.servers.http import eventually
from tests.tools.own.desks import desk

pytestmark = pytest.mark.slow

pytest.importorskip("mcp", reason="needs the extra mcp")

GOOD, BAD = (Path(__file__).with_name(name) for name in ("a_server.py", "bad_server.py"))
BARE = [sys.executable, "-I", "-S", str(BAD)]


@asynccontextmanager
async def opened(root: Path, pause: float = 60.0, **servers: object) -> AsyncIterator[McpTools]:
    write(root, **servers)
    tools = McpTools(lambda: root / "mcp.json", pause=pause)
    try:
        yield tools
    finally:
        await tools.aclose()
    assert processes(root) == []


def write(root: Path, **servers: object) -> None:
    (root / "mcp.json").write_text(json.dumps({"servers": servers}))


def named(root: Path, **settings: object) -> dict[str, object]:
    """Return a server whose processes can be told from others."""
    return {"command": BARE, "seconds": 20, "env": {"OF": str(root)}, **settings}


def processes(root: Path) -> list[int]:
    """Return the processes of this test's servers."""
    found = []
    for one in psutil.process_iter():  # not our children only: what is left behind is nobody's
        with suppress(psutil.Error):
            if one.status() != psutil.STATUS_ZOMBIE and one.environ().get("OF") == str(root):
                found.append(one.pid)
    return found


async def answer(tools: McpTools, root: Path, name: str, **arguments: Any) -> str:
    found: dict[str, Tool[Any]] = {tool.name: tool for tool in await tools.tools()}
    tool = found[name]
    return (await tool.run(tool.arguments.model_validate(arguments), desk(root))).text


async def test_with_no_servers_nothing_is_begun(tmp_path: Path) -> None:
    async with opened(tmp_path) as tools:
        assert await tools.tools() == []
        assert tools.problems == {}


async def test_tools_of_a_program(tmp_path: Path) -> None:
    settings = named(tmp_path, command=[sys.executable, str(GOOD), "stdio"], tools={"add": "low"})
    async with opened(tmp_path, one=settings) as tools:
        found = {tool.name: tool for tool in await tools.tools()}
        assert (found["one__add"].risk, found["one__fail"].risk) == ("low", "high")
        assert found["one__add"].offer().parameters["required"] == ["left"]
        assert await answer(tools, tmp_path, "one__add", left=1, right=2) == "3"
        assert await answer(tools, tmp_path, "one__picture") == "(not shown: image/png, 306 bytes)"
        with pytest.raises(ToolError, match=r"one/fail failed; it says: .*there is no such thing"):
            await answer(tools, tmp_path, "one__fail")
        assert tools.problems == {}


async def test_a_program_gets_nothing_of_our_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    async with opened(tmp_path, one=named(tmp_path)) as tools:
        names = set((await answer(tools, tmp_path, "one__environment")).split(","))
    assert names <= {"HOME", "LC_CTYPE", "LOGNAME", "OF", "PATH", "SHELL", "TERM", "USER"}


async def test_what_is_no_message_is_passed_over(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    async with opened(tmp_path, one=named(tmp_path)) as tools:
        assert await answer(tools, tmp_path, "one__noise") == "said"
    assert capfd.readouterr() == ("", "")


async def test_a_server_that_crashes_is_not_available_and_comes_back(tmp_path: Path) -> None:
    async with opened(tmp_path, one=named(tmp_path)) as tools:
        with pytest.raises(ToolError, match="not available: one"):
            await answer(tools, tmp_path, "one__crash")
        assert await answer(tools, tmp_path, "one__add", left=1) == "2"
        os.kill(processes(tmp_path)[-1], signal.SIGKILL)  # while nobody asks
        await eventually(lambda: not processes(tmp_path), 5)
        with suppress(ToolError):
            await answer(tools, tmp_path, "one__add", left=1)
        assert await answer(tools, tmp_path, "one__add", left=1) == "2"


async def test_a_flood_costs_its_bound(tmp_path: Path) -> None:
    async with opened(tmp_path, one=named(tmp_path)) as tools:
        assert "cut here" in await answer(tools, tmp_path, "one__flood", size=100_000)
        before = psutil.Process().memory_info().rss
        with pytest.raises(ToolError, match="not available: one"):
            await answer(tools, tmp_path, "one__flood", size=20_000_000)
        with pytest.raises(ToolError, match="not available: one"):
            await answer(tools, tmp_path, "one__endless")
        assert psutil.Process().memory_info().rss < before + 200_000_000
        assert await answer(tools, tmp_path, "one__add", left=1) == "2"


async def test_a_call_that_hangs_costs_its_time_and_ends_the_server(tmp_path: Path) -> None:
    async with opened(tmp_path, one=named(tmp_path, seconds=1)) as tools:
        with pytest.raises(ToolError, match="one: deaf took more than 1 seconds"):
            await answer(tools, tmp_path, "one__deaf")
        assert processes(tmp_path) == []
        assert await answer(tools, tmp_path, "one__add", left=1) == "2"


async def test_giving_up_a_call_ends_the_server(tmp_path: Path) -> None:
    async with opened(tmp_path, one=named(tmp_path)) as tools:
        await tools.tools()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await answer(tools, tmp_path, "one__hang")
        await eventually(lambda: not processes(tmp_path), 10)


async def test_all_that_a_server_started_ends_with_it(tmp_path: Path) -> None:
    async with opened(tmp_path, one=named(tmp_path)) as tools:
        await answer(tools, tmp_path, "one__spawn", note=str(tmp_path / "ids"))
        ids = [int(one) for one in (tmp_path / "ids").read_text().split()]
        assert all(map(psutil.pid_exists, ids))
    await eventually(lambda: not any(map(psutil.pid_exists, ids)), 5)


def test_servers_end_with_us(tmp_path: Path) -> None:
    """Also where this program is killed: the relay looks after whether anybody still wants the server."""
    write(tmp_path, one=named(tmp_path))
    script = (
        "import asyncio, sys\nfrom pathlib import Path\n"
        "from tests.tools.mcp.test_opening import McpTools, answer\n"
        "async def main(root):\n"
        "    tools = McpTools(lambda: root / 'mcp.json')\n"
        "    await answer(tools, root, 'one__spawn', note=str(root / 'ids'))\n"
        "    await answer(tools, root, 'one__hang')\n"
        "asyncio.run(main(Path(sys.argv[1])))"
    )
    with subprocess.Popen([sys.executable, "-c", script, str(tmp_path)]) as process:
        asyncio.run(eventually(lambda: (tmp_path / "ids").is_file(), 30))
        ids = [int(one) for one in (tmp_path / "ids").read_text().split()]
        process.kill()
    asyncio.run(eventually(lambda: not any(map(psutil.pid_exists, ids)), 10))


async def test_those_that_do_not_start_are_told_to_the_owner_and_take_nothing_from_others(tmp_path: Path) -> None:
    broken = named(tmp_path, args=["broken"])
    never = named(tmp_path, args=["never"], startSeconds=0.5)
    nowhere = {"url": f"http://127.0.0.1:{free_port()}/mcp", "startSeconds": 1}
    several = {"broken": broken, "never": never, "gone": {"command": "no-such-program"}, "nowhere": nowhere}
    async with opened(tmp_path, one=named(tmp_path), **several) as tools:
        assert {tool.name.partition("__")[0] for tool in await tools.tools()} == {"one"}
        assert "there is no key" in tools.problems["broken"]
        assert "not ready after 0.5 seconds" in tools.problems["never"]
        assert "No such file" in tools.problems["gone"]
        assert "nowhere" in tools.problems
        started = time.perf_counter()
        await tools.tools()
        assert time.perf_counter() - started < 0.4  # they are left alone for a while


async def test_one_that_did_not_start_is_tried_again_beside(tmp_path: Path) -> None:
    later = tmp_path / "later.py"
    settings = named(tmp_path, command=[sys.executable, str(later)])
    async with opened(tmp_path, pause=0.01, one=settings) as tools:
        assert await tools.tools() == []
        later.write_text(BAD.read_text())
        async with asyncio.timeout(20):
            while not await tools.tools():  # noqa: ASYNC110 - asking is what has it tried again
                await asyncio.sleep(0.05)
        assert tools.problems == {}


async def test_an_edit_is_in_force_and_a_wrong_one_changes_nothing(tmp_path: Path) -> None:
    async with opened(tmp_path, one=named(tmp_path)) as tools:
        await tools.tools()
        (tmp_path / "mcp.json").write_text("{")
        assert await answer(tools, tmp_path, "one__add", left=1) == "2"
        assert "not JSON" in tools.problems[""]
        write(tmp_path, two=named(tmp_path))
        assert {tool.name.partition("__")[0] for tool in await tools.tools()} == {"two"}
        assert tools.problems == {}
        write(tmp_path)
        assert await tools.tools() == []
        assert processes(tmp_path) == []


def test_it_may_be_used_from_any_event_loop(tmp_path: Path) -> None:
    write(tmp_path, one=named(tmp_path))
    tools = McpTools(lambda: tmp_path / "mcp.json")
    assert [asyncio.run(answer(tools, tmp_path, "one__add", left=left)) for left in (1, 2)] == ["2", "3"]
    asyncio.run(tools.aclose())
    assert asyncio.run(answer(tools, tmp_path, "one__add", left=3)) == "4"
    asyncio.run(tools.aclose())


@pytest.fixture
def address() -> Iterator[str]:
    """A server on this machine, spoken to by HTTP."""
    port = free_port()
    with subprocess.Popen([sys.executable, str(GOOD), "http", str(port)], stderr=subprocess.DEVNULL) as process:
        try:
            asyncio.run(eventually(lambda: listens(port), 20))
            yield f"http://127.0.0.1:{port}/mcp"
        finally:
            process.kill()


def test_tools_of_an_address(tmp_path: Path, address: str) -> None:
    async def used() -> None:
        async with opened(tmp_path, web={"url": address, "seconds": 2, "startSeconds": 5}) as tools:
            assert await answer(tools, tmp_path, "web__add", left=1) == "2"
            assert "cut here" in await answer(tools, tmp_path, "web__flood", size=100_000)
            with pytest.raises(ToolError):
                await answer(tools, tmp_path, "web__flood", size=20_000_000)
            assert await answer(tools, tmp_path, "web__add", left=2) == "3"
            with pytest.raises(ToolError):
                await answer(tools, tmp_path, "web__crash")
            with pytest.raises(ToolError, match="not available: web"):
                await answer(tools, tmp_path, "web__add", left=2)

    asyncio.run(used())


def free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port: int = held.getsockname()[1]
        return port


def listens(port: int) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", port)) == 0
