"""What does the engine look like now? A frozen picture of the state, for whoever watches."""

from typing import Any, NamedTuple

from engine.dealing import OUTCOMES
from engine.risk.breakers import trading_state
from engine.risk.gate import REASONS
from engine.strategy.agents.registry import CAUSES, NAMES

TRADING = ("ACTIVE", "REDUCING", "HALTED")
E8 = 100_000_000


class Position(NamedTuple):
    """One symbol: what is held (base, as text), at what entry and last price (quote)."""

    symbol: str
    quantity: str
    entry: str
    last: str
    value: str
    unrealized: str


class Snapshot(NamedTuple):
    """Money in quote currency as exact text, counts as numbers."""

    now_ns: int
    trading: str
    equity: str
    cash: str
    realized: str
    fees: str
    net: str
    drawdown_percent: float
    breaker_level: int
    fills: int
    orders: int
    wins: int
    losses: int
    denied: dict[str, int]
    decisions: int
    last_decision: str
    positions: list[Position]
    events: int
    malformed: int  # records that cannot be true
    anomalies: int  # reports that fit no order, fills beyond what was held


def money(value_e8: int) -> str:
    """1e-8 of quote as text, every digit."""
    whole, rest = divmod(abs(value_e8), E8)
    return f"{'-' if value_e8 < 0 else ''}{whole}.{rest:08d}"


def picture(state: Any, names: list[str], malformed: int = 0) -> Snapshot:
    """The state of a core, compiled or plain, with its symbols' names.

    `malformed` counts what was refused before it reached the core.
    """
    account, symbols = state.account, state.symbols
    shown = range(min(len(names), state.clock.symbols))
    denials = {reason: state.gate.denials[number] for number, reason in REASONS.items()}
    return Snapshot(
        now_ns=state.clock.now_ns,
        trading=TRADING[trading_state(state.breakers)],
        equity=money(account.equity_e8),
        cash=money(account.cash_e8),
        realized=money(account.realized_e8),
        fees=money(account.fees_e8),
        net=money(account.equity_e8 - account.deposits_e8),
        drawdown_percent=round(account.drawdown * 100, 4),
        breaker_level=state.breakers.level,
        fills=account.fills,
        orders=state.orders.submitted,
        wins=account.wins,
        losses=account.losses,
        denied={reason: count for reason, count in denials.items() if count},
        decisions=sum(symbols[number].schedule.decisions for number in shown),
        last_decision=decision_text(state.decision, names),
        positions=[position_of(symbols[number], names[number]) for number in shown],
        events=state.clock.events,
        malformed=state.clock.malformed + malformed,
        anomalies=state.orders.anomalies + account.anomalies,
    )


def position_of(symbol: Any, name: str) -> Position:
    """One symbol's row."""
    instrument, held, market = symbol.instrument, symbol.position, symbol.features.market
    return Position(
        name,
        trimmed(held.lots * instrument.lot_e8),
        trimmed(held.entry_price * instrument.tick_e8 if held.lots else 0),
        trimmed(market.last * instrument.tick_e8),
        money(held.value_e8),
        money(held.value_e8 - held.cost_e8),
    )


def trimmed(value_e8: int) -> str:
    """1e-8 units as text without idle zeros."""
    text = money(value_e8).rstrip("0")
    return text.rstrip(".")


def decision_text(decision: Any, names: list[str]) -> str:
    """The newest decision in words: who wanted what, how sure, why, and what came of it."""
    if decision.now_ns == 0:
        return "none yet"
    wanted = {1.0: "long", 0.0: "flat"}.get(decision.target, "hold")
    outcome = OUTCOMES[decision.outcome]
    if decision.reason:
        outcome = f"denied: {REASONS[decision.reason]}"
    return (
        f"{names[decision.symbol]} {wanted} {decision.confidence:.0%} "
        f"({NAMES[decision.agent]}: {CAUSES[decision.cause]}) -> {outcome}"
    )
