"""The program: its Python, and the packages that the settings ask for."""

from __future__ import annotations

import importlib.util
import os
import platform
from collections.abc import Iterator
from importlib.metadata import version

from metahuman.database import URL
from metahuman.doctor.finding import Finding, Look, ok, problem, warning
from metahuman.state.errors import MetaHumanError
from metahuman.tools.mcp.settings import read_servers
from metahuman.tracing import wants_spans


def python(_look: Look) -> Iterator[Finding]:
    """Tell which Python runs which version of the program."""
    # Installers refuse an older Python: this one is at least 3.11.
    yield ok(f"metahuman {version('metahuman')} on Python {platform.python_version()}, {platform.platform()}")


def extras(look: Look) -> Iterator[Finding]:
    """See that what the settings and the environment ask for is installed."""
    wanted = {
        "postgres": (("psycopg", "langgraph.checkpoint.postgres"), f"{URL} is set", bool(os.environ.get(URL))),
        "mcp": (("mcp",), "etc/mcp.json names servers", _names_servers(look)),
        "otel": (("opentelemetry.sdk", "opentelemetry.exporter"), "spans are to be sent", wants_spans()),
    }
    asked = {extra: (modules, why) for extra, (modules, why, needed) in wanted.items() if needed}
    for extra, (modules, why) in asked.items():
        if missing := [module for module in modules if not _is_there(module)]:
            yield problem(f"{why}, but {missing[0]} is not installed", f"pip install 'metahuman[{extra}]'")
        else:
            yield ok(f"{why}, and metahuman[{extra}] is installed")
    if not asked:
        yield ok("no setting asks for more than the program itself")
    if os.environ.get("METAHUMAN_TRACEBACK"):
        yield warning("METAHUMAN_TRACEBACK is set: mistakes of this program end in tracebacks", "unset it")


def _names_servers(look: Look) -> bool:
    try:
        return bool(read_servers(look.home.setting("mcp.json")))
    except MetaHumanError:  # the look at the settings tells
        return False


def _is_there(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:  # nor is what it is part of
        return False
