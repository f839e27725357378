"""Does the engine outlive unlucky and hostile operators, and is what they read true?"""

import socket
from pathlib import Path

import pytest

from engine.camera import restored
from engine.control.client import Link, is_locked
from engine.control.frames import WORDS, packed
from engine.control.places import socket_path
from tests.acceptance.running import supreme


@pytest.fixture
def place(tmp_path: Path):
    """The data directory of an engine that runs, at ten minutes a second."""
    folder = tmp_path / "data"
    done = supreme("up", "--no-console", "--data-dir", str(folder), "--speed", "600")
    assert done.returncode == 0, done.stderr
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


def test_a_request_nested_without_end_ends_its_connection_alone(place: Path):
    """Python refuses such JSON with another error than other nonsense."""
    with socket.socket(socket.AF_UNIX) as stranger:
        stranger.settimeout(10)
        stranger.connect(socket_path(str(place)))
        stranger.sendall(packed(WORDS, b"[" * 16_000))
        said = stranger.recv(10)

    link = Link(str(place), 10.0)
    assert said == b""
    assert link.ask("notices")["notices"] == []
    link.close()


def test_a_flatten_at_the_end_sells_though_the_engine_was_paused(place: Path):
    """A pause keeps what is held, so it is no reason to leave the flatten out."""
    link = holding(place)

    done = supreme("down", "--orders", "flatten", "--timeout", "0.5", "--data-dir", str(place))

    assert (done.returncode, "still closing" in done.stderr) == (5, True)
    assert restored(link.picture()).breakers.flattening == 1
    link.close()
