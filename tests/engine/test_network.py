"""Do the market's and the account's wishes reach an exchange, over sockets, and come back?"""

import select
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random
from typing import Any

import pytest

from engine.exchange import RULES_TARGET, asked, rules_in, settings_of
from engine.market.putting_together import live_market
from engine.messages import BOOK_TOP, LIMIT, RECORD_SIZE, SubmitOrder, encode
from engine.network import Ears, Network
from engine.venues.asking import ASK_HOLDING, ASK_ORDER, OPEN, SUBMIT, Holding, Request, Seen
from engine.venues.binance.account import Account
from engine.venues.binance.books import Books
from engine.venues.binance.naming import Names
from engine.venues.binance.signing import key_of
from engine.venues.settings import Exchange
from tests.engine.lines.peers import head, peer
from tests.venue_house import E8, FUNDS, KEY, SECRET, Served, serving
from validators.degrade.proxy import GOOD, RESET, Fault, Proxy

WITHIN_S = 10.0
NOBODY = "ws://127.0.0.1:1/ws-api/v3"


@pytest.fixture
def venue() -> Iterator[Served]:
    """An exchange in a thread."""
    with serving() as served:
        yield served


class Engine:
    """The engine's loop in small, round a network."""

    def __init__(self, port: int, api_url: str = "") -> None:
        here = f"127.0.0.1:{port}"
        settings = Exchange(
            "binance",
            rest_url=f"http://{here}",
            stream_url=f"ws://{here}",
            api_url=api_url or f"ws://{here}/ws-api/v3",
        )
        told = rules_in(
            asked(settings.rest_url, RULES_TARGET + "ETHUSDT", WITHIN_S), "ETHUSDT", settings
        )
        rules = [told.rules["ETHUSDT"]]
        names = Names(f"{time.time_ns() % 10**8:08d}", 1, 1)
        self.account = Account(key_of(KEY, SECRET), Books(rules, names, told.filters))
        one = [rules[0].instrument]
        self.market = live_market(one, settings_of(settings, None), Random(1).random)
        self.records, self.words = bytearray(), list[tuple[int, Any]]()
        self.poll = select.epoll()
        ears = Ears(self.records.extend, self.words.extend)
        self.network = Network(self.poll, (self.market, self.account), settings, ears)

    def until(self, holds: Callable[[], object]) -> None:
        """Turn until it does."""
        end = time.monotonic() + WITHIN_S
        while not holds():
            assert time.monotonic() < end, "it never came to that"
            self.turn()

    def turn(self) -> None:
        """One round."""
        now_ns = time.time_ns()
        self.network.turn(now_ns)
        wait_s = min(max((self.network.due_ns() - now_ns) / 1e9, 0.0), 0.05)
        for fd, _ in self.poll.poll(wait_s):
            self.network.hear(fd, time.time_ns())

    def leave(self) -> None:
        """Goodbyes are said and answered; no line is left."""
        self.network.close(time.time_ns())
        end = time.monotonic() + WITHIN_S
        while len(self.network.lines):
            assert time.monotonic() < end, "a line was not closed"
            self.network.lines.settle(time.time_ns())
            for fd, _ in self.poll.poll(0.05):
                self.network.hear(fd, time.time_ns())
        self.poll.close()

    def tops(self) -> int:
        """How many tops of the book came."""
        kinds = self.records[4::RECORD_SIZE]
        return kinds.count(BOOK_TOP)

    def hears_its_account(self) -> bool:
        """Whether the account's events come."""
        return bool(self.account.lines.best(hearing=True))

    def answer_to(self, request: Request) -> Any:
        """Ask, and turn until it is answered."""
        self.network.ask(request, time.time_ns())
        self.until(lambda: any(number == request.number for number, _ in self.words))
        return next(word for number, word in self.words if number == request.number)


@contextmanager
def living(port: int, api_url: str = "") -> Iterator[Engine]:
    """A network that is closed in the end."""
    engine = Engine(port, api_url)
    engine.network.begin(time.time_ns())
    try:
        yield engine
    finally:
        engine.leave()


def order(number: int) -> Request:
    """A tenth of an ether wanted far below the market."""
    wanted = SubmitOrder(0, 0, 0, number, 1_000, 150_000, 0, 0, LIMIT << 1)
    return Request(number, SUBMIT, number, 0, encode(wanted))


def test_a_market_is_heard_and_an_account_asked(venue):
    """Records of the book, an order that stands, and holdings as they are there."""
    with living(venue.port) as engine:
        engine.until(lambda: engine.tops() and engine.hears_its_account())
        placed = engine.answer_to(order(1))
        held = engine.answer_to(Request(2, ASK_HOLDING))

    assert placed == Seen(1, OPEN)
    assert isinstance(held, Holding)
    assert (held.cash_e8, held.open_ids) == (FUNDS["USDT"], (1,))
    assert held.lots == (FUNDS["ETH"] * 10_000 // E8,)


def test_what_is_cut_is_opened_again(venue):
    """Every connection at once: the market speaks on, and what was sent before is found."""
    with Proxy(("127.0.0.1", venue.port)) as between, living(between.port) as engine:
        engine.until(lambda: engine.tops() and engine.hears_its_account())
        engine.answer_to(order(1))
        lines = {*engine.network.streams, *engine.network.apis}
        between.set(Fault(RESET))
        engine.until(lambda: not lines & {*engine.network.streams, *engine.network.apis})
        between.set(Fault(GOOD))
        tops = engine.tops()
        engine.until(lambda: engine.hears_its_account() and engine.tops() > tops)

        assert engine.answer_to(Request(2, ASK_ORDER, 1)) == Seen(1, OPEN)


def test_where_no_connection_can_be_had_orders_go_over_rest(venue):
    """Each once, and what came of it is heard."""
    with living(venue.port, NOBODY) as engine:
        engine.answer_to(Request(2, ASK_HOLDING))
        placed = engine.answer_to(order(1))

        assert placed == Seen(1, OPEN)
        assert not engine.hears_its_account()


def test_a_question_is_asked_of_its_own_host(venue):
    """A relay's trades are not the exchange's, though they are asked for by the same path."""
    heard: list[bytes] = []
    with (
        peer(lambda connection: heard.append(head(connection))) as relay,
        living(venue.port) as engine,
    ):
        url = f"http://127.0.0.1:{relay}/api/v3/trades?symbol=ETHUSDT"
        assert engine.market.parts.wishes.ask(url, 1, time.time_ns())

        engine.until(lambda: heard)

    assert heard[0].startswith(b"GET /api/v3/trades?symbol=ETHUSDT HTTP/1.1")
