"""Traces of what the twin does, for LangSmith or an OpenTelemetry collector: off unless the environment says so.

A trace never holds up a turn, nor the end of a program for longer than a second; what cannot be sent by then is lost.
"""

from __future__ import annotations

import atexit
import logging
import os
import time
import uuid
import warnings
from collections.abc import Callable
from functools import cache, partial
from threading import Thread
from typing import Any

import langsmith
from langchain_core.runnables import RunnableConfig
from langsmith.utils import LangSmithMissingAPIKeyWarning, LangSmithUserError, tracing_is_enabled

from metahuman.state.context import Mode
from metahuman.tracing_client import TwinClient
from metahuman.tracing_facts import payloads_allowed

#: Seconds that the end of a program waits for traces that are still here.
PATIENCE = 1.0
#: What must be so for a program to end while LangSmith keeps silent: its threads end with the program, and none of
#: them hands work to a pool, which a program waits for.
_UNHURRIED = {"LANGSMITH_USE_DAEMON": "true", "LANGSMITH_DISABLE_RUN_COMPRESSION": "true"}
#: Where OpenTelemetry is to be sent, by its own names.
ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")

_log = logging.getLogger("metahuman")


def begin() -> None:
    """Begin to trace whatever this program does from now on, if the environment asks for it; once."""
    if tracing_is_enabled():
        langsmith_client()
    if wants_spans():
        _spans()
    if _ENDINGS:
        _ended_with_the_program()


def wants_spans() -> bool:
    """Tell whether the environment names a collector of OpenTelemetry's."""
    return any(map(os.environ.get, ENDPOINTS)) and os.environ.get("OTEL_SDK_DISABLED", "").lower() != "true"


@cache
def langsmith_client() -> TwinClient | None:
    """Return the one client that sends this program's runs to LangSmith; None, and say why, if there can be none."""
    unhurried()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", LangSmithMissingAPIKeyWarning)
            client = TwinClient(payloads=payloads_allowed(), tracing_error_callback=_Once("LangSmith"))
    except (LangSmithMissingAPIKeyWarning, LangSmithUserError) as error:
        _log.warning("metahuman: nothing is traced: %s; set LANGSMITH_API_KEY, or LANGSMITH_TRACING=false", error)
        langsmith.configure(enabled=False)
        return None
    langsmith.configure(client=client)
    _ENDINGS.append(partial(_send_the_rest, client))
    return client


def unhurried() -> None:
    """See, before a client of LangSmith's is made, that it holds up no end of a program, and logs to no terminal."""
    for name, value in _UNHURRIED.items():
        os.environ.setdefault(name, value)
    logging.getLogger("langsmith").addHandler(logging.NullHandler())  # what goes wrong is told in one line, elsewhere


#: Each sends what is still here, and waits for so many seconds at the most.
_ENDINGS: list[Callable[[float], None]] = []


@cache
def _ended_with_the_program() -> None:
    atexit.register(finish)


def finish(seconds: float = PATIENCE) -> None:
    """Have everything sent that is still here, but wait no longer than so many seconds in all."""
    ends = time.monotonic() + seconds
    for end in _ENDINGS:
        end(max(0.0, ends - time.monotonic()))


def _send_the_rest(client: TwinClient, seconds: float) -> None:
    ends = time.monotonic() + seconds
    for thread in _SENDING:
        thread.join(max(0.0, ends - time.monotonic()))
    client.flush(timeout=max(0.0, ends - time.monotonic()))


@cache
def _spans() -> None:
    try:
        from metahuman.tracing_spans import export_spans
    except ModuleNotFoundError as error:
        remedy = "`pip install 'metahuman[otel]'`, or set OTEL_SDK_DISABLED=true"
        _log.warning("metahuman: no spans are exported: %s is not installed; %s", error.name, remedy)
        return
    _ENDINGS.insert(0, export_spans(_Once("the collector of OpenTelemetry"), PATIENCE))  # it is near, and quick


def turn_config(thread: str, mode: Mode, turn: str | None = None) -> RunnableConfig:
    """Return how a turn's run is named in traces, tagged and described.

    Args:
        thread: Its conversation.
        mode: Its cognitive mode.
        turn: The id of the message that begins it, which becomes its run's, so that feedback finds it; None where a
            turn goes on.
    """
    config = RunnableConfig(configurable={"thread_id": thread})
    if tracing_is_enabled() or wants_spans():
        config |= RunnableConfig(run_name="turn", tags=[f"mode:{mode}", f"thread:{thread}"], metadata={"mode": mode})
        if turn:
            config["run_id"] = uuid.UUID(turn)
    return config


#: Threads that send feedback. They end with the program, as LangSmith's own do.
_SENDING: list[Thread] = []


def send_feedback(turn: str, key: str, **told: Any) -> bool:
    """Send feedback on a turn to LangSmith, in the background; tell whether there is a run that it can be about.

    Args:
        turn: The id of its message.
        key: What the feedback is about.
        told: Its `score`, `comment` or `correction`.
    """
    client = langsmith_client() if tracing_is_enabled() else None
    run = _run_of(turn)
    if client is None or run is None:
        return False

    def send() -> None:
        try:
            client.create_feedback(run, key, trace_id=run, **told)
        except (langsmith.utils.LangSmithError, OSError, ValueError) as error:
            _Once("LangSmith")(error)

    _SENDING[:] = [thread for thread in _SENDING if thread.is_alive()]
    _SENDING.append(Thread(target=send, name="feedback", daemon=True))
    _SENDING[-1].start()
    return True


def _run_of(turn: str) -> uuid.UUID | None:
    """Return the id of a turn's run; None if the turn is from before ids could be those of runs."""
    try:
        found = uuid.UUID(turn)
    except ValueError:
        return None
    return found if found.version == 7 else None


class _Once:
    """Says once that traces do not arrive, in one line.

    Args:
        where: Where they do not.
    """

    told = frozenset[str]()

    def __init__(self, where: str) -> None:
        self._where = where

    def __call__(self, error: Exception) -> None:
        """Say it, unless it was said before."""
        if self._where not in _Once.told:
            _Once.told |= {self._where}
            what = " ".join(str(error).split())
            _log.warning("metahuman: traces do not reach %s: %.200s", self._where, what or type(error).__name__)
