"""Does the engine outlive unlucky and hostile operators, and is what they read true?"""

import json
import os
import socket
import stat
import subprocess
from pathlib import Path

import pytest

from engine.camera import restored
from engine.control.client import Link, holder_of, is_locked
from engine.control.frames import WORDS, Frames, packed
from engine.control.places import socket_path
from engine.errors import Refused
from supreme_cli.asking import is_screen
from supreme_cli.lifecycle import answering, wait_until_free
from tests.acceptance.running import COMMAND, supreme, trades_file


@pytest.fixture
def place(tmp_path: Path):
    """The data directory of an engine that runs, at ten minutes a second."""
    folder = tmp_path / "data"
    done = supreme("up", "--no-console", "--data-dir", str(folder), "--speed", "600")
    assert done.returncode == 0, done.stderr
    yield folder
    if is_locked(str(folder)):
        supreme("down", "--data-dir", str(folder))


@pytest.fixture
def fresh(tmp_path: Path):
    """A data directory that is not there yet; whatever runs in it is stopped in the end."""
    folder = tmp_path / "fresh"
    yield folder
    if is_locked(str(folder)):
        supreme("down", "--data-dir", str(folder))


def holding(place: Path) -> Link:
    """The engine paused while it holds something, in a market that stands nearly still."""
    link = Link(str(place), 10.0)
    while True:
        while not held(link):
            pass
        link.ask("pause", reason="while it holds")
        if held(link):
            break
        link.ask("resume", reason="sold meanwhile")
    link.ask("stop", reason="goes on slowly")
    link.close()
    while is_locked(str(place)):
        pass
    done = supreme("up", "--no-console", "--data-dir", str(place), "--speed", "0.001")
    assert done.returncode == 0, done.stderr
    return Link(str(place), 10.0)


def held(link: Link) -> int:
    """Lots of the first symbol, once its stop is placed and while nothing else is on the way."""
    state = restored(link.picture())
    position = state.symbols[0].position
    lots: int = position.lots
    return lots if position.stop_id and state.orders.open == 1 else 0


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


def test_a_flatten_at_the_end_sells_though_the_engine_was_paused(place: Path):
    """A pause keeps what is held, so it is no reason to leave the flatten out."""
    link = holding(place)

    done = supreme("down", "--orders", "flatten", "--timeout", "0.5", "--data-dir", str(place))

    assert (done.returncode, "still closing" in done.stderr) == (5, True)
    assert restored(link.picture()).breakers.flattening == 1
    link.close()


def test_of_two_starts_at_once_each_names_the_engine_that_runs(fresh: Path):
    """The one that came too late is refused; it never claims the other's engine as its own."""
    words = [*COMMAND, "up", "--json", "--data-dir", str(fresh)]
    started = [
        subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(4)
    ]

    said = [(json.loads(one.communicate()[0]), one.returncode) for one in started]

    pid = int(holder_of(str(fresh)))
    verdicts = {(answer.get("pid"), code) for answer, code in said}
    assert (pid, 0) in verdicts <= {(pid, 0), (None, 4)}


def test_the_data_directory_is_its_owners_alone(fresh: Path):
    """Whoever starts the engine makes it, with the mode that `run` gives it."""
    supreme("up", "--no-console", "--data-dir", str(fresh))

    assert stat.S_IMODE(fresh.stat().st_mode) == 0o700


def test_an_engine_that_a_supervisor_started_again_is_not_waited_for(place: Path):
    """What was asked to stop has stopped; the next one holds the directory by now."""
    newer = int(holder_of(str(place)))

    wait_until_free(str(place), newer - 1, 0.2)
    with pytest.raises(Refused, match="still stopping"):
        wait_until_free(str(place), newer, 0.2)


def test_a_market_that_is_over_at_once_is_no_refusal_of_the_engine(fresh: Path):
    """The start has come too late to be watched, and says so instead of the final state's lines."""
    market = trades_file(fresh.parent / "short.records", 3)

    done = supreme("up", "--json", "--speed", "max", "--replay", str(market),
                   "--data-dir", str(fresh))  # fmt: skip

    answer = json.loads(done.stdout)
    assert (done.returncode, "its market is over" in answer["error"]) == (3, True)


def test_an_engine_that_a_signal_ended_at_its_start_has_the_shells_code(tmp_path: Path):
    """128 and the signal's number, as if it had been started by hand."""
    out = tmp_path / "engine.out"
    out.write_text("")
    with subprocess.Popen(["sh", "-c", "kill -9 $$"]) as engine:
        engine.wait()
        with pytest.raises(Refused, match="ended at once") as refused:
            answering(engine, str(tmp_path), str(out))

    assert refused.value.code == 137


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
