"""When does a live engine's network turn, and what leaves at once?"""

import select
import socket
import time
from collections.abc import Callable, Iterator

import pytest

from engine.market.binance_streams import Addresses
from engine.market.putting_together import Settings, live_market
from engine.network import TURN_NS, Ears, Network
from engine.venues.asking import CANCEL, Request
from engine.venues.binance.account import Account
from engine.venues.binance.books import Books
from engine.venues.binance.naming import Names
from engine.venues.settings import Exchange
from tests.engine.lines.peers import PATIENCE_S, peer, upgrade
from tests.engine.venues.binance.desk import KEY, eth_rules

pytest.importorskip("websockets", reason="an engine at an exchange needs websockets")

TRADE = (
    '{"stream":"ethusdt@trade","data":{"e":"trade","E":%d,"s":"ETHUSDT","t":%d,'
    '"p":"2683.80000000","q":"0.03450000","T":%d,"m":true,"M":true}}'
)


class Venue:
    """The other end of one line: the texts that came, and a way to tell a trade."""

    def __init__(self) -> None:
        self.heard = ""
        self.connection: socket.socket | None = None

    def serve(self, connection: socket.socket) -> None:
        """An upgrade, then frames until the end."""
        upgrade(connection)
        self.connection = connection
        while raw := connection.recv(1 << 16):
            self.heard += unmasked(raw)

    def tell(self, number: int) -> None:
        """A trade."""
        at_ms = time.time_ns() // 1_000_000
        text = (TRADE % (at_ms, number, at_ms)).encode()
        assert self.connection is not None
        self.connection.sendall(b"\x81\x7e" + len(text).to_bytes(2, "big") + text)


class Connected:
    """A network whose market and account are on their way to two venues."""

    def __init__(self, market_port: int, account_port: int) -> None:
        ws, rest = f"ws://127.0.0.1:{market_port}", f"http://127.0.0.1:{market_port}"
        rules = eth_rules()
        settings = Settings(Addresses(ws, rest), polls=False)
        market = live_market([rules.instrument], settings, lambda: 0.5)
        account = Account(KEY, Books([rules], Names("0badcafe", 1, 1)))
        account.courier.is_met = True  # nobody here would answer the first look
        api = f"ws://127.0.0.1:{account_port}/ws-api/v3"
        exchange = Exchange("binance", rest_url=rest, stream_url=ws, api_url=api)
        self.poll, self.records, self.turned_ns = select.epoll(), b"", time.time_ns()
        ears = Ears(self._record, lambda _words: None)
        self.network = Network(self.poll, (market, account), exchange, ears)
        self.network.begin(self.turned_ns)

    def until(self, is_so: Callable[[], object], *, turning: bool = True) -> None:
        """Hear, and turn as a loop does, until it holds."""
        end = time.monotonic() + PATIENCE_S
        while not is_so():
            assert time.monotonic() < end, "it never came to that"
            for fd, _ in self.poll.poll(0.01):
                self.network.hear(fd, time.time_ns())
            if turning:
                self.turned_ns = time.time_ns()
                self.network.turn(self.turned_ns)

    def _record(self, records: bytes) -> None:
        self.records += records


@pytest.fixture
def venues() -> Iterator[tuple[Connected, Venue, Venue]]:
    """Market and account, both lines open and used, and nothing due at once."""
    market, account = Venue(), Venue()
    with peer(market.serve) as market_port, peer(account.serve) as account_port:
        connected = Connected(market_port, account_port)
        connected.until(lambda: "SUBSCRIBE" in market.heard and '"time"' in account.heard)
        market.tell(1)
        connected.until(lambda: connected.records)
        connected.until(lambda: connected.network.due_ns() > time.time_ns())
        yield connected, market, account
        connected.network.close(time.time_ns())
        for line in (*connected.network.streams.values(), *connected.network.apis.values()):
            line.drop("the test is over")
        connected.poll.close()


def unmasked(raw: bytes) -> str:
    """What a client's whole frames say, one after the other."""
    said = ""
    while raw:
        size, at = raw[1] & 127, 2
        if size == 126:
            size, at = int.from_bytes(raw[2:4], "big"), 4
        mask, sealed = raw[at : at + 4], raw[at + 4 : at + 4 + size]
        said += bytes(one ^ mask[place % 4] for place, one in enumerate(sealed)).decode(
            errors="replace"
        )
        raw = raw[at + 4 + size :]
    return said


def test_what_is_asked_leaves_in_the_next_turn_though_none_is_due(venues):
    """An order does not wait for the rhythm of everything else."""
    connected, _, account = venues
    network, now_ns = connected.network, connected.turned_ns

    network.ask(Request(1, CANCEL, 5), now_ns)

    assert network.due_ns() == 0
    network.turn(now_ns)
    connected.until(lambda: "order.cancel" in account.heard, turning=False)
    assert network.due_ns() > 0


def test_a_usual_message_of_the_market_makes_a_turn_due_a_little_later(venues):
    """Its records are there at once; a turn for each would cost more than they do."""
    connected, market, _ = venues
    connected.records = b""

    market.tell(2)
    connected.until(lambda: connected.records, turning=False)

    assert 0 < connected.network.due_ns() <= connected.turned_ns + TURN_NS


def test_a_line_that_ends_makes_a_turn_due_at_once(venues):
    """Whoever lost the market must not wait to learn it."""
    connected, market, _ = venues

    market.connection.shutdown(socket.SHUT_RDWR)
    connected.until(lambda: connected.network.due_ns() == 0, turning=False)

    assert all(line.ended for line in connected.network.streams.values())
