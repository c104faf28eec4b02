"""Makes the virtual environment .venv and the embedded models ready; run by `make`, safe to run again at any time.

    python3 scripts/setup_env.py [--dev | --train]

Needs Python 3.11 and nothing else; uv is used where there is one. Everything is installed at the versions and
hashes of the lock file, and nothing is compiled. `--train` adds what training a voice needs to what is there.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
#: Holds the folder's path once .venv is whole: one that was moved, or whose set-up was cut short, is made afresh.
STATE = VENV / ".setup"
#: The stamps that make compares with the lock files.
STAMPS = {
    "requirements.lock": VENV / ".runtime",
    "requirements-dev.lock": VENV / ".dev",
    "requirements-train.lock": VENV / ".train",
}
#: Where torch is to be had without CUDA, which takes gigabytes and is of no use without a GPU of NVIDIA's.
TORCH_CPU = "https://download.pytorch.org/whl/cpu"
TORCH_PAGE = "https://download.pytorch.org/whl/cpu/torch/"
PIP_URL = (
    "https://files.pythonhosted.org/packages/07/25/ee8c38ae72d66b844ce8eb9711ba905dba21ca1a8a0c960057c41cd23337/"
    "pip-26.3-py3-none-any.whl"
)
PIP_SHA256 = "f3b60b20ffaadd4415ed7957212a38ac63fa4c5fa375bd0f4a797777940fad13"


def main() -> None:
    """Bring the environment up to date with the lock file, then fetch the models."""
    locks, wheels = ["requirements.lock"], ["--only-binary", ":all:"]
    if "--dev" in sys.argv[1:]:
        locks.append("requirements-dev.lock")
        wheels += ["--no-binary", "forbiddenfruit"]  # plain Python, published as source only
    os.environ["PYTHONWARNINGS"] = "ignore"  # of setuptools: that a working copy's folders can shadow the package
    VENV.mkdir(exist_ok=True)
    with STATE.open("a+") as state:
        fcntl.flock(state, fcntl.LOCK_EX)  # two terminals take turns
        state.seek(0)
        if state.read() not in ("", str(ROOT)):
            say(".venv was moved or its set-up was cut short: starting afresh")
            clear()
        state.truncate(0)
        state.write("unfinished")
        state.flush()
        for stamp in STAMPS.values():
            stamp.unlink(missing_ok=True)
        install = installer()
        say(f"installing {locks[-1]}; the first time takes a minute")
        run(*install, *wheels, "--require-hashes", "-r", ROOT / locks[-1])
        run(*install, "--no-deps", "-e", ROOT)
        state.truncate(0)
        state.write(str(ROOT))
    say("fetching the embedded models, unless they are there")
    run(VENV / "bin" / "metahuman", "models", "pull")
    for lock in locks:
        STAMPS[lock].touch()


def train() -> None:
    """Add what training needs, at the versions of its lock file, to an environment that is whole."""
    lock = ROOT / "requirements-train.lock"
    with STATE.open("r+") as state:
        fcntl.flock(state, fcntl.LOCK_EX)
        install = [*installer(), "--only-binary", ":all:"]
        say(f"installing {lock.name}: torch is hundreds of megabytes")
        if sys.platform == "linux" and not shutil.which("nvidia-smi") and torch_page_answers():
            torch = next(line for line in lock.read_text().splitlines() if line.startswith("torch=="))
            run(*install, "--no-deps", "--index-url", TORCH_CPU, torch)
        run(*install, "-r", lock)
    STAMPS[lock.name].touch()


def torch_page_answers() -> bool:
    """Tell whether torch's own index can be reached; a firewall that says nothing is not waited for."""
    try:
        with urllib.request.urlopen(TORCH_PAGE, timeout=5):
            return True
    except OSError:
        return False


def installer() -> list[str | Path]:
    """Create the environment unless there is one; return the command that installs into it."""
    fresh = not PYTHON.exists()
    if fresh:
        say(f"creating .venv with Python {sys.version.split()[0]}")
        clear()
    if uv := shutil.which("uv"):
        if fresh:
            run(uv, "venv", "--quiet", "--allow-existing", "--python", sys.executable, VENV)
        return [uv, "pip", "install", "--quiet", "--python", PYTHON]
    if fresh:
        without = [] if importlib.util.find_spec("ensurepip") else ["--without-pip"]
        run(sys.executable, "-m", "venv", *without, VENV)
    has_pip = any(VENV.glob("lib/python3*/site-packages/pip"))
    pip = ["-m", "pip"] if has_pip else [fetch_pip() / "pip"]  # a wheel of pip runs without being installed
    return [PYTHON, *pip, "install", "--quiet", "--disable-pip-version-check"]


def fetch_pip() -> Path:
    """Bring pip's wheel, for a Python that comes without (Debian's) and an environment that uv made."""
    path = VENV / PIP_URL.rpartition("/")[2]
    if not path.exists():
        remedy = "go online, install uv, or run `apt install python3-venv` and `make clean`"
        try:
            with urllib.request.urlopen(PIP_URL, timeout=30) as response:
                data: bytes = response.read()
        except OSError as error:
            sys.exit(f"set-up: {PIP_URL}: {error}; {remedy}")
        if hashlib.sha256(data).hexdigest() != PIP_SHA256:
            sys.exit(f"set-up: {PIP_URL}: wrong sha256; {remedy}")
        path.write_bytes(data)
    return path


def clear() -> None:
    """Empty .venv of all but the file that says that it is unfinished."""
    for path in VENV.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path != STATE:
            path.unlink()


def run(*command: str | Path) -> None:
    """Run a command in the repository's folder; end here if it fails, for it has said why."""
    if subprocess.run(command, cwd=ROOT, check=False, stdin=subprocess.DEVNULL).returncode:  # noqa: S603 - ours
        sys.exit(f"set-up: `{' '.join(map(str, command))}` failed, see above; run make again once that is mended")


def say(what: str) -> None:
    """Tell what is being done."""
    sys.stderr.write(f"set-up: {what}\n")


if __name__ == "__main__":
    try:
        train() if "--train" in sys.argv[1:] else main()
    except KeyboardInterrupt:
        sys.exit("set-up: interrupted; run make again to go on")
