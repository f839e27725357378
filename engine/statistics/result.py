"""What did a run come to? Money, costs, orders, risk and evidence, from its state and its fills."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from engine.instruments import Instrument
from engine.messages import (
    ORDER_CANCELED,
    ORDER_EXPIRED,
    ORDER_FILLED,
    ORDER_REJECTED,
    SUBMIT_ORDER,
    OrderFilled,
)
from engine.risk.gate import REASONS
from engine.statistics.holding import Held, Purchase, holding_profit, purchases
from engine.statistics.trades import Trade, round_trips, time_in_market_ns
from engine.statistics.verdict import Evidence, weigh


class Period(NamedTuple):
    """What was read: from the first record's own time to the last one's arrival."""

    begin_ns: int
    end_ns: int
    bars: int
    trades: int
    books: int

    @property
    def events(self) -> int:
        """Market records in all."""
        return self.bars + self.trades + self.books


class Course(NamedTuple):
    """What happened on the way; `stopped_ns` 0 unless the last breaker ended trading."""

    fills: Sequence[OrderFilled]
    outcomes: Sequence[int]  # how many records of each kind came of the market
    first_asks: Sequence[int]  # ticks, a symbol
    stopped_ns: int
    drawdown_max: float


class Costs(NamedTuple):
    """What trading cost, in 1e-8 quote: to the venue, to the spread, to slippage."""

    fee_e8: int
    spread_e8: int
    slippage_e8: int


class Money(NamedTuple):
    """The account in 1e-8 quote, what is still held valued at the bid."""

    cash_e8: int  # at the start
    equity_e8: int  # at the end
    costs: Costs

    @property
    def net_e8(self) -> int:
        """Profit after all costs."""
        return self.equity_e8 - self.cash_e8

    @property
    def gross_e8(self) -> int:
        """Profit had trading been free."""
        return self.net_e8 + sum(self.costs)


class Orders(NamedTuple):
    """How often was asked, and what came of it: each count is of records with that meaning."""

    submitted: int
    fills: int
    canceled: int
    rejected: int
    expired: int
    denials: dict[str, int]  # by reason


class Risk(NamedTuple):
    """How far equity fell, what the breakers did, and the share of the time with a position."""

    drawdown_max: float
    breaker_trips: int
    stopped_ns: int
    exposure: float


class Holding(NamedTuple):
    """Profit of buying at the start in 1e-8 quote: with all cash, and with a symbol's limit."""

    whole_e8: int
    limited_e8: int
    limit: float  # share of the cash a symbol
    bought: tuple[Purchase, ...]  # at the limit, a symbol each


class Result(NamedTuple):
    """A finished run as figures."""

    period: Period
    money: Money
    orders: Orders
    risk: Risk
    evidence: Evidence
    open_trades: tuple[Trade, ...]
    holding: Holding
    malformed: int


def concluded(
    state: Any, instruments: Sequence[Instrument], period: Period, course: Course, seed: int
) -> Result:
    """The figures of a run: the state it ended in and its course; `seed` draws the resamples."""
    trades = round_trips(course.fills, instruments)
    closed = [trade for trade in trades if not trade.lots]
    return Result(
        period=period,
        money=money_of(state),
        orders=orders_of(state, course.outcomes),
        risk=risk_of(state, trades, period, course),
        evidence=weigh(closed, seed),
        open_trades=tuple(trade for trade in trades if trade.lots),
        holding=holding_of(state, instruments, course.first_asks),
        malformed=state.clock.malformed,
    )


def money_of(state: Any) -> Money:
    """The account's figures, costs as the simulated venue counted them."""
    costs = Costs(state.account.fees_e8, state.venue.spread_e8, state.venue.slippage_e8)
    return Money(state.account.deposits_e8, state.account.equity_e8, costs)


def orders_of(state: Any, outcomes: Sequence[int]) -> Orders:
    """Counts of orders, what came of them, and denials."""
    counts = enumerate(state.gate.denials)
    denials = {REASONS[reason]: count for reason, count in counts if count}
    return Orders(
        submitted=outcomes[SUBMIT_ORDER],
        fills=outcomes[ORDER_FILLED],
        canceled=outcomes[ORDER_CANCELED],
        rejected=outcomes[ORDER_REJECTED],
        expired=outcomes[ORDER_EXPIRED],
        denials=denials,
    )


def risk_of(state: Any, trades: list[Trade], period: Period, course: Course) -> Risk:
    """Drawdown, breakers and exposure."""
    held_ns = time_in_market_ns(trades, period.end_ns)
    exposure = held_ns / max(period.end_ns - period.begin_ns, 1)
    return Risk(course.drawdown_max, state.breakers.trips, course.stopped_ns, exposure)


def holding_of(state: Any, instruments: Sequence[Instrument], first_asks: Sequence[int]) -> Holding:
    """Buy-and-hold of all symbols in equal parts, at the run's own cost assumptions."""
    symbols = [
        Held(instrument, ask, symbol.features.market.bid)
        for instrument, ask, symbol in zip(instruments, first_asks, state.symbols, strict=False)
    ]
    rules, cash_e8, part = state.parameters.risk, state.account.deposits_e8, 1.0 / len(symbols)
    limit = min(rules.position_max, rules.exposure_max * part, part)
    paper = state.parameters.paper
    all_in, bought = (purchases(symbols, cash_e8, share, paper) for share in (part, limit))
    return Holding(holding_profit(symbols, all_in), holding_profit(symbols, bought), limit, bought)
