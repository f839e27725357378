"""Is no hundred-millionth lost or made, and no book ever crossed, whatever a crowd asks for?"""

from collections import Counter

import pytest

from tests.engine.venues.exchange.crowd import SYMBOLS, Crowd

MANY = pytest.param(1_000_000, 1, marks=pytest.mark.long)
LOOKS = 20  # at everything, spread over a run; at the book after each request


@pytest.mark.parametrize(("orders", "seed"), [(4_000, 1), (4_000, 2), (12_000, 3), MANY])
def test_money_is_conserved_and_books_never_cross(orders, seed):
    """Deposits are what accounts have and fees took; locked is what open orders need."""
    crowd = Crowd(seed)
    books = crowd.exchange.books
    look = orders // LOOKS

    while crowd.seen["asked"] < orders:
        book = books[crowd.act()]
        bid, ask = book.bids.best_e8, book.asks.best_e8
        assert bid < ask or not ask
        if crowd.seen["asked"] >= look:
            look += orders // LOOKS
            look_at_everything(crowd)

    look_at_everything(crowd)
    assert crowd.seen["filling"] >= 0.3 * orders
    assert crowd.seen["TRADE_PREVENTION"] >= 0.01 * orders


def look_at_everything(crowd: Crowd) -> None:
    """All promises about money, orders and what was said of them."""
    assert held(crowd) + Counter(crowd.exchange.fees.collected) == crowd.deposits()
    for account in crowd.accounts:
        rows = account.balances
        assert all(row.free >= 0 and row.locked >= 0 for row in rows.values())
        locked: Counter[str] = Counter()
        for order in crowd.exchange.open_orders(account):
            rules = order.dealings.market.rules
            assert order.locked_e8 == order.needs_e8()
            assert order.quantity_e8 == order.left_e8 + order.executed_e8 + order.prevented_e8
            locked[rules.quote if order.is_buy else rules.base] += order.locked_e8
        assert locked == Counter({asset: row.locked for asset, row in rows.items() if row.locked})
        told = crowd.told.get(account, {})
        assert told == {asset: (rows[asset].free, rows[asset].locked) for asset in told}
    for rules in SYMBOLS:
        look_at_book(crowd, rules.name)


def held(crowd: Crowd) -> Counter[str]:
    """All that accounts have, free and locked."""
    total: Counter[str] = Counter()
    for account in crowd.accounts:
        for asset, row in account.balances.items():
            total[asset] += row.free + row.locked
    return total


def look_at_book(crowd: Crowd, symbol: str) -> None:
    """Levels are the sums of the open orders there, and what the changes of the book said."""
    market = crowd.exchange.markets[symbol]
    standing: Counter[tuple[str, int]] = Counter()
    for account in crowd.accounts:
        for order in crowd.exchange.open_orders(account, symbol):
            if not order.is_waiting:
                standing[order.side, order.price_e8] += order.left_e8
        dealings = crowd.exchange.dealings(account, symbol)
        buys = (order.left_e8 for order in dealings.open.values() if order.is_buy)
        assert dealings.buying_e8 == sum(buys)
    bids, asks = market.book.depth(1_000_000)
    shown = {("BUY", price): quantity for price, quantity in bids}
    shown |= {("SELL", price): quantity for price, quantity in asks}
    assert shown == standing == crowd.levels[symbol]
    assert [bids, asks] == [sorted(bids, reverse=True), sorted(asks)]
