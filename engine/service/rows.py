"""What does a record of the journal say as rows? One line a kind in the table at the end."""

from collections.abc import Callable
from json import dumps
from math import isfinite, ldexp
from typing import Any, NamedTuple

from engine import messages as kinds
from engine.execution.portfolio import FILLS_KEPT, is_flat, is_remainder
from engine.journal.checkpoints import Said
from engine.messages import BUY, FEE_STEP, MAKER, MARKET, NEVER_ARRIVED, OPERATOR, REASON
from engine.picture import SIDES, TRADING, TYPES, fee_name, limits_of, signature
from engine.preview import context_of, values_of
from engine.risk.breakers import trading_state
from engine.risk.gate import REASONS
from engine.service.schema import Rows
from engine.state import KEYS
from engine.strategy.context import NAMES

PPM = 1_000_000
APPROVED = "approved"
PARAMETERS = tuple(KEYS)


class Told(NamedTuple):
    """One record with what explains it; the state is that after the event that caused it."""

    sequence: int
    message: Any
    texts: dict[int, str]
    state: Any


class Held:
    """What a symbol's open trade has come to."""

    def __init__(self, lots: int, opened_ns: int, net_e8: int | None, sold_e8: int = 0) -> None:
        self.lots, self.opened_ns, self.net_e8, self.sold_e8 = lots, opened_ns, net_e8, sold_e8


class Sayer:
    """Turns records into rows; knows what earlier ones said: names, the epoch, open trades."""

    def __init__(self, state: Any, journal_id: str) -> None:
        self.names: dict[int, str] = {}
        self.stamp, self._journal = "", journal_id[:8]
        self._fills = state.fills.count  # of the ring, the next one to be read
        self._held: dict[int, Held] = {}

    def begin_at(self, state: Any, said: Said) -> None:
        """What a state tells; what an open trade has earned so far it does not: that is unknown."""
        self.names, self._fills = dict(said.names), state.fills.count
        self.stamp = f"S{self._journal}-{said.epoch - 1}"
        for number in said.names:
            position, instrument = state.symbols[number].position, state.symbols[number].instrument
            if position.lots and not is_flat(position, instrument):
                self._held[number] = Held(position.lots, position.opened_ns, None)

    def memory(self) -> dict[int, list[int | None]]:
        """The open trades."""
        return {number: [*vars(one).values()] for number, one in self._held.items()}

    def recall(self, memory: dict[str, list[Any]]) -> None:
        """The open trades that `memory` told."""
        self._held = {int(number): Held(*values) for number, values in memory.items()}

    def started(self, told: Told, rows: Rows) -> None:
        """A new life of the engine; its epoch stands in every order's name."""
        self.stamp = f"S{self._journal}-{told.message.epoch}"
        label = told.texts.get(kinds.LABEL, "")
        put(rows, "starts", told, told.message.epoch, told.message.pid, label)

    def defined(self, told: Told, _rows: Rows) -> None:
        """A symbol's name."""
        number = told.message.symbol
        self.names[number] = told.texts.get(kinds.SYMBOL_NAME, str(number))

    def submitted(self, told: Told, rows: Rows) -> None:
        """An order and the decision behind it."""
        order_id = told.message.order_id
        put(rows, "orders", told, order_id, f"{self.stamp}-{order_id}", *self._asked(told))
        self._decided(told, rows, APPROVED, order_id)

    def denied(self, told: Told, rows: Rows) -> None:
        """What risk did not allow, and the decision behind it."""
        reason = REASONS.get(told.message.reason, str(told.message.reason))
        put(rows, "denials", told, *self._asked(told), reason)
        self._decided(told, rows, reason, None)

    def filled(self, told: Told, rows: Rows) -> None:
        """A fill, and the trade that it closed; one that a venue tells again is none."""
        fill, instrument = told.message, told.state.symbols[told.message.symbol].instrument
        net_e8 = self._net_of(told)
        if net_e8 is None and told.state.venue.outside:
            return  # there each fill is an event of its own: what is not kept was not counted
        put(
            rows, "fills", told, fill.order_id, fill.fill_id, self._name(told),
            SIDES[fill.flags & 1], "maker" if fill.flags & MAKER else "taker",
            fill.lots * instrument.lot_e8, fill.price * instrument.tick_e8, fill.fee_e8,
            fee_name(told.state, fill.flags // FEE_STEP % 4), net_e8,
        )  # fmt: skip
        held = self._held.setdefault(fill.symbol, Held(0, fill.received_ns, 0))
        if held.net_e8 is not None:
            held.net_e8 += net_e8 or 0
        if told.state.venue.outside:  # each fill is an event there: fees in base are known too
            held.lots = told.state.symbols[fill.symbol].position.lots
        else:
            held.lots += fill.lots if fill.flags & 1 == BUY else -fill.lots
        if fill.flags & 1 == BUY:
            return
        held.sold_e8 += fill.lots * instrument.lot_e8
        if is_remainder(held, instrument):
            row = self._name(told), held.opened_ns, held.sold_e8, held.net_e8
            put(rows, "trades", told, *row)
            del self._held[fill.symbol]

    def corrected(self, told: Told, rows: Rows) -> None:
        """What the venue holds, taken over: neither profit nor loss, and no trade's end."""
        moved, instrument = told.message, told.state.symbols[told.message.symbol].instrument
        moved_e8 = moved.lots * instrument.lot_e8 + moved.dust_e8
        put(rows, "corrections", told, self._name(told), moved_e8)
        held = self._held.setdefault(moved.symbol, Held(0, moved.received_ns, 0))
        held.lots = told.state.symbols[moved.symbol].position.lots
        if held.lots < 0 or is_remainder(held, instrument):
            del self._held[moved.symbol]

    def parameter(self, told: Told, rows: Rows) -> None:
        """A changed value; without an operator it is of the opening."""
        change = told.message
        value = ldexp(change.mantissa, change.exponent)
        key = told.texts.get(kinds.PARAMETER_NAME) or PARAMETERS[change.number]
        put(rows, "parameters", told, key, value, *by(told))

    def _name(self, told: Told) -> str:
        return self.names.get(told.message.symbol, str(told.message.symbol))

    def _asked(self, told: Told) -> tuple[object, ...]:
        """Symbol, side, type, quantity and price of an order."""
        order, instrument = told.message, told.state.symbols[told.message.symbol].instrument
        kind = order.flags >> 1 & 3
        price_e8 = None if kind == MARKET else order.price * instrument.tick_e8
        quantity_e8 = order.lots * instrument.lot_e8
        return self._name(told), SIDES[order.flags & 1], TYPES[kind], quantity_e8, price_e8

    def _decided(self, told: Told, rows: Rows, verdict: str, order_id: int | None) -> None:
        order, state = told.message, told.state
        put(
            rows, "decisions", told, order_id, self._name(told),
            *signature(order.agent_and_cause), order.confidence_ppm / PPM, verdict,
            dumps(features_of(state, order.symbol)), dumps(risk_of(state)),
        )  # fmt: skip

    def _net_of(self, told: Told) -> int | None:
        """What the state says that this fill earned, None where more came at once than it keeps."""
        fill, ring = told.message, told.state.fills
        for number in range(max(self._fills, ring.count - FILLS_KEPT), ring.count):
            kept = ring.table[number % FILLS_KEPT]
            if (kept.order_id, kept.price, kept.lots) == (fill.order_id, fill.price, fill.lots):
                self._fills = number + 1
                net_e8: int = kept.net_e8
                return net_e8
        return None


def features_of(state: Any, number: int) -> dict[str, float]:
    """What the agents saw of a symbol: its market and their indicators."""
    symbol = state.symbols[number]
    market, tick_e8 = symbol.features.market, symbol.instrument.tick_e8
    prices = {name: getattr(market, name) * tick_e8 / 1e8 for name in ("last", "bid", "ask")}
    around = {f"context {name}": value for name, value in context_of(state).items()}
    found = {**prices, **values_of(symbol.features.indicators), **around}
    return {name: value for name, value in found.items() if isfinite(value)}


def risk_of(state: Any) -> dict[str, Any]:
    """How near each limit was, what the order itself claims included."""
    limits = {limit.name: [limit.value, limit.limit] for limit in limits_of(state)}
    trading = TRADING[trading_state(state.breakers)]
    return {"trading": trading, "breaker level": state.breakers.level, "limits": limits}


def balanced(_sayer: Sayer, told: Told, rows: Rows) -> None:
    """More or less of the asset that pays fees."""
    change = told.message
    put(rows, "fee_balances", told, kinds.asset_name(change.asset), change.amount_e8)


def context(_sayer: Sayer, told: Told, rows: Rows) -> None:
    """What a slow source said."""
    said = told.message
    name = dict(enumerate(NAMES)).get(said.number, str(said.number))
    put(rows, "contexts", told, name, said.value_e8 / 1e8, said.time_ns)


def doubted(_sayer: Sayer, told: Told, rows: Rows) -> None:
    """A market began or ceased to be doubted."""
    doubt = told.message.doubt
    why = kinds.DOUBTS[doubt] if 0 <= doubt < len(kinds.DOUBTS) else kinds.DOUBTS[-1]
    put(rows, "acts", told, "market doubted" if doubt else "market believed", None, "", why)


def aside(_sayer: Sayer, told: Told, rows: Rows) -> None:
    """More or less lies at the venue that is not the engine's."""
    base_e8, quote_e8 = told.message.base_e8, told.message.quote_e8
    put(rows, "acts", told, f"{'quote' if quote_e8 else 'base'} aside", quote_e8 or base_e8, "", "")


def named(_sayer: Sayer, told: Told, rows: Rows) -> None:
    """Which account it is, as much of it as is shown."""
    put(rows, "acts", told, "account named", None, "", kinds.uid_shown(told.message.uid))


def by(told: Told) -> tuple[str, str]:
    """Who and why."""
    return told.texts.get(OPERATOR, ""), told.texts.get(REASON, "")


def put(rows: Rows, table: str, told: Told, *values: object) -> None:
    """One more row, in the columns' order."""
    row = (told.sequence, told.message.received_ns, *values)
    rows.setdefault(table, []).append(row)


def act(word: str) -> Callable[[Sayer, Told, Rows], None]:
    """What an operator did."""
    return lambda _sayer, told, rows: put(rows, "acts", told, word, None, *by(told))


def moved(_sayer: Sayer, told: Told, rows: Rows) -> None:
    """Cash in or out."""
    put(rows, "acts", told, "deposited", told.message.amount_e8, *by(told))


def flat(_sayer: Sayer, told: Told, rows: Rows) -> None:
    """A flatten has ended."""
    put(rows, "acts", told, "flatten ended", told.message.value_e8, "", "")


def level(_sayer: Sayer, told: Told, rows: Rows) -> None:
    """The drawdown breaker moved."""
    put(rows, "breakers", told, told.message.level, told.message.drawdown_ppm)


def event(word: str) -> Callable[[Sayer, Told, Rows], None]:
    """What became of an order."""
    return lambda _sayer, told, rows: put(
        rows, "order_events", told, told.message.order_id, word, None
    )


def rejected(_sayer: Sayer, told: Told, rows: Rows) -> None:
    """The venue refused."""
    reason = told.message.reason
    why = "never arrived" if reason == NEVER_ARRIVED else str(reason)
    put(rows, "order_events", told, told.message.order_id, "rejected", why)


SAID: dict[int, Callable[[Sayer, Told, Rows], None]] = {
    kinds.ENGINE_STARTED: Sayer.started,
    kinds.INSTRUMENT_DEFINED: Sayer.defined,
    kinds.PARAMETER_CHANGED: Sayer.parameter,
    kinds.CASH_DEPOSITED: moved,
    kinds.FEE_BALANCE_CHANGED: balanced,
    kinds.CONTEXT_UPDATED: context,
    kinds.MARKET_DOUBTED: doubted,
    kinds.OPERATOR_RESET: act("reset"),
    kinds.OPERATOR_PAUSED: act("paused"),
    kinds.OPERATOR_RESUMED: act("resumed"),
    kinds.OPERATOR_FLATTENED: act("flattened"),
    kinds.OPERATOR_KILLED: act("killed"),
    kinds.ORDER_ACCEPTED: event("accepted"),
    kinds.ORDER_REJECTED: rejected,
    kinds.ORDER_CANCELED: event("canceled"),
    kinds.ORDER_EXPIRED: event("expired"),
    kinds.ORDER_UNKNOWN: event("unknown"),
    kinds.POSITION_CORRECTED: Sayer.corrected,
    kinds.HELD_ASIDE: aside,
    kinds.ACCOUNT_NAMED: named,
    kinds.CANCEL_REJECTED: event("cancel rejected"),
    kinds.CANCEL_ORDER: event("cancel asked"),
    kinds.FLATTEN_ENDED: flat,
    kinds.BREAKER_CHANGED: level,
    kinds.SUBMIT_ORDER: Sayer.submitted,
    kinds.ORDER_DENIED: Sayer.denied,
    kinds.ORDER_FILLED: Sayer.filled,
}
# These need the state right after the event that caused them.
OF_A_STATE = frozenset(
    (kinds.SUBMIT_ORDER, kinds.ORDER_DENIED, kinds.ORDER_FILLED, kinds.POSITION_CORRECTED)
)
