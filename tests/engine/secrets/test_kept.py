"""Are files of keys written whole, private, each under its own name, and refused otherwise?"""

import os
import subprocess
import sys

import pytest

from engine.errors import Refused
from engine.secrets.header import FromFile
from engine.secrets.kept import (
    add,
    all_in,
    alone_in,
    look,
    must_be_private,
    path_of,
    private,
    remove,
    rotate,
)
from engine.secrets.keys import Keys
from engine.secrets.sealed import KeyFile, opened
from tests.conftest import ROOT
from tests.engine.secrets.sealing import KEYS, LOCK, NOW
from tests.engine.secrets.sealing import private as private_file

NEXT = KeyFile(bytes(range(1, 33)), "/etc/supreme/next")
# Dies where the brief moments are: at the n-th sync or rename.
KILLED = """
import os, sys
from tests.engine.secrets.sealing import KEYS, LOCK, NOW
from tests.engine.secrets.test_kept import NEXT
from engine.secrets.kept import add, path_of, rotate
name, number, home = sys.argv[1], int(sys.argv[2]), sys.argv[3]
real, calls = getattr(os, name), 0
def deadly(*words):
    global calls
    calls += 1
    if calls == number:
        os._exit(9)
    return real(*words)
setattr(os, name, deadly)
if os.path.exists(os.path.join(home, "keys", "main.key")):
    rotate(path_of("main", [home]), (LOCK, NEXT), now=NOW)
else:
    add(KEYS, LOCK, home, now=NOW)
"""


def killed(home, name, number):
    """Add or rotate in a process that dies at that call."""
    command = [sys.executable, "-c", KILLED, name, str(number), str(home)]
    return subprocess.run(command, cwd=ROOT, check=False).returncode


def test_keys_come_back_from_their_file(tmp_path):
    """File 0600, folder 0700, name and content one."""
    path = add(KEYS, LOCK, str(tmp_path), now=NOW)

    assert opened(look(path), LOCK) == KEYS
    assert os.stat(path).st_mode & 0o777 == 0o600
    assert os.stat(tmp_path / "keys").st_mode & 0o777 == 0o700
    assert path_of("main", [str(tmp_path)]) == path == str(tmp_path / "keys" / "main.key")


def test_the_engines_own_keys_count_before_those_all_share(tmp_path):
    """Of one name in both."""
    own, shared = str(tmp_path / "own"), str(tmp_path / "shared")
    add(KEYS, LOCK, shared, now=NOW)
    add(Keys("other", "binance", "hmac", ("k" * 8, "s" * 8)), LOCK, shared, now=NOW)
    add(KEYS, LOCK, own, now=NOW)

    found = all_in([own, shared])

    assert list(found) == ["main", "other"]
    assert found["main"].startswith(own)
    assert found["other"].startswith(shared)


def test_a_name_is_given_once(tmp_path):
    """Adding never loses keys that are there."""
    path = add(KEYS, LOCK, str(tmp_path), now=NOW)
    other = Keys("main", "binance", "hmac", ("k" * 8, "s" * 8))

    with pytest.raises(Refused, match="already") as refused:
        add(other, LOCK, str(tmp_path), now=NOW)

    assert refused.value.code == 4
    assert opened(look(path), LOCK) == KEYS


def test_rotating_changes_the_lock_and_nothing_else(tmp_path):
    """What opened before opens no more."""
    path = add(KEYS, LOCK, str(tmp_path), now=NOW)

    header = rotate(path, (LOCK, NEXT), now="2027-01-01T00:00:00Z").header

    assert opened(look(path), NEXT) == KEYS
    assert (header.added, header.sealed) == (NOW, "2027-01-01T00:00:00Z")
    with pytest.raises(Refused, match="does not open"):
        opened(look(path), LOCK)
    with pytest.raises(Refused, match="does not open"):
        rotate(path, (LOCK, NEXT), now=NOW)


@pytest.mark.parametrize(("name", "number"), [("fsync", 1), ("fsync", 2), ("replace", 1)])
def test_killed_while_adding_nothing_or_all_is_there(tmp_path, name, number):
    """And the next one is not in the way of what was left."""
    assert killed(tmp_path, name, number) == 9

    if "main" not in all_in([str(tmp_path)]):
        add(KEYS, LOCK, str(tmp_path), now=NOW)
    assert opened(look(path_of("main", [str(tmp_path)])), LOCK) == KEYS
    remove(path_of("main", [str(tmp_path)]))
    assert all_in([str(tmp_path)]) == {}


@pytest.mark.parametrize(("name", "number"), [("fsync", 2), ("fsync", 3), ("replace", 1)])
def test_killed_while_rotating_the_old_or_the_next_lock_opens(tmp_path, name, number):
    """Never neither: keys that nobody can open are lost."""
    path = add(KEYS, LOCK, str(tmp_path), now=NOW)
    assert killed(tmp_path, name, number) == 9

    file = look(path)
    derivation = file.header.derivation
    assert isinstance(derivation, FromFile)
    lock = LOCK if derivation.path == LOCK.path else NEXT
    assert opened(file, lock) == KEYS


def test_a_file_under_another_name_is_refused(tmp_path):
    """Keys of one account must not be taken for those of another."""
    path = add(KEYS, LOCK, str(tmp_path), now=NOW)
    os.rename(path, tmp_path / "keys" / "live.key")

    with pytest.raises(Refused, match="it holds the keys main, under another name"):
        look(path_of("live", [str(tmp_path)]))


def test_what_is_not_there_is_told_with_what_is(tmp_path):
    """Two lines: which names there are."""
    with pytest.raises(Refused, match="there are none"):
        path_of("main", [str(tmp_path)])
    add(KEYS, LOCK, str(tmp_path), now=NOW)
    with pytest.raises(Refused, match="there are main"):
        path_of("other", [str(tmp_path)])


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o777, 0o620])
def test_a_file_that_others_may_read_is_refused(tmp_path, mode):
    """With the very words that mend it."""
    path = private_file(tmp_path / "lock", "a horse of no colour\n")
    os.chmod(path, mode)

    with pytest.raises(Refused, match=f"others may read {path}") as refused:
        private(path)

    assert (refused.value.fix, refused.value.code) == (f"chmod 600 {path}", 4)


@pytest.mark.parametrize(
    ("mode", "owner", "user", "passes"),
    [
        (0o600, 7, 7, True),
        (0o400, 0, 7, True),
        (0o440, 0, 7, True),  # root's, given to a group of ours
        (0o440, 7, 7, False),
        (0o440, 0, 0, False),
        (0o460, 0, 7, False),
        (0o444, 0, 7, False),
        (0o600, 8, 7, False),
        (0o600, 7, 0, False),
    ],
)
def test_who_may_read_a_secret(mode, owner, user, passes):
    """Its owner, who is this user or root; what root owns, also a group that root gave it to."""
    found = os.stat_result((0o100000 | mode, 0, 0, 1, owner, 0, 10, 0, 0, 0))

    if passes:
        must_be_private(found, "x", user)
    else:
        with pytest.raises(Refused) as refused:
            must_be_private(found, "x", user)
        assert refused.value.code == 4


def test_what_is_no_file_of_secrets_is_refused(tmp_path):
    """A folder, nothing, something huge, a device."""
    huge = private_file(tmp_path / "huge", bytes(70_000))
    for path in (str(tmp_path), str(tmp_path / "absent"), huge, "/dev/zero"):
        with pytest.raises(Refused):
            private(path)


def test_a_pipe_is_as_good_as_a_file():
    """`--file <(pass show binance)` leaves nothing on the disk."""
    reading, writing = os.pipe()
    os.write(writing, b"from a pipe")
    os.close(writing)

    assert private(f"/proc/self/fd/{reading}") == b"from a pipe"
    os.close(reading)


def test_an_open_folder_is_closed(tmp_path):
    """Made by hand with the usual mode, it becomes its owner's alone."""
    (tmp_path / "keys").mkdir(mode=0o755)

    add(KEYS, LOCK, str(tmp_path), now=NOW)

    assert os.stat(tmp_path / "keys").st_mode & 0o777 == 0o700


def test_two_at_once_do_not_undo_each_other(tmp_path, monkeypatch):
    """Whoever comes second waits, and is told (5) when that lasts."""
    monkeypatch.setattr("engine.secrets.kept.WAIT_SECONDS", 0.05)

    with alone_in(str(tmp_path)), pytest.raises(Refused, match="another supreme keys") as refused:
        add(KEYS, LOCK, str(tmp_path), now=NOW)

    assert refused.value.code == 5
