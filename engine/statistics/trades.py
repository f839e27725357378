"""Which round trips do fills make, and what did each earn? Exact, as the account counts."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from engine.instruments import Instrument, notional_of, share_of
from engine.messages import BUY, OrderFilled

BASIS_POINTS = 10_000


class Trade(NamedTuple):
    """A symbol's way from flat to flat; money in 1e-8 quote, `closed_ns` 0 while lots are held."""

    symbol: int
    opened_ns: int
    closed_ns: int
    bought_e8: int  # paid for all lots bought, without fees
    held_e8: int  # of it, for lots still held
    gross_e8: int  # realised, without fees
    fees_e8: int
    lots: int  # still held

    @property
    def net_e8(self) -> int:
        """Realised less fees."""
        return self.gross_e8 - self.fees_e8

    @property
    def net_bp(self) -> float:
        """Realised less fees, in basis points of what was bought."""
        return self.net_e8 / self.bought_e8 * BASIS_POINTS


def round_trips(fills: Iterable[OrderFilled], instruments: Sequence[Instrument]) -> list[Trade]:
    """The trades that fills in their order make: closed ones as they closed, then the open ones."""
    closed: list[Trade] = []
    unfinished: dict[int, Trade] = {}
    for fill in fills:
        notional = notional_of(instruments[fill.symbol], fill.price, fill.lots)
        if fill.flags % 2 == BUY:
            trade = bought(unfinished.get(fill.symbol), fill, notional)
        else:
            trade = sold(unfinished[fill.symbol], fill, notional)
        if trade.lots:
            unfinished[fill.symbol] = trade
        else:
            del unfinished[fill.symbol]
            closed.append(trade._replace(closed_ns=fill.received_ns))
    return closed + [unfinished[symbol] for symbol in sorted(unfinished)]


def bought(trade: Trade | None, fill: OrderFilled, notional_e8: int) -> Trade:
    """The trade after a buy, or the new one that it begins."""
    trade = trade or Trade(fill.symbol, fill.received_ns, 0, 0, 0, 0, 0, 0)
    return trade._replace(
        bought_e8=trade.bought_e8 + notional_e8,
        held_e8=trade.held_e8 + notional_e8,
        fees_e8=trade.fees_e8 + fill.fee_e8,
        lots=trade.lots + fill.lots,
    )


def sold(trade: Trade, fill: OrderFilled, notional_e8: int) -> Trade:
    """The trade after a sale: the sold lots' share of the cost becomes profit or loss."""
    cost = share_of(trade.held_e8, fill.lots, trade.lots)
    return trade._replace(
        held_e8=trade.held_e8 - cost,
        gross_e8=trade.gross_e8 + notional_e8 - cost,
        fees_e8=trade.fees_e8 + fill.fee_e8,
        lots=trade.lots - fill.lots,
    )


def time_in_market_ns(trades: Iterable[Trade], end_ns: int) -> int:
    """How long at least one position was held, until `end_ns`."""
    total = reached = 0
    for trade in sorted(trades, key=lambda trade: trade.opened_ns):
        left_ns = trade.closed_ns or end_ns
        total += max(left_ns - max(trade.opened_ns, reached), 0)
        reached = max(reached, left_ns)
    return total
