"""Workers that cannot serve: they are not started for ever. What those do that can is in tests/cli/test_serve.py."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest

from metahuman.home import Home
from metahuman.server.running import bind
from metahuman.server.settings import Settings
from metahuman.server.workers import Work
from metahuman.state.errors import ServerFailed


@pytest.mark.slow
async def test_one_that_ends_with_an_error_again_and_again_ends_all(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    broken = Settings(port=0, agents=False, limits=cast(Any, None))
    with (
        bind(broken) as listener,
        pytest.raises(ServerFailed, match=r"worker 1 died \(exit code 1\), 3 times in a row"),
    ):
        await Work(Home(tmp_path), broken, listener, print, print).share(1)
    out, err = capfd.readouterr()
    assert out.count("worker 1 died (exit code 1) and is started again") == 2
    assert "'NoneType' object has no attribute" in err
