"""Do keys reach the process they are for, once, and no other process, variable or file?"""

import json
import os
import resource
import subprocess
import sys
import tempfile

import pytest

from engine.errors import Refused
from engine.secrets.handed import (
    BYTES_MAX,
    VARIABLE,
    handed_keys,
    pipe_with,
    telling,
    unwrapped,
    wrapped,
)
from engine.secrets.keys import Keys
from supreme_cli.handing import WITHHELD, hand_over
from tests.conftest import ROOT
from tests.engine.secrets.sealing import API_KEY, KEYS, SECRET, SIGNED

# A process as the engine is: it takes its keys, then tells all that could tell them.
TAKER = """
import os, resource, sys
sys.path[:0] = [{root!r}]
before = set(sys.modules)
from engine.secrets.handed import handed_keys
loaded = sorted({{name.partition(".")[0] for name in set(sys.modules) - before}})
keys, again = handed_keys(), handed_keys()
import json, subprocess
pipes = [one for one in os.listdir("/proc/self/fd") if int(one) > 2
         and os.path.exists(f"/proc/self/fd/{{one}}")
         and os.readlink(f"/proc/self/fd/{{one}}").startswith("pipe")]
child = subprocess.run([sys.executable, "-c", "import os; print(dict(os.environ),"
    " os.listdir('/proc/self/fd'))"], capture_output=True, text=True, close_fds=False).stdout
print(json.dumps({{
    "name": keys.name, "kind": keys.kind, "again": again is None, "shown": repr(keys),
    "is_right": [keys.api_key, keys.secret] == sys.stdin.read().split("|"),
    "loaded": loaded, "pipes": pipes, "child": child, "dump": resource.getrlimit(4)[0],
    "environ": dict(os.environ),
}}))
"""


def taken_by_a_process(keys, environ, *, exec_itself=False):
    """What a process says that was started with these keys, by Popen or by becoming it."""
    command = [sys.executable, "-I", "-S", "-c", TAKER.format(root=str(ROOT))]
    if exec_itself:
        become = (
            f"import os, sys; sys.path[:0] = [{str(ROOT)!r}]\n"
            "from supreme_cli.handing import hand_over\n"
            "from tests.engine.secrets.sealing import KEYS\n"
            "handed = hand_over(KEYS, os.environ)\n"
            "os.set_inheritable(handed.fd, True)\n"
            f"os.execve({command!r}[0], {command!r}, handed.environ)"
        )
        started = {"args": [sys.executable, "-c", become], "env": environ}
        fd = -1
    else:
        fd, kept = hand_over(keys, environ)
        started = {"args": command, "env": kept, "pass_fds": (fd,)}
    text = f"{keys.api_key}|{keys.secret}"
    done = subprocess.run(
        **started, input=text, capture_output=True, text=True, check=False, timeout=60
    )
    if fd >= 0:
        os.close(fd)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), done.stdout + done.stderr


@pytest.fixture(autouse=True)
def _limits():
    """Handing over forbids this process dumps too: its other tests shall not notice."""
    limits = resource.getrlimit(resource.RLIMIT_CORE)
    yield
    resource.setrlimit(resource.RLIMIT_CORE, limits)


@pytest.mark.parametrize(
    ("keys", "exec_itself"), [(KEYS, False), (SIGNED, False), (KEYS, True)],
    ids=["started", "started with a PEM", "become"],
)  # fmt: skip
def test_the_process_gets_them_once_and_nobody_else(keys, exec_itself):
    """Read, closed, forgotten: no pipe, no variable, no child, no word of it; no dump either."""
    environ = {"PATH": os.environ["PATH"], "EXCHANGE_SECRET": SECRET, "EXCHANGE_API_KEY": API_KEY}

    said, printed = taken_by_a_process(keys, environ, exec_itself=exec_itself)

    assert (said["name"], said["kind"], said["is_right"]) == (keys.name, keys.kind, True)
    assert (said["again"], said["pipes"], said["dump"]) == (True, [], 1)
    assert set(WITHHELD).isdisjoint(said["environ"])
    for secret in (API_KEY, SECRET, keys.secret):
        assert secret not in printed


def test_the_engines_side_loads_nothing_that_decrypts():
    """cryptography would cost it 9 MB, OpenSSL's hashes 4."""
    said, _ = taken_by_a_process(KEYS, {"PATH": os.environ["PATH"]})

    heavy = {"cryptography", "hashlib", "_hashlib", "ssl", "json", "asyncio", "numpy"}
    assert heavy.isdisjoint(said["loaded"])


def test_nobody_was_handed_anything(monkeypatch):
    """Most engines trade on paper, without keys."""
    monkeypatch.delenv(VARIABLE, raising=False)

    assert handed_keys() is None


def test_only_the_pipe_that_was_meant_is_read(monkeypatch):
    """A variable that was left behind points at whatever has its number now."""
    other = pipe_with(b"somebody else's")
    with tempfile.TemporaryFile() as file:
        for told in (
            f"{other}:1", f"{file.fileno()}:{os.fstat(file.fileno()).st_ino}", "0:1", "x", "7",
            "-1:5", "1e3:4", f"{10**30}:4", f"{other}:{10**40}", ":", "9999:1",
        ):  # fmt: skip
            monkeypatch.setenv(VARIABLE, told)
            with pytest.raises(Refused, match="did not arrive") as refused:
                handed_keys()
            assert refused.value.code == 4
            assert VARIABLE not in os.environ

    assert os.read(other, 100) == b"somebody else's"
    os.close(other)


@pytest.mark.parametrize(
    "raw",
    [b"", b"\xff\0", wrapped(KEYS)[:-1], wrapped(KEYS) + b"\0", wrapped(KEYS)[5:], b"x" * 5000],
)
def test_what_is_not_whole_is_refused(raw, monkeypatch):
    """Half a secret would sign orders that the venue refuses one by one."""
    fd = pipe_with(raw)
    monkeypatch.setenv(*next(iter(telling(fd).items())))

    with pytest.raises(Refused, match="did not arrive") as refused:
        handed_keys()

    assert not any(part in str(refused.value) for part in (API_KEY[:10], SECRET[:10]))
    with pytest.raises(OSError, match="Bad file"):
        os.fstat(fd)


def test_a_writer_that_lives_keeps_nobody_waiting(monkeypatch):
    """The end of the pipe must be there already: an engine does not hang at its start."""
    reading, writing = os.pipe()
    os.write(writing, wrapped(KEYS))
    monkeypatch.setenv(*next(iter(telling(reading).items())))

    with pytest.raises(Refused, match="did not arrive"):
        handed_keys()
    os.close(writing)


def test_what_goes_in_comes_out():
    """Of both kinds, and never more than a pipe takes at once."""
    assert [unwrapped(wrapped(keys)) for keys in (KEYS, SIGNED)] == [KEYS, SIGNED]
    with pytest.raises(Refused, match="too long"):
        wrapped(Keys("main", "binance", "hmac", (API_KEY, "s" * BYTES_MAX)))


def test_the_starter_keeps_nothing_that_others_inherit():
    """Until it is passed on by its number, the pipe is closed in every child."""
    handed = hand_over(KEYS, {"EXCHANGE_SECRET": SECRET, "PATH": "/bin"})

    assert not os.get_inheritable(handed.fd)
    assert handed.environ == {"PATH": "/bin", VARIABLE: handed.environ[VARIABLE]}
    os.close(handed.fd)
