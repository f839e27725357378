"""How does the state read in people's words? Row by row, a core's own or a restored one."""

from typing import Any

from engine.dealing import OUTCOMES
from engine.execution.curve import MINUTE_NS, MINUTES_KEPT
from engine.execution.orders import is_open
from engine.execution.portfolio import FILLS_KEPT
from engine.messages import DOUBTS, IN_OTHER, asset_name
from engine.risk.breakers import ACTIVE, trading_state
from engine.risk.gate import REASONS
from engine.risk.limits import orders_this_minute
from engine.snapshot import Curve, Decision, Limit, OpenOrder, Position, Snapshot, Trade
from engine.state import DECISIONS_KEPT
from engine.strategy.agents.registry import CAUSES, NAMES

TRADING = ("ACTIVE", "REDUCING", "HALTED")
SIDES, TYPES = ("BUY", "SELL"), ("MARKET", "LIMIT", "STOP")
STATUSES = ("free", "sent", "open", "part filled", "canceling", "unknown")
E8 = 100_000_000


def money(value_e8: int) -> str:
    """1e-8 of quote as text, every digit."""
    whole, rest = divmod(abs(value_e8), E8)
    return f"{'-' if value_e8 < 0 else ''}{whole}.{rest:08d}"


def trimmed(value_e8: int) -> str:
    """1e-8 units as text without idle zeros."""
    text = money(value_e8).rstrip("0")
    return text.rstrip(".")


def share(part: float, whole: float) -> float:
    """Percent, 0 of nothing."""
    return round(100.0 * part / whole, 4) if whole else 0.0


def picture(state: Any, names: list[str], malformed: int = 0) -> Snapshot:
    """The state of a core, compiled, plain or restored, with its symbols' names.

    `malformed` counts what was refused before it reached the core.
    """
    account = state.account
    shown = range(min(len(names), state.clock.symbols))
    decided = decisions_of(state.decisions, names)
    return Snapshot(
        now_ns=state.clock.now_ns,
        trading=TRADING[trading_state(state.breakers)],
        why=why_not_active(state.breakers, state.orders.submitted),
        equity=money(account.equity_e8),
        cash=money(account.cash_e8),
        realized=money(account.realized_e8),
        fees=money(account.fees_e8),
        net=money(account.equity_e8 - account.deposits_e8),
        day_net=money(account.equity_e8 - (state.curve.day_e8 or account.deposits_e8)),
        exposure_percent=share(account.value_e8, account.equity_e8),
        drawdown_percent=round(account.drawdown * 100, 4),
        breaker_level=state.breakers.level,
        fills=account.fills,
        orders=state.orders.submitted,
        wins=account.wins,
        losses=account.losses,
        denied=denials_of(state.gate),
        decisions=sum(state.symbols[number].schedule.decisions for number in shown),
        last_decision=decision_text(decided[0]) if decided else "none yet",
        positions=[position_of(state, number, names[number]) for number in shown],
        open_orders=open_orders_of(state, names),
        trades=trades_of(state, names),
        recent_decisions=decided,
        limits=limits_of(state),
        events=state.clock.events,
        malformed=state.clock.malformed + malformed,
        anomalies=state.orders.anomalies + account.anomalies,
        paused=bool(state.breakers.paused),
        flattening=bool(state.breakers.flattening),
        stopped=bool(state.breakers.stopped),
        killed=bool(state.breakers.killed),
        fee_asset=asset_name(account.fee_asset) if has_fee_asset(account) else "",
        fee_asset_held=trimmed(account.fee_asset_e8),
        fee_asset_paid=trimmed(account.fee_asset_paid_e8),
        doubts=doubts_of(state, names),
    )


def denials_of(gate: Any) -> dict[str, int]:
    """How often an order was denied, by why."""
    counts = {reason: gate.denials[number] for number, reason in REASONS.items()}
    return {reason: count for reason, count in counts.items() if count}


def doubts_of(state: Any, names: list[str]) -> str:
    """The symbols whose market is not believed, and why."""
    doubts = {
        name: state.symbols[number].features.market.doubt for number, name in enumerate(names)
    }
    return ", ".join(
        f"{name} {DOUBTS[doubt] if 0 < doubt < len(DOUBTS) else DOUBTS[-1]}"
        for name, doubt in doubts.items()
        if doubt
    )


def has_fee_asset(account: Any) -> bool:
    """Whether another asset than quote and base was told of, or paid a fee."""
    return bool(account.fee_asset or account.fee_asset_paid_e8)


def fee_name(state: Any, fee_in: int) -> str:
    """What a fee was taken from: quote, base, or the name of another asset."""
    return ("quote", "base")[fee_in] if fee_in < IN_OTHER else asset_name(state.account.fee_asset)


def why_not_active(breakers: Any, orders: int = 1) -> str:
    """What keeps the engine from entering; empty when nothing does.

    A fresh start with real money is killed before its first order: nobody did that by hand.
    """
    if trading_state(breakers) == ACTIVE:
        return ""
    if breakers.stopped:
        if breakers.killed:
            return "killed by the operator" if orders else "waits for a reset"
        return "drawdown stop"
    return "flattening" if breakers.flattening else "paused by the operator"


def position_of(state: Any, number: int, name: str) -> Position:
    """One symbol's row."""
    symbol = state.symbols[number]
    instrument, held, market = symbol.instrument, symbol.position, symbol.features.market
    stop = state.orders.table[held.stop_id % len(state.orders.table)].price if held.stop_id else 0
    return Position(
        name,
        trimmed(held.lots * instrument.lot_e8),
        trimmed(held.entry_price * instrument.tick_e8 if held.lots else 0),
        trimmed(market.last * instrument.tick_e8),
        money(held.value_e8),
        money(held.value_e8 - held.cost_e8),
        share(held.value_e8 - held.cost_e8, held.cost_e8),
        trimmed(stop * instrument.tick_e8) if stop else "",
        held.opened_ns if held.lots else 0,
        market.received_ns,
        trimmed(held.dust_e8),
    )


def open_orders_of(state: Any, names: list[str]) -> list[OpenOrder]:
    """The orders that may still fill, the newest first."""
    rows = [order for order in state.orders.table if order.id and is_open(order.status)]
    return [order_of(state, order, names) for order in sorted(rows, key=lambda row: -row.id)]


def order_of(state: Any, order: Any, names: list[str]) -> OpenOrder:
    """One order's row."""
    instrument = state.symbols[order.symbol].instrument
    return OpenOrder(
        order.id,
        names[order.symbol],
        SIDES[order.side],
        TYPES[order.type],
        STATUSES[order.status],
        trimmed(order.lots * instrument.lot_e8),
        trimmed(order.price * instrument.tick_e8),
        share(order.filled, order.lots),
        order.submitted_ns,
        *signature(order.asked),
    )


def signature(asked: int) -> tuple[str, str]:
    """Who asked, and why."""
    return NAMES.get(asked // 256, "engine"), CAUSES.get(asked % 256, "unknown")


def newest(ring: Any, kept: int) -> list[Any]:
    """The rows of a ring, the newest first."""
    return [
        ring.table[number % kept]
        for number in range(ring.count - 1, max(ring.count - kept, 0) - 1, -1)
    ]


def trades_of(state: Any, names: list[str]) -> list[Trade]:
    """The newest fills."""
    return [trade_of(state, fill, names) for fill in newest(state.fills, FILLS_KEPT)]


def trade_of(state: Any, fill: Any, names: list[str]) -> Trade:
    """One fill's row."""
    instrument = state.symbols[fill.symbol].instrument
    return Trade(
        fill.now_ns,
        names[fill.symbol],
        SIDES[fill.side],
        trimmed(fill.lots * instrument.lot_e8),
        trimmed(fill.price * instrument.tick_e8),
        money(fill.fee_e8),
        money(fill.net_e8),
        fill.waited_ns / 1e6,
        *signature(fill.asked),
        fill.order_id,
        fee_name(state, fill.fee_in),
    )


def decisions_of(ring: Any, names: list[str]) -> list[Decision]:
    """The newest decisions."""
    return [decision_of(row, names) for row in newest(ring, DECISIONS_KEPT)]


def decision_of(row: Any, names: list[str]) -> Decision:
    """One decision's row."""
    wanted = {1.0: "long", 0.0: "flat"}.get(row.target, "hold")
    outcome = f"denied: {REASONS[row.reason]}" if row.reason else OUTCOMES[row.outcome]
    agent, cause = NAMES.get(row.agent, "engine"), CAUSES.get(row.cause, "unknown")
    return Decision(row.now_ns, names[row.symbol], wanted, row.confidence, agent, cause, outcome)


def decision_text(made: Decision) -> str:
    """A decision in a line."""
    return (
        f"{made.symbol} {made.wanted} {made.confidence:.0%} "
        f"({made.agent}: {made.cause}) -> {made.outcome}"
    )


def limits_of(state: Any) -> list[Limit]:
    """Every limit that a number approaches, in percent unless its unit says otherwise."""
    account, risk, rules = state.account, state.parameters.risk, state.parameters.breakers
    drawdown, equity_e8 = account.drawdown * 100, account.equity_e8
    largest = max(
        (state.symbols[n].position.value_e8 for n in range(state.clock.symbols)), default=0
    )
    made = orders_this_minute(state.gate.rate, state.clock.now_ns)
    of_peak, of_equity = "% of peak", "% of equity"
    return [
        Limit("drawdown half", drawdown, rules.drawdown_half * 100, of_peak, "half size"),
        Limit("drawdown conservative", drawdown, rules.drawdown_conservative * 100, of_peak,
              "quarter size, high confidence only"),
        Limit("drawdown stop", drawdown, rules.drawdown_stop * 100, of_peak,
              "close everything, halt until reset"),
        Limit("position", share(largest, equity_e8), risk.position_max * 100, of_equity,
              "entry denied"),
        Limit("exposure", share(account.value_e8 + account.reserved_e8, equity_e8),
              risk.exposure_max * 100, of_equity, "entry denied"),
        Limit("entries this minute", made, risk.orders_per_minute_max, "orders", "entry denied"),
    ]  # fmt: skip


def curve_of(state: Any) -> Curve:
    """How equity came here."""
    drawn = state.curve
    first = max(drawn.minute - MINUTES_KEPT + 1, drawn.start_ns // MINUTE_NS)
    ring = drawn.minutes if drawn.step_ns else []
    minutes = [ring[number % MINUTES_KEPT] / E8 for number in range(first, drawn.minute + 1)]
    points = [point / E8 for point in drawn.points[: drawn.count]]
    end_ns = (drawn.minute + 1) * MINUTE_NS
    return Curve(minutes if ring else [], end_ns, points, drawn.start_ns, drawn.step_ns)
