"""What could ever reach the core? Seeded records of every kind, true and false, in a random order.

Whoever makes them drives a core on the way: reports name orders that exist, or nearly exist.
"""

import random
from typing import Any

from engine.instruments import Instrument, definition_records
from engine.layout import F
from engine.messages import (
    CLASSES,
    FEE_STEP,
    OUTSIDE,
    AccountNamed,
    BarClosed,
    BookTop,
    CancelRejected,
    CashDeposited,
    ContextUpdated,
    EngineStarted,
    FeeBalanceChanged,
    Heartbeat,
    InstrumentDefined,
    InstrumentLimited,
    MarketDoubted,
    OperatorFlattened,
    OperatorKilled,
    OperatorPaused,
    OperatorReset,
    OperatorResumed,
    OrderAccepted,
    OrderCanceled,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    OrderUnknown,
    ParameterChanged,
    PositionCorrected,
    TradeTick,
    asset_of,
    decode,
    encode,
    split,
)
from engine.opening import for_core, opening_records
from engine.profile import load_profile, parts_of
from engine.state import KEYS, SYMBOLS_MAX
from tests.builders import E8, MINUTE, QUICK, SECOND, START
from tests.finer_steps import finer_one

TWO_62 = 1 << 62
LAST = (1 << 63) - 1
# From coarse to fine steps, up to the edge of what is not refused; (tick, lot, lots, price_max).
STEPS = (
    (1_000_000, 10_000, 90_000_000, 100_000_000),
    (1_000_000, 1_000, 900_000_000, 100_000_000),
    (100, 10_000_000, 90_000_000, 1_000_000_000),
    (1, 100_000_000, 40_000_000_000, 100_000_000),
    (1, 10, 90_000_000_000, 4_000_000),
    (10_000_000, 100_000_000, 1_000_000, 400_000),
    (1_000, 1_000_000, 4_611_686_018, 1_000_000_00),
)
HOT_KEYS = ("strategy.", "sizing.", "risk.", "breakers.", "orders.", "paper.", "features.")


def instrument(number: int) -> Instrument:
    """One of the shapes above, its least order of 0 or 5 quote."""
    tick, lot, lots, price = STEPS[number % len(STEPS)]
    least = 0 if number % 3 == 2 else 5 * E8
    limits = (lots, max(lots // (1 + number % 5), 1), least, 1, price)
    return Instrument(f"SYMBOL{number}", "BASE", "QUOTE", tick, lot, 1, *limits)


class Maker:
    """A world of some symbols whose prices walk and jump; `record()` is what happens next in it.

    In an honest world the venue is the simulated one alone; else somebody tells lies beside it.
    """

    def __init__(self, seed: int, symbols: int, *, honest: bool) -> None:
        self.draw = random.Random(seed)
        self.symbols = symbols
        self.follows: list[Any] = []
        self.core: Any = None
        self.instruments = [instrument(self.draw.randrange(99)) for _ in range(symbols)]
        self.prices = [max(one.price_max // 300, 10) for one in self.instruments]
        self.now_ns = START
        self.fill_id = 1 << 40
        rows = self.TRUTH if honest else self.TRUTH + self.LIES
        self.makers, self.weights = [row[0] for row in rows], [row[1] for row in rows]

    def opening(self) -> list[bytes]:
        """A profile in which much happens, the instruments and the cash."""
        cash = self.draw.choice((5_000.0, 100_000.0, 300_000_000.0))
        changes = [*QUICK, f"account.cash={cash}", "risk.orders_per_minute_max=100"]
        return for_core(opening_records(load_profile("scalping", changes), self.instruments, START))

    def record(self, core: Any) -> bytes:
        """What happens next; the core is asked only for the newest order's id."""
        self.core = core
        if self.follows:
            return encode(self.follows.pop())
        if self.draw.random() < 0.7:
            self.now_ns += self.draw.choice((1, SECOND, 20 * SECOND, MINUTE))
        (make,) = self.draw.choices(self.makers, self.weights)
        return encode(make(self, self.draw.randrange(self.symbols)))

    def stamp(self, symbol: int) -> tuple[int, int, int]:
        """Symbol, the source's time and ours, which do not quite agree and may go back."""
        skew_ns = self.draw.choice((0, 0, 0, 0, -1_300_000_000, 40_000_000))
        return symbol, self.now_ns + skew_ns, self.now_ns + min(skew_ns, 0) // 2

    def walk(self, symbol: int) -> int:
        """The symbol's next price; now and then it jumps."""
        step = self.draw.gauss(0.0005, 0.01) if self.draw.random() < 0.97 else self.jump()
        price = self.prices[symbol] + int(self.prices[symbol] * step)
        self.prices[symbol] = min(max(price, 3), self.instruments[symbol].price_max // 2)
        return self.prices[symbol]

    def jump(self) -> float:
        """A fall or a rise that trips breakers."""
        return self.draw.choice((-0.35, -0.15, -0.08, 0.3))

    def volume(self) -> int:
        """1e-8 of base: nothing, a little, plenty, more than there is."""
        return self.draw.choice((0, 1, 10**6, 10**9, 10**13, 10**17, (1 << 61)))

    def bar(self, symbol: int) -> BarClosed:
        """A true bar of the last minute."""
        opened, close = self.prices[symbol], self.walk(symbol)
        high = max(opened, close) + self.draw.randrange(1 + close // 50)
        low = max(min(opened, close) - self.draw.randrange(1 + close // 50), 1)
        _, time_ns, received_ns = self.stamp(symbol)
        return BarClosed(
            symbol, time_ns - MINUTE, received_ns, opened, high, low, close, self.volume()
        )

    def trade(self, symbol: int) -> TradeTick:
        """A true trade."""
        return TradeTick(*self.stamp(symbol), self.walk(symbol), self.volume(), 7)

    def book(self, symbol: int) -> BookTop:
        """A true book, narrow or wide."""
        bid = self.walk(symbol)
        ask = bid + self.draw.choice((0, 1, 2, 5, bid // 3))
        return BookTop(*self.stamp(symbol), bid, ask, self.volume(), self.volume())

    def nonsense(self, symbol: int) -> Any:
        """A market event that cannot be true, or is of a symbol that nobody defined."""
        kind = self.draw.choice((BarClosed, TradeTick, BookTop))
        made: dict[Any, Any] = {BarClosed: self.bar, TradeTick: self.trade, BookTop: self.book}
        message = made[kind](symbol)
        field = self.draw.choice(kind._fields[3:-1])
        spoiled = message._replace(**{field: self.extreme()})
        alien = spoiled._replace(symbol=self.draw.randrange(SYMBOLS_MAX))
        return alien if self.draw.random() < 0.2 else spoiled

    def extreme(self) -> int:
        """Numbers at the edges."""
        return self.draw.choice((0, -1, 1, TWO_62, -TWO_62, LAST, -LAST, LAST - 1))

    def beat(self, _symbol: int) -> Heartbeat:
        """Time passes."""
        return Heartbeat(0, self.now_ns, self.now_ns, 1)

    def parameter(self, _symbol: int) -> ParameterChanged:
        """A key set to an end of its range or between; most often one that steers the dealing."""
        hot = [key for key in KEYS if key.startswith(HOT_KEYS)]
        key = self.draw.choice(hot if self.draw.random() < 0.9 else list(KEYS))
        row = KEYS[key]
        kind = float if row.kind == F else int
        between = kind(row.low + (row.high - row.low) * self.draw.random() ** 4)
        usual = [row.default] * 20
        value = self.draw.choice((row.low, between, between, row.high, *usual))
        parts = parts_of(kind(value))
        return ParameterChanged(*self.stamp(0), list(KEYS).index(key), *parts)

    def definition(self, symbol: int) -> Any:
        """An instrument and its limits again: as they were, or first as they cannot be."""
        one = self.instruments[symbol]
        steps = [one.tick_e8, one.lot_e8, one.lots_min, one.lots_max, one.notional_min_e8]
        bounds = [one.price_min, one.price_max, one.market_lots_max, one.price_step, one.lot_step]
        good = [
            InstrumentLimited(*self.stamp(symbol), *bounds),
            InstrumentDefined(*self.stamp(symbol), *steps),
        ]
        if self.draw.random() < 0.5:
            self.follows = good[:1]
            return good[1]
        place, extreme = self.draw.randrange(5), self.extreme()
        steps[place] = 0 if extreme == 1 and place < 2 else extreme  # a step of 1 is a finer one
        bounds[self.draw.randrange(5)] = self.extreme()
        bad = InstrumentLimited(*self.stamp(symbol), *bounds)
        self.follows = [*good, self.bar(symbol), bad]
        return InstrumentDefined(*self.stamp(symbol), *steps)

    def finer(self, symbol: int) -> Any:
        """The instrument in finer steps, its orders on coarser ones."""
        before = self.instruments[symbol]
        now = finer_one(self.draw, before, self.core.state.symbols[symbol])
        self.instruments[symbol] = now
        self.prices[symbol] *= before.tick_e8 // now.tick_e8
        told = split(definition_records(symbol, now, self.now_ns))
        self.follows = [decode(told[-1])]
        return decode(told[-2])

    def deposit(self, _symbol: int) -> CashDeposited:
        """Cash in or out."""
        amount = int(self.core.state.account.equity_e8) // self.draw.choice((10, 100, -20)) + 1
        return CashDeposited(*self.stamp(0), amount)

    def reset(self, _symbol: int) -> OperatorReset:
        """An operator ends a halt."""
        return OperatorReset(*self.stamp(0))

    def request(self, _symbol: int) -> Any:
        """An operator's other words."""
        kinds = (OperatorPaused, OperatorFlattened, OperatorKilled)
        kind: Any = self.draw.choices(kinds, (5, 4, 1))[0]
        self.follows = [OperatorResumed(*self.stamp(0))] if self.draw.random() < 0.5 else []
        return kind(*self.stamp(0))

    def resume(self, _symbol: int) -> OperatorResumed:
        """An operator ends a pause."""
        return OperatorResumed(*self.stamp(0))

    def order_id(self) -> int:
        """Mostly a recent order, sometimes one that never was."""
        if self.draw.random() < 0.1:
            return self.draw.choice((0, -5, 10**6, LAST))
        return max(int(self.core.state.orders.last_id) - int(self.draw.expovariate(0.3)), 0)

    def report(self, symbol: int) -> Any:
        """A venue's word on an order, which may fit it or not."""
        order_id = self.order_id()
        kinds = (OrderAccepted, OrderRejected, OrderCanceled, OrderExpired, CancelRejected)
        kind: Any = self.draw.choice((*kinds, OrderUnknown, OrderUnknown))
        reason = (1,) if kind is OrderRejected else ()
        return kind(*self.stamp(symbol), order_id, *reason, flags=self.draw.randrange(2))

    def fill(self, symbol: int) -> OrderFilled:
        """A fill of any order, new or told before, its fee taken from anything."""
        self.fill_id += self.draw.choice((0, 0, 1, 1, 1, 65))
        lots = self.draw.choice((1, 7, max(self.instruments[symbol].lots_max // 5_000, 1)))
        fee = self.draw.choice((0, 1, 12_345))
        fact = (self.order_id(), self.prices[symbol], lots, fee, self.fill_id)
        fee_in = self.draw.choice((0, 0, 1, 1, 2, 3))
        flags = self.draw.randrange(2) + fee_in * FEE_STEP
        return OrderFilled(*self.stamp(symbol), *fact, flags=flags)

    def correction(self, symbol: int) -> PositionCorrected:
        """The venue holds something else than we do."""
        lots = max(self.instruments[symbol].lots_max // 5_000, 1)
        moved = self.draw.choice((1, lots, -1, -lots)), self.draw.choice((0, 0, 1, -1, 12_345))
        return PositionCorrected(*self.stamp(symbol), *moved)

    def fee_balance(self, _symbol: int) -> FeeBalanceChanged:
        """More or less of the asset that pays fees, or of one that does not."""
        asset = asset_of(self.draw.choice(("BNB", "BNB", "BNB", "MX")))
        return FeeBalanceChanged(*self.stamp(0), asset, self.draw.choice((1, E8, -77)))

    def account(self, _symbol: int) -> AccountNamed:
        """Whose account it is, or none that can be."""
        return AccountNamed(*self.stamp(0), self.draw.choice((77, self.extreme())))

    def context(self, _symbol: int) -> ContextUpdated:
        """A value from elsewhere, of any time, or one that nobody knows."""
        symbol, time_ns, received_ns = self.stamp(0)
        time_ns = self.draw.choice((time_ns, time_ns, self.extreme()))
        value = self.draw.choice((0, 55_000_000, self.extreme()))
        return ContextUpdated(symbol, time_ns, received_ns, self.draw.randrange(-1, 6), value)

    def doubt(self, symbol: int) -> MarketDoubted:
        """Whoever hears a market does not believe it, or does again."""
        return MarketDoubted(*self.stamp(symbol), self.draw.choice((0, 0, 0, 1, self.extreme())))

    def abroad(self, symbol: int) -> Any:
        """The venue moves outside, and a little later back in."""
        moved = self.definition(symbol)
        self.follows.insert(0, moved._replace(flags=0))
        return moved._replace(flags=OUTSIDE)

    def echo(self, symbol: int) -> Any:
        """A record that the core itself writes, or the start of an engine, told to it."""
        kinds = [kind for kind in CLASSES.values() if kind.__name__ in ECHOES]
        kind = self.draw.choice(kinds)
        return kind(*self.stamp(symbol), *[self.extreme() for _ in kind._fields[3:-1]])

    TRUTH = (
        (bar, 40), (trade, 16), (book, 3), (beat, 8), (parameter, 4),
        (definition, 0.5), (finer, 0.1), (deposit, 1), (reset, 1), (request, 0.3), (resume, 1),
    )  # fmt: skip
    LIES = ((nonsense, 6), (report, 4), (fill, 1), (echo, 1),
            (correction, 0.3), (abroad, 0.2), (fee_balance, 0.3), (context, 1),
            (doubt, 0.3), (account, 0.2))  # fmt: skip


ECHOES = {"SubmitOrder", "CancelOrder", "OrderDenied", "BreakerChanged", "FlattenEnded"}
ECHOES.add(EngineStarted.__name__)
