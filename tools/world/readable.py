"""What a person would read of a web page.

Pages are written by anybody, so this takes time in proportion to their length, whatever is in them: Python's own
parser and those of browsers take hours for some pages of a megabyte. Scripts, styles and what is hidden are left out.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple
from urllib.parse import urljoin

#: A tag up to its end; a quoted value may hold a ">". Nothing in it is tried in more than one way.
_TAG = re.compile(r"<(/?)([A-Za-z][^\s/>]*+)((?:[^>=]++|=\s*+\"[^\"]*+\"|=\s*+'[^']*+'|=)*+)>")
_VALUE = re.compile(r"\s([A-Za-z-]+)\s*(?:=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+)))?")
#: Where markup begins; any other "<" is text.
_BEGIN = re.compile(r"<(?=[A-Za-z/!?])")
#: Tags and texts of a page that are looked at: a long article has a tenth of them.
PIECES = 200_000
#: Elements whose content is no markup; of these, `title` and `xmp` are read.
_RAW = {"script", "style", "title", "textarea", "iframe", "noembed", "noframes", "xmp", "plaintext"}
#: Elements that are not shown with all that is in them.
_UNSHOWN = {"template", "svg", "math", "object", "canvas", "select", "noscript"}
#: Elements that begin a line of their own, and those with an empty line around them.
_LINES = {"br", "div", "tr", "li", "dt", "dd", "section", "article", "header", "footer", "nav", "main", "aside", "form"}
_BLOCKS = {"p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "dl", "table", "pre", "blockquote", "hr", "figure"}


class Page(NamedTuple):
    """A page: its title, and its text with links as `[words](address)`."""

    title: str
    text: str


class _Piece(NamedTuple):
    """A piece of a page: a tag, with `text` what stands in it; or a text, with no name."""

    name: str
    text: str
    closes: bool = False


def readable(markup: str, address: str = "") -> Page:
    """Return what a person would read of a page.

    Args:
        markup: The page's HTML.
        address: Where the page is from: links are told from there.
    """
    reader = _Reader(address)
    for piece in islice(_pieces(markup), PIECES):
        reader.take(piece)
    return Page(_joined(reader.title), _tidy("".join(reader.parts)))


class _Reader:
    """Puts a page's pieces together."""

    def __init__(self, address: str) -> None:
        self.address, self.title = address, ""
        self.parts: list[str] = []
        self._unshown: list[str] = []
        self._link, self._since = "", 0

    def take(self, piece: _Piece) -> None:
        if not piece.name:
            if not self._unshown:
                self.parts.append(re.sub(r"\s+", " ", html.unescape(piece.text)))
        elif piece.name in _RAW:
            self._raw(piece)
        elif piece.name in _UNSHOWN:
            self._hide(piece)
        elif not self._unshown:
            self._tag(piece)

    def _raw(self, piece: _Piece) -> None:
        if piece.name == "title" and not self.title and not self._unshown:
            self.title = html.unescape(piece.text)
        elif piece.name == "xmp" and not self._unshown:
            self.parts.append(piece.text)

    def _hide(self, piece: _Piece) -> None:
        if not piece.closes:
            self._unshown.append(piece.name)
        elif piece.name in self._unshown[-50:]:
            while self._unshown.pop() != piece.name:
                pass

    def _tag(self, piece: _Piece) -> None:
        if piece.name == "a":
            self._anchor(piece)
        elif piece.name in _BLOCKS:
            self.parts.append("\n\n")
            if piece.name[0] == "h" and piece.name[1].isdigit() and not piece.closes:
                self.parts.append("#" * int(piece.name[1]) + " ")
        elif piece.name in _LINES and not (piece.closes and piece.name == "br"):
            self.parts.append("\n- " if piece.name == "li" and not piece.closes else "\n")
        elif piece.name in ("td", "th") and not piece.closes:
            self.parts.append(" | ")
        elif piece.name == "img" and (words := _values(piece.text).get("alt", "").strip()):
            self.parts.append(f"(picture: {words})")

    def _anchor(self, piece: _Piece) -> None:
        if self._link:
            inside = "".join(self.parts[self._since :])
            before, after = (" " if edge.isspace() else "" for edge in (inside[:1], inside[-1:]))
            words = _joined(inside)
            self.parts[self._since :] = [f"{before}[{words}]({self._link}){after}" if words else before]
        target = "" if piece.closes else _target(_values(piece.text).get("href", ""), self.address)
        self._link, self._since = target, len(self.parts)


def _pieces(markup: str) -> Iterator[_Piece]:
    """Yield a page's tags and texts; what begins and never ends is taken to reach to the end, as browsers do."""
    at = 0
    while begin := _BEGIN.search(markup, at):
        start = begin.start()
        yield _Piece("", markup[at:start])
        if tag := _TAG.match(markup, start):
            name, at = tag[2].lower(), tag.end()
            if name in _RAW and not tag[1]:
                found = re.compile(rf"</{re.escape(name)}[\s/>]", re.IGNORECASE).search(markup, at)
                end = found.start() if found else len(markup)
                yield _Piece(name, markup[at:end])
                at = end
            else:
                yield _Piece(name, tag[3], closes=bool(tag[1]))
        elif markup.startswith("<!--", start):
            at = _after(markup, "-->", start + 2)
        elif markup[start + 1] in "!?/":
            at = _after(markup, ">", start)
        else:
            return
    yield _Piece("", markup[at:])


def _after(markup: str, mark: str, start: int) -> int:
    found = markup.find(mark, start)
    return found + len(mark) if found >= 0 else len(markup)


def _values(inside: str) -> dict[str, str]:
    """Return the values of a tag's attributes, the first of each name."""
    found: dict[str, str] = {}
    for name, double, single, bare in _VALUE.findall(inside[:20_000]):
        found.setdefault(name.lower(), html.unescape(double or single or bare))
    return found


def _target(link: str, address: str) -> str:
    """Return the whole address of a link; "" if it leads to no other page."""
    if not link or link.startswith("#") or len(link) > 2_000:
        return ""
    try:
        whole = urljoin(address, link.strip())
    except ValueError:  # brackets that hold no address
        return ""
    return whole if whole.startswith(("http://", "https://")) and not re.search(r"[\s()<>]", whole) else ""


def _joined(text: str) -> str:
    return " ".join(text.split())


def _tidy(text: str) -> str:
    lines = (re.sub(r"[ \t\u00a0]+", " ", line).strip().removeprefix("| ") for line in text.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
