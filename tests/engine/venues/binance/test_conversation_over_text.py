"""Do adapter and conversation together keep their word? Thousands of orders over bad lines.

The simulated exchange speaks the real one's JSON; lines break, clocks jump, answers are lost.
"""

from random import Random

import pytest

from engine.errors import Refused
from engine.venues.asking import SUBMIT
from engine.venues.binance.account import Account
from engine.venues.binance.steps import Heard
from tests.engine.venues.binance.desk import KEY
from tests.engine.venues.binance.rendered import Rendered
from tests.engine.venues.binance.world import CASH_E8, World
from validators.simulation.exchange import Faults

BAD = Faults(
    request_lost=0.02,
    answer_lost=0.03,
    submit_silent=0.02,
    answer_empty=0.03,
    stream_lost=0.05,
    stream_twice=0.1,
    stale=0.1,
    expires=0.002,
    delay_s=0.6,
    stream_delay_s=1.0,
    parts=3,
)


def bad_world(seed: int) -> World:
    """A world on the simulated exchange."""
    return World(seed, Rendered(Random(seed + 1), BAD, CASH_E8))


def judge(world: World) -> None:
    """No order twice, none in doubt, every trade told, money equal."""
    booked = [trade for order in world.venue.orders.values() for trade in order.trades]
    told = {fill_id: (one.order_id, one.price, one.lots) for fill_id, one in world.fills.items()}

    assert world.venue.repeated == 0
    assert len(world.venue.placed) == len({*world.venue.placed})
    assert world.outside.orders == {}
    assert told == {one.fill_id: (one.order_id, one.price, one.lots) for one in booked}
    assert (world.cash_e8, world.lots) == (world.venue.cash_e8, world.venue.lots)
    assert world.corrections == []
    assert world.account.books.open == {}


@pytest.mark.parametrize("seed", [1, 2])
def test_a_few_hundred_orders_over_bad_lines(seed):
    """No order twice, none in doubt, every trade told, money equal."""
    world = bad_world(seed)

    world.run(600)

    judge(world)
    assert len(world.fills) > 100
    assert world.line > 2


class Resending(Account):
    """What the adapter must not be: an order without an answer is sent again."""

    def closed(self, line: int, now_ns: int) -> list[Heard]:
        """As ever, and once more."""
        lost = [one for one in self.courier.pending.values() if one.line == line]
        heard = super().closed(line, now_ns)
        for question in lost:
            if question.verb == SUBMIT and question.call:
                self.courier.post(question, question.call)
        return heard


def test_an_adapter_that_sends_again_is_found():
    """By the exchange, which was sent an order twice: the name is in use, or it is there twice."""
    world = bad_world(2)
    world.account = Resending(KEY, world.account.books, 1)

    with pytest.raises(Refused, match="copy of this journal"):
        world.run(600)


@pytest.mark.long
def test_ten_thousand_orders_over_bad_lines():
    """The same for hours."""
    world = bad_world(11)

    world.run(10_000)

    judge(world)
