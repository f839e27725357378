"""Do kept lines come back over real sockets, and is nothing missed when an old one is replaced?"""

import random

import pytest

from engine.lines.address import address_of
from engine.lines.kept import Keeping, Kept
from engine.lines.patience import NS_A_SECOND
from engine.lines.quota import Quota
from engine.lines.websocket import WebSocket
from tests.engine.lines.conftest import Served
from tests.engine.lines.peers import Turns

KEEPING = Keeping(renew_ns=60 * NS_A_SECOND)


class Market:
    """A program that wants one line to a server, whatever happens."""

    def __init__(self, turns: Turns, port: int) -> None:
        self.turns, self.said = turns, list[str]()
        self._address = address_of(f"ws://127.0.0.1:{port}/ws")
        self.kept: Kept[WebSocket] = Kept(self._connect, random.Random(7).random, Quota(), KEEPING)

    def _connect(self, now_ns: int) -> WebSocket:
        return WebSocket(self._address, now_ns)

    def turn(self) -> None:
        """One round of the loop."""
        made = self.kept.turn(self.turns.now_ns())
        if made is not None:
            self.turns.lines.add(made, lambda said, _now_ns: self.said.extend(said))
        self.turns.turn(0.01)

    def until(self, condition) -> None:
        """Turn until it holds."""

        def turned() -> bool:
            self.turn()
            return bool(condition())

        self.turns.until(turned)


@pytest.fixture
def market(turns, served):
    """One that is connected."""
    one = Market(turns, served.port)
    one.until(lambda: one.kept.is_open)
    yield one
    one.kept.close(turns.now_ns())
    for line in one.kept.lines:
        line.drop("the test is over")


def test_a_line_that_the_server_closes_comes_back(market, served):
    """And can be used as the first one."""
    first = market.kept.current

    first.send("close")
    market.until(lambda: first.ended)
    market.turns.pass_s(1)
    market.until(lambda: market.kept.is_open)
    market.kept.current.send("back again")
    market.until(lambda: market.said)

    assert market.said == ["back again"]
    assert market.kept.current is not first
    assert market.kept.last_end.endswith("closed it: 1008 'too many messages'")
    assert served.connections == 2


def test_an_old_line_is_heard_until_the_next_one_has_taken_over(market, served):
    """At no moment is there none that is open."""
    old = market.kept.current
    while market.kept.next is None:
        market.turns.pass_s(20)  # its silence is broken by pings meanwhile
        market.turn()
        market.until(lambda: not old._is_pinged)

    market.until(lambda: len(market.kept.lines) == 2 and market.kept.next.is_open)
    following = market.kept.next
    market.turn()
    assert old.send("from the old one")
    assert following.send("from the next one")
    market.until(lambda: len(market.said) == 2)
    market.turns.pass_s(KEEPING.overlap_ns / 1e9)
    market.until(lambda: old.ended)

    assert old.ended == "we closed it"
    assert market.kept.lines == (following,)
    assert market.kept.is_open
    assert served.connections == 2


def test_a_server_that_is_away_is_waited_for(turns):
    """It is tried again and again, with growing pauses, and found when it is back."""
    first = Served(ping_interval=None)
    market = Market(turns, first.port)
    market.until(lambda: market.kept.is_open)
    assert market.kept.current is not None
    market.kept.current.drop("the network went away")
    first.stop()
    for _ in range(5):
        market.until(lambda before=market.kept.failures: market.kept.failures > before)
        turns.pass_s(61)

    assert market.kept.failures >= 5
    assert "Connection refused" in market.kept.last_end
    market.kept.close(turns.now_ns())
