"""Is everything what it was when a symbol comes in other steps, and do orders stand on them?"""

import random
from typing import Any

import pytest

from engine.core import PlainCore
from engine.execution.orders import is_open
from engine.execution.portfolio import is_flat
from engine.instruments import BOUND, Instrument, definition_records
from engine.messages import (
    BUY,
    LIMIT,
    SELL,
    STOP,
    SUBMIT_ORDER,
    InstrumentDefined,
    ParameterChanged,
    decode,
    encode,
    split,
)
from engine.other_steps import merged
from engine.profile import parts_of
from engine.remeasuring import finer
from engine.state import KEYS
from tests.builders import ETHER, PRICE, QUICK, START, Run, with_facts
from tests.finer_steps import finer_one
from tests.random_records import Maker

RECORDS, CHANGES = 60, 4


def amounts(state: Any, number: int) -> dict[str, Any]:
    """All that is counted in a symbol's steps, in 1e-8, and the money."""
    symbol, account = state.symbols[number], state.account
    tick_e8, lot_e8, held = symbol.instrument.tick_e8, symbol.instrument.lot_e8, symbol.position
    market, builder = symbol.features.market, symbol.features.builder
    orders = [one for one in state.orders.table if one.id and one.symbol == number]
    resting = [one for one in state.venue.orders[: state.venue.count] if one.symbol == number]
    prices = [market.last, market.bid, market.ask, market.open, market.high, market.low]
    prices += [builder.open, builder.high, builder.low, builder.close]
    kept = [one for one in state.fills.table if one.order_id and one.symbol == number]
    return {
        "prices": [price * tick_e8 for price in prices],
        "base": held.lots * lot_e8 + held.dust_e8,
        "claimed": held.claimed_lots * lot_e8,
        "orders": [(one.id, one.lots * lot_e8, one.filled * lot_e8, one.price * tick_e8,
                    one.claim * (lot_e8 if one.side == SELL else 1)) for one in orders],
        "fills": [(one.lots * lot_e8, one.price * tick_e8, one.net_e8) for one in kept],
        "venue": [(one.lots * lot_e8, one.price * tick_e8) for one in resting],
        "at the venue": state.venue.held[number] * lot_e8,
        "trade": (held.entry_price * tick_e8, held.trade_e8),
        "money": (account.cash_e8, account.reserved_e8, account.value_e8, account.equity_e8,
                  account.realized_e8, held.cost_e8),
    }  # fmt: skip


def told(number: int, one: Instrument, at_ns: int, outside: int) -> list[bytes]:
    """The records that define it, without its name."""
    return split(definition_records(number, one, at_ns, outside))[-2:]


def other_steps(draw: random.Random, one: Instrument, known: Any) -> Instrument:
    """Finer, coarser or incomparable steps, as an exchange may have them now."""
    if draw.random() < 0.3:
        return finer_one(draw, one, known)
    tick_e8 = max(one.tick_e8 * draw.choice((1, 3, 10)) // draw.choice((1, 2, 5)), 1)
    lot_e8 = max(one.lot_e8 * draw.choice((1, 3, 10)) // draw.choice((1, 2, 5)), 1)
    now = one._replace(
        tick_e8=tick_e8, lot_e8=lot_e8, lots_max=max(one.lots_max // 100, 1),
        market_lots_max=max(one.market_lots_max // 100, 1), price_max=one.price_max,
    )  # fmt: skip
    return merged(now, known)


def kinds_of(state: Any, number: int) -> set[str]:
    """What there is to be counted anew."""
    mine = [one for one in state.orders.table if one.symbol == number and is_open(one.status)]
    held = state.symbols[number].position
    found = {"position"} if held.lots > 0 else set()
    found |= {"stop"} if any(one.type == STOP for one in mine) else set()
    found |= {"resting entry"} if any(one.type == LIMIT for one in mine) else set()
    return found | ({"part filled"} if any(0 < one.filled < one.lots for one in mine) else set())


def changed(key: str, value: int) -> bytes:
    """A profile key of another value."""
    number, parts = list(KEYS).index(key), parts_of(value)
    return encode(ParameterChanged(0, START, START, number, *parts))


def world_in_other_steps(seed: int) -> set[str]:
    """A random world whose symbols come in other steps now and then; what there was to count."""
    draw, maker, core = random.Random(seed), Maker(seed, 2, honest=seed % 3 > 0), PlainCore()
    found: set[str] = set()
    patient = [changed("orders.entry", seed % 2), changed("orders.limit_seconds", 86_400)]
    for record in (*maker.opening(), *patient):
        with_facts(core, record)
    for number in [0, 1] * CHANGES:
        for _ in range(RECORDS):
            with_facts(core, maker.record(core))
        found |= kinds_of(core.state, number)
        come_in_other_steps(draw, maker, core, number)
    return found


def come_in_other_steps(draw: random.Random, maker: Maker, core: Any, number: int) -> None:
    """One symbol is told anew, and nothing of it or the other moves."""
    before, one = maker.instruments[number], core.state.symbols[number]
    now = other_steps(draw, before, one)
    maker.instruments[number] = now
    maker.prices[number] *= before.tick_e8 // now.tick_e8
    counted = [amounts(core.state, each) for each in (0, 1)]
    was_flat = is_flat(one.position, one.instrument)
    for record in told(number, now, maker.now_ns, core.state.venue.outside):
        assert not with_facts(core, record)  # what an instrument is asks for nothing

    after = [amounts(core.state, each) for each in (0, 1)]
    if was_flat and not is_flat(one.position, one.instrument):  # a remainder that can be sold
        counted[number]["trade"] = one.features.market.bid * now.tick_e8, 0
    assert after == counted
    assert (one.instrument.tick_e8, one.instrument.lot_step) == (now.tick_e8, now.lot_step)


def test_in_any_random_world_nothing_moves_when_steps_do():
    """Base, prices, claims and equity are to 1e-8 what they were, of the other symbol too."""
    found: set[str] = set()

    for seed in range(30):
        found |= world_in_other_steps(seed)

    assert found == {"position", "stop", "resting entry", "part filled"}


def test_every_order_of_a_random_world_stands_on_the_steps():
    """Whatever the steps are by then."""
    coarse: dict[int, int] = dict.fromkeys((BUY, SELL), 0)
    for seed in range(12):
        maker, core = Maker(seed, 1, honest=True), PlainCore()
        for record in maker.opening():
            with_facts(core, record)
        maker.core = core
        for definition in (maker.finer(0), *maker.follows):
            with_facts(core, encode(definition))
        maker.follows.clear()
        for _ in range(8 * RECORDS):
            for record in with_facts(core, maker.record(core)):
                if record[4] == SUBMIT_ORDER:
                    order, one = decode(record), core.state.symbols[0].instrument
                    assert order.lots % max(one.lot_step, 1) == 0
                    assert order.price % max(one.price_step, 1) == 0
                    coarse[order.flags & 1] += max(one.lot_step, one.price_step) > 1

    assert min(coarse.values()) > 10


@pytest.mark.parametrize(
    "change",
    [
        {"tick_e8": 2 * ETHER.tick_e8},
        {"lot_e8": ETHER.lot_e8 * 3 // 2},
        {"tick_e8": 0},
        {"lot_e8": -5},
        {"lots_max": -1},
        {"lots_max": BOUND},
    ],
)
def test_steps_in_which_not_all_could_be_counted_are_not_taken(change):
    """Coarser ones, none, or such that today's price of the largest order is no number."""
    run = Run(*QUICK)
    run.bar(PRICE)
    before = amounts(run.state, 0)
    steps = {"tick_e8": ETHER.tick_e8, "lot_e8": ETHER.lot_e8, "lots_min": 1, "lots_max": 1_000}

    run.alone(InstrumentDefined(0, run.now_ns, run.now_ns, **(steps | change), notional_min_e8=0))

    one = run.state.symbols[0].instrument
    assert (one.tick_e8, one.lot_e8, one.lots_max) == (ETHER.tick_e8, ETHER.lot_e8, ETHER.lots_max)
    assert (amounts(run.state, 0), run.state.clock.malformed) == (before, 1)


def test_an_amount_in_finer_steps_ends_at_the_bound():
    """No instrument at the door lets one come so far; what came otherwise does not wrap."""
    assert [finer(one, 10) for one in (7, -7, BOUND)] == [70, -70, BOUND // 10 * 10]
    assert finer(7, 1) == 7
