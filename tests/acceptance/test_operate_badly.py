"""Does the engine outlive unlucky and hostile operators, and is what they read true?"""

import json
import os
import re
import signal
import socket
import subprocess
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from engine.camera import restored
from engine.control.client import Link, holder_of, is_locked
from engine.control.frames import WORDS, Frames, packed
from engine.control.places import socket_path
from engine.errors import Refused
from supreme_cli.asking import is_screen
from tests.acceptance.running import COMMAND, held, standing_still, supreme


@pytest.mark.parametrize("nonsense", [b"[" * 16_000, b"kill", b"\xff\xfe", b"", b"3"])
def test_what_is_no_request_is_refused_and_harms_nobody(nonsense: bytes, place: Path):
    """JSON nested without end is refused by Python with another error than other nonsense."""
    with socket.socket(socket.AF_UNIX) as stranger:
        stranger.settimeout(10)
        stranger.connect(socket_path(str(place)))
        stranger.sendall(packed(WORDS, nonsense))
        ((_, said),) = Frames().feed(stranger.recv(10_000))

    link = Link(str(place), 10.0)
    assert json.loads(said)["code"] == 2
    assert link.ask("notices")["notices"] == []
    link.close()


@pytest.mark.parametrize(
    "words",
    [
        *(["status"], ["kill", "--confirm", "KILL"], ["down"], ["equity"], ["signal", "ETHUSDT"]),
        *(["config", "set", "risk.position_max", "0.07"], ["console"], ["run"], ["up"]),
        *(["doctor"], ["data", "list"]),
    ],
)
@pytest.mark.parametrize("given", [["--data-dir", ""], ["--data-dir="], []])
def test_an_empty_data_directory_means_none(words: list[str], given: list[str], tmp_path: Path):
    """A script's unset name never leads to whichever engine runs."""
    environment = {"XDG_DATA_HOME": str(tmp_path)}
    if not given:
        environment["SUPREME_DATA_DIR"] = " "

    done = supreme(*words, *given, **environment)

    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.strip().splitlines()) == 2
    assert ("data-dir" in done.stderr) or ("SUPREME_DATA_DIR is set and empty" in done.stderr)
    assert list(tmp_path.iterdir()) == []


def test_a_variable_names_whose_engine_is_meant(place: Path, tmp_path: Path):
    """As it does for the engine itself; an option beats it."""
    by_name = supreme("status", SUPREME_DATA_DIR=str(place))
    other = supreme("status", "--data-dir", str(tmp_path / "none"), SUPREME_DATA_DIR=str(place))

    assert (by_name.returncode, other.returncode) == (0, 3)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["flatten"], 4, "was not confirmed"),
        (["status", "--hz", "nan"], 2, "--hz"),
        (["status", "--timeout", "nan"], 2, "--timeout"),
        (["status", "--timeout", "inf"], 2, "--timeout"),
        (["pause", "--reason", "é" * 101], 2, "at most 200 bytes"),
        (["pause", "--reason", "\t"], 2, "needs a reason"),
    ],
)
def test_what_cannot_be_meant_is_refused_though_nobody_can_type(
    words: list[str], code: int, said: str, place: Path
):
    """Without a standard input at all; each in JSON too."""
    shell = ["sh", "-c", 'exec "$@" <&-', "sh", *COMMAND, *words, "--json"]

    done = subprocess.run(
        [*shell, "--data-dir", str(place)], capture_output=True, text=True, check=False
    )

    answer = json.loads(done.stdout)
    assert (done.returncode, answer["code"], said in answer["error"]) == (code, code, True)


def test_a_pipe_is_not_cleared(place: Path):
    """Escape sequences are for screens alone."""
    words = [*COMMAND, "signal", "ETHUSDT", "--watch", "--data-dir", str(place)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as watching:
        assert watching.stdout is not None
        first = watching.stdout.readline()
        watching.terminate()

    assert first.startswith("PAPER")
    assert watching.returncode == 143


def test_a_dumb_terminal_is_no_screen(monkeypatch: pytest.MonkeyPatch):
    """It cannot move its cursor."""
    ours, theirs = os.openpty()
    with open(theirs, "w") as terminal:
        monkeypatch.setenv("TERM", "xterm")
        is_usual = is_screen(terminal)
        monkeypatch.setenv("TERM", "dumb")
        is_dumb = is_screen(terminal)
    os.close(ours)

    assert (is_usual, is_dumb) == (True, False)


def test_a_reason_given_at_the_start_cannot_steer_a_terminal(place: Path):
    """It is journaled and shown like one given later."""
    supreme("kill", "--confirm", "KILL", "--data-dir", str(place))
    supreme("down", "--data-dir", str(place))

    words = ("--reset-halt", "--reason", "\x1b[2Jlooked", "--data-dir", str(place))
    done = supreme("up", "--no-console", *words)
    told = supreme("status", "--data-dir", str(place)).stdout

    assert done.returncode == 0
    assert ("?[2Jlooked" in told, "\x1b" in told) == (True, False)
    supreme("down", "--data-dir", str(place))
    raw = b"".join(path.read_bytes() for path in sorted(place.glob("journal/*.segment")))
    assert (raw.count(b"?[2Jlooked"), raw.count(b"\x1b[2J")) == (1, 0)


def test_a_kill_is_heard_though_idle_connections_fill_the_house(place: Path):
    """Some never said a word, some stopped within one, some asked once and stay."""
    with ExitStack() as idle:
        for said in [b"", packed(WORDS, b"half")[:-1], packed(WORDS, b'{"verb": "latency"}')] * 16:
            stranger = idle.enter_context(socket.socket(socket.AF_UNIX))
            stranger.connect(socket_path(str(place)))
            stranger.sendall(said)

        done = supreme("kill", "--confirm", "KILL", "--data-dir", str(place))

    assert (done.returncode, "HALTED" in done.stdout) == (0, True)


def test_an_act_that_the_end_of_the_engine_overtakes_is_said_to_be_kept(place: Path):
    """It waited to see the outcome; the next start goes on closing."""
    standing_still(place, held).close()
    words = [*COMMAND, "flatten", "--confirm", "FLATTEN", "--data-dir", str(place)]
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True) as flattening:
        with closing(Link(str(place), 10.0)) as link:
            while not restored(link.picture()).breakers.flattening:
                pass
        supreme("down", "--data-dir", str(place))
        assert flattening.stderr is not None
        said = flattening.stderr.read()

    assert flattening.returncode == 3
    assert re.search(r"flatten is in the journal \(record [\d,]+\), but the engine has ended", said)


def test_what_is_not_known_of_an_act_is_said_to_be_unknown(place: Path):
    """An engine that hangs may still do it; one that was gone before it was asked did not."""
    pid = int(holder_of(str(place)))
    with closing(Link(str(place), 0.2)) as link:
        os.kill(pid, signal.SIGSTOP)
        with pytest.raises(Refused, match="whether pause was done is unknown") as late:
            link.ask("pause", reason="x")
        os.kill(pid, signal.SIGKILL)
        while is_locked(str(place)):
            pass

        with pytest.raises(Refused, match="kill was not done") as gone:
            link.ask("kill", reason="x")

    assert (late.value.code, gone.value.code) == (5, 3)
