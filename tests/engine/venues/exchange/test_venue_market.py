"""Is there a market to trade on? Makers, takers, a recording; deep enough, never crossed."""

from itertools import count

from engine.venues.exchange.market.ladder import RICH_E8
from engine.venues.exchange.market.makers import Makers, live_through
from engine.venues.exchange.market.replaying import Deal, Recorded, Replay
from engine.venues.exchange.matching.words import BUY, HALT, LIMIT, SELL, NewOrder
from tests.venue_house import E8, FUNDS, KEY, RULES, house_of

MINUTE = 60_000_000
NOW = 1_790_000_000 * 1_000_000


class Times:
    """A clock that is put where it is wanted."""

    def __init__(self):
        self.now_us = NOW

    def __call__(self) -> int:
        """Microseconds."""
        return self.now_us


def prices(step_us=2_000_000):
    """A price that wanders up and down."""
    for number in count():
        yield NOW + number * step_us, (2_000 * 100 + (number * number % 4_001) - 2_000) * E8 // 100


def lived(minutes, seed=1):
    """A venue whose makers lived for some minutes."""
    clock = Times()
    house = house_of(clock)
    makers = Makers(house.exchange, RULES, prices(), seed)
    live_through([makers], NOW, NOW + minutes * MINUTE, house.settle)
    clock.now_us = NOW + minutes * MINUTE
    return house, makers


def test_the_book_is_deep_and_never_crossed():
    """At least 2 ETH within a hundredth of the price on each side, after every step."""
    house, makers = lived(2)
    book = house.exchange.books["ETHUSDT"]
    for step in range(200):
        makers.step(NOW + 2 * MINUTE + step * 250_000)
        house.settle()
        bids, asks = book.depth(1_000)
        assert bids[0][0] < asks[0][0]
        assert sum(many for price, many in bids if price * 100 >= bids[0][0] * 99) >= 2 * E8
        assert sum(many for price, many in asks if price * 100 <= asks[0][0] * 101) >= 2 * E8


def test_an_hour_of_closed_bars_lies_behind():
    """Every minute of it has trades."""
    house, _ = lived(61)

    bars = house.tapes["ETHUSDT"].bars.of("1m")
    assert len(bars) >= 61
    assert all(bar.count for bar in bars[:60])


def test_trade_ids_have_no_gap():
    """From the first trade on."""
    house, _ = lived(3)

    ids = [trade.trade_id for trade in house.tapes["ETHUSDT"].trades]
    assert ids == list(range(1, len(ids) + 1))


def test_the_same_seed_is_the_same_market():
    """Another one is another."""
    tapes = [lived(3, seed)[0].tapes["ETHUSDT"].trades for seed in (1, 1, 2)]

    assert list(tapes[0]) == list(tapes[1])
    assert list(tapes[0]) != list(tapes[2])


def test_a_customer_s_order_in_the_way_is_filled():
    """Makers trade with it at its own price."""
    house, makers = lived(1)
    account = house.members[KEY].account
    asks = house.exchange.books["ETHUSDT"].depth(1)[1]
    above = NewOrder("ETHUSDT", BUY, LIMIT, E8 // 10, asks[0][0] - RULES.tick_e8)
    order = house.exchange.place(account, above, NOW + MINUTE)
    makers.next_us, makers.next_e8 = 0, order.price_e8 - 10 * E8  # the price falls
    makers.prices = iter(())
    makers.step(NOW + MINUTE)

    assert order.status == "FILLED"
    assert order.quote_executed_e8 == order.price_e8 // 10


def test_makers_wait_while_the_symbol_is_halted():
    """And go on afterwards."""
    house, makers = lived(1)
    before = house.exchange.books["ETHUSDT"].last_update_id
    house.exchange.halt("ETHUSDT", HALT)
    for step in range(20):
        makers.step(NOW + MINUTE + step * 250_000)

    assert house.exchange.books["ETHUSDT"].last_update_id == before


def test_no_money_is_made_or_lost_by_the_market():
    """Whatever traded: the sum over all accounts is what they were given."""
    house, _ = lived(5)

    for asset, other in (("ETH", 1_000), ("USDT", 10_000_000)):
        rows = [one.balances[asset] for one in house.exchange.accounts]
        collected = house.exchange.fees.collected.get(asset, 0)
        given = FUNDS[asset] + other * E8 + 2 * RICH_E8
        assert sum(row.free + row.locked for row in rows) + collected == given


def test_a_recording_is_played_as_it_was():
    """Its levels stand in the book, its trades happen, and what a customer took is put back."""
    clock = Times()
    house = house_of(clock)
    for order in list(house.exchange.accounts[1].dealings["ETHUSDT"].open.values()):
        house.exchange.cancel_all(house.exchange.accounts[1], order.symbol, NOW)
        break
    bids = [(1_999 * E8, E8), (1_998 * E8, 2 * E8)]
    asks = [(2_000 * E8, E8 + 5), (2_001 * E8, 3 * E8)]
    said: list[Recorded | Deal] = [
        Recorded(NOW, bids, asks, is_whole=True),
        Deal(NOW + 10, 2_000 * E8, E8 // 2, is_buyer_maker=False),
        Recorded(NOW + 20, [(1_999 * E8, 0)], [(2_000 * E8, E8 // 2)], is_whole=False),
    ]
    replay = Replay(house.exchange, RULES, iter(said))
    book = house.exchange.books["ETHUSDT"]
    replay.step(NOW)
    first = book.depth(5)
    replay.step(NOW + 30)
    house.settle()
    second = book.depth(5)
    account = house.members[KEY].account
    house.exchange.place(account, NewOrder("ETHUSDT", SELL, LIMIT, E8, 1_998 * E8), NOW + 40)
    replay.step(NOW + 50)

    assert first == (bids, [(2_000 * E8, E8), asks[1]])
    assert second == ([(1_998 * E8, 2 * E8)], [(2_000 * E8, E8 // 2), asks[1]])
    assert [trade.quantity_e8 for trade in house.tapes["ETHUSDT"].trades] == [E8 // 2]
    assert book.depth(5) == second
