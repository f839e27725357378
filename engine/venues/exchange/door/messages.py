"""How does a connection of messages live? Its handshake, its frames, its pings, and its end.

The server pings every 20 seconds; a client that answers none for a minute is cut
(web-socket-streams.md, General WSS information). Frames are `websockets`' work, not its sockets.
"""

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from engine.venues.exchange.door.api_session import ApiSession, Wire
from engine.venues.exchange.door.http_wire import Asked
from engine.venues.exchange.door.stream_session import (
    StreamSession,
    is_combined_at,
    is_stream_path,
    streams_at,
)

if TYPE_CHECKING:
    from engine.venues.exchange.door.serving import Connection

API = "/ws-api/v3"
PING_S, PATIENCE_S, DAY_S = 20, 60, 86_400
STEP_S = 1e-6
FRAME_MAX = 65_536
GOING_AWAY, UNSUPPORTED, POLICY = 1001, 1003, 1008


class Messages:
    """One connection that was upgraded."""

    def __init__(self, connection: "Connection", unit: int) -> None:
        from websockets.frames import Opcode
        from websockets.http11 import Request
        from websockets.server import ServerProtocol

        self.connection, self.protocol = connection, ServerProtocol(max_size=FRAME_MAX)
        self.opcodes, self.request_type = Opcode, Request
        self.wire = Wire(connection.host, unit, self.send, self.send_event)
        self.session: ApiSession | StreamSession | None = None
        self.answered_s = connection.server.loop.time()
        self.ends_s = self.answered_s + DAY_S
        self.pinging = connection.server.loop.call_later(PING_S, self.ping)
        self.first: list[str] = []
        self.due_s = 0.0

    @classmethod
    def at(cls, asked: Asked, connection: "Connection", unit: int) -> "Messages | None":
        """The connection that an address asks for, None where there is nothing."""
        path = asked.path.rstrip("/") or "/"
        if path == API:
            made = cls(connection, unit)
            shows = parse_qs(asked.query).get("returnRateLimits", ["true"])[0] != "false"
            made.session = ApiSession(connection.server.front, made.wire, tells_limits=shows)
            return made
        if not is_stream_path(path):
            return None
        made = cls(connection, unit)
        listeners, is_combined = connection.house.listeners, is_combined_at(path)
        made.session = StreamSession(listeners, made.wire, is_combined=is_combined)
        made.first = streams_at(path, asked.query)
        return made

    def begin(self, asked: Asked, rest: bytes) -> None:
        """The handshake, then whatever came behind it."""
        head = "".join(f"{name}: {value}\r\n" for name, value in asked.headers.items())
        target = f"{asked.path}?{asked.query}" if asked.query else asked.path
        self.protocol.receive_data(f"GET {target} HTTP/1.1\r\n{head}\r\n".encode("latin-1"))
        for request in self.protocol.events_received():
            if isinstance(request, self.request_type):
                self.protocol.send_response(self.protocol.accept(request))
        self.flush()
        if isinstance(self.session, StreamSession) and not self.session.begin(self.first):
            self.end(POLICY, "too many streams")
        if rest:
            self.take(rest)

    def take(self, piece: bytes) -> None:
        """Bytes of frames."""
        self.protocol.receive_data(piece)
        for frame in self.protocol.events_received():
            self.hear(frame)
        self.flush()

    def hear(self, frame: Any) -> None:
        """One frame; who sends too many is cut."""
        session, now_us = self.session, self.connection.house.clock()
        if frame.opcode is self.opcodes.CLOSE or session is None:
            return
        if isinstance(session, StreamSession) and not session.is_patient(now_us):
            self.end(POLICY, "Too many requests")
            return
        if frame.opcode is self.opcodes.PONG:
            self.answered_s = self.connection.server.loop.time()
        elif frame.opcode is self.opcodes.TEXT and frame.fin:
            session.take(frame.data.decode("utf-8", "replace"))
        elif frame.opcode not in (self.opcodes.PING, self.opcodes.PONG):
            self.end(UNSUPPORTED, "one whole frame of text is one message")

    def send(self, text: str) -> None:
        """An answer."""
        if self.protocol.state is self.protocol.state.OPEN:
            self.protocol.send_text(text.encode())
            self.flush()

    def send_event(self, text: str) -> None:
        """An event; on a bad day it is late, behind others, comes twice or not at all."""
        faults, loop = self.connection.server.faults, self.connection.server.loop
        for _ in range(faults.copies()):
            delay_us, overtaken_us = faults.delay(), faults.overtaken_us()
            if overtaken_us:
                loop.call_later((delay_us + overtaken_us) / 1e6, self.send, text)
            elif delay_us or self.due_s > loop.time():
                # One connection's events keep their order, however late each is.
                self.due_s = max(self.due_s + STEP_S, loop.time() + delay_us / 1e6)
                loop.call_at(self.due_s, self.send, text)
            else:
                self.send(text)

    def flush(self) -> None:
        """Whatever the protocol has for the socket; its end too."""
        for raw in self.protocol.data_to_send():
            if raw:
                self.connection.write(raw)
            else:
                self.connection.transport.close()

    def ping(self) -> None:
        """Every 20 seconds, unless the client has been silent for too long or a day has passed."""
        now_s = self.connection.server.loop.time()
        if now_s - self.answered_s > PATIENCE_S or now_s > self.ends_s:
            self.end(POLICY, "Pong timeout" if now_s <= self.ends_s else "24 hours")
            return
        if self.protocol.state is self.protocol.state.OPEN:
            self.protocol.send_ping(str(int(now_s * 1000)).encode())
            self.flush()
        self.pinging = self.connection.server.loop.call_later(PING_S, self.ping)

    def say_goodbye(self, now_us: int) -> None:
        """The venue is about to end."""
        if self.session is not None:
            self.session.say_goodbye(now_us)

    def end(self, code: int, reason: str) -> None:
        """Close it."""
        if self.protocol.state is self.protocol.state.OPEN:
            self.protocol.send_close(code, reason)
            self.flush()
        self.connection.transport.close()

    def close(self) -> None:
        """The socket is gone."""
        self.pinging.cancel()
        if self.session is not None:
            self.session.close()
