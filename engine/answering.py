"""What may a running service be asked? Its incidents, breakers and pages, one row a verb."""

import os
import select
from collections.abc import Callable, Mapping
from typing import Any

from engine.control.frames import PROTOCOL, WORDS
from engine.control.places import printable, settled_socket_path
from engine.control.server import Peer, Server
from engine.errors import Refused
from engine.service.standing import Standing

TEXT_MAX = 500  # of a note or a reason
Sign = Callable[[str, str, str], None]  # an act, who, and why
Metrics = Callable[[], dict[str, Any]]
Read = Callable[[Mapping[str, Any]], dict[str, Any] | bytes]  # bytes are JSON already


class Answering:
    """Listens in the service's folder; the follower's thread attends to it between two steps."""

    def __init__(self, folder: str, standing: Standing) -> None:
        self._standing = standing
        self.breakers: dict[str, tuple[Sign, Metrics]] = {}
        self.reads: Mapping[str, Read] = {}
        self.later: Callable[[], object] = dict  # done once whoever asked is answered
        self._poll = select.epoll()
        self._server = Server(settled_socket_path(folder), self._poll, self._answer)
        self._verbs = {
            "hello": self._hello,
            "ack": self._sign,
            "close": self._sign,
            "breakers": self._list,
            "trip": self._move,
            "reset": self._move,
        }

    def attend(self, wait_s: float) -> None:
        """Answer whoever asks within this time."""
        for fd, _ in self._poll.poll(wait_s):
            self._server.hear(fd)
        self.later()

    def close(self) -> None:
        """No socket is left where nobody listens."""
        self._server.close()
        self._poll.close()

    def _answer(self, peer: Peer, raw: bytes) -> None:
        from json import loads

        said: dict[str, Any] | bytes
        try:
            asked = loads(raw)
            if (read := self.reads.get(asked["verb"])) is not None:
                said = read(asked)
            else:
                said = self._verbs[asked["verb"]](peer, asked)
        except Refused as no:
            said = {"error": no.what, "fix": no.fix, "code": no.code}
        except TimeoutError:
            said = {"error": "the service was too busy for it", "fix": "repeat this", "code": 5}
        except (ValueError, KeyError, TypeError, ArithmeticError, RecursionError):
            fix = "use the supreme of the same build"
            said = {"error": "the service does not know this request", "fix": fix, "code": 2}
        if isinstance(said, bytes):
            self._server.say(peer, WORDS, said)
        else:
            self._server.words(peer, said)

    def _hello(self, peer: Peer, asked: dict[str, Any]) -> dict[str, Any]:
        if asked.get("protocol") != PROTOCOL:
            raise Refused(f"the service speaks protocol {PROTOCOL}", "use its own supreme", code=3)
        peer.name = printable(str(asked.get("operator", "")))[:64]
        return {"protocol": PROTOCOL, "pid": os.getpid()}

    def _sign(self, peer: Peer, asked: dict[str, Any]) -> dict[str, Any]:
        signed = who(peer), text(asked["reason"])
        done = self._standing.alerts.sign(asked["verb"], str(asked["which"]), *signed)
        return {"incidents": [one.as_plain() for one in done]}

    def _list(self, _peer: Peer, _asked: dict[str, Any]) -> dict[str, Any]:
        return {"breakers": {name: metrics() for name, (_, metrics) in self.breakers.items()}}

    def _move(self, peer: Peer, asked: dict[str, Any]) -> dict[str, Any]:
        name, reason = str(asked["name"]), text(asked["reason"])
        if name not in self.breakers:
            known = ", ".join(self.breakers) or "none: no PostgreSQL is asked for"
            raise Refused(f"there is no breaker {name[:60]}", f"there are: {known}")
        if not reason.strip():
            raise Refused(f"{asked['verb']} needs a reason", "add --reason TEXT")
        sign, metrics = self.breakers[name]
        sign(asked["verb"], who(peer), reason)
        return {"breakers": {name: metrics()}}


def who(peer: Peer) -> str:
    """Who asks: by their own words, and as the system knows them."""
    return f"{peer.name or 'unknown'} (uid {peer.uid})"


def text(said: object) -> str:
    """A note or a reason, as a log may show it."""
    return printable(str(said))[:TEXT_MAX]
