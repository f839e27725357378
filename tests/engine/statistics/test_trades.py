"""Do round trips add up to what the account counted, to the last 1e-8?"""

from hypothesis import given
from hypothesis import strategies as st

from engine.execution.portfolio import (
    ACCOUNT,
    FEE,
    PARAMETERS,
    POSITION,
    apply_fill,
    weigh_fee,
)
from engine.instruments import notional_of
from engine.layout import fresh
from engine.messages import BUY, SELL, OrderFilled
from engine.statistics.trades import Trade, round_trips, time_in_market_ns
from tests.builders import ETHER

# What to do next: buy so many lots, or sell such a share of what is held, at a price and a fee.
STEPS = st.lists(
    st.tuples(
        st.integers(0, 1),  # symbol
        st.booleans(),
        st.integers(1, 5_000),
        st.integers(100_000, 500_000),
        st.integers(0, 10**9),
    ),
    max_size=60,
)


def fill_of(number: int, symbol: int, lots: int, price: int = 300_000, **more: int) -> OrderFilled:
    """The fill with that number, a second after the one before; negative lots are sold."""
    flags = BUY if lots > 0 else SELL
    times = (number * 10**9, number * 10**9)
    return OrderFilled(
        symbol, *times, number, price, abs(lots), more.get("fee", 0), number, flags=flags
    )


def fills_of(steps: list[tuple[int, bool, int, int, int]]) -> list[OrderFilled]:
    """Fills that never sell more than is held."""
    held = [0, 0]
    fills = []
    for number, (symbol, buys, lots, price, fee) in enumerate(steps, 1):
        moved = lots if buys else -min(lots, held[symbol])
        if moved:
            held[symbol] += moved
            fills.append(fill_of(number, symbol, moved, price, fee=fee))
    return fills


@given(STEPS)
def test_round_trips_sum_to_the_account(steps):
    """Realised less fees, and every win and loss, in integers: partial sales and open lots too."""
    fills = fills_of(steps)
    account, positions = fresh(ACCOUNT), [fresh(POSITION), fresh(POSITION)]
    fee = fresh(FEE)
    for fill in fills:
        row = Row(fill._asdict() | {"b": fill.price, "c": fill.lots, "d": fill.fee_e8})
        weigh_fee(fee, fill.flags, fresh(PARAMETERS), ETHER, row)
        apply_fill(account, positions[fill.symbol], ETHER, row, fee)

    trades = round_trips(fills, [ETHER, ETHER])

    assert sum(trade.net_e8 for trade in trades) == account.realized_e8 - account.fees_e8
    closed = [trade for trade in trades if not trade.lots]
    assert sum(trade.net_e8 > 0 for trade in closed) == account.wins
    assert len(closed) == account.wins + account.losses
    assert sum(trade.held_e8 for trade in trades) == sum(one.cost_e8 for one in positions)


class Row:
    """A record's fields by the names the core uses."""

    def __init__(self, fields: dict[str, int]) -> None:
        self.__dict__.update(fields)


def test_a_trade_goes_from_flat_to_flat():
    """Two buys and two sales are one trade; its return is of all that was bought, after fees."""
    fills = [
        fill_of(1, 0, 100, 300_000, fee=7),
        fill_of(2, 0, 50, 310_000, fee=7),
        fill_of(3, 0, -120, 320_000, fee=7),
        fill_of(4, 0, -30, 330_000, fee=7),
    ]

    (trade,) = round_trips(fills, [ETHER])

    bought = notional_of(ETHER, 300_000, 100) + notional_of(ETHER, 310_000, 50)
    got = notional_of(ETHER, 320_000, 120) + notional_of(ETHER, 330_000, 30)
    assert (trade.opened_ns, trade.closed_ns) == (10**9, 4 * 10**9)
    assert trade.net_e8 == got - bought - 28
    assert trade.net_bp == (got - bought - 28) / bought * 10_000


def test_open_trades_come_last():
    """What is still held is no round trip, and is told apart by its lots."""
    fills = [fill_of(1, 1, 10), fill_of(2, 0, 10), fill_of(3, 0, -10), fill_of(4, 0, 5)]

    trades = round_trips(fills, [ETHER, ETHER])

    assert [(trade.symbol, trade.lots, trade.closed_ns > 0) for trade in trades] == [
        (0, 0, True),
        (0, 5, False),
        (1, 10, False),
    ]


def test_time_in_the_market_counts_no_moment_twice():
    """Positions in several symbols overlap; an open one lasts until the end."""
    spans = [(10, 20), (15, 30), (40, 45), (41, 44), (60, 0)]
    trades = [Trade(0, opened, closed, 1, 0, 0, 0, 0) for opened, closed in spans]

    assert time_in_market_ns(trades, 100) == 20 + 5 + 40
