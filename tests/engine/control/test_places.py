"""Is a running engine found, and is it known who asks?"""

import os
import select
import shutil
from tempfile import TemporaryDirectory

import pytest

from engine.control.places import (
    directory_named,
    operator,
    settled_socket_path,
    socket_path,
)
from engine.control.server import Server
from engine.errors import Refused


def test_a_long_path_falls_back_to_the_runtime_directory(monkeypatch, tmp_path):
    """A socket's path has a bound; two directories never share the fallback."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    deep = [str(tmp_path / ("deep" * 30) / name) for name in "ab"]

    paths = [socket_path(place) for place in deep]

    assert all(len(path) <= 100 + len(str(tmp_path)) for path in paths)
    assert all(path.startswith(str(tmp_path / "supreme-")) for path in paths)
    assert paths[0] != paths[1]


def test_a_runtime_directory_that_is_too_long_itself_is_passed_over(monkeypatch, tmp_path):
    """No system binds such a socket: the engine would be refused without a word of why."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / ("runtime" * 20)))

    path = socket_path(str(tmp_path / ("deep" * 30)))

    assert len(path) <= 100


def test_who_asks_cannot_steer_a_terminal(monkeypatch):
    """The name comes from the environment, and is shown and journaled."""
    monkeypatch.delenv("SUDO_USER", raising=False)
    monkeypatch.setenv("USER", "caf\udce9\x1b[2J\n")

    assert operator() == "caf??[2J?"


def test_where_a_long_path_fell_back_to_is_left_in_the_directory(monkeypatch, tmp_path):
    """Until an engine there listens at another place: who asks may have another environment."""
    deep = tmp_path / ("deep" * 30)
    deep.mkdir()
    found = []
    with TemporaryDirectory() as runtime:  # a short path
        for name in ("one", "two"):
            monkeypatch.setenv("XDG_RUNTIME_DIR", f"{runtime}/{name}")
            path = settled_socket_path(str(deep))
            monkeypatch.setenv("XDG_RUNTIME_DIR", f"{runtime}/other")
            found.append((path, socket_path(str(deep))))

    assert [settled == asked for settled, asked in found] == [True, True]
    assert found[0] != found[1]


def test_a_directory_that_was_moved_to_a_short_path_is_reached_in_itself(monkeypatch, tmp_path):
    """What it said of its former place holds no more once an engine starts there."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    deep, short = tmp_path / ("deep" * 30), tmp_path / "s"
    deep.mkdir()
    settled_socket_path(str(deep))
    deep.rename(short)

    path = settled_socket_path(str(short))

    assert path == socket_path(str(short)) == os.path.join(short, "control", "socket")


@pytest.mark.parametrize(("environ", "named"), [({}, ""), ({"SUPREME_DATA_DIR": " a "}, "a")])
def test_a_variable_may_name_the_directory(environ, named):
    """Without it whichever engine runs is meant."""
    assert directory_named(environ) == named


@pytest.mark.parametrize("empty", ["", " "])
def test_a_variable_that_names_nothing_is_refused(empty):
    """It is a script's unset name, and would lead to another engine."""
    with pytest.raises(Refused, match="is set and empty") as refused:
        directory_named({"SUPREME_DATA_DIR": empty})

    assert refused.value.code == 2


def test_a_server_whose_folder_was_replaced_leaves_the_newcomers_socket(tmp_path):
    """Somebody removed the directory under a running engine and started another there."""
    poll, path = select.epoll(), socket_path(str(tmp_path / "data"))
    first = Server(path, poll, lambda _peer, _raw: None)
    shutil.rmtree(tmp_path / "data")
    second = Server(path, poll, lambda _peer, _raw: None)

    first.close()
    is_reachable = os.path.exists(path)
    second.close()
    poll.close()

    assert (is_reachable, os.path.exists(path)) == (True, False)
