"""What if the exchange trades a symbol in other steps than its journal counts in?

Both are counted in the largest steps that divide both: exactly, whatever is held and open. Orders
then stand on multiples of the exchange's own.
"""

from collections.abc import Callable
from math import gcd
from types import SimpleNamespace
from typing import Any

from engine.errors import Refused
from engine.instruments import (
    BOUND,
    STEP_MAX,
    Instrument,
    definition_records,
    refuse_beyond_bounds,
    text_of_e8,
)
from engine.messages import OUTSIDE, split
from engine.parts import Engine, Source
from engine.remeasuring import can_be_counted_in

COUNTED = (
    *("tick_e8", "lot_e8", "lots_min", "lots_max", "market_lots_max"),
    *("notional_min_e8", "price_min", "price_max"),
)


def counted_alike(source: Source, state: Any) -> Source:
    """An exchange's source in steps that the journal's state can be counted in.

    Refused (4) where amounts of both would be no numbers any more.
    """
    if source.exchange is None:
        return source
    defined = [state.symbols[number] for number in range(state.clock.symbols)]
    fresh = source.instruments[len(defined) :]
    carried = [
        merged(now, symbol) for now, symbol in zip(source.instruments, defined, strict=False)
    ]
    return source._replace(instruments=[*carried, *fresh])


def merged(now: Instrument, symbol: Any) -> Instrument:
    """The instrument as it is traded now, counted in what divides its steps and the journal's."""
    known = symbol.instrument
    one = now.counted_in(gcd(now.tick_e8, known.tick_e8), gcd(now.lot_e8, known.lot_e8))
    return within_bounds(one, symbol)


def within_bounds(one: Instrument, symbol: Any) -> Instrument:
    """The instrument with prices cut where a notional would pass 2^62; Refused (4) if some is."""
    lots_max = min(one.lots_max, BOUND // one.value_numerator)
    highest = BOUND // max(lots_max, one.value_denominator) // one.value_numerator
    one = one._replace(
        lots_max=lots_max,
        market_lots_max=min(one.market_lots_max, lots_max),
        price_max=min(one.price_max, highest),
    )
    definition = SimpleNamespace(a=one.tick_e8, b=one.lot_e8, d=one.lots_max)
    try:
        refuse_beyond_bounds(one)
        fits = max(one.price_step, one.lot_step) <= STEP_MAX
        fits = fits and can_be_counted_in(symbol.instrument, symbol.features.market, definition)
    except Refused:
        fits = False
    if not fits:
        raise Refused(
            f"{one.name} trades in steps of {steps_of(one)} now: what is held and priced in "
            f"{steps_of(symbol.instrument)} would pass 2^62 if both were counted in one",
            "close what is open at the exchange, and give another --data-dir",
            code=4,
        )
    return one


def tell_steps(engine: Engine, say: Callable[[str], None]) -> None:
    """Steps that the journal was not told of become events; the log and whoever started hear it."""
    state = engine.core.state
    if engine.source.exchange is None:
        return
    for number, traded in enumerate(engine.source.instruments):
        known = state.symbols[number].instrument
        if are_told(traded, known):
            continue
        now, before = steps_of(traded), steps_of(known)
        tell(engine, number, traded, state.clock.now_ns)
        if now == before:
            say(f"{traded.name} has other limits of orders now: taken over")
        else:
            say(f"{traded.name} trades in steps of {now} now, before {before}: carried over")


def tell(engine: Engine, number: int, traded: Instrument, now_ns: int) -> None:
    """How a symbol is traded now becomes events."""
    before = steps_of(engine.core.state.symbols[number].instrument)
    *name, defined, limited = split(definition_records(number, traded, now_ns, OUTSIDE))
    engine.loop.take(defined, b"".join(name))
    engine.loop.take(limited)
    changed = {"symbol": traded.name, "now": steps_of(traded), "before": before}
    engine.log.say("warning", "RulesChanged", **changed)


def taken_over(now: Instrument, symbol: Any) -> Instrument | None:
    """The instrument as it is traded now, in the units of a running core; None if it cannot be."""
    known = symbol.instrument
    if now.tick_e8 % known.tick_e8 or now.lot_e8 % known.lot_e8:
        return None  # nothing is multiplied under orders that are on their way
    try:
        return merged(now, symbol)
    except Refused:
        return None


def are_told(traded: Instrument, known: Any) -> bool:
    """Whether the core counts in these steps, and knows the exchange's own and its limits."""
    alike = [getattr(known, name) == getattr(traded, name) for name in COUNTED]
    return all(alike) and own_steps(known) == own_steps(traded)


def own_steps(one: Any) -> tuple[int, int]:
    """Tick and lot that orders stand on, in 1e-8."""
    return one.tick_e8 * max(one.price_step, 1), one.lot_e8 * max(one.lot_step, 1)


def steps_of(one: Any) -> str:
    """Tick and lot that orders stand on, in words."""
    tick_e8, lot_e8 = own_steps(one)
    return f"{text_of_e8(tick_e8, tick_e8)} and {text_of_e8(lot_e8, lot_e8)}"
