"""How does the venue meet its sockets? REST and both kinds of WebSocket, on one port.

Every connection begins as HTTP; one that asks to be upgraded becomes a connection of messages.
Slow readers are cut: what waits for one of them is bounded.
"""

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from engine.venues.exchange.door import http_wire, rest
from engine.venues.exchange.door.asking import Answer
from engine.venues.exchange.door.faults import Faults
from engine.venues.exchange.door.front import Front
from engine.venues.exchange.door.http_wire import Asked, Broken, Reader
from engine.venues.exchange.door.messages import Messages
from engine.venues.exchange.door.rest import NoSuchPlace
from engine.venues.exchange.door.weights import TooMuch
from engine.venues.exchange.matching.words import VenueRefusal
from engine.venues.exchange.spelling import unit_of

if TYPE_CHECKING:
    from engine.venues.exchange.house import House

CONNECTIONS_MAX = 1_000
WAITING_MAX = 8 << 20  # bytes that one connection has not read yet
REQUESTS_MAX = 64  # of one connection that wait for their answers
CONNECT_WEIGHT = 2
API = "/ws-api/v3"


class Server:
    """All connections of a venue."""

    def __init__(self, house: "House", faults: Faults) -> None:
        loop = asyncio.get_running_loop()
        self.house, self.faults, self.loop = house, faults, loop
        self.front = Front(house, faults, lambda us, act: loop.call_later(us / 1e6, act))
        self.connections: dict[Connection, None] = {}
        self.is_ending = False

    async def listen(self, host: str, port: int) -> asyncio.Server:
        """Serve there; OSError where that cannot be."""
        return await self.loop.create_server(partial(Connection, self), host, port, backlog=512)

    def say_goodbye(self) -> None:
        """Tell everybody that this venue ends."""
        self.is_ending = True
        now_us = self.house.clock()
        for connection in list(self.connections):
            if connection.messages is not None:
                connection.messages.say_goodbye(now_us)

    def close(self) -> None:
        """End every connection, after what was written."""
        for connection in list(self.connections):
            connection.end()


class Connection(asyncio.Protocol):
    """One socket."""

    def __init__(self, server: Server) -> None:
        self.server, self.house = server, server.house
        self.transport: Any = None
        self.reader = Reader()
        self.messages: Messages | None = None
        self.host = ""
        self.waiting: list[Asked] = []
        self.is_busy = False
        self.broken = 0  # the status of bytes that were no request, once all before are answered
        self.life: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client is there; one too many is sent away."""
        self.transport = transport
        peer = transport.get_extra_info("peername")
        self.host = str(peer[0]) if peer else ""
        if len(self.server.connections) >= CONNECTIONS_MAX or self.server.is_ending:
            self.transport.abort()
            return
        self.server.connections[self] = None
        life_us = self.server.faults.lifetime_us()
        if life_us:
            self.life = self.server.loop.call_later(life_us / 1e6, self.cut)

    def connection_lost(self, _error: Exception | None) -> None:
        """The client is gone."""
        self.server.connections.pop(self, None)
        if self.life is not None:
            self.life.cancel()
        if self.messages is not None:
            self.messages.close()

    def data_received(self, piece: bytes) -> None:
        """Bytes of a request, or of messages."""
        if self.messages is not None:
            self.messages.take(piece)
            return
        if self.broken:
            return
        self.reader.take(piece)
        try:
            while (asked := self.reader.next()) is not None:
                if asked.wants_websocket:
                    self.upgrade(asked)
                    return
                self.waiting.append(asked)
        except Broken as broken:
            self.broken = broken.status
        if len(self.waiting) > REQUESTS_MAX:
            self.abort()
        self.serve()

    def serve(self) -> None:
        """The next request, once the one before it is answered."""
        while self.waiting and not self.is_busy:
            asked = self.waiting.pop(0)
            self.is_busy = True
            try:
                request = rest.request_of(asked, self.host)
            except NoSuchPlace as nowhere:
                self.finish(asked, rest.nowhere(asked, nowhere.status))
            except VenueRefusal as refusal:
                body = {"code": refusal.code, "msg": refusal.text}
                self.reply(asked, Answer(400, body))
            else:
                self.server.front.take(request, partial(self.reply, asked))
        if self.broken and not self.is_busy:
            self.write(http_wire.answer(self.broken, b"", {}, is_last=True))
            self.transport.close()

    def reply(self, asked: Asked, answer: Answer | None) -> None:
        """An answer to a request; none ends the connection, as a time-out would."""
        if answer is None:
            self.abort()
            return
        self.finish(asked, rest.bytes_of(self.house, self.host, answer, is_last=asked.is_last))

    def finish(self, asked: Asked, raw: bytes) -> None:
        """Write an answer and go on."""
        self.is_busy = False
        self.write(raw)
        if asked.is_last:
            self.transport.close()
        elif self.waiting or self.broken:
            self.server.loop.call_soon(self.serve)

    def upgrade(self, asked: Asked) -> None:
        """Become a connection of messages, or say why not."""
        unit = unit_of(parse_qs(asked.query).get("timeUnit", [""])[0])
        messages = None
        if unit is not None:
            messages = Messages.at(asked, self, unit)
        if messages is None:
            self.finish(asked._replace(is_last=True), rest.nowhere(asked, 404))
            return
        try:
            self.count_upgrade(asked)
        except TooMuch as refusal:
            body = {"code": refusal.code, "msg": refusal.text}
            answer = Answer(refusal.status, body, None, refusal.until_us)
            raw = rest.bytes_of(self.house, self.host, answer, is_last=True)
            self.finish(asked._replace(is_last=True), raw)
            return
        self.messages = messages
        messages.begin(asked, bytes(self.reader.kept))

    def count_upgrade(self, asked: Asked) -> None:
        """TooMuch where this address connects too often, or is banned."""
        now_us, address = self.house.clock(), self.house.addresses.of(self.host)
        if asked.path == API:
            address.use(CONNECT_WEIGHT, now_us)
        if not address.connections.add(1, now_us):
            raise TooMuch(-1003, "Too many requests queued.", 429, address.connections.ends_us)

    def write(self, raw: bytes) -> None:
        """Bytes to the client; one that does not read is cut."""
        if self.transport.is_closing():
            return
        self.transport.write(raw)
        if self.transport.get_write_buffer_size() > WAITING_MAX:
            self.abort()

    def cut(self) -> None:
        """A fault of the network."""
        if self.server.faults.is_resting:
            return
        self.server.faults.counts["disconnect"] += 1
        self.abort()

    def abort(self) -> None:
        """End at once."""
        self.transport.abort()

    def end(self) -> None:
        """End politely."""
        if self.messages is not None:
            self.messages.end(1001, "")
        else:
            self.transport.close()
