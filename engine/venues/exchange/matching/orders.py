"""What does the exchange know of one order?"""

from typing import TYPE_CHECKING

from engine.instruments import E8
from engine.venues.exchange.matching.words import (
    ALGO_TYPES,
    BUY,
    GTC,
    NEW,
    PARTIALLY_FILLED,
    Fill,
    NewOrder,
    Prevented,
)

if TYPE_CHECKING:
    from engine.venues.exchange.matching.accounts import Dealings


class Order:
    """One order of one account, open or closed; amounts in 1e-8, times in microseconds.

    Until a stop order's price is reached `is_waiting` holds, and it is on no book.
    """

    __slots__ = (
        *("id", "dealings", "symbol", "client_id", "cancel_id", "side", "is_buy", "type"),
        *("time_in_force", "quantity_e8", "quote_quantity_e8", "price_e8", "stop_price_e8"),
        *("stp_mode", "status", "left_e8", "executed_e8", "quote_executed_e8", "locked_e8"),
        *("created_us", "updated_us", "working_us", "order_list_id", "fills", "prevented"),
        *("prevented_e8", "prevented_id", "expiry_reason", "is_waiting", "amends"),
    )

    def __init__(self, order_id: int, dealings: "Dealings", asked: NewOrder, now_us: int) -> None:
        self.id = order_id
        self.dealings = dealings
        self.symbol = asked.symbol
        self.client_id = asked.client_id or f"venue_{order_id}"
        self.cancel_id = ""
        self.side = asked.side
        self.is_buy = asked.side == BUY
        self.type = asked.type
        self.time_in_force = asked.time_in_force or GTC
        self.quantity_e8 = self.left_e8 = asked.quantity_e8
        self.quote_quantity_e8 = asked.quote_quantity_e8
        self.price_e8 = asked.price_e8  # 0: any
        self.stop_price_e8 = asked.stop_price_e8
        self.stp_mode = asked.stp_mode
        self.status = NEW
        self.executed_e8 = self.quote_executed_e8 = self.prevented_e8 = self.locked_e8 = 0
        self.created_us = self.updated_us = now_us
        self.is_waiting = asked.type in ALGO_TYPES
        self.working_us = -1 if self.is_waiting else now_us
        self.order_list_id = self.prevented_id = -1
        self.fills: list[Fill] = []  # as taker: what the answer to a placement shows
        self.prevented: list[Prevented] = []  # as taker
        self.expiry_reason = ""
        self.amends = 0

    @property
    def is_open(self) -> bool:
        """Whether it can still trade or be canceled."""
        return self.status == NEW or self.status == PARTIALLY_FILLED

    def needs_e8(self) -> int:
        """What it must have locked to be filled at its price: quote to buy, base to sell.

        A waiting market order counts with the price it waits for.
        """
        if not self.is_buy:
            return self.left_e8
        return (self.price_e8 or self.stop_price_e8) * self.left_e8 // E8
