"""How do bytes reach a peer and come back while nobody waits? One TCP connection, with TLS or not.

A wire looks up a name, connects, shakes hands and is open; `turn` does what can be done now, and
is called when the descriptor is ready or the wire is due. Why it ended stands in `ended`.
"""

import os
import socket
from contextlib import suppress
from errno import EALREADY, EINPROGRESS, EISCONN
from typing import TYPE_CHECKING

from engine.errors import Refused
from engine.lines.address import Address
from engine.lines.lookup import Busy, Lookup, Place, numeric
from engine.lines.patience import NEVER_NS, RECEIVE_MAX, Patience

if TYPE_CHECKING:
    from engine.lines.tls import Tls

LOOKING, CONNECTING, SHAKING, OPEN, ENDED = range(5)
ON_ITS_WAY = (EINPROGRESS, EALREADY)
UNDER_WAY = {LOOKING: "looking up its name", CONNECTING: "connecting", SHAKING: "TLS"}
TRY_LATER = "nothing is wrong here that could be mended; the next try may do"


class Wire:
    """One connection; `issuers` is a file of certificates to trust instead of the system's."""

    def __init__(
        self, address: Address, now_ns: int, patience: Patience, *, issuers: str = ""
    ) -> None:
        self.address, self._patience, self._issuers = address, patience, issuers
        self.ended = self.fix = ""
        self.is_whole = False  # it ended where the peer meant to, so that nothing can be missing
        self.descriptors = 0  # it has had: the number of the next may be that of the last
        self._state = LOOKING
        self._open_by_ns = self._due_ns = now_ns + patience.open_ns
        self._lookup: Lookup | None = None
        self._socket: socket.socket | None = None
        self._tls: Tls | None = None
        self._places: list[Place] = []
        self._here: Place | None = None
        self._failed = ""  # what the last place tried answered
        self._unsent = bytearray()
        self._is_cut = False  # nothing more goes out; what came in is still read
        self._begin(now_ns)

    @property
    def is_open(self) -> bool:
        """Whether bytes can be sent."""
        return self._state == OPEN

    @property
    def wants_write(self) -> bool:
        """Whether the poll has to say when bytes can go out."""
        return self._state == CONNECTING or bool(self._unsent)

    def fileno(self) -> int:
        """For a poll; another one in each state, -1 once ended."""
        if self._socket is not None:
            return self._socket.fileno()
        return -1 if self._lookup is None else self._lookup.fileno()

    def due_ns(self) -> int:
        """When it must be called though nothing happened."""
        return self._due_ns

    def turn(self, now_ns: int) -> bytes:
        """What can be done now; what the peer said. It may have ended with these bytes."""
        if self._state == OPEN:
            if self._unsent:
                self._flush()
            return self._received()
        if self._state == ENDED:
            return b""
        if now_ns >= self._open_by_ns:
            self.end(f"{self.address} was not reached in time ({UNDER_WAY[self._state]})")
        elif self._state == LOOKING:
            self._look(now_ns)
        elif self._state == CONNECTING:
            self._connect(now_ns)
        else:
            return self._shake()
        return b""

    def send(self, raw: bytes) -> bool:
        """Whether these bytes are on their way; False: none of them is, nor ever will be."""
        connection = self._socket
        if self._state != OPEN or self._is_cut or connection is None:
            return False
        if len(self._unsent) + len(raw) > self._patience.unsent_max:
            self.end(f"{self.address} takes nothing: {len(self._unsent)} bytes wait to be sent")
            return False
        if self._tls is not None:
            try:
                self._tls.seal(raw)
            except Refused as refused:
                self.end(refused.what, refused.fix)
                return False
            raw = self._tls.outgoing()
        self._unsent += raw
        if len(self._unsent) == len(raw):
            self._flush()
        return True

    def end(self, why: str, fix: str = TRY_LATER) -> None:
        """No more of it; the first reason counts."""
        if self._state == ENDED:
            return
        self._due_ns = NEVER_NS
        if self._lookup is not None:
            self._lookup.close()
        if self._socket is not None:
            with suppress(OSError):
                if self._tls is not None and self._state == OPEN and not self._unsent:
                    self._socket.send(self._tls.goodbye())
                self._socket.shutdown(socket.SHUT_WR)
            self._socket.close()
        self._lookup = self._socket = self._tls = None
        self._state, self.ended, self.fix = ENDED, why, fix
        self._unsent.clear()

    def _begin(self, now_ns: int) -> None:
        self._places = numeric(self.address.host, self.address.port)
        if self._places:
            self._try_next(now_ns)
            return
        try:
            self._lookup = Lookup(self.address.host, self.address.port)
            self.descriptors += 1
        except Busy:
            self.end("the system's name service answers nothing", "check the machine's resolver")
        except (OSError, RuntimeError) as error:  # no descriptor, no thread
            self.end(f"{self.address.host} cannot be looked up: {error}")

    def _look(self, now_ns: int) -> None:
        lookup = self._lookup
        if lookup is None or not lookup.is_answered():
            return
        lookup.close()
        self._lookup, self._places = None, lookup.places
        if lookup.places:
            self._try_next(now_ns)
        else:
            why = lookup.error or "it has no address"
            self.end(f"{self.address.host} was not found: {why}", "check the name and the network")

    def _try_next(self, now_ns: int) -> None:
        """Connect to the next place; each may take its share of the time that is left."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        if not self._places:
            self.end(f"{self.address} was not reached: {self._failed}", "check the address")
            return
        self._due_ns = now_ns + (self._open_by_ns - now_ns) // len(self._places)
        self._here = family, _ = self._places.pop(0)
        self._state = CONNECTING
        try:
            self._socket = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
            self.descriptors += 1
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError as error:  # no descriptor is free, or no such family on this machine
            self._failed = error.strerror or str(error)
            self._try_next(now_ns)
            return
        self._connect(now_ns)

    def _connect(self, now_ns: int) -> None:
        """Ask the kernel how far it is: a second connect says so, and cannot mistake the socket."""
        if self._socket is None or self._here is None:
            return
        code = self._socket.connect_ex(self._here[1])
        if code in ON_ITS_WAY:
            if now_ns >= self._due_ns:
                self._failed = "no answer"
                self._try_next(now_ns)
        elif code in (0, EISCONN):
            self._due_ns = self._open_by_ns
            self._reached()
        else:
            self._failed = os.strerror(code)
            self._try_next(now_ns)

    def _reached(self) -> None:
        if not self.address.is_secure:
            self._state, self._due_ns = OPEN, NEVER_NS
            return
        from engine.lines.tls import Tls

        self._state = SHAKING
        try:
            self._tls = Tls(self.address.host, self._issuers)
        except Refused as refused:
            self.end(refused.what, refused.fix)
            return
        self._shake(b"")

    def _shake(self, sealed: bytes | None = None) -> bytes:
        """One step of the handshake; what the peer said right behind it."""
        tls = self._tls
        if sealed is None:
            sealed = self._taken()
        if tls is None:  # it ended
            return b""
        try:
            is_done = tls.shake(sealed)
            self._unsent += tls.outgoing()
            self._flush()
            if not is_done:
                return b""
            self._state, self._due_ns = OPEN, NEVER_NS
            return tls.read(b"")
        except Refused as refused:
            self._unsent += tls.outgoing()  # the alert that tells the peer why
            self._flush()
            self.end(refused.what, refused.fix)
        return b""

    def _received(self) -> bytes:
        raw = self._taken()
        tls = self._tls
        if tls is None or not raw:
            return raw
        try:
            plain = tls.read(raw)
        except Refused as refused:
            self.end(refused.what, refused.fix)
            return b""
        self._answer_for(tls)
        return plain

    def _answer_for(self, tls: "Tls") -> None:
        """What TLS itself has to say: an answer to a change of keys; or it is over."""
        if owed := tls.outgoing():
            self._unsent += owed
            self._flush()
        if tls.is_over:
            self.is_whole = True
            self.end(f"{self.address} closed the connection")

    def _taken(self) -> bytes:
        """What the socket has; ends the wire where it has ended."""
        if self._socket is None:
            return b""
        try:
            raw = self._socket.recv(RECEIVE_MAX)
        except BlockingIOError:
            return b""
        except OSError as error:
            self.end(f"{self.address} broke off: {error.strerror}")
            return b""
        if not raw:
            # Over TLS only a goodbye proves that nothing was cut off (RFC 8446, 6.1).
            self.is_whole = self._tls is None
            self.end(f"{self.address} closed the connection")
        return raw

    def _flush(self) -> None:
        if self._socket is None or self._is_cut:
            self._unsent.clear()
            return
        try:
            while self._unsent:
                del self._unsent[: self._socket.send(self._unsent)]
        except BlockingIOError:
            pass
        except OSError:
            # What the peer said before it left is still to be read; then the reading ends it.
            self._is_cut = True
            self._unsent.clear()


class OnWire:
    """What is said over a wire, to the poll: what the wire wants, and when either is due."""

    _wire: Wire
    _due_ns: int

    @property
    def wants_write(self) -> bool:
        """Whether the poll has to say when bytes can go out."""
        return self._wire.wants_write

    @property
    def descriptors(self) -> int:
        """How many it has had: the number of the next may be that of the last."""
        return self._wire.descriptors

    def fileno(self) -> int:
        """For a poll; another one in each state, -1 once ended."""
        return self._wire.fileno()

    def due_ns(self) -> int:
        """When it must be called though nothing happened."""
        return min(self._due_ns, self._wire.due_ns())
