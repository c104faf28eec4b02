from __future__ import annotations

import json
from pathlib import Path

import pytest

from metahuman.state.errors import SettingError
from metahuman.state.shipped import SHIPPED
from metahuman.tools.mcp.settings import Said, ServerSettings, filled_in, read_servers


def read(folder: Path, content: object) -> dict[str, ServerSettings]:
    path = folder / "mcp.json"
    path.write_text(json.dumps(content))
    return read_servers(path)


def test_none_are_shipped() -> None:
    assert read_servers(SHIPPED / "mcp.json") == {}


def test_the_shape_that_other_programs_write_is_read_too(tmp_path: Path) -> None:
    common = {"command": "npx", "args": ["-y", "a-server"], "env": {"KEY": "x"}, "autoApprove": ["all"]}
    found = read(tmp_path, {"mcpServers": {"files": common, "off": {"url": "https://a.test", "disabled": True}}})
    assert list(found) == ["files"]
    assert found["files"].command == ("npx",)
    assert found["files"].args == ("-y", "a-server")
    assert found["files"].said("anything") == Said(risk="high", effect="send")


def test_the_owner_says_what_a_tool_may_spoil(tmp_path: Path) -> None:
    tools = {"look": "low", "change": {"risk": "medium", "effect": "write"}, "*": {"effect": "read"}}
    server = read(tmp_path, {"servers": {"a": {"command": ["x"], "tools": tools}}})["a"]
    assert server.said("look") == Said(risk="low", effect="send")
    assert server.said("change") == Said(risk="medium", effect="write")
    assert server.said("other") == Said(risk="high", effect="read")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"servers": []}, "servers: is no object"),
        ({"servers": {"a__b": {"command": "x"}}}, "servers.a__b: is no name for a server"),
        ({"servers": {"ä": {"command": "x"}}}, "is no name for a server"),
        ({"servers": {"a": 1}}, "servers.a: "),
        ({"servers": {"a": {}}}, 'needs either "command" or "url"'),
        ({"servers": {"a": {"command": "x", "url": "https://a.test"}}}, 'needs either "command" or "url"'),
        ({"servers": {"a": {"url": "file:///x"}}}, "has to begin with https://"),
        ({"servers": {"a": {"command": "x", "tools": {"t": "safe"}}}}, r"servers.a.tools.t.risk: .*high"),
        ({"servers": {"a": {"command": "x", "seconds": 0}}}, "servers.a.seconds"),
        ({"servers": {"a": {"command": "x", "env": {"A": 1}}}}, "servers.a.env.A"),
    ],
)
def test_settings_that_are_wrong_are_told_with_their_key(tmp_path: Path, content: object, said: str) -> None:
    with pytest.raises(SettingError, match=said) as raised:
        read(tmp_path, content)
    assert "\n" not in str(raised.value)


def test_keys_come_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_KEY", "secret")
    server = ServerSettings(url="https://a.test", headers={"Authorization": "Bearer ${A_KEY}", "Price": "$5"})
    assert filled_in(server, tmp_path, "a").headers == {"Authorization": "Bearer secret", "Price": "$5"}
    with pytest.raises(SettingError, match=r"a.env.X: NO_SUCH_KEY is not in the environment"):
        filled_in(ServerSettings(command=("x",), env={"X": "${NO_SUCH_KEY}"}), tmp_path, "a")
