"""Tests of `fs_read` and `fs_list`: pages, encodings, and what costs no more than its bound."""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path

import pytest

from metahuman.state.errors import ToolError
from tests.file_desks import Files


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


class TestRead:
    def test_a_file_is_read_with_its_lines_counted(self, files: Files) -> None:
        path = files.write("a.md", "one\ntwo\n")
        output = files.output("fs_read", path="a.md")
        assert output.text == f"{path}: lines 1 to 2 of 2\none\ntwo"
        assert (output.sources, output.trusted) == ((str(path),), False)

    def test_pages_say_how_to_read_on(self, files: Files) -> None:
        files.write("a.md", "".join(f"line {number}\n" for number in range(1, 11)))
        first = files.call("fs_read", path="a.md", limit=4)
        assert first.endswith("lines 1 to 4 of 10\nline 1\nline 2\nline 3\nline 4\n[cut here: read on with start=5]")
        assert files.call("fs_read", path="a.md", start=9).endswith("lines 9 to 10 of 10\nline 9\nline 10")
        assert "no line from 11 on of 10" in files.call("fs_read", path="a.md", start=11)

    def test_the_end_can_be_read(self, files: Files) -> None:
        files.write("a.log", "".join(f"line {number}\n" for number in range(1, 11)))
        assert files.call("fs_read", path="a.log", start=-2).endswith("lines 9 to 10 of 10\nline 9\nline 10")
        page = files.call("fs_read", path="a.log", start=-3, limit=1)
        assert page.endswith("line 8 of 10\nline 8\n[cut here: read on with start=-2]")

    def test_all_pages_together_are_the_file(self, files: Files) -> None:
        text = "".join(f"{number} {'word ' * (number % 60)}\n" for number in range(400)) + "y" * 5_000
        files.write("a.md", text)
        got, start, skip = "", 1, 0
        for _ in range(200):
            page = files.call("fs_read", path="a.md", start=start, skip=skip, limits={"output": 1_000})
            assert len(page) <= 1_000
            rest = page.partition("\n")[2]
            body, _, on = rest.rpartition("\n") if rest.endswith("]") else (rest, "", "")
            got += body if "skip=" in on else f"{body}\n"
            if not on:
                break
            numbers = [int("".join(filter(str.isdigit, part))) for part in on.partition("start=")[2].split(" and ")]
            start, skip = numbers[0], numbers[1] if len(numbers) > 1 else 0
        assert got == text + "\n"

    @pytest.mark.parametrize(
        ("data", "said"),
        [
            ("über\n".encode(), "lines"),
            (b"\xef\xbb\xbf\xc3\xbcber\n", "lines"),
            ("über\n".encode("utf-16"), "read as utf-16-le"),
            (b"\x00\x00\xfe\xff" + "über\n".encode("utf-32-be"), "read as utf-32-be"),
            ("über\n".encode("cp1252"), "read as windows-1252"),
            (b"\xfcber\n\x81", "read as latin-1"),
        ],
    )
    def test_encodings_are_found_out_and_told(self, files: Files, data: bytes, said: str) -> None:
        files.write("a.txt", data)
        text = files.call("fs_read", path="a.txt")
        assert "\nüber" in text
        assert said.replace("lines", "line 1 of 1") in text

    @pytest.mark.parametrize(
        ("name", "data", "kind"),
        [
            ("a.pdf", b"%PDF-1.7 words", "a PDF document"),
            ("a.docx", b"PK\x03\x04....", "a Word document"),
            ("a.zip", b"PK\x03\x04....", "a ZIP archive"),
            ("a.png", b"\x89PNG\r\n\x1a\n", "a PNG image"),
            ("a.bin", bytes(range(256)), "binary data"),
            ("a.txt", b"\xff\xfe\x00\xd8", "utf-16-le"),
        ],
    )
    def test_what_is_no_text_is_named_and_not_printed(self, files: Files, name: str, data: bytes, kind: str) -> None:
        files.write(name, data)
        with pytest.raises(ToolError, match=kind):
            files.call("fs_read", path=name)

    def test_ten_gigabytes_cost_their_bound(self, files: Files) -> None:
        path = files.write("big.log", "first\n")
        os.truncate(path, 10_000_000_000)
        with path.open("r+b") as file:
            file.seek(-12, os.SEEK_END)
            file.write(b"\nalmost\nlast")
        began = time.perf_counter()
        with pytest.raises(ToolError, match="binary"):
            files.call("fs_read", path="big.log")
        assert time.perf_counter() - began < 2
        end = files.call("fs_read", path="big.log", start=-2, limits={"file": 12})
        assert end.startswith(f"{path}: lines 1 to 2 of 2 of its last 11 bytes; it has 10 GB\nalmost\nlast")

    def test_a_character_cut_in_half_is_left_out(self, files: Files) -> None:
        files.write("a.txt", "ää\n")
        text = files.call("fs_read", path="a.txt", limits={"file": 3})
        assert text.endswith("line 1 of 1 of its first 3 bytes; it has 5 bytes\nä")

    def test_pipes_sockets_and_devices_are_refused_at_once(self, files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
        os.mkfifo(files.base / "pipe")
        (files.base / "zero").symlink_to("/dev/zero")
        with socket.socket(socket.AF_UNIX) as listener:
            monkeypatch.chdir(files.base)  # the paths of sockets are short
            listener.bind("socket")
            for name in ("pipe", "zero", "socket"):
                with pytest.raises(ToolError):
                    files.call("fs_read", path=name)

    @pytest.mark.parametrize("path", ["../secret", "link", "folder", "none", "", "a\0b", "x" * 300, "file/below"])
    def test_what_cannot_be_read_is_one_line(self, files: Files, path: str) -> None:
        (files.root / "secret").write_text("s")
        (files.base / "link").symlink_to("../secret")
        files.write("file", "f")
        (files.base / "folder").mkdir()
        with pytest.raises(ToolError) as failed:
            files.call("fs_read", path=path)
        assert "\n" not in str(failed.value)

    def test_a_folder_exchanged_for_a_link_is_not_followed(self, files: Files) -> None:
        from metahuman.tools.files.opening import read_file

        (files.root / "elsewhere").mkdir()
        (files.root / "elsewhere" / "a.md").write_text("secret")
        (files.base / "folder").symlink_to(files.root / "elsewhere")
        with pytest.raises(ToolError, match="no folder"):
            read_file(files.base / "folder" / "a.md", 100)


class TestList:
    def test_folders_come_first_and_hidden_files_only_if_asked(self, files: Files) -> None:
        for name in ("b.md", "A.md", ".hidden", "z/inside"):
            files.write(name, "four")
        (files.base / "link").symlink_to("b.md")
        for path in files.base.iterdir():
            os.utime(path, (0, 0), follow_symlinks=False)
        day = "1970-01-01 00:00"
        text = files.call("fs_list")
        expected = f"z/  {day}\nA.md  4 bytes  {day}\nb.md  4 bytes  {day}\nlink  a link  {day}"
        assert text == f"{files.base}: entries 1 to 4 of 4\n{expected}"
        assert ".hidden  4 bytes" in files.call("fs_list", hidden=True)
        assert files.call("fs_list", glob="*.MD").count("\n") == 2

    def test_pages_say_how_to_read_on(self, files: Files) -> None:
        for number in range(30):
            files.write(f"file{number:02}", "")
        text = files.call("fs_list", start=11, limit=10)
        assert text.startswith(f"{files.base}: entries 11 to 20 of 30\nfile10 ")
        assert text.endswith("[cut here: read on with start=21]")
        bounded = files.call("fs_list", limits={"output": 700})
        assert len(bounded) <= 700
        assert "[cut here: read on with start=" in bounded
        assert "no entries from 99 on of 30" in files.call("fs_list", start=99)

    def test_names_are_one_line_each(self, files: Files) -> None:
        files.write("two\nlines\x1b[31m", "")
        (Path(os.fsdecode(os.fsencode(files.base) + b"/bad\xff"))).touch()
        text = files.call("fs_list")
        assert "two\\nlines\\x1b[31m  0 bytes" in text
        assert "bad\\udcff" in text

    def test_accents_are_the_same_however_they_are_written(self, files: Files) -> None:
        files.write("Cafe\u0301.md", "")
        assert "1 to 1 of 1" in files.call("fs_list", glob="caf\u00e9*")

    def test_a_file_is_no_folder(self, files: Files) -> None:
        files.write("a.md", "")
        with pytest.raises(ToolError, match="is no folder"):
            files.call("fs_list", path="a.md")
