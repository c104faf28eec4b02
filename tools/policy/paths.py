"""Where a path that a call names really leads, and whether it may go there.

A call names paths as it likes: relative, with `..`, through links. What counts is where they end; see `resolve`.
"""

from __future__ import annotations

import os
import stat
import unicodedata
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Literal

from metahuman.state.errors import ToolError
from metahuman.state.shipped import SHIPPED
from metahuman.tools.tool import place

How = Literal["read", "write"]
#: What Linux takes, in bytes; macOS takes less of both.
LONGEST_PATH, LONGEST_NAME = 4_096, 255
#: Folders whose files are not files: reading or writing them acts on the machine.
MACHINE = tuple(map(Path, ("/proc", "/sys", "/dev")))
#: Folders of a home that belong to the program: settings, audit, journal, who the twin is, what undo needs.
PROGRAMS = frozenset({"etc", "logs", "state", "persona", "routing", "trash"})
#: The program's own code and shipped settings.
CODE = (Path(__file__).resolve().parents[1], SHIPPED.resolve())
#: Names, in lower case, of files and folders that hold keys and passwords.
SECRETS = (
    ".ssh", ".gnupg", ".aws", ".azure", ".kube", ".docker", ".password-store", "keychains", "keyrings",
    ".mozilla", ".thunderbird", "login data", "cookies", "cookies.sqlite", "logins.json", "key4.db",
    ".env", ".env.*", "*.env", ".envrc", ".netrc", "_netrc", ".pgpass", ".npmrc", ".pypirc", ".git-credentials",
    ".htpasswd", ".my.cnf", ".vault-token", "*.pem", "*.key", "*.p12", "*.pfx", "*.ppk", "*.jks", "*.keystore",
    "*.kdbx", "*.gpg", "id_rsa*", "id_dsa*", "id_ecdsa*", "id_ed25519*", "credentials", "credentials.json",
    "credentials.db", "application_default_credentials.json", "client_secret*.json", "secrets.json", "secrets.y*ml",
    "secrets.toml", "shadow", "wallet.dat",
)  # fmt: skip


def resolve(path: str, base: Path, folders: Sequence[Path], how: How = "read", *, home: Path | None = None) -> Path:
    """Return where a path really leads, all links followed.

    The file may be exchanged afterwards: whoever opens it does so without following links, and looks again.

    Args:
        path: As the call names it.
        base: What a relative path is in.
        folders: The folders that it has to end in.
        how: What is to be done there.
        home: The home, whose own files are not written.

    Raises:
        ToolError: If it may not go there; the error says why.
    """
    _check_text(path)
    try:
        found = Path(os.path.realpath(place(path, base)))
        kind = _kind(found)
    except (OSError, RuntimeError, ValueError) as error:  # a name too long for this disk; no such user
        raise ToolError(f"{shown(path)}: cannot be looked up ({error}); name another path") from None
    if any(inside(found, folder) for folder in MACHINE):
        raise ToolError(f"{shown(path)}: belongs to the machine itself; name a file of the owner's")
    _check_folders(path, found, folders, how)
    if kind:
        raise ToolError(f"{shown(path)}: is {kind}; only files and folders can be used")
    if how == "write" and (own := _programs(found, folders, home)):
        raise ToolError(f"{shown(path)}: is {own}, which tools never write; name a file in {_named(folders)}")
    return found


def secret(path: Path, home: Path | None = None) -> bool:
    """Tell whether a resolved path is likely to hold keys or passwords, by its name and the folders it is in.

    Args:
        path: The path.
        home: The home, whose settings may hold keys.
    """
    if home is not None and inside(_alike(path), _alike(home / "etc")):
        return True
    return any(fnmatchcase(name, pattern) for name in _alike(path).parts for pattern in SECRETS)


def hidden(path: Path, folders: Iterable[Path]) -> bool:
    """Tell whether a resolved path is hidden, or in a hidden folder, below the allowed folder it is in.

    What is hidden is often run, or obeyed, by other programs: `.bashrc`, `.git/hooks`.
    """
    tops = [folder for folder in map(real, folders) if inside(path, folder)]
    return any(name.startswith(".") for name in path.parts[max((len(top.parts) for top in tops), default=0) :])


def inside(path: Path, folder: Path) -> bool:
    """Tell whether a path is a folder or somewhere below it, as it is written."""
    return path == folder or folder in path.parents


def real(path: Path) -> Path:
    """Return where a path of the owner's leads, all links followed."""
    return Path(os.path.realpath(path))


def shown(path: str) -> str:
    """Return a path as it can be shown in one line, whatever is in it."""
    text = path.encode("unicode_escape").decode() if any(map(_unseen, path)) else path
    return text if len(text) <= 200 else f"{text[:200]}…"


def _check_text(path: str) -> None:
    if any(map(_unseen, path)):
        raise ToolError(f"{shown(path)}: holds characters that cannot be seen; name the path without them")
    sizes = [len(name.encode()) for name in path.split("/")]
    if sum(sizes) + len(sizes) > LONGEST_PATH or max(sizes) > LONGEST_NAME:
        raise ToolError(f"{shown(path)}: is too long to be a path; name a shorter one")


def _unseen(character: str) -> bool:
    """Tell whether a character hides what a path says: a control character, half of one, a change of direction."""
    kind = unicodedata.category(character)
    return kind in ("Cc", "Cs", "Zl", "Zp") or (
        kind == "Cf" and unicodedata.bidirectional(character) not in ("BN", "L")
    )


def _kind(path: Path) -> str:
    """Return what there is if it is no file and no folder, "" otherwise and if there is nothing."""
    try:
        mode = path.lstat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except PermissionError:  # the system will not let it be opened either
        return ""
    if stat.S_ISREG(mode) or stat.S_ISDIR(mode):
        return ""
    return "a link that leads to itself" if stat.S_ISLNK(mode) else "a device, pipe or socket"


def _check_folders(path: str, found: Path, folders: Sequence[Path], how: How) -> None:
    if any(_within(found, folder) for folder in folders):
        return
    leads = "" if str(found) == path else f" leads to {shown(str(found))}, which"
    remedy = f'the owner can add its folder to "folders.{how}" in etc/trust.json'
    where = f"outside the folders that may be {'read' if how == 'read' else 'written'}: {_named(folders)}"
    raise ToolError(f"{shown(path)}:{leads} is {where}; {remedy}")


def _within(path: Path, folder: Path) -> bool:
    """Tell whether a resolved path is in a folder, also on a disk that takes large and small letters for the same."""
    top = real(folder)
    if inside(path, top):
        return True
    if not inside(_alike(path), _alike(top)):
        return False
    try:
        return any(above.samefile(top) for above in (path, *path.parents) if above.exists())
    except OSError:
        return False


def _programs(path: Path, folders: Sequence[Path], home: Path | None) -> str:
    """Return what of the program's a resolved path is, "" if it is none of it."""
    if any(inside(_alike(path), _alike(code)) for code in CODE):
        return "part of the program"
    if home is None or not inside(_alike(path), top := _alike(real(home))):
        return ""
    below = _alike(path).parts[len(top.parts) :]
    if not below or below[0] in PROGRAMS:
        return "the program's own"
    own = [folder for folder in map(_alike, map(real, folders)) if inside(folder, top) and folder != top]
    return "" if any(inside(_alike(path), folder) for folder in own) else "the home's own"


def _alike(path: Path) -> Path:
    """Return a path as a disk sees it that takes capitals, or ways to write an accent, for the same."""
    return Path(unicodedata.normalize("NFC", str(path)).casefold())


def _named(folders: Sequence[Path]) -> str:
    return ", ".join(map(str, folders)) or "there are none"
