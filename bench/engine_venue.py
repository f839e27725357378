"""What is at the other end of a measured engine? A venue of the standard library alone.

`python -m bench.engine_venue KIND` prints its port: `flood` tells best prices and trades of the
recorded shape as fast as they are taken, `orders` a closed bar as soon as what the last one moved
is filled, `quiet` the same bars ten times a second. SIGTERM ends it.
"""

import asyncio
import base64
import hashlib
import json
import signal
import sys
from typing import Any
from urllib.parse import urlsplit

from bench.engine_venue_account import DEPTH, LIMITS, RULES, SYMBOL, Account, now_ms

MAGIC = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
AT_ONCE = 250  # rounds of five messages
TOPS = 4  # to a trade, as in the recording
TICKER = '{"stream":"ethusdt@bookTicker","data":{"u":%d,"s":"ETHUSDT","b":"2683.80000000"'
TICKER += ',"B":"3.02920000","a":"2683.81000000","A":"31.43950000"}}'
FIRST_UPDATE, FIRST_TRADE = 35_346_513_501, 1_520_538_925
BAR_MS = 1_000
UP, DOWN = "2686.48", "2681.12"
FIRST_BAR_MS = 1_600_000_000_000
TOP_S = 1.0
AGAIN_S, QUIET_S = 0.002, 0.1  # the bar is told again after so long
ANSWERS: dict[str, Any] = {"/api/v3/exchangeInfo": RULES, "/api/v3/depth": DEPTH}
COUNTED = [{**one, "count": 1} for one in LIMITS]  # a venue says so with every answer
SIMULATED = "X-Supreme-Market: SIMULATED bench"
HEAD_END = b"\r\n\r\n"


def frame(text: bytes) -> bytes:
    """A text as the server sends it."""
    size = len(text)
    if size < 126:
        return bytes((0x81, size)) + text
    return b"\x81\x7e" + size.to_bytes(2, "big") + text


class Market:
    """What the streams tell: messages whose ids grow, and bars that turn with each."""

    def __init__(self) -> None:
        self.update, self.trade, self.bar = FIRST_UPDATE, FIRST_TRADE, 0
        self.ticker = numbered(TICKER % FIRST_UPDATE, FIRST_UPDATE)

    def messages(self) -> bytes:
        """A chunk of frames, in a few hundred microseconds."""
        trade = numbered(trade_text(FIRST_TRADE, now_ms()), FIRST_TRADE)
        both, rounds = self.ticker * TOPS + trade, []
        update, number = self.update, self.trade
        for _ in range(AT_ONCE):
            rounds.append(both % (update, update + 1, update + 2, update + 3, number))
            update, number = update + TOPS, number + 1
        self.update, self.trade = update, number
        return b"".join(rounds)

    def top_told(self) -> bytes:
        """The best prices once more."""
        self.update += 1
        return self.ticker % self.update

    def bar_told(self, close: str) -> bytes:
        """The next closed bar."""
        self.bar += 1
        opened_ms = FIRST_BAR_MS + self.bar * BAR_MS
        bar = {"t": opened_ms, "T": opened_ms + BAR_MS - 1, "s": SYMBOL, "i": "1s"}
        bar |= {"o": "2683.80", "c": close, "h": "2687.00", "l": "2680.00", "v": "10.0", "x": True}
        body = {"e": "kline", "E": now_ms(), "s": SYMBOL, "k": bar}
        return frame(json.dumps({"stream": "ethusdt@kline_1s", "data": body}).encode())


def numbered(text: str, number: int) -> bytes:
    """The frame of a text, where numbers as long as this one can be put in its place."""
    return frame(text.encode()).replace(str(number).encode(), b"%d")


def trade_text(number: int, at_ms: int) -> str:
    """A trade as the exchange writes it."""
    return (
        f'{{"stream":"ethusdt@trade","data":{{"e":"trade","E":{at_ms},"s":"ETHUSDT","t":{number},'
        f'"p":"2683.80000000","q":"0.03450000","T":{at_ms},"m":true,"M":true}}}}'
    )


class Venue:
    """Everything all connections share."""

    def __init__(self, kind: str) -> None:
        self.kind, self.account, self.market = kind, Account(), Market()
        self.lines: set[Talk] = set()  # of the market
        self.wanted = 0  # the order count at which the next bar is told
        self.again: asyncio.TimerHandle | None = None
        self.top_due_s = 0.0  # when best prices are told next

    def subscribed(self, line: "Talk") -> None:
        """A market line is subscribed: it hears from now on."""
        self.lines.add(line)
        if self.kind == "flood":
            line.task = asyncio.ensure_future(line.flood(self.market))
        else:
            self.turn()

    def turn(self) -> None:
        """Tell a bar now that turns the engine's mind, and again if nothing comes of it."""
        if self.again is not None:
            self.again.cancel()
        told = self.market.bar_told(DOWN if self.account.held or not self.market.bar else UP)
        loop = asyncio.get_running_loop()
        if loop.time() >= self.top_due_s:  # bars alone are no market that is believed
            self.top_due_s = loop.time() + TOP_S
            told = self.market.top_told() + told
        for line in self.lines:
            line.transport.write(told)
        wait_s = AGAIN_S if self.kind == "orders" else QUIET_S
        self.again = loop.call_later(wait_s, self.turn)

    def asked(self, line: "Talk", text: bytes) -> None:
        """A request of the WebSocket API: its answer, then events, then the market moves."""
        asked = json.loads(text)
        said = self.account.answer(asked["method"], asked.get("params", {}))
        name = "result" if said.status == 200 else "error"
        told = {"id": asked["id"], "status": said.status, name: said.told, "rateLimits": COUNTED}
        words = [json.dumps({"subscriptionId": 0, "event": one}) for one in said.events]
        line.transport.write(b"".join(frame(w.encode()) for w in (*words, json.dumps(told))))
        is_filled = asked["method"] == "order.place" and bool(said.told.get("fills"))
        if is_filled and self.kind == "orders":
            self.turn()


class Talk(asyncio.Protocol):
    """One connection: HTTP, until it is asked to be a WebSocket."""

    def __init__(self, venue: Venue) -> None:
        self.venue, self.rest, self.target = venue, b"", ""
        self.transport: Any = None
        self.task: asyncio.Task[None] | None = None
        self.flows = asyncio.Event()
        self.flows.set()

    def connection_made(self, transport: Any) -> None:
        """It stands."""
        self.transport = transport

    def connection_lost(self, _why: Exception | None) -> None:
        """It is gone."""
        self.venue.lines.discard(self)
        self.flows.set()
        if self.task is not None:
            self.task.cancel()

    def pause_writing(self) -> None:
        """The engine takes no more for now."""
        self.flows.clear()

    def resume_writing(self) -> None:
        """It does again."""
        self.flows.set()

    def data_received(self, raw: bytes) -> None:
        """Requests, or frames of the client."""
        self.rest += raw
        while self._step():
            pass

    async def flood(self, market: Market) -> None:
        """Messages, as fast as they are taken."""
        while True:
            await self.flows.wait()
            self.transport.write(market.messages())
            await asyncio.sleep(0)

    def _step(self) -> bool:
        """The next request or frame, if it is whole."""
        if self.target:
            return self._frame()
        head, found, self.rest = self.rest.partition(HEAD_END)
        if not found:
            self.rest = head
            return False
        target = head.split(b" ", 2)[1].decode()
        if b"upgrade: websocket" in head.lower():
            self._upgrade(head, target)
        else:
            self._get(urlsplit(target).path)
        return True

    def _get(self, path: str) -> None:
        body = json.dumps(ANSWERS.get(path, [])).encode()
        head = f"HTTP/1.1 200 OK\r\n{SIMULATED}\r\nContent-Length: {len(body)}"
        self.transport.write(head.encode() + HEAD_END + body)

    def _upgrade(self, head: bytes, target: str) -> None:
        self.target = target
        at = head.lower().index(b"sec-websocket-key: ") + 19
        token = hashlib.sha1(head[at : at + 24] + MAGIC.encode()).digest()
        self.transport.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + base64.b64encode(token) + HEAD_END
        )

    def _frame(self) -> bool:
        """One frame of the client: masked, and short enough for two bytes of length."""
        raw = self.rest
        if len(raw) < 8:
            return False
        size, at = raw[1] & 127, 2
        if size == 126:
            size, at = int.from_bytes(raw[2:4], "big"), 4
        if len(raw) < at + 4 + size:
            return False
        mask, sealed = raw[at : at + 4], raw[at + 4 : at + 4 + size]
        self.rest = raw[at + 4 + size :]
        key = int.from_bytes((mask * (size // 4 + 1))[:size], "big")
        text = (int.from_bytes(sealed, "big") ^ key).to_bytes(size, "big")
        self._heard(raw[0] & 15, text)
        return True

    def _heard(self, opcode: int, text: bytes) -> None:
        """What a frame says."""
        if opcode == 8:
            self.transport.close()
        elif opcode == 9:
            self.transport.write(b"\x8a" + bytes((len(text),)) + text)
        elif opcode == 1 and self.target.startswith("/ws-api"):
            self.venue.asked(self, text)
        elif opcode == 1:
            told = {"result": None, "id": json.loads(text)["id"]}
            self.transport.write(frame(json.dumps(told).encode()))
            self.venue.subscribed(self)


async def serve(kind: str) -> None:
    """Until it is ended; then what it has seen is said."""
    venue, ended = Venue(kind), asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, ended.set)
    server = await loop.create_server(lambda: Talk(venue), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await ended.wait()
    account = venue.account
    print(json.dumps({"placed": account.placed, "canceled": account.canceled}), flush=True)


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1]))
