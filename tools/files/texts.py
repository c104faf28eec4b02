"""What a file's bytes say, if they are text: in which encoding, and back into bytes of the same."""

from __future__ import annotations

import codecs
from pathlib import Path
from typing import NamedTuple

from metahuman.state.errors import ToolError
from metahuman.tools.files.opening import one_line

#: Marks at the beginning of a text; those of 32 bits first, for the others begin like them.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
#: What a text without a mark may be in; the last can hold anything.
_GUESSES = ("utf-8", "windows-1252", "latin-1")
#: Bytes that stand in no text, whatever its encoding; form feeds, bells and escapes do stand in some.
_NO_TEXT = bytes(set(range(32)) - set(b"\a\b\t\n\v\f\r\x1b"))
#: How files begin that are no text; see https://en.wikipedia.org/wiki/List_of_file_signatures.
_KINDS = (
    (b"%PDF-", "a PDF document"),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"\xd0\xcf\x11\xe0", "an old Office document"),
    (b"SQLite format 3\0", "a SQLite database"),
    (b"\x7fELF", "a program"),
    (b"ID3", "an MP3 recording"),
    (b"OggS", "an Ogg recording"),
    (b"GGUF", "a language model"),
)
#: What a ZIP archive is by the end of its name.
_ZIPS = {
    ".docx": "a Word document",
    ".xlsx": "an Excel workbook",
    ".pptx": "a PowerPoint presentation",
    ".odt": "an OpenDocument text",
    ".ods": "an OpenDocument spreadsheet",
    ".epub": "an EPUB book",
}


class Text(NamedTuple):
    """A text and what it takes to write it as it was.

    Args:
        text: The text, its line ends as they are.
        encoding: What its bytes are in; guessed, unless `mark` says it.
        mark: The byte order mark before it, or nothing.
    """

    text: str
    encoding: str = "utf-8"
    mark: bytes = b""

    def encoded(self, text: str) -> bytes:
        """Return another text in the bytes of this one.

        Raises:
            ToolError: If its encoding has no such characters.
        """
        try:
            return self.mark + text.encode(self.encoding)
        except UnicodeEncodeError as error:
            bad = one_line(text[error.start])
            raise ToolError(f"{self.encoding} text cannot hold the character {bad!r}; write it otherwise") from error


def text_of(data: bytes, path: Path, *, cut: bool = False) -> Text:
    """Return the text that a file's bytes are.

    Args:
        data: The bytes.
        path: The file, for its name.
        cut: Whether more bytes follow, so that the last character may be half.

    Raises:
        ToolError: If they are no text; it says what they seem to be.
    """
    if kind := kind_of(data, path.name):
        raise ToolError(f"{one_line(path)}: it is {kind} and cannot be read as text; choose a text file")
    mark, marked = next(((mark, name) for mark, name in _MARKS if data.startswith(mark)), (b"", ""))
    for encoding in [marked] if marked else _GUESSES:
        try:
            return Text(_decoded(data[len(mark) :], encoding, cut=cut), encoding, mark)
        except UnicodeDecodeError:
            continue
    raise ToolError(f"{one_line(path)}: it begins like {marked} text, but is broken; choose another file")


def kind_of(data: bytes, name: str) -> str:
    """Return what the bytes seem to be if they are no text; else nothing."""
    kind = next((kind for start, kind in _KINDS if data.startswith(start)), "")
    if kind == "a ZIP archive":
        return _ZIPS.get(Path(name).suffix.lower(), kind)
    if kind or any(data.startswith(mark) for mark, _ in _MARKS):
        return kind
    return "binary data" if len(data.translate(None, _NO_TEXT)) < len(data) else ""


def lines_of(text: str) -> list[str]:
    """Return the lines of a text, without their ends: those of Unix, Windows and old Macs."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return lines[:-1] if lines[-1] == "" else lines


def _decoded(data: bytes, encoding: str, *, cut: bool) -> str:
    return codecs.getincrementaldecoder(encoding)().decode(data, final=not cut)
