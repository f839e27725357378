"""What would be decided about a symbol right now? The decision itself, on a copy of the state."""

from typing import Any, NamedTuple

from engine.core import PlainCore
from engine.dealing import OUTCOMES, pursue
from engine.messages import SUBMIT_ORDER
from engine.picture import SIDES, TYPES, trimmed
from engine.risk.gate import REASONS, clear
from engine.strategy.agents.registry import CAUSES, NAMES, propose
from engine.strategy.context import NAMES as CONTEXTS
from engine.strategy.context import see_context


class Preview(NamedTuple):
    """What an agent wants, how sure it is and why; what risk says; what would be asked for."""

    symbol: str
    wanted: str
    confidence: float
    agent: str
    cause: str
    outcome: str
    denied: str  # the reason, empty when risk allows it
    order: str  # side, type and quantity, empty when none would be sent
    bars: int
    bar_time_ns: int  # when the newest closed bar began
    price_time_ns: int  # when the market last spoke
    due_ns: int  # when the next real decision is due
    indicators: dict[str, float]
    context: dict[str, float]


def preview(image: bytes, number: int, name: str) -> Preview:
    """The decision on symbol `number` from a state's bytes, whether due or not; moves nothing."""
    core = PlainCore()
    core.restore(image)
    state, symbol = core.state, core.state.symbols[number]
    clear(state.commands)
    see_context(state.context, state.parameters.context, state.clock.now_ns)
    propose(symbol.agents, state.parameters.strategy, symbol.features.indicators, state.intent)
    intent = state.intent
    state.gate.last_reason = 0
    wanted = {1.0: "long", 0.0: "flat"}.get(intent.target, "hold")
    agent, cause, confidence = NAMES[intent.agent], CAUSES[intent.cause], intent.confidence
    outcome = OUTCOMES[pursue(state, number)]
    return Preview(
        name, wanted, confidence, agent, cause, outcome,
        REASONS.get(state.gate.last_reason, ""), order_text(state, symbol.instrument),
        symbol.features.indicators.bars, symbol.features.bar.open_time_ns,
        symbol.features.market.received_ns, symbol.schedule.due_ns,
        values_of(symbol.features.indicators), context_of(state),
    )  # fmt: skip


def order_text(state: Any, instrument: Any) -> str:
    """The first order that would be submitted, in words."""
    for place in range(state.commands.count):
        record = state.commands.table[place]
        if record.kind == SUBMIT_ORDER:
            side, kind = SIDES[record.flags & 1], TYPES[record.flags >> 1 & 3]
            price = f" at {trimmed(record.c * instrument.tick_e8)}" if record.c else ""
            return f"{side} {trimmed(record.b * instrument.lot_e8)} {kind}{price}"
    return ""


def values_of(indicators: Any) -> dict[str, float]:
    """The indicators that the agents look at; those without a value yet are left out."""
    rows = {
        "ema_fast": (indicators.ema_fast.ready, indicators.ema_fast.value),
        "ema_slow": (indicators.ema_slow.ready, indicators.ema_slow.value),
        "rsi": (indicators.rsi.ready, indicators.rsi.value),
        "macd": (indicators.macd.ready, indicators.macd.value),
        "macd_histogram": (indicators.macd.ready, indicators.macd.histogram),
    }
    return {name: value for name, (ready, value) in rows.items() if ready}


def context_of(state: Any) -> dict[str, float]:
    """What slow sources said at the newest decision: value, age in seconds, and whether it counts.

    Of one that is too old the value is what says nothing; those that never spoke are left out.
    """
    found: dict[str, float] = {}
    for name in CONTEXTS:
        row = getattr(state.context, name)
        if row.updates:
            told = {"": row.value, "_age_s": row.age_ns / 1e9, "_fresh": float(row.fresh)}
            found |= {f"{name}{what}": value for what, value in told.items()}
    return found
