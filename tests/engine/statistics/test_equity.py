"""Is the deepest fall the one the account went through?"""

import random

import numpy as np
import pytest

from engine.core import PlainCore
from engine.layout import dtype_of
from engine.messages import ORDER_FILLED, RECORD, BarClosed, BookTop, TradeTick, encode
from engine.statistics.equity import EquityCurve
from tests.builders import ETHER, MINUTE, PLENTY, QUICK, SECOND, START, driven, opening

FAST = (*QUICK, "sizing.fraction=0.4", "risk.position_max=0.5", "risk.exposure_max=1.0")


class Watched(PlainCore):
    """A core that remembers the deepest drawdown its account has shown."""

    def __init__(self) -> None:
        super().__init__()
        self.deepest = 0.0

    def process(self, record: bytes) -> bytes | None:
        """One event; the drawdown is looked at after it."""
        caused = super().process(record)
        self.deepest = max(self.deepest, self.state.account.drawdown)
        return caused


def bars(draws: random.Random, symbols: int) -> list[bytes]:
    """Wild minutes of some symbols, closing together."""
    prices, records = [300_000] * symbols, []
    for minute in range(150):
        opened_ns = START + minute * MINUTE
        for symbol in range(symbols):
            before = prices[symbol]
            after = prices[symbol] = max(before + draws.randint(-4_000, 4_000), 50_000)
            high, low = max(before, after) + 300, min(before, after) - 300
            bar = BarClosed(symbol, opened_ns, opened_ns + MINUTE, before, high, low, after, PLENTY)
            records.append(encode(bar))
    return records


def ticks(draws: random.Random) -> list[bytes]:
    """Trades every few seconds, and later a book beside them."""
    price, records = 300_000, []
    for number in range(2_000):
        now_ns = START + number * 7 * SECOND
        price = max(price + draws.randint(-900, 900), 50_000)
        if number > 1_200 and number % 3 == 0:
            records.append(
                encode(BookTop(0, now_ns, now_ns, price - 40, price + 40, PLENTY, PLENTY))
            )
        else:
            records.append(encode(TradeTick(0, now_ns, now_ns, price, PLENTY, number)))
    return records


def driven_through(records: list[bytes], symbols: int) -> tuple[Watched, list[bytes]]:
    """A watched engine that has seen them, and the fills."""
    core, fills = Watched(), []
    for record in opening(*FAST, symbols=symbols):
        core.process(record)
        core.attend(record)
    for record in records:
        fills += [one for one in driven(core, record) if one[4] == ORDER_FILLED]
    return core, fills


@pytest.mark.parametrize("case", ["one symbol", "three symbols", "trades and books"])
@pytest.mark.parametrize("pieces", [1, 7])
def test_it_falls_as_deep_as_the_account(case, pieces):
    """Fed in pieces of any size: the account's own equity, peak and deepest drawdown."""
    draws = random.Random(17)
    symbols = 3 if case == "three symbols" else 1
    records = ticks(draws) if case == "trades and books" else bars(draws, symbols)
    core, fills = driven_through(records, symbols)
    market = np.frombuffer(b"".join(records), dtype_of(RECORD))
    filled = np.frombuffer(b"".join(fills), dtype_of(RECORD))
    spread = core.state.parameters.features.half_spread_ticks
    curve = EquityCurve([ETHER] * symbols, core.state.account.deposits_e8, spread)

    for rows in np.array_split(market.reshape(-1, symbols), pieces):
        piece = rows.reshape(-1)
        first, last = piece["received_ns"][0], piece["received_ns"][-1]
        times = filled["received_ns"]
        curve.feed(piece, filled[(times >= first) & (times <= last)])

    account = core.state.account
    assert len(filled) > 20
    assert curve.equity_e8 == account.equity_e8
    assert curve.peak_e8 == account.peak_e8
    assert curve.drawdown_max == core.deepest > 0.02
