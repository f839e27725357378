"""How does a command reach the engine? It finds the directory and asks, or says why it cannot."""

import fcntl
import os
import socket
import time
from collections.abc import Iterator
from json import dumps, loads
from typing import Any

from engine.control.frames import IMAGE, PICTURE, PROTOCOL, WORDS, Frames, packed
from engine.control.places import (
    base_directory,
    directory_named,
    operator,
    socket_path,
    with_socket,
)
from engine.errors import Refused

READ_AT_ONCE = 1 << 18
LOCKS = "/proc/locks"  # the kernel's list of them
UNREACHABLE, REFUSED, TIMED_OUT = 3, 4, 5


class Link:
    """A connection to one engine; `hello` is what it said of itself."""

    def __init__(self, data_dir: str, timeout_s: float = 5.0, operator: str = "") -> None:
        self.data_dir = data_dir
        self._timeout_s = timeout_s
        self._frames, self._arrived = Frames(), list[tuple[int, bytes]]()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(timeout_s)
        try:
            self._socket.connect(socket_path(data_dir))
        except OSError as error:
            self._socket.close()
            raise unreachable(data_dir) from error
        try:
            self.hello = self.ask("hello", protocol=PROTOCOL, operator=operator)
        except Refused:
            self._socket.close()
            raise

    def ask(self, verb: str, **fields: Any) -> dict[str, Any]:
        """The engine's answer; Refused with its words and code where it refuses.

        What carries a reason changes something: where no answer comes, it is said what that means.
        """
        is_sent = self._send({"verb": verb, **fields})
        doubt = f": whether {verb} was done is unknown" if is_sent else f": {verb} was not done"
        return told(self._await(WORDS, doubt if "reason" in fields else ""))

    def image(self) -> bytes:
        """The whole state's bytes."""
        self._send({"verb": "image"})
        return self._await(IMAGE)

    def state(self) -> tuple[int, bytes]:
        """A sequence of the journal, and the whole state's bytes there, between two events."""
        sequence: int = self.ask("state")["sequence"]
        return sequence, self._await(IMAGE)

    def picture(self) -> bytes:
        """What is shown of the state, as bytes."""
        self._send({"verb": "picture"})
        return self._await(PICTURE)

    def watch(self, hz: float) -> Iterator[bytes]:
        """Pictures at this rate until the engine ends; Refused (5) when it falls silent."""
        self._send({"verb": "watch", "hz": hz})
        self._socket.settimeout(self._timeout_s + 1.0 / hz)
        while True:
            yield self._await(PICTURE)

    def fileno(self) -> int:
        """For a poll."""
        return self._socket.fileno()

    def close(self) -> None:
        """Leave; the engine does not mind."""
        self._socket.close()

    def _send(self, words: dict[str, Any]) -> bool:
        try:
            self._socket.sendall(packed(WORDS, dumps(words).encode()))
        except (BrokenPipeError, ConnectionResetError):
            return False  # it may have said why it closed: that is still to be read
        except OSError as error:
            raise self._lost(error, "") from error
        return True

    def _await(self, wanted: int, doubt: str = "") -> bytes:
        """The next frame of a kind; pictures that come between are passed over."""
        while True:
            while self._arrived:
                kind, payload = self._arrived.pop(0)
                if kind == wanted:
                    return payload
                if kind == WORDS:
                    told(payload)  # instead of what was asked for comes why not
            try:
                raw = self._socket.recv(READ_AT_ONCE)
            except OSError as error:
                raise self._lost(error, doubt) from error
            if not raw:
                raise self._lost(None, doubt)
            self._arrived += self._frames.feed(raw)

    def _lost(self, error: OSError | None, doubt: str) -> Refused:
        if isinstance(error, TimeoutError):
            return Refused(
                f"the engine in {self.data_dir} did not answer within {self._timeout_s:g} s{doubt}",
                "it may be busy recovering or stopped by its disk: see its log, or use --timeout",
                code=TIMED_OUT,
            )
        return Refused(
            f"the engine in {self.data_dir} ended while it was asked{doubt}",
            "see `supreme status`",
            code=UNREACHABLE,
        )


def told(payload: bytes) -> dict[str, Any]:
    """An answer in words; Refused where it is a refusal."""
    said: dict[str, Any] = loads(payload)
    if "error" in said:
        raise Refused(said["error"], said["fix"], code=said["code"])
    return said


def unreachable(data_dir: str) -> Refused:
    """Why no engine answers there: none, one that died, or one that is not ready yet."""
    if pid := holder_of(data_dir):
        return Refused(
            f"the engine in {data_dir} (pid {pid}) does not listen there",
            f"it may be starting or recovering: try again; kill {pid} stops it gracefully",
            code=UNREACHABLE,
        )
    if is_dead(data_dir):
        return Refused(
            f"the engine in {data_dir} (pid {pid_in(data_dir)}) ended without a goodbye",
            "nothing is lost: start it again and it goes on from its journal",
            code=UNREACHABLE,
        )
    if not os.path.isdir(data_dir):
        return Refused(
            f"no engine runs in {data_dir}: there is no such directory",
            "one that ran there ended when it was removed; start one: supreme up",
            code=UNREACHABLE,
        )
    words = last_words(data_dir)
    what = f"no engine runs in {data_dir}" + (f"; its last words: {words}" if words else "")
    return Refused(what, "start one: supreme up", code=UNREACHABLE)


def holder_of(data_dir: str) -> str:
    """The pid of the engine that holds a data directory, or nothing.

    Read from the kernel's list: trying the lock could turn away an engine that starts just now.
    So it is tried only where the list cannot be read.
    """
    pid = pid_in(data_dir)
    try:
        with open(LOCKS, encoding="ascii") as file:
            rows = [line.split() for line in file]
    except OSError:
        return pid if refuses_a_lock(data_dir) else ""
    try:
        inode = str(os.stat(data_dir).st_ino)
    except OSError:
        return ""
    held = {(row[1], row[4], row[5].rpartition(":")[2]) for row in rows if len(row) == 8}
    return pid if ("FLOCK", pid, inode) in held else ""


def refuses_a_lock(data_dir: str) -> bool:
    """Whether somebody holds the directory's lock, by trying to share it for a moment."""
    try:
        fd = os.open(data_dir, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(fd)
    return False


def is_locked(data_dir: str) -> bool:
    """Whether an engine holds the directory."""
    return holder_of(data_dir) != ""


def is_dead(data_dir: str) -> bool:
    """Whether the newest engine there ended without a goodbye, and none runs.

    Whoever leaves takes its socket away first; the lock is looked at last, for one may be starting.
    """
    return os.path.exists(socket_path(data_dir)) and not is_locked(data_dir)


def pid_in(data_dir: str) -> str:
    """The pid that the newest engine left in its directory."""
    try:
        with open(os.path.join(data_dir, "lock"), encoding="ascii", errors="replace") as file:
            return file.read(20) or "unknown"
    except OSError:
        return "unknown"


def last_words(data_dir: str) -> str:
    """What ended the newest engine there, if its log says that something did."""
    try:
        with open(os.path.join(data_dir, "log", "engine.log"), "rb") as file:
            file.seek(max(os.fstat(file.fileno()).st_size - 4096, 0))
            lines = file.read().decode(errors="replace").splitlines()[-3:]
    except OSError:
        return ""
    bad = [line for line in lines if '"error"' in line or '"critical"' in line]
    words = bad[-1].partition('"what": "')[2].partition('"')[0] if bad else ""
    return words.partition(". ")[0].rstrip(".")[:200]


def the_engine(data_dir: str) -> str:
    """The directory asked for, here or by a variable, or of the one engine that runs.

    Refused (3) for none or several, (2) for a variable that names nothing.
    """
    data_dir = data_dir or directory_named(os.environ)
    if data_dir:
        return data_dir
    found = with_socket(base_directory())
    running = [place for place in found if is_locked(place)] or found
    if len(running) == 1:
        return running[0]
    if not running:
        raise Refused("no engine is running", "start one: supreme up", code=UNREACHABLE)
    names = ", ".join(os.path.basename(place) for place in running)
    raise Refused(
        f"several engines are running: {names}",
        f"say which: --data-dir {running[0]}",
        code=UNREACHABLE,
    )


def connect(data_dir: str, timeout_s: float, *, patience_s: float = 0.0) -> Link:
    """A link to the engine meant, waiting for one that is still starting; Refused otherwise."""
    end = time.monotonic() + patience_s
    place = the_engine(data_dir)
    while True:
        try:
            return Link(place, timeout_s, operator())
        except Refused:
            if time.monotonic() > end or not is_locked(place):
                raise
            time.sleep(0.05)
