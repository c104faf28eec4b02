"""Binds this process, and then becomes the program: bounds of the system, no network, and few files.

It is run as a file by itself, before anything of the program, so it needs nothing but Python's own library:
`python -I -S launcher.py PLAN PROGRAM ARGUMENTS…`. Threads and locks of the process that starts it are not its
concern, which is why this is not done between fork and exec.

Landlock (https://docs.kernel.org/userspace-api/landlock.html) closes the files, and a seccomp filter
(https://docs.kernel.org/userspace-api/seccomp_filter.html) closes sockets, other processes' memory, and ways out of
the process group, by which everything that was started is ended.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import json
import os
import platform
import resource
import signal
import struct
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NoReturn

#: The exit code that says that the program was not begun.
NOT_BEGUN = 125
#: Processes and threads that a program may have.
PROCESSES = 256

# Names and numbers of Linux, from its headers linux/landlock.h, linux/prctl.h, linux/seccomp.h, linux/filter.h.
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_PR_SET_PDEATHSIG, _PR_SET_SECCOMP, _PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS = 1, 22, 24, 38
#: More than there are privileges of root.
_PRIVILEGES = 64
_FILTER_MODE, _ALLOW, _KILL, _ERRNO = 2, 0x7FFF0000, 0x80000000, 0x00050000
_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
#: Rights on files, by the version that brought them: the first 13 with 1, then moving, truncating, and device control.
_RIGHTS = {1: (1 << 13) - 1, 2: 1 << 13, 3: 1 << 14, 5: 1 << 15}
_READ = 1 << 0 | 1 << 2 | 1 << 3
#: Of the rights, those that a file that is no folder can have.
_OF_FILES = 1 << 0 | 1 << 1 | 1 << 2 | 1 << 14 | 1 << 15
#: Each machine's mark, and its numbers of what is closed: socket, setpgid, setsid, ptrace, process_vm_readv and
#: _writev, keys, io_uring_setup, and cutting a file by its name, which Landlock closes only since version 3.
_MACHINES: dict[str, tuple[int, tuple[int, ...]]] = {
    "x86_64": (0xC000003E, (41, 109, 112, 101, 310, 311, 248, 249, 250, 425, 76)),
    "aarch64": (0xC00000B7, (198, 154, 157, 117, 270, 271, 217, 218, 219, 425, 45)),
}
#: What Landlock leaves open and a program that only reads does not need: owners, permissions, times and attributes
#: of files.
_MARKS = {
    "x86_64": (90, 91, 92, 93, 94, 132, 188, 189, 190, 197, 198, 199, 235, 260, 261, 268, 280, 452, 463, 466),
    "aarch64": (5, 6, 7, 14, 15, 16, 52, 53, 54, 55, 88, 452, 463, 466),
}
#: Calls of another kind of machine that some processors take too.
_FOREIGN = 0x40000000

_LIBC = ctypes.CDLL(None, use_errno=True)


def version() -> int:
    """Return the version of Landlock that this system has; 0 if it has none, or cannot close sockets."""
    if sys.platform != "linux" or platform.machine() not in _MACHINES:
        return 0
    return max(0, int(_LIBC.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(1))))


def close_files(readable: Iterable[str], writable: Iterable[str]) -> None:
    """Let this process, and all it starts, read and write below these places only."""
    found = version()
    handled = sum(bits for since, bits in _RIGHTS.items() if since <= found)
    # What is bound: files; connecting and listening (since 4); sockets without a name, and signals (since 6).
    attributes = struct.pack("=QQQ", handled, 3, 3)[: 24 if found >= 6 else 16 if found >= 4 else 8]
    ruleset = _call(_CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), ctypes.c_uint32(0))
    for place in readable:
        _allow(ruleset, place, _READ & handled)
    for place in writable:
        _allow(ruleset, place, handled)
    _call(_RESTRICT_SELF, ctypes.c_int(ruleset), ctypes.c_uint32(0))
    os.close(ruleset)


def close_calls(*, marks: bool) -> None:
    """Refuse sockets and all that leads out of the sandbox; without `marks`, changes of files' permissions too."""
    machine = platform.machine()
    mark, closed = _MACHINES[machine]
    closed += () if marks else _MARKS[machine]
    steps = [(_LOAD, 0, 0, 4), (_EQUAL, 1, 0, mark), (_RETURN, 0, 0, _KILL), (_LOAD, 0, 0, 0)]
    steps += [(_AT_LEAST, 0, 1, _FOREIGN), (_RETURN, 0, 0, _KILL)]
    for number in closed:
        steps += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, _ERRNO | errno.EPERM)]
    code = b"".join(struct.pack("=HBBI", *step) for step in [*steps, (_RETURN, 0, 0, _ALLOW)])
    held = ctypes.create_string_buffer(code)
    program = struct.pack("@HP", len(code) // 8, ctypes.addressof(held))
    if _LIBC.prctl(_PR_SET_SECCOMP, _FILTER_MODE, program, 0, 0):
        raise OSError(ctypes.get_errno(), "seccomp")


def bound(seconds: float, memory: int, size: int) -> None:
    """Bound what this process and those it starts may use: seconds of a core, bytes of memory and of a file."""
    core = int(seconds) + 1
    limits = {
        resource.RLIMIT_CPU: core,
        resource.RLIMIT_AS: memory,
        resource.RLIMIT_FSIZE: size,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NOFILE: 1_024,
        resource.RLIMIT_NPROC: _processes() + PROCESSES,
    }
    for kind, most in limits.items():
        hard = resource.getrlimit(kind)[1]
        value = most if hard == resource.RLIM_INFINITY else min(most, hard)
        with contextlib.suppress(OSError, ValueError):  # macOS knows not all of them
            resource.setrlimit(kind, (value, value))


def _processes() -> int:
    """Return how many processes and threads the user has: the system bounds these together."""
    count, me = 0, os.getuid()
    for folder in Path("/proc").glob("[0-9]*/task"):
        with contextlib.suppress(OSError):  # it has ended since
            count += sum(1 for _ in folder.iterdir()) if folder.stat().st_uid == me else 0
    return count or 4_096


def _allow(ruleset: int, place: str, rights: int) -> None:
    """Allow these rights below a place; one that is not there needs none."""
    try:
        opened = os.open(place, getattr(os, "O_PATH", 0) | os.O_CLOEXEC)
    except OSError:
        return
    try:
        rights &= ~0 if Path(place).is_dir() else _OF_FILES
        rule = struct.pack("=Qi", rights, opened)
        _call(_ADD_RULE, ctypes.c_int(ruleset), ctypes.c_int(1), rule, ctypes.c_uint32(0))
    finally:
        os.close(opened)


def _call(number: int, *arguments: Any) -> int:
    result = int(_LIBC.syscall(number, *arguments))
    if result < 0:
        raise OSError(ctypes.get_errno(), "Landlock")
    return result


def main(plan: dict[str, Any], program: str, command: list[str]) -> NoReturn:
    """Bind this process as the plan says, and become the program."""
    if sys.platform == "linux":
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != plan["parent"]:
            os._exit(NOT_BEGUN)  # the one who wanted it has died meanwhile
        for privilege in range(_PRIVILEGES):  # root's go past Landlock: its programs would read our own memory
            _LIBC.prctl(_PR_CAPBSET_DROP, privilege, 0, 0, 0)
        if _LIBC.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
            raise OSError(ctypes.get_errno(), "privileges")
    bound(plan["seconds"], plan["memory"], plan["size"])
    if plan["closed"]:
        close_files([*plan["readable"], program], plan["writable"])
        close_calls(marks=plan["marks"])
    os.execv(program, command)  # noqa: S606 - this is what it is for: the policy has let it be run


if __name__ == "__main__":
    try:
        main(json.loads(sys.argv[1]), sys.argv[2], sys.argv[3:])
    except (OSError, ValueError) as problem:
        sys.stderr.write(f"{problem}\n")
        sys.exit(NOT_BEGUN)
