"""Does `supreme doctor` see what is broken, say what to do, and leave nothing behind?"""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from supreme_cli.directory_checks import directory, disk, journal, local_socket
from supreme_cli.doctor import CHECKS, looked_at, place_of
from supreme_cli.findings import FAIL
from tests.engine.journal.building import written
from tests.supreme_cli.doctoring import checked, on_terminal, supreme

NAMES = [name for name, _ in CHECKS]
LINE = re.compile(r"([✓!✗]) (ok|warning|fail) +([a-z]+) +(\S.*)")
GLYPH_OF = {"ok": "✓", "warning": "!", "fail": "✗"}


def kept(folder: Path) -> dict[str, bytes]:
    """Every file below a folder and what is in it."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else b""
        for path in folder.rglob("*")
    }


def test_every_check_is_one_line_of_glyph_word_and_finding(tmp_path):
    """And whatever is not well says what to do."""
    ended = supreme("--data-dir", str(tmp_path), PYTHONIOENCODING="utf-8")

    *lines, last = ended.stdout.splitlines()
    found = [LINE.fullmatch(line) for line in lines]
    assert [match and match[3] for match in found] == NAMES
    for match in filter(None, found):
        assert match[1] == GLYPH_OF[match[2]]
        assert (" -> " in match[4]) == (match[2] != "ok")
    assert last.endswith(f": {tmp_path}")
    assert "\x1b" not in ended.stdout


def test_json_has_every_check(tmp_path):
    """With the schema's version, for a program."""
    said = json.loads(supreme("--data-dir", str(tmp_path), "--json").stdout)

    assert set(said) == {"schema_version", "command", "data_directory", "verdict", "checks"}
    assert (said["schema_version"], said["command"]) == (1, "doctor")
    assert said["data_directory"] == str(tmp_path)
    assert [check["check"] for check in said["checks"]] == NAMES
    assert {frozenset(check) for check in said["checks"]} == {
        frozenset({"check", "verdict", "what", "fix"})
    }


def test_a_private_empty_directory_is_well():
    """Writable, reachable, without a journal so far."""
    with TemporaryDirectory() as folder:  # a shorter path than a test's own
        found = checked(Path(folder))

    for name in ("python", "directory", "socket", "journal"):
        assert (name, found[name]["verdict"]) == (name, "ok")
    assert found["journal"]["what"] == "none yet"


def test_nothing_is_left_behind_nor_changed(tmp_path):
    """Neither in the directory nor in its journal."""
    written(tmp_path / "journal", 300)
    before = kept(tmp_path)

    checked(tmp_path, XDG_RUNTIME_DIR=str(tmp_path))

    assert kept(tmp_path) == before


def test_the_usual_directory_need_not_exist_and_is_not_made(tmp_path):
    """What a first start would make can be judged before it."""
    ended = supreme("--json", XDG_DATA_HOME=str(tmp_path / "home"))

    said = json.loads(ended.stdout)
    found = {check["check"]: check for check in said["checks"]}
    assert said["data_directory"] == str(tmp_path / "home" / "supreme")
    assert found["directory"]["verdict"] == "ok"
    assert "can be made" in found["directory"]["what"]
    assert list(tmp_path.iterdir()) == []


def test_a_file_where_the_directory_should_be_fails(tmp_path):
    """Every check that needs it says so; none crashes."""
    path = tmp_path / "file"
    path.touch()

    found = checked(path)

    for name in ("directory", "disk", "socket", "journal"):
        assert (name, found[name]["verdict"]) == (name, "fail")
    assert found["directory"]["what"] == f"{path} is no directory"


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="needs /proc")
def test_a_place_where_nothing_can_be_made_fails():
    """Not even root makes a file there."""
    found = checked(Path("/proc/self/nowhere"))

    for name in ("directory", "disk", "socket"):
        assert (name, found[name]["verdict"]) == (name, "fail")


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to become somebody else")
def test_a_directory_of_somebody_else_fails_without_a_crash(tmp_path):
    """What may not be entered, read or written is told as that."""
    home = tmp_path / "home"
    written(home / "journal", 10)
    tmp_path.chmod(0o700)
    reading, writing = os.pipe()

    pid = os.fork()
    if not pid:
        os.seteuid(65_534)
        place = place_of(str(tmp_path))
        found = [looked_at(check, place) for check in (directory, disk, local_socket, journal)]
        os.write(writing, "\n".join(f"{one.verdict} {one.what}" for one in found).encode())
        os._exit(0)
    os.waitpid(pid, 0)
    os.close(writing)

    with open(reading) as pipe:
        told = pipe.read().splitlines()
    assert [line.split()[0] for line in told] == [FAIL] * 4
    assert all(line.endswith("Permission denied") for line in told)


@pytest.mark.parametrize(
    ("mode", "verdict", "said"),
    [
        (0o700, "ok", "by nobody else"),
        (0o755, "warning", "others may read"),
        (0o770, "warning", "others may write"),
        (0o702, "warning", "others may write"),
    ],
)
def test_what_an_engine_keeps_should_be_private(tmp_path, mode, verdict, said):
    """Its directory is 0700; the advice can be pasted."""
    tmp_path.chmod(0o755)
    home = tmp_path / "run-simulated-1"
    written(home / "journal", 10)
    home.chmod(mode)

    found = checked(tmp_path)["directory"]

    assert found["verdict"] == verdict
    assert said in found["what"]
    assert found["fix"] == ("" if verdict == "ok" else f"chmod 700 {home}")


def test_a_long_path_is_told(tmp_path):
    """With the place where the socket is instead, which then must be there."""
    long, runtime = tmp_path / ("long" * 30), tmp_path / "runtime"

    lost = checked(long, XDG_RUNTIME_DIR=str(runtime))
    runtime.mkdir()
    found = checked(long, XDG_RUNTIME_DIR=str(runtime))

    assert found["socket"]["verdict"] == "warning"
    assert f"{long} is too long for a socket: it is {runtime}/supreme-" in found["socket"]["what"]
    assert (lost["runtime"]["verdict"], found["runtime"]["verdict"]) == ("fail", "ok")


def test_a_missing_runtime_directory_matters_to_long_paths_only():
    """Otherwise it is a warning."""
    found = checked(Path("/"), XDG_RUNTIME_DIR="/nowhere")

    assert found["runtime"]["verdict"] == "warning"
    assert "No such file or directory" in found["runtime"]["what"]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A filesystem of 256 KB, where one may be mounted."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=256k", "none", str(folder)]
    if shutil.which("mount") is None or subprocess.run(command, check=False).returncode:
        pytest.skip("needs the right to mount a filesystem")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_fails(small_disk):
    """No room, and nothing can be written; what filled it is left alone."""
    with open(small_disk / "filler", "wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4096))

    found = checked(small_disk)

    assert (found["space"]["verdict"], found["space"]["what"][:6]) == ("fail", "0.0 GB")
    assert found["disk"]["verdict"] == "fail"
    assert "No space left on device" in found["disk"]["what"]
    assert os.listdir(small_disk) == ["filler"]


def test_memory_is_no_disk(small_disk):
    """What is kept there is gone with the power."""
    found = checked(small_disk)["disk"]

    assert found["verdict"] == "warning"
    assert "this is memory, not a disk" in found["what"]


def test_a_dumb_terminal_is_a_warning_without_colours(tmp_path):
    """No escape sequence reaches what cannot read it."""
    shown = on_terminal(tmp_path, TERM="dumb")

    assert "\x1b" not in shown
    [line] = [line for line in shown.splitlines() if " terminal " in line]
    assert line.startswith("! warning")
    assert "dumb, " in line
    assert "no live lines -> export TERM=" in line


def test_colours_are_for_terminals_that_want_them(tmp_path):
    """Beside glyph and word, which are always there."""
    colourful = on_terminal(tmp_path, TERM="xterm-256color")
    plain = on_terminal(tmp_path, TERM="xterm-256color", NO_COLOR="1")

    assert "\x1b[34m✓ ok" in colourful
    assert "\x1b" not in plain
    assert "✓ ok" in plain
    assert "no colours (NO_COLOR)" in plain


def test_without_utf8_the_glyphs_are_ascii(tmp_path):
    """And that is a warning; a name that cannot be written is escaped."""
    shown = on_terminal(tmp_path / "börse", TERM="xterm", PYTHONIOENCODING="ascii")

    assert shown.isascii()
    assert "+ ok" in shown
    assert "b\\xf6rse" in shown
    [line] = [line for line in shown.splitlines() if " terminal " in line]
    assert "export LANG=C.UTF-8" in line
