"""How does the engine hear and answer? A local socket in its own poll; nobody can make it wait."""

import os
import select
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from engine.control.frames import PICTURE, WORDS, Frames, packed
from engine.control.places import private_folder

PEERS_MAX = 16  # connections of each kind at once: that asked nothing yet, that ask, that watch
BACKLOG = 128  # that may be waiting to be let in, one a turn
OUTBOX_MAX = 4 << 20  # bytes a slow reader may owe; beyond it the connection ends
READ_AT_ONCE = 1 << 12  # of one peer between two events, so that a flood of requests delays none
REQUEST_MAX = 1 << 14  # bytes of a request
CREDENTIALS = struct.Struct("3i")  # pid, uid, gid
GAVE_WAY = {
    "error": f"{PEERS_MAX} newer connections came, and this one had been silent for longest",
    "fix": "repeat this; what was not answered may have been done: see supreme status",
    "code": 4,
}
FULL = {
    "error": f"{PEERS_MAX} consoles and commands watch the engine: it shows itself to no more",
    "fix": "end one of them, then repeat this; every other command is heard all the same",
    "code": 4,
}
SILENT, ASKING, WATCHING = "silent", "asking", "watching"


class Peer:
    """One connection: who it is, what it has still to read, how often it wants a picture."""

    def __init__(self, connection: socket.socket, uid: int) -> None:
        self.connection, self.uid = connection, uid
        self.frames, self.outbox = Frames(REQUEST_MAX), bytearray()
        self.kind, self.name = SILENT, ""
        self.waits = False  # for its act to be durable
        self.every_s = 0.0  # between two pictures, 0 for none
        self.due_s = 0.0


Answer = Callable[[Peer, bytes], None]


class Server:
    """The listening socket and its peers; `answer(peer, words)` is called for each request.

    Peers stand in the order in which something was last heard of them, the longest silent first.
    """

    def __init__(self, path: str, poll: select.epoll, answer: Answer) -> None:
        self.path, self._poll, self._answer = path, poll, answer
        self.peers: dict[int, Peer] = {}
        private_folder(path)
        with suppress(FileNotFoundError):
            os.unlink(path)  # the lock is ours: whoever listened here has ended
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        self._listener.bind(path)
        os.chmod(path, 0o600)
        self._inode = os.stat(path).st_ino
        self._listener.listen(BACKLOG)
        poll.register(self._listener.fileno(), select.EPOLLIN)

    def hear(self, fd: int) -> None:
        """Whatever the poll says of one of our descriptors; strangers' ones are ignored."""
        if fd == self._listener.fileno():
            self._accept()
        elif fd in self.peers:
            self._attend(self.peers[fd])

    def say(self, peer: Peer, kind: int, payload: bytes) -> None:
        """Queue a frame and send what goes; whoever left or never reads is dropped."""
        if peer.connection.fileno() < 0:
            return
        peer.outbox += packed(kind, payload)
        try:
            self._flush(peer)
        except OSError:
            self._drop(peer)
        if len(peer.outbox) > OUTBOX_MAX:
            self._drop(peer)

    def words(self, peer: Peer, said: dict[str, Any]) -> None:
        """Queue an answer in JSON."""
        from json import dumps

        self.say(peer, WORDS, dumps(said).encode())

    def show(self, peer: Peer, every_s: float) -> None:
        """Send it pictures from now on, unless as many as may are watching and keep up."""
        peer.every_s, peer.due_s = every_s, 0.0
        self._enter(peer, WATCHING)

    def due_in(self, now_s: float) -> float:
        """Seconds until somebody wants a picture; a long time when nobody does."""
        due = [peer.due_s for peer in self.peers.values() if peer.every_s]
        return max(min(due, default=now_s + 60.0) - now_s, 0.0)

    def publish(self, now_s: float, picture: Callable[[], bytes]) -> None:
        """Send a picture to whoever is due and has read the last one: the latest, never a queue."""
        taken = b""
        for peer in list(self.peers.values()):
            if not peer.every_s or now_s < peer.due_s:
                continue
            peer.due_s = max(peer.due_s + peer.every_s, now_s)
            if not peer.outbox:
                self._heard(peer)
                taken = taken or picture()
                self.say(peer, PICTURE, taken)

    def close(self, goodbye: dict[str, Any] | None = None) -> None:
        """Say goodbye: no socket is left where nobody listens; one that is not ours stays."""
        for peer in list(self.peers.values()):
            if goodbye:
                self.words(peer, goodbye)
            self._drop(peer)
        with suppress(FileNotFoundError):
            if os.stat(self.path).st_ino == self._inode:
                os.unlink(self.path)
        self._listener.close()

    def _accept(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except OSError:
            return  # it left again, or no descriptor is free: the next one may come
        raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, CREDENTIALS.size)
        uid = CREDENTIALS.unpack(raw)[1]
        if uid not in (0, os.getuid()):
            connection.close()
            return
        connection.setblocking(False)
        peer = self.peers[connection.fileno()] = Peer(connection, uid)
        self._poll.register(connection.fileno(), select.EPOLLIN)
        self._enter(peer, SILENT)

    def _heard(self, peer: Peer) -> None:
        fd = peer.connection.fileno()
        self.peers[fd] = self.peers.pop(fd)

    def _enter(self, peer: Peer, kind: str) -> None:
        """It is of this kind now; where those are too many, one goes, and is told why.

        Nobody is sent away by another kind, nor for watching while it keeps up: connections that
        say nothing harm only each other, and an act needs no place among the watchers.
        """
        peer.kind = kind
        alike = [one for one in self.peers.values() if one.kind == kind and one is not peer]
        if len(alike) < PEERS_MAX:
            return
        if kind == WATCHING:
            late = [one for one in alike if one.outbox]
            leaving, said = (late[0], GAVE_WAY) if late else (peer, FULL)
        else:
            leaving, said = min(alike, key=lambda one: one.waits), GAVE_WAY
        self.words(leaving, said)
        self._drop(leaving)

    def _attend(self, peer: Peer) -> None:
        try:
            self._flush(peer)
            requests = self._read(peer)
        except (OSError, ValueError):
            self._drop(peer)
            return
        if requests:
            self._heard(peer)
            if peer.kind == SILENT:
                self._enter(peer, ASKING)
        for payload in requests:
            if peer.connection.fileno() < 0:
                return  # an answer found it gone, or owing too much: the rest is not for anybody
            self._answer(peer, payload)

    def _read(self, peer: Peer) -> list[bytes]:
        """What has arrived whole; OSError from a peer that left, ValueError for nonsense."""
        try:
            raw = peer.connection.recv(READ_AT_ONCE)
        except BlockingIOError:
            return []
        if not raw:
            raise ConnectionResetError
        frames = peer.frames.feed(raw)
        if any(kind != WORDS for kind, _ in frames):
            raise ValueError("a request is a JSON object")
        return [payload for _, payload in frames]

    def _flush(self, peer: Peer) -> None:
        with suppress(BlockingIOError):
            while peer.outbox:
                del peer.outbox[: peer.connection.send(peer.outbox)]
        if peer.connection.fileno() >= 0:
            wanted = select.EPOLLIN | (select.EPOLLOUT if peer.outbox else 0)
            self._poll.modify(peer.connection.fileno(), wanted)

    def _drop(self, peer: Peer) -> None:
        if self.peers.pop(peer.connection.fileno(), None) is not None:
            self._poll.unregister(peer.connection.fileno())
            peer.connection.close()
