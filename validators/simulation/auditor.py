"""Is every coin where it should be? Recomputed from the journal and held against the exchange."""

from typing import Any, NamedTuple

from engine.core import digest_of
from engine.execution.orders import is_open
from engine.instruments import notional_of
from engine.messages import (
    BUY,
    CashDeposited,
    OrderFilled,
    OrderUnknown,
    PositionCorrected,
    SubmitOrder,
    decode,
)
from engine.venues.asking import OPEN
from validators.simulation.disk import SLOW_SYNC_NS
from validators.simulation.world import SECOND_NS, World, folded


class Audit(NamedTuple):
    """What was counted, and what was wrong with it: nothing, when `problems` is empty."""

    orders: int
    unknown: int
    fills: int
    told_twice: int
    corrections: int
    problems: tuple[str, ...]


def audit(world: World) -> Audit:
    """Money, orders and replay of a run that has come to rest."""
    said = [decode(record) for record in world.disk.records]
    fills = [one for one in said if isinstance(one, OrderFilled)]
    distinct = {one.fill_id: one for one in fills}
    corrections = [one for one in said if isinstance(one, PositionCorrected)]
    problems = [*money(world, said, distinct), *orders(world, said), *silences(world, said)]
    again, lost = folded(world.disk.records, world.native)
    if digest_of(again) != world.digest() or lost:
        problems.append("the journal does not replay to the state the engine is in")
    unknown = sum(isinstance(one, OrderUnknown) for one in said)
    return Audit(
        len(world.exchange.orders),
        unknown,
        len(distinct),
        len(fills) - len(distinct),
        len(corrections),
        tuple(problems),
    )


def money(world: World, said: list[Any], distinct: dict[int, OrderFilled]) -> list[str]:
    """Cash and lots from the journal's own records, from the engine, and from the exchange."""
    cash_e8 = sum(one.amount_e8 for one in said if isinstance(one, CashDeposited))
    lots = sum(one.lots for one in said if isinstance(one, PositionCorrected))
    for fill in distinct.values():
        notional = notional_of(world.exchange.instrument, fill.price, fill.lots)
        is_buy = fill.flags & 1 == BUY
        cash_e8 += (-notional if is_buy else notional) - fill.fee_e8
        lots += fill.lots if is_buy else -fill.lots
    state, exchange = world.core.state, world.exchange
    rows = (
        ("cash", cash_e8, state.account.cash_e8, exchange.cash_e8),
        ("lots", lots, state.symbols[0].position.lots, exchange.lots),
    )
    return [
        f"{what}: {journal} by the journal, {engine} in the engine, {there} at the exchange"
        for what, journal, engine, there in rows
        if not journal == engine == there
    ]


def silences(world: World, said: list[Any]) -> list[str]:
    """Of an order without an answer it is said in time that nobody knows."""
    longest_ns = world.plan.terms.answer_ns + 2 * SLOW_SYNC_NS + SECOND_NS
    sent: dict[int, int] = {}
    late = []
    for one in said:
        order_id = getattr(one, "order_id", 0)
        if isinstance(one, SubmitOrder):
            sent[order_id] = one.received_ns
        elif order_id in sent and one.received_ns - sent.pop(order_id) > longest_ns:
            late.append(order_id)
    return [f"nobody said in time that these were unknown: {late}"] if late else []


def orders(world: World, said: list[Any]) -> list[str]:
    """No order twice, none that was not journaled first, none whose fate is not known."""
    problems = []
    exchange, table = world.exchange, world.core.state.orders
    journaled = {one.order_id for one in said if isinstance(one, SubmitOrder)}
    if exchange.repeated:
        problems.append(f"{exchange.repeated} orders were submitted again")
    if exchange.orders.keys() - journaled:
        problems.append(f"orders left that no journal holds: {exchange.orders.keys() - journaled}")
    here = {one.id for one in table.table if one.id and is_open(one.status)}
    there = {one.id for one in exchange.orders.values() if one.status == OPEN}
    if here != there:
        problems.append(
            f"open here and not there: {here - there}, there and not here: {there - here}"
        )
    if table.unknown:
        problems.append(f"{table.unknown} orders are still unknown")
    if table.open != len(here):
        problems.append(f"{table.open} orders count as open, {len(here)} are")
    return problems
