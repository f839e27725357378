"""Does every documented exit code come from the executable itself, with at most two lines?"""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from engine.control.client import is_locked
from tests.acceptance.running import COMMAND, ended, supreme


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory):
    """The data directory of an engine whose market nearly stands still."""
    folder = str(tmp_path_factory.mktemp("exits") / "data")
    supreme("up", "--no-console", "--speed", "0.01", "--data-dir", folder)
    yield folder
    ended(Path(folder))


def test_each_code_has_its_case(place: str, tmp_path: Path):
    """0 ok, 1 a check failed, 2 usage, 3 unreachable, 4 refused, 70 a bug; 5 in test_operate."""
    broken = tmp_path / "broken.toml"
    broken.write_text((Path("profiles") / "scalping.toml").read_text().replace("0.095", "9.5"))
    (tmp_path / "typer.py").write_text("raise RuntimeError('a package that is broken')\n")
    cases = {
        0: supreme("status", "--data-dir", place),
        1: supreme("config", "check", str(broken)),
        2: supreme("status", "--hz", "many", "--data-dir", place),
        3: supreme("status", "--data-dir", str(tmp_path)),
        4: supreme("kill", "--data-dir", place),
        70: supreme("doctor", PYTHONPATH=str(tmp_path)),
    }

    assert [done.returncode for done in cases.values()] == list(cases)
    for code, done in cases.items():
        told = done.stderr.splitlines()
        assert "Traceback" not in done.stderr
        assert len(told) <= 2 or code == 4  # a refused act has said its consequences before


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_is_128_and_its_number(place: str, number: int, code: int):
    """While it watches; nothing is printed about it, and the engine does not mind."""
    words = [*COMMAND, "risk", "--watch", "--hz", "10", "--data-dir", place]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as watching:
        assert watching.stdout is not None
        watching.stdout.readline()
        os.kill(watching.pid, number)
        _, said = watching.communicate(timeout=20)

    assert (watching.returncode, said) == (code, b"")
    assert is_locked(place)


def test_a_reader_that_leaves_ends_a_watch(place: str):
    """`supreme risk --watch | head -1` comes back by itself."""
    words = [*COMMAND, "risk", "--watch", "--hz", "10", "--data-dir", place]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as watching:
        assert watching.stdout is not None
        watching.stdout.readline()
        watching.stdout.close()
        end = time.monotonic() + 20
        while watching.poll() is None and time.monotonic() < end:
            time.sleep(0.02)

    assert watching.returncode == 141
