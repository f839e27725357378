"""What would a market look like? Seeded trades of clustered volatility, alike on every machine.

A minute's return and volatility come from that minute's own draws (a GARCH(1,1) recursion,
Bollerslev 1986, with rare jumps), its trades walk a bridge between two closes. So the market can be
taken up at any minute without making the trades before it.
"""

from _random import Random  # what `random` wraps, without the hash library it imports
from collections.abc import Iterator
from math import sqrt

from engine.arithmetic import exp
from engine.instruments import Instrument, e8_of, load_instruments
from engine.messages import TradeTick, encode

START_NS = 1_735_689_600_000_000_000  # 2025-01-01 00:00 UTC
MINUTE_NS = 60_000_000_000
PLAYED = "ETHUSDT"  # unless another symbol is asked for
# What a unit of each base costs at the start, in quote.
PRICES = {
    "BTC": "94000",
    "ETH": "2500",
    "BNB": "700",
    "SOL": "190",
    "LINK": "20",
    "XRP": "2.1",
    "ADA": "0.85",
    "DOGE": "0.32",
}
ETHER_E8 = 250_000_000_000
START_PRICE = 250_000.0  # ticks of 0.01: 2,500.00
TRADES_A_MINUTE = 30
VARIANCE = 4e-7  # of a one-minute return: 0.063 %, as of real ETH-USDT minutes
PERSISTENCE, REACTION = 0.90, 0.08
JUMP_CHANCE, JUMP_SIZE = 0.0005, 8.0
PRICE_LEAST, PRICE_MOST = 1_000.0, 100_000_000.0


class SimulatedMarket:
    """Trades of one symbol from a seed; `skip` trades are passed over minute by minute.

    It opens at `opening` ticks, where a unit of base is worth `price_e8`: ether unless told.
    """

    def __init__(
        self, seed: int, symbol: int = 0, opening: float = START_PRICE, price_e8: int = ETHER_E8
    ) -> None:
        self.seed, self.symbol, self.opening, self.price_e8 = seed, symbol, opening, price_e8

    def trades(self, skip: int = 0) -> Iterator[bytes]:
        """TradeTick records without end, after the first `skip` of them."""
        price, variance = self.opening, VARIANCE
        minute = 0
        while True:
            draws = Random(self.seed * 1_000_003 + minute)
            closing, variance = self._moved(draws, price, variance)
            if (minute + 1) * TRADES_A_MINUTE > skip:
                first = max(skip - minute * TRADES_A_MINUTE, 0)
                yield from self._minute(draws, minute, (price, closing), first)
            price = closing
            minute += 1

    def _moved(self, draws: Random, price: float, variance: float) -> tuple[float, float]:
        """The minute's closing price and the variance of the next."""
        shock = normal(draws)
        if draws.random() < JUMP_CHANCE:
            shock *= JUMP_SIZE
        step = shock * sqrt(variance)
        following = VARIANCE * (1.0 - PERSISTENCE - REACTION) + PERSISTENCE * variance
        following += REACTION * min(step * step, 100.0 * VARIANCE)
        return min(max(price * exp(step), PRICE_LEAST), PRICE_MOST), following

    def _minute(
        self, draws: Random, minute: int, ends: tuple[float, float], first: int
    ) -> Iterator[bytes]:
        """The trades of one minute, from the one numbered `first`."""
        opening, closing = ends
        wander = 0.0
        spacing = MINUTE_NS // TRADES_A_MINUTE
        for number in range(TRADES_A_MINUTE):
            share = (number + 1) / TRADES_A_MINUTE
            wander += (draws.random() - 0.5) * opening * 2e-4
            around = opening + (closing - opening) * share + wander * (1.0 - share)
            volume_e8 = 1_000_000 + int(draws.random() * draws.random() * 400_000_000)
            volume_e8 = volume_e8 * ETHER_E8 // self.price_e8  # worth as much of any symbol
            at_ns = START_NS + minute * MINUTE_NS + number * spacing
            at_ns += int(draws.random() * spacing)
            if number >= first:
                taker_sold = 1 if draws.random() < 0.5 else 0
                trade_id = minute * TRADES_A_MINUTE + number + 1
                yield encode(
                    TradeTick(
                        self.symbol, at_ns, at_ns, int(around), volume_e8, trade_id, taker_sold
                    )
                )
            else:
                draws.random()


def market_of(traded: Instrument, seed: int) -> SimulatedMarket:
    """The market of one instrument."""
    price = PRICES[traded.base]
    return SimulatedMarket(seed, 0, float(traded.ticks_of(price)), e8_of(price))


def played() -> list[str]:
    """The symbols it can play: all of the shipped instruments."""
    return list(load_instruments())


def normal(draws: Random) -> float:
    """A nearly normal draw of variance 1: twelve uniform ones less six, additions only."""
    total = -6.0
    for _ in range(12):
        total += draws.random()
    return total
