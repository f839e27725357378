"""How do market records of other programs reach the engine? 64 bytes each, over a local socket.

The engine listens; one program feeds at a time. What it sends is checked many records at once by
C loops, and only market events are taken: no stranger reports a fill here. A feeder that is faster
than the engine waits, because nobody empties the socket.
"""

import os
import select
import socket
import stat
import struct
from collections.abc import Callable
from contextlib import suppress

from engine.errors import Refused
from engine.lines.hello import Hello, hello_in, packed, unpacked
from engine.lines.patience import NS_A_SECOND
from engine.messages import BAR_CLOSED, BOOK_TOP, RECORD_SIZE, TRADE_TICK

RECEIVE_MAX = 1 << 14  # bytes in one turn: 256 records, a few milliseconds of deciding
BACKLOG = 8
GREETING_NS = 5 * NS_A_SECOND  # for a feeder to say who it is, before it gives way
AHEAD_MAX_NS = NS_A_SECOND  # of a record that is not simulated, before the clock
MARKET = frozenset((BAR_CLOSED, TRADE_TICK, BOOK_TOP))
CREDENTIALS = struct.Struct("3i")  # pid, uid, gid
TAKEN, BUSY, LEFT = "taken", "another program feeds this engine", "the feeder left"
FIX_RECORDS = "the records before it were taken; mend the feeder and connect again"

Accepts = Callable[[Hello], None]


class Feed:
    """The listening socket and who feeds. `accepts(hello)` raises Refused for one that cannot be.

    `hello` is the current feeder's, None while nobody feeds; `ended` says why the last one went.
    """

    def __init__(self, path: str, poll: select.epoll, accepts: Accepts) -> None:
        path = os.path.abspath(path)
        self.path, self._poll, self._accepts = path, poll, accepts
        self.hello: Hello | None = None
        self.ended = ""
        self.records = self.refused = 0  # taken, and feeders that were turned away or sent nonsense
        self._feeder: socket.socket | None = None
        self._greet_by_ns = 0
        self._held = b""  # of a greeting or a record that is not whole yet
        self._listener = bound(path)
        self._inode = os.stat(path).st_ino
        self._listener.listen(BACKLOG)
        poll.register(self._listener.fileno(), select.EPOLLIN)

    def is_ours(self, fd: int) -> bool:
        """Whether a descriptor that the poll names is one of these."""
        feeder = -1 if self._feeder is None else self._feeder.fileno()
        return fd >= 0 and fd in (self._listener.fileno(), feeder)

    def hear(self, fd: int, now_ns: int) -> bytes:
        """Whole records that came, true ones only; after whatever the poll says of `fd`.

        `now_ns` is the wall clock's: what is not simulated must not be ahead of it.
        """
        if fd == self._listener.fileno():
            self._accept(now_ns)
            return b""
        feeder = self._feeder
        if feeder is None or fd != feeder.fileno():
            return b""
        try:
            raw = feeder.recv(RECEIVE_MAX)
        except BlockingIOError:
            return b""
        except OSError:
            raw = b""
        if not raw:
            part = f", {len(self._held)} bytes into a record" if self._held else ""
            self._drop(f"{LEFT}{part}")
            return b""
        held = self._held + raw if self._held else raw
        return self._taken(held, now_ns) if self.hello is not None else self._greeted(held, now_ns)

    def close(self) -> None:
        """No more of it; no socket is left where nobody listens, one that is not ours stays."""
        self._drop("the engine ended")
        with suppress(FileNotFoundError):
            if os.stat(self.path).st_ino == self._inode:
                os.unlink(self.path)
        self._listener.close()

    def _accept(self, now_ns: int) -> None:
        try:
            connection, _ = self._listener.accept()
        except OSError:
            return  # it left again, or no descriptor is free
        raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, CREDENTIALS.size)
        if CREDENTIALS.unpack(raw)[1] not in (0, os.getuid()):
            self.refused += 1
            connection.close()
            return
        self._give_way(now_ns)
        if self._feeder is not None:
            self.refused += 1
            told = {"error": BUSY, "fix": "end that one first, or feed another engine"}
            with suppress(OSError):
                connection.send(packed(told))
            connection.close()
            return
        connection.setblocking(False)
        self._feeder, self._held, self.ended = connection, b"", ""
        self._greet_by_ns = now_ns + GREETING_NS
        self._poll.register(connection.fileno(), select.EPOLLIN)

    def _give_way(self, now_ns: int) -> None:
        """A feeder that has left unheard, or never greeted, does not keep the next one out."""
        if self._feeder is None:
            return
        if self.hello is None and now_ns > self._greet_by_ns:
            self._drop("the feeder did not greet")
            return
        with suppress(BlockingIOError):
            try:
                has_left = self._feeder.recv(1, socket.MSG_PEEK) == b""
            except ConnectionError:
                has_left = True
            if has_left:
                self._drop(LEFT)

    def _greeted(self, held: bytes, now_ns: int) -> bytes:
        """Take or refuse a feeder, and take what came right behind its greeting."""
        try:
            found = unpacked(held)
            if found is None:
                self._held = held
                return b""
            told, size = found
            hello = hello_in(told)
            self._accepts(hello)
        except Refused as refused:
            self._refuse(refused)
            return b""
        self.hello = hello
        self._answer({TAKEN: True})
        return self._taken(held[size:], now_ns)

    def _taken(self, held: bytes, now_ns: int) -> bytes:
        size = len(held) - len(held) % RECORD_SIZE
        records, self._held = held[:size], held[size:]
        if size and (wrong := self._wrong_in(records, now_ns)):
            self._refuse(Refused(f"the feed was ended: {wrong}", FIX_RECORDS, code=4))
            return b""
        self.records += size // RECORD_SIZE
        return records

    def _wrong_in(self, records: bytes, now_ns: int) -> str:
        """Why not all of these may be taken, or nothing. Loops in C: 0.1 us a record."""
        hello = self.hello
        if hello is None or not MARKET.issuperset(records[4::RECORD_SIZE]):
            return "only bars, trades and tops of the book are fed"
        view = memoryview(records)
        if max(view.cast("H")[3::32].tolist()) >= len(hello.instruments):
            return "a record names a symbol that the greeting did not"
        received = view.cast("q")[2::8].tolist()
        if min(received) <= 0:
            return "a record was received before time began"
        if not hello.is_simulated and max(received) > now_ns + AHEAD_MAX_NS:
            return "a record was received more than a second from now"
        return ""

    def _refuse(self, refused: Refused) -> None:
        self.refused += 1
        self._answer({"error": refused.what, "fix": refused.fix})
        self._drop(refused.what)

    def _answer(self, told: dict[str, object]) -> None:
        if self._feeder is not None:
            with suppress(OSError):
                self._feeder.send(packed(told))

    def _drop(self, why: str) -> None:
        """The feeder goes; another one may come."""
        if self._feeder is None:
            return
        with suppress(OSError):
            self._poll.unregister(self._feeder.fileno())
        self._feeder.close()
        self._feeder, self.hello, self._held, self.ended = None, None, b"", why


def bound(path: str) -> socket.socket:
    """A socket there, for its owner alone; Refused (4) where something else has that name.

    The folder is whoever's it is: its permissions are left as they are.
    """
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    if os.path.lexists(path):
        if not stat.S_ISSOCK(os.lstat(path).st_mode):
            raise Refused(f"{path} is no socket, so it is left", "name another --feed", code=4)
        os.unlink(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    before = os.umask(0o177)  # nobody may connect between bind and a chmod
    try:
        listener.bind(path)
    except OSError as error:
        listener.close()
        why = error.strerror or error
        raise Refused(f"no feed can be taken at {path}: {why}", "name another", code=4) from error
    finally:
        os.umask(before)
    return listener
