"""The server as an ASGI application."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, Response
from starlette.staticfiles import StaticFiles

from metahuman.agents.scheduler import Scheduler
from metahuman.home import Home
from metahuman.models.providers import Provider, open_provider
from metahuman.server import agents, chat_completions, memories, owner, records, threads, turns, voices
from metahuman.server.board import Board
from metahuman.server.errors import ErrorBody, Refused, invalid, told
from metahuman.server.feed import AuditFollower, Feed
from metahuman.server.guard import Guard
from metahuman.server.limits import Streams
from metahuman.server.settings import Settings
from metahuman.server.signin import session_routes
from metahuman.server.tokens import Sessions, session_folder
from metahuman.server.twin import ServedTwin
from metahuman.state.errors import MetaHumanError

PAGE = Path(__file__).parent / "page"
_ERRORS: dict[int | str, dict[str, Any]] = {
    "4XX": {"model": ErrorBody, "description": "The request cannot be done: one line says why"},
    "5XX": {"model": ErrorBody, "description": "The home or a model is in trouble: one line says which"},
}
_ABOUT = "A digital twin on its owner's machine. An error has the shape of OpenAI's: `error.message` is one line."


def create_app(
    home: Home,
    settings: Settings,
    providers: Callable[[str], Provider] = open_provider,
    tell: Callable[[str], None] = lambda _: None,
) -> FastAPI:
    """Return the application for a home.

    Args:
        home: The home.
        settings: How it is run.
        providers: Finds a model provider by name.
        tell: Is told what the agents do, a line each.
    """
    sessions = Sessions(session_folder(home), settings.token)
    app = FastAPI(
        title="MetaHuman",
        version=version("metahuman"),
        description=_ABOUT,
        lifespan=_lifespan,
        openapi_url="/api/openapi.json",
        docs_url=None,  # their scripts come from other hosts
        redoc_url=None,
        responses=_ERRORS,
    )
    app.state.settings, app.state.tell = settings, tell
    app.state.twin, app.state.streams = ServedTwin(home, providers), Streams(settings.limits.streams)
    app.state.board = Board(app.state.twin, Feed(), settings.agents)
    app.state.runs = set()
    for module in (turns, threads, memories, owner, records, agents, voices, chat_completions):
        app.include_router(module.routes)
    app.include_router(session_routes(settings, sessions))
    _handle_errors(app)
    _serve_page(app)
    app.add_middleware(Guard, settings=settings, sessions=sessions)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Keep the status, and run the agents, for as long as the server runs."""
    board: Board = app.state.board
    follower = AuditFollower(app.state.twin.home, board.note)
    async with AsyncExitStack() as running:
        running.push_async_callback(app.state.twin.aclose)
        await board.start()
        follower.start()
        running.callback(follower.stop)
        await running.enter_async_context(_task(board.run()))
        if app.state.settings.agents and app.state.settings.worker == 0:
            await running.enter_async_context(_agents(app))
        running.push_async_callback(_stop_runs, app.state.runs)
        running.callback(app.state.streams.stopping.set)
        yield


@asynccontextmanager
async def _agents(app: FastAPI) -> AsyncIterator[None]:
    """Run the home's agents when they are due; the rest of the server does not depend on them."""
    stop, twin, tell = asyncio.Event(), app.state.twin, app.state.tell

    async def work() -> None:
        try:
            of = (await asyncio.to_thread(twin.open)).services
            await Scheduler(twin.home, of.audit, of.clock, tell=tell).run(stop)
        except MetaHumanError as error:
            tell(f"the agents do not run: {error}")

    task = asyncio.create_task(work())
    try:
        yield
    finally:
        stop.set()
        await asyncio.wait([task])


@asynccontextmanager
async def _task(work: Any) -> AsyncIterator[None]:
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _stop_runs(runs: set[asyncio.Task[Any]]) -> None:
    for task in [*runs]:
        task.cancel()
    await asyncio.gather(*runs, return_exceptions=True)


def _handle_errors(app: FastAPI) -> None:
    async def known(_request: Request, error: Exception) -> Response:
        return told(error).response()

    async def misshapen(_request: Request, error: Exception) -> Response:
        problems = error.errors() if isinstance(error, RequestValidationError) else []
        return invalid(problems[0]).response()

    async def plain(_request: Request, error: Exception) -> Response:
        if isinstance(error.__cause__, Refused):  # FastAPI takes whatever goes wrong with a body for a bad one
            return told(error.__cause__).response()
        status = error.status_code if isinstance(error, HTTPException) else 500
        words = {404: ("not_found", "there is nothing at this address"), 405: ("wrong_method", "not with this method")}
        code, message = words.get(status, ("bad_request", str(getattr(error, "detail", "the request cannot be read"))))
        return told(Refused(status, code, message)).response()

    app.add_exception_handler(MetaHumanError, known)
    app.add_exception_handler(RequestValidationError, misshapen)
    app.add_exception_handler(HTTPException, plain)
    app.add_exception_handler(Exception, known)


def _serve_page(app: FastAPI) -> None:
    """Serve the page's files as they lie there."""

    @app.get("/", include_in_schema=False)
    async def page() -> Response:
        return FileResponse(PAGE / "index.html")

    app.mount("/page", StaticFiles(directory=PAGE), name="page")
