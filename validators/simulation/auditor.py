"""Is every coin where it should be? Recomputed from the journal and held against the exchange."""

from typing import Any, NamedTuple

from engine.core import digest_of
from engine.execution.orders import is_open
from engine.instruments import Instrument, notional_of
from engine.messages import (
    BUY,
    FEE_STEP,
    IN_BASE,
    IN_OTHER,
    IN_QUOTE,
    CashDeposited,
    FeeBalanceChanged,
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
    distinct = {(one.order_id, one.fill_id): one for one in fills}
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


class Books(NamedTuple):
    """What is held by somebody's count, and what was paid in fees, in quote at each fill's price.

    The venue's own books do not say the worth of fees: there it is None.
    """

    cash_e8: int
    base_e8: int
    other_e8: int
    fees_e8: int | None = None


def money(world: World, said: list[Any], distinct: dict[tuple[int, int], OrderFilled]) -> list[str]:
    """Every asset from the journal's own records, from the engine, and from the exchange."""
    state, exchange = world.core.state, world.exchange
    account, position, lot_e8 = state.account, state.symbols[0].position, exchange.instrument.lot_e8
    base_e8 = position.lots * lot_e8 + position.dust_e8
    here = Books(account.cash_e8, base_e8, account.fee_asset_e8, account.fees_e8)
    there = Books(exchange.cash_e8, exchange.base_e8, exchange.other_e8)
    told = counted(said, distinct, exchange.instrument)
    found = [
        f"{what}: {told_e8} by the journal, {here_e8} in the engine, {there_e8} at the exchange"
        for what, told_e8, here_e8, there_e8 in zip(Books._fields, told, here, there, strict=True)
        if told_e8 != here_e8 or there_e8 not in (here_e8, None)
    ]
    earned = account.realized_e8 + position.value_e8 - position.cost_e8 - account.fees_e8
    is_corrected = any(isinstance(one, PositionCorrected) for one in said)  # neither gain nor loss
    if account.equity_e8 != account.deposits_e8 + earned and not is_corrected:
        found.append(f"equity is {account.equity_e8}, explained {account.deposits_e8 + earned}")
    if not 0 <= position.dust_e8 < lot_e8:
        found.append(f"{position.dust_e8} beside lots of {lot_e8}")
    return found


def counted(
    said: list[Any], distinct: dict[tuple[int, int], OrderFilled], traded: Instrument
) -> Books:
    """The books as the journal's facts alone make them."""
    cash_e8 = sum(one.amount_e8 for one in said if isinstance(one, CashDeposited))
    other_e8 = sum(one.amount_e8 for one in said if isinstance(one, FeeBalanceChanged))
    moved = [one for one in said if isinstance(one, PositionCorrected)]
    base_e8 = sum(one.lots * traded.lot_e8 + one.dust_e8 for one in moved)
    fees_e8 = 0
    for fill in distinct.values():
        sign, fee_in = 1 if fill.flags & 1 == BUY else -1, fill.flags // FEE_STEP
        notional, bought_e8 = notional_of(traded, fill.price, fill.lots), fill.lots * traded.lot_e8
        paid = {fee_in: fill.fee_e8}
        cash_e8 -= sign * notional + paid.get(IN_QUOTE, 0)
        base_e8 += sign * bought_e8 - paid.get(IN_BASE, 0)
        other_e8 -= paid.get(IN_OTHER, 0)
        fees_e8 += paid.get(IN_QUOTE, 0) + notional * paid.get(IN_BASE, 0) // bought_e8
    return Books(cash_e8, base_e8, other_e8, fees_e8)


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
