"""What do tests of the venue share? A venue in a thread on a free port, and a raw client of it."""

import asyncio
import hashlib
import hmac
import http.client
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple
from urllib.parse import urlencode

from websockets.sync.client import ClientConnection, connect

from engine.venues.exchange.door.faults import GOOD_DAY, Faults, Plan
from engine.venues.exchange.door.signing_check import key_of
from engine.venues.exchange.door.weights import NO_LIMITS, Limits
from engine.venues.exchange.house import House
from engine.venues.exchange.life import Liquidity, Venue, live
from engine.venues.exchange.matching.words import BUY, LIMIT, SELL, NewOrder, Rules

E8 = 100_000_000
KEY, SECRET = "the-key", "the-secret"
FUNDS = {"ETH": 10 * E8, "USDT": 100_000 * E8, "BNB": 0}
RULES = Rules(
    name="ETHUSDT",
    base="ETH",
    quote="USDT",
    tick_e8=E8 // 100,
    step_e8=E8 // 10_000,
    price_min_e8=E8 // 100,
    price_max_e8=1_000_000 * E8,
    quantity_min_e8=E8 // 10_000,
    quantity_max_e8=9_000 * E8,
    market_quantity_max_e8=1_000 * E8,
    notional_min_e8=5 * E8,
    notional_max_e8=9_000_000 * E8,
    bid_up_e8=5 * E8,
    bid_down_e8=E8 // 5,
    ask_up_e8=5 * E8,
    ask_down_e8=E8 // 5,
)
WAIT_S = 10.0


class Clock:
    """A venue's clock that tests may put forward."""

    def __init__(self) -> None:
        self.ahead_us = 0

    def __call__(self) -> int:
        """Microseconds since 1970."""
        return time.time_ns() // 1000 + self.ahead_us


def house_of(clock: Callable[[], int], limits: Limits = NO_LIMITS, secret: str = SECRET) -> House:
    """A venue with one symbol and one customer, and a small book that nobody keeps up."""
    house = House([RULES], clock, limits)
    house.admit(key_of(KEY, secret), dict(FUNDS))
    other = house.exchange.open_account({"ETH": 1_000 * E8, "USDT": 10_000_000 * E8})
    for away in range(1, 6):
        for side, price in ((BUY, 2_000 - away), (SELL, 2_000 + away)):
            asked = NewOrder("ETHUSDT", side, LIMIT, away * E8, price * E8)
            house.exchange.place(other, asked, clock())
    house.settle()
    return house


class Served(NamedTuple):
    """A venue that can be reached; its own thread alone may touch the house."""

    port: int
    house: House
    clock: Clock
    loop: asyncio.AbstractEventLoop

    def do(self, act: Callable[[], Any]) -> Any:
        """Something done to the house, in its thread."""

        async def done() -> Any:
            found = act()
            self.house.settle()
            return found

        return asyncio.run_coroutine_threadsafe(done(), self.loop).result(WAIT_S)


@contextmanager
def serving(
    limits: Limits = NO_LIMITS,
    plan: Plan = GOOD_DAY,
    secret: str = SECRET,
    liquidity: Callable[[House], list[Liquidity]] = lambda _: [],
) -> Iterator[Served]:
    """A venue on loopback while the block runs."""
    clock, stop, begun = Clock(), threading.Event(), threading.Event()
    found: dict[str, Any] = {}

    async def life() -> None:
        house = house_of(clock, limits, secret)
        venue = Venue(house, liquidity(house), Faults(plan, 1))
        found.update(house=house, loop=asyncio.get_running_loop())

        def ready(port: int) -> None:
            found["port"] = port
            begun.set()

        await live(venue, "127.0.0.1", 0, stop, ready)

    thread = threading.Thread(target=lambda: asyncio.run(life()))
    thread.start()
    try:
        assert begun.wait(WAIT_S)
        yield Served(found["port"], found["house"], clock, found["loop"])
    finally:
        stop.set()
        thread.join(WAIT_S)


class Told(NamedTuple):
    """An answer of REST."""

    status: int
    body: Any
    headers: dict[str, str]


class Client:
    """A raw client: signs as Binance documents it, believes nothing."""

    def __init__(self, served: Served, key: str = KEY, secret: str = SECRET) -> None:
        self.served, self.key, self.secret = served, key, secret
        self.number = 0
        self.signs: Callable[[str], str] | None = None

    def now(self) -> int:
        """Milliseconds of the venue's clock."""
        return self.served.clock() // 1000

    def rest(self, verb: str, path: str, text: str = "", body: str = "", **headers: str) -> Told:
        """One request as it is; `text` is the query."""
        line = http.client.HTTPConnection("127.0.0.1", self.served.port, timeout=WAIT_S)
        try:
            line.request(verb, f"{path}?{text}" if text else path, body or None, headers)
            answer = line.getresponse()
            raw = answer.read()
            known = {name.lower(): value for name, value in answer.getheaders()}
            return Told(answer.status, json.loads(raw) if raw else None, known)
        finally:
            line.close()

    def get(self, path: str, **params: Any) -> Any:
        """The body of an unsigned request that succeeds."""
        told = self.rest("GET", f"/api/v3/{path}", urlencode(params))
        assert told.status == 200, told
        return told.body

    def signed(self, verb: str, path: str, **params: Any) -> Told:
        """A signed request, in the query."""
        text = urlencode({"timestamp": self.now(), **params})
        signed = f"{text}&signature={self.signature(text)}"
        return self.rest(verb, f"/api/v3/{path}", signed, **{"X-MBX-APIKEY": self.key})

    def signature(self, text: str) -> str:
        """HMAC of a text, unless it signs otherwise."""
        if self.signs is not None:
            return self.signs(text)
        return hmac.new(self.secret.encode(), text.encode(), hashlib.sha256).hexdigest()

    def socket(self, path: str) -> ClientConnection:
        """A connection of messages."""
        return connect(
            f"ws://127.0.0.1:{self.served.port}{path}", open_timeout=WAIT_S, max_queue=None
        )

    def frame(
        self, method: str, params: dict[str, Any] | None = None, *, sign: bool = False
    ) -> str:
        """A request of the WebSocket API."""
        self.number += 1
        given = dict(params or {})
        if sign:
            given = {"apiKey": self.key, "timestamp": self.now(), **given}
            text = "&".join(f"{name}={given[name]}" for name in sorted(given))
            given["signature"] = self.signature(text)
        return json.dumps({"id": self.number, "method": method, "params": given})

    def ask(self, line: ClientConnection, method: str, *, sign: bool = False, **params: Any) -> Any:
        """A request's answer; events that come before it are left out."""
        line.send(self.frame(method, params, sign=sign))
        while True:
            told = json.loads(line.recv(timeout=WAIT_S))
            if told.get("id") == self.number:
                return told


def heard(line: ClientConnection) -> Any:
    """The next message."""
    return json.loads(line.recv(timeout=WAIT_S))


def heard_until(line: ClientConnection, is_it: Callable[[Any], bool]) -> list[Any]:
    """Messages up to the first that is the one."""
    found = [heard(line)]
    while not is_it(found[-1]):
        found.append(heard(line))
    return found


ORDER = {"symbol": "ETHUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC"}
