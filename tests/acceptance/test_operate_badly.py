"""Does the engine outlive unlucky and hostile operators, and is what they read true?"""

import socket
from pathlib import Path

import pytest

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
