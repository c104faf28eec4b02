"""What LangGraph's Agent Server is run with names graphs that are there, and opens nothing that should stay shut."""

from __future__ import annotations

import json
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[1]
OWN = json.loads((ROOT / "langgraph.json").read_text())
SERVED = json.loads((ROOT / "deploy" / "langgraph.json").read_text())
SERVICES = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text())["services"]


def test_the_agent_server_has_the_same_graphs_and_its_own_checkpointer() -> None:
    assert SERVED["graphs"] == {name: graph["path"] for name, graph in OWN["graphs"].items()}
    assert {name: SERVED[name] for name in ("store", "http")} == {name: OWN[name] for name in ("store", "http")}
    assert "checkpointer" in OWN
    assert "checkpointer" not in SERVED
    # They are words of a shell's command in the image: `<4` would be a file there.
    assert not [one for one in SERVED["dependencies"] if set("<>;&|$ ") & set(one)]


def test_only_this_machine_reaches_it_and_passwords_are_nobodys_but_yours() -> None:
    assert {name for name, service in SERVICES.items() if "ports" in service} == {"twin"}
    assert all(port.startswith("127.0.0.1:") for port in SERVICES["twin"]["ports"])
    assert SERVICES["postgres"]["environment"]["POSTGRES_PASSWORD"].startswith("${POSTGRES_PASSWORD:?")
    assert SERVICES["twin"]["environment"]["METAHUMAN_TOKEN"].startswith("${METAHUMAN_TOKEN:?")
    assert set(SERVICES["twin"]["depends_on"]) == {"postgres", "redis"}
