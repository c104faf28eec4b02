"""What the scripted servers share: a real HTTP/1.1 server in threads, whose script can make it fail."""

from __future__ import annotations

import asyncio
import json
import socket
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from types import TracebackType
from typing import Any, NamedTuple, Self, cast
from urllib.parse import urlsplit

from tests.servers.answer import JSON, Answer, Answers


class Request(NamedTuple):
    """One request as it came over the wire."""

    method: str
    path: str
    body: Any


class Refusal(Exception):  # noqa: N818 - a reply, not a fault of the server
    """Ends a request with an error reply."""

    def __init__(self, status: int, error: str | JSON, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(error)
        self.status, self.error, self.headers = status, error, headers or {}


class Cut(Exception):  # noqa: N818 - a scripted event
    """Ends a connection where its script says so."""


async def eventually(condition: Callable[[], object], seconds: float = 2.0) -> None:
    """Wait until `condition` holds: what a client does reaches a server's thread a moment later."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - the servers' threads know nothing of this event loop
            await asyncio.sleep(0.005)


class Exchange(BaseHTTPRequestHandler):
    """One connection: reads a request, has the server respond, and sends what it says."""

    protocol_version = "HTTP/1.1"
    # Else every small chunk waits some 40 ms for the client to acknowledge the one before.
    disable_nagle_algorithm = True
    request_line: Request

    def do_GET(self) -> None:
        """Serve one request of any method."""
        owner = cast("_Listener", self.server).owner
        raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.request_line = Request(self.command, urlsplit(self.path).path, _parsed(raw))
        owner.requests.append(self.request_line)
        try:
            owner.respond(self)
        except Cut:
            self.close_connection = True
        except ConnectionError:
            self.close_connection = True
            # A server that stops closes its connections itself: no client left.
            if not cast("_Listener", self.server).stopping:
                owner.disconnects.append(self.request_line)

    do_POST = do_HEAD = do_DELETE = do_GET  # noqa: N815

    @property
    def body(self) -> JSON:
        """The request's JSON object; empty when it has none."""
        return self.request_line.body or {}

    def reply(self, payload: JSON, status: int = 200, headers: Mapping[str, str] | None = None) -> None:
        """Send one JSON object."""
        data = json.dumps(payload).encode()
        self._start(status, {"Content-Type": "application/json", "Content-Length": str(len(data)), **(headers or {})})
        if self.command != "HEAD":
            self.wfile.write(data)

    def reply_whole(self, answer: Answer, payload: JSON) -> None:
        """Send `payload` at once, as a model that does not stream, with the faults that `answer` asks for."""
        self.wait(answer.first_token_delay + answer.chunk_delay * answer.chunks)
        data = json.dumps(payload).encode()
        data = data if answer.malformed_at is None else data[:-1]
        self._start(200, {"Content-Type": "application/json", "Content-Length": str(len(data)), **answer.headers})
        if answer.cut_after is not None:
            self.wfile.write(data[: len(data) // 2])
            raise Cut
        self.wfile.write(data)

    def stream(self, answer: Answer, chunks: Iterable[bytes], content_type: str) -> None:
        """Send `chunks` one by one, with the delays and faults that `answer` asks for."""
        self.wait(answer.first_token_delay)
        for index, chunk in enumerate(chunks):
            if index == answer.cut_after:
                raise Cut
            self.wait(answer.chunk_delay if index else 0)
            if index == 0:
                # Headers leave with the first token, as Ollama's do: a client waits for both.
                self._start(200, {"Content-Type": content_type, "Transfer-Encoding": "chunked", **answer.headers})
            data = _broken(chunk) if index == answer.malformed_at else chunk
            self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.write(b"0\r\n\r\n")

    def wait(self, seconds: float) -> None:
        """Sleep, or raise as soon as the client has gone: a real server stops generating then."""
        self.connection.settimeout(seconds)
        try:
            if not self.connection.recv(1, socket.MSG_PEEK):
                raise ConnectionResetError
        except (TimeoutError, BlockingIOError):
            pass  # nothing came, so the client is still listening
        finally:
            self.connection.settimeout(None)

    def _start(self, status: int, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the base class
        """Keep the test's output clean."""


class Server:
    """A local HTTP server for a `with` block; subclasses say in `routes` what it responds.

    Attributes:
        requests: Every request, in the order it came.
        disconnects: The requests whose client left before the whole response was sent.
        unscripted: The requests that found no answer; a test that expects none asserts it is empty.
        answers: What is left to say; it can be added to or replaced at any time.
    """

    def __init__(self, answers: Answers = ()) -> None:
        self.requests: list[Request] = []
        self.disconnects: list[Request] = []
        self.unscripted: list[Request] = []
        self.answers = answers if callable(answers) or isinstance(answers, deque) else deque(answers)
        self._listener: _Listener | None = None
        self._port = 0

    @property
    def url(self) -> str:
        """The server's address, the same before and after a stop."""
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Listen: at first on a free port, after a stop on the same port again."""
        self._listener = _Listener(("127.0.0.1", self._port), self)
        self._port = self._listener.server_port
        threading.Thread(target=self._listener.serve_forever, args=(0.01,), daemon=True).start()

    def stop(self) -> None:
        """Refuse connections from now on, and break those that are open, as a process that died would."""
        if self._listener:
            self._listener.stop()
            self._listener = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def say(self, *answers: Answer) -> None:
        """Replace what is left to say."""
        self.answers = deque(answers)

    def routes(self) -> Mapping[tuple[str, str], Callable[[Exchange], None]]:
        """Say what responds to each method and path."""
        raise NotImplementedError

    def route(self, request: Request) -> Callable[[Exchange], None] | None:
        """Return what responds to a request; a server with paths that name things finds them here."""
        return self.routes().get((request.method, request.path))

    def error_body(self, status: int, error: str | JSON) -> JSON:
        """Put a complaint in the protocol's shape."""
        raise NotImplementedError

    def respond(self, exchange: Exchange) -> None:
        """Respond to one request, in its connection's thread."""
        request = exchange.request_line
        try:
            route = self.route(request)
            if route is None:
                raise Refusal(404, f"{request.method} {request.path} is not served here")
            route(exchange)
        except Refusal as refusal:
            exchange.reply(self.error_body(refusal.status, refusal.error), refusal.status, refusal.headers)

    def next_answer(self, exchange: Exchange) -> Answer:
        """Take the answer scripted for this request; one that is an error is sent at once."""
        try:
            answer = self.answers(exchange.body) if callable(self.answers) else self.answers.popleft()
        except LookupError:
            self.unscripted.append(exchange.request_line)
            raise Refusal(500, f"no answer is scripted for {exchange.request_line.path}") from None
        # What a stream would report in its midst, a whole answer reports with a status.
        status = 500 if answer.error and answer.status == 200 and not self.streams(exchange.body) else answer.status
        if status != 200:
            exchange.wait(answer.first_token_delay)
            raise Refusal(status, answer.error or HTTPStatus(status).phrase, answer.headers)
        return answer

    def streams(self, body: JSON) -> bool:
        """Tell whether a request asks for a stream."""
        return bool(body.get("stream"))


class _Listener(ThreadingHTTPServer):
    """The listening socket of a server and the connections it accepted."""

    # Five, the default, makes a sixth client that calls at once wait a second for its turn.
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], owner: Server) -> None:
        self.owner, self.stopping = owner, False
        self._open: set[socket.socket] = set()
        super().__init__(address, Exchange)

    def server_bind(self) -> None:
        # HTTPServer would look up the name of 127.0.0.1, which takes some machines seconds.
        TCPServer.server_bind(self)
        self.server_port = self.socket.getsockname()[1]

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        self._open.add(connection)
        return connection, address

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        # A client may leave between requests as abruptly as it likes.
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)

    def stop(self) -> None:
        self.stopping = True
        self.shutdown()
        self.server_close()
        for connection in tuple(self._open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


def _parsed(raw: bytes) -> Any:
    """Read a body as JSON, or leave it as it is: a file that is uploaded."""
    try:
        return json.loads(raw) if raw else None
    except ValueError:
        return raw


def _broken(chunk: bytes) -> bytes:
    """Take the last brace of a chunk's JSON away and leave the end of its line."""
    line = chunk.rstrip()
    return line[:-1] + chunk[len(line) :]
