"""What would a market look like? Seeded minutes, calm, busy or trending, alike on every machine.

A minute's return is its volatility times a nearly normal shock, now and then a jump. Volatility is
that of the regime, a Markov chain, times a flurry: the exponential of an AR(1) (Taylor 1986,
"Modelling Financial Time Series", ch. 3). The price is drawn back to where it began, slowly, so
that a market may run for years. Minutes come from one stream of draws, the trades inside a minute
from its own: the market is taken up at any minute without making the trades before it.
"""

from _random import Random  # what `random` wraps, without the hash library it imports
from collections.abc import Iterator
from math import sqrt
from typing import NamedTuple

from engine.arithmetic import exp
from engine.instruments import Instrument, e8_of
from engine.instruments_file import load_instruments
from engine.messages import BUYER_IS_MAKER, BarClosed, TradeTick, encode

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
START_PRICE = 250_000  # ticks of 0.01: 2,500.00
TRADES_A_MINUTE = 30
SPACING_NS = MINUTE_NS // TRADES_A_MINUTE


class Regime(NamedTuple):
    """A way the market behaves: for how many minutes on average, and how much it then moves."""

    name: str
    minutes: int
    volatility: float  # of a one-minute return
    lean: float = 0.0  # drift up or down, as a share of the volatility


# Calibrated by bench/calibrate_market.py to the ETHUSDT spot minutes of 2024-11 (1st to 4th),
# 2025-01, 2025-03, 2025-05 (from the 20th) and 2025-07; compared with 2024-10, 2025-02, 2025-06 and
# 2025-08 (docs/adr/0010). Lengths, lean, pull and the jump's size are chosen.
CALM = Regime("calm", 480, 3.65e-4)
BUSY = Regime("busy", 180, 14.34e-4)
TRENDING = Regime("trending", 120, 7.23e-4, lean=0.04)
FLURRY_VARIANCE, FLURRY_MEMORY = 0.154, 0.675  # of the logarithm; what a minute leaves to the next
JUMP_CHANCE, JUMP_SIZE = 0.0059, 5.0
PULL = 1.6e-5  # a minute's part of the way back: half of it in 30 days
FAR, FACTOR_MAX = 2.0, 8  # of the logarithm: the price stays within that factor of its start
TICKS_MIN = 1000  # a start price below has no steps to move in

OTHERS = {CALM: (BUSY, TRENDING), BUSY: (CALM, TRENDING), TRENDING: (CALM, BUSY)}
FLURRY_STEP = sqrt(FLURRY_VARIANCE * (1.0 - FLURRY_MEMORY * FLURRY_MEMORY))
WANDER = sqrt(12.0 / TRADES_A_MINUTE)  # uniform steps that make a minute's volatility together


class Minute(NamedTuple):
    """One minute's ends in ticks, which need not be whole, and how it moved between them."""

    number: int
    opening: float
    closing: float
    regime: Regime
    volatility: float


class SimulatedMarket:
    """One symbol's market from a seed, a start price in ticks (TICKS_MIN at least) and a time.

    `unit_e8` is what a unit of base costs at the start, ether's unless told: volumes are worth
    as much of any symbol.
    """

    def __init__(
        self,
        seed: int,
        start_price: int = START_PRICE,
        start_ns: int = START_NS,
        unit_e8: int = ETHER_E8,
    ) -> None:
        self.seed, self.start_price, self.start_ns = seed, start_price, start_ns
        self.unit_e8 = unit_e8

    def trades(self, skip: int = 0) -> Iterator[bytes]:
        """TradeTick records without end, after the first `skip` of them."""
        skipped, first = divmod(skip, TRADES_A_MINUTE)
        for minute in self.minutes():
            if minute.number < skipped:
                continue
            for trade in self.trades_of(minute)[first:]:
                yield encode(trade)
            first = 0

    def bars(self) -> Iterator[bytes]:
        """BarClosed records without end: the bars of exactly these trades."""
        for minute in self.minutes():
            trades = self.trades_of(minute)
            prices = [trade.price for trade in trades]
            ends = (prices[0], max(prices), min(prices), prices[-1])
            opened_ns = self.start_ns + minute.number * MINUTE_NS
            volume = sum(trade.volume for trade in trades)
            yield encode(BarClosed(0, opened_ns, opened_ns + MINUTE_NS, *ends, volume))

    def minutes(self) -> Iterator[Minute]:
        """Minute after minute without end."""
        draws = Random(self.seed << 64)
        regime, direction = first_regime(draws), 1.0
        flurry = away = 0.0
        opening = float(self.start_price)
        number = 0
        while True:
            if draws.random() * regime.minutes < 1.0:
                regime = OTHERS[regime][draws.random() < 0.5]
                direction = sign(draws)
            flurry = FLURRY_MEMORY * flurry + FLURRY_STEP * normal(draws)
            volatility = regime.volatility * exp(flurry)
            step = volatility * (shock(draws) + direction * regime.lean)
            away = min(max(away + step - PULL * away, -FAR), FAR)
            closing = self.start_price * exp(away)
            yield Minute(number, opening, closing, regime, volatility)
            opening = closing
            number += 1

    def trades_of(self, minute: Minute) -> list[TradeTick]:
        """The trades of a minute: a walk of its volatility, bent to end at its close."""
        draw = Random(self.seed << 64 | minute.number + 1).random
        begin_ns = self.start_ns + minute.number * MINUTE_NS
        move, stride = minute.closing - minute.opening, minute.volatility * minute.opening * WANDER
        wander = 0.0
        made = []
        for place in range(TRADES_A_MINUTE):
            share = (place + 1) / TRADES_A_MINUTE
            wander += (draw() - 0.5) * stride
            price = minute.opening + move * share + wander * (1.0 - share)
            at_ns = begin_ns + place * SPACING_NS + int(draw() * SPACING_NS)
            volume_e8 = 1_000_000 + int(draw() * draw() * 400_000_000)
            volume_e8 = volume_e8 * ETHER_E8 // self.unit_e8
            number = minute.number * TRADES_A_MINUTE + place + 1
            flags = BUYER_IS_MAKER if draw() < 0.5 else 0
            made.append(TradeTick(0, at_ns, at_ns, int(price), volume_e8, number, flags))
        return made


def market_of(
    traded: Instrument, seed: int, start_ns: int = START_NS, price: str = ""
) -> SimulatedMarket:
    """The market of one instrument, from its usual price unless told; ValueError for a bad one."""
    price = price or PRICES[traded.base]
    return SimulatedMarket(seed, traded.ticks_of(price), start_ns, e8_of(price))


def played() -> list[str]:
    """The symbols it can play: all of the shipped instruments."""
    return list(load_instruments())


def first_regime(draws: Random) -> Regime:
    """Each regime as often as it is met at any minute: in proportion to its length."""
    place = draws.random() * (CALM.minutes + BUSY.minutes + TRENDING.minutes)
    if place < CALM.minutes:
        return CALM
    return BUSY if place < CALM.minutes + BUSY.minutes else TRENDING


def shock(draws: Random) -> float:
    """A nearly normal draw of variance 1, in its place now and then a jump either way."""
    if draws.random() < JUMP_CHANCE:
        return JUMP_SIZE * sign(draws)
    return normal(draws)


def sign(draws: Random) -> float:
    """Up or down."""
    return 1.0 if draws.random() < 0.5 else -1.0


def normal(draws: Random) -> float:
    """A nearly normal draw of variance 1: twelve uniform ones less six, additions only."""
    total = -6.0
    for _ in range(12):
        total += draws.random()
    return total
