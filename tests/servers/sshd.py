"""A real SSH server on loopback: a shell and SFTP for one user, in a folder; its connections can be cut."""

from __future__ import annotations

import asyncio
import os
import random
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import asyncssh
from asyncssh import SSHKey, SSHServerProcess


class SSHD:
    """Runs in the test's event loop, for an `async with` block.

    Args:
        home: What the user's home is: relative places begin here, and commands run here.
        authorized: The user's public key; a fresh pair by default, whose private half is `key`.
        host_key: The server's key; a fresh one by default.
        cut: Draws after how many bytes that came in a connection is cut; never by default.

    Attributes:
        connections: How many were made.
        cuts: How many were cut.
    """

    def __init__(
        self,
        home: Path,
        authorized: SSHKey | None = None,
        host_key: SSHKey | None = None,
        cut: tuple[int, int] | None = None,
    ) -> None:
        self.home, self.cut = home, cut
        self.key = authorized or asyncssh.generate_private_key("ssh-ed25519")
        self.host_key = host_key or asyncssh.generate_private_key("ssh-ed25519")
        self.random = random.Random(7)
        self.connections = self.cuts = 0
        self._server: asyncssh.SSHAcceptor | None = None
        self._proxy: asyncio.Server | None = None
        self._passing: set[asyncio.Task[None]] = set()

    @property
    def port(self) -> int:
        """Where clients connect."""
        assert self._proxy
        return int(self._proxy.sockets[0].getsockname()[1])

    def known_hosts(self, path: Path) -> Path:
        """Write a file of known hosts that knows this one."""
        path.write_text(f"[127.0.0.1]:{self.port} {self.host_key.export_public_key().decode()}")
        return path

    def private_key(self, path: Path) -> Path:
        """Write the user's private key."""
        path.write_bytes(self.key.export_private_key())
        path.chmod(0o600)
        return path

    async def __aenter__(self) -> Self:
        self.home.mkdir(parents=True, exist_ok=True)
        self._server = await asyncssh.listen(
            "127.0.0.1",
            0,
            server_host_keys=[self.host_key],
            authorized_client_keys=asyncssh.import_authorized_keys(self.key.export_public_key().decode()),
            process_factory=self._run,
            sftp_factory=lambda channel: _Files(channel, self.home),
            encoding=None,
        )
        self._proxy = await asyncio.start_server(self._begin, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        assert self._server
        assert self._proxy
        self._proxy.close()
        self._server.close()
        for passing in self._passing:
            passing.cancel()
        await asyncio.gather(*self._passing, return_exceptions=True)
        await self._server.wait_closed()

    async def _run(self, process: SSHServerProcess[bytes]) -> None:
        """Run a command in a real shell."""
        child = await asyncio.create_subprocess_exec(
            "/bin/sh",
            "-c",
            process.command or "",
            cwd=self.home,
            env={**os.environ, "HOME": str(self.home)},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        feeding = asyncio.create_task(_feed(process, child))
        assert child.stdout
        assert child.stderr
        # Like OpenSSH's, it ends with the last process that holds its output open, not with the command.
        out, err = await asyncio.gather(child.stdout.read(), child.stderr.read())
        code = await child.wait()
        feeding.cancel()
        process.stdout.write(out)
        process.stderr.write(err)
        process.exit(code)

    def _begin(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        passing = asyncio.create_task(self._pass(reader, writer))
        self._passing.add(passing)
        passing.add_done_callback(self._passing.discard)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass a connection on to the server, and cut it where its time has come."""
        self.connections += 1
        assert self._server
        there, out = await asyncio.open_connection("127.0.0.1", self._server.get_port())
        left = [self.random.randint(*self.cut) if self.cut else None]
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._pump(reader, out, left))
                group.create_task(self._pump(there, writer, [None]))
        except* (OSError, _Cut):
            pass
        finally:
            for end in (writer, out):
                end.transport.abort()

    async def _pump(self, source: asyncio.StreamReader, target: asyncio.StreamWriter, left: list[int | None]) -> None:
        while data := await source.read(4096):
            if left[0] is not None:
                left[0] -= len(data)
                if left[0] <= 0:
                    self.cuts += 1
                    raise _Cut
            target.write(data)
            await target.drain()
        raise _Cut


async def _feed(process: SSHServerProcess[bytes], child: asyncio.subprocess.Process) -> None:
    assert child.stdin
    child.stdin.write(await process.stdin.read())
    child.stdin.close()


class _Cut(Exception):  # noqa: N818 - a scripted event
    pass


class _Files(asyncssh.SFTPServer):
    """Files as the user sees them: relative places begin in their home."""

    def __init__(self, channel: Any, home: Path) -> None:
        super().__init__(channel)
        self._home = home

    def map_path(self, path: bytes) -> bytes:
        return os.path.join(os.fsencode(self._home), path)  # noqa: PTH118 - bytes
