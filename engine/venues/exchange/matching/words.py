"""What can be asked of the exchange, and what does it say? In Binance's own words.

Prices, quantities and money are whole numbers of 1e-8, times microseconds of the exchange's clock.
Names, codes and texts are those of Binance's Spot documentation (enums.md, errors.md).
"""

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from engine.venues.exchange.matching.accounts import Account
    from engine.venues.exchange.matching.orders import Order

BUY, SELL = "BUY", "SELL"
LIMIT, MARKET, LIMIT_MAKER = "LIMIT", "MARKET", "LIMIT_MAKER"
STOP_LOSS, STOP_LOSS_LIMIT = "STOP_LOSS", "STOP_LOSS_LIMIT"
TAKE_PROFIT, TAKE_PROFIT_LIMIT = "TAKE_PROFIT", "TAKE_PROFIT_LIMIT"
ALGO_TYPES = frozenset({STOP_LOSS, STOP_LOSS_LIMIT, TAKE_PROFIT, TAKE_PROFIT_LIMIT})
UNPRICED_TYPES = frozenset({MARKET, STOP_LOSS, TAKE_PROFIT})  # they take what the book has
ORDER_TYPES = (LIMIT, LIMIT_MAKER, MARKET, *sorted(ALGO_TYPES))

GTC, IOC, FOK = "GTC", "IOC", "FOK"

# A symbol's status: TRADING takes orders, CANCEL_ONLY amendments, and every one of them cancels.
TRADING, HALT, BREAK, CANCEL_ONLY = "TRADING", "HALT", "BREAK", "CANCEL_ONLY"

# An order's status, the first two of an open one; several are also the kind of a report.
NEW, PARTIALLY_FILLED, FILLED = "NEW", "PARTIALLY_FILLED", "FILLED"
CANCELED, REJECTED, EXPIRED = "CANCELED", "REJECTED", "EXPIRED"
EXPIRED_IN_MATCH = "EXPIRED_IN_MATCH"
REPLACED, TRADE, TRADE_PREVENTION = "REPLACED", "TRADE", "TRADE_PREVENTION"

# Self-trade prevention.
NONE, EXPIRE_TAKER, EXPIRE_MAKER = "NONE", "EXPIRE_TAKER", "EXPIRE_MAKER"
EXPIRE_BOTH, DECREMENT, TRANSFER = "EXPIRE_BOTH", "DECREMENT", "TRANSFER"
STP_MODES = (NONE, EXPIRE_TAKER, EXPIRE_MAKER, EXPIRE_BOTH, DECREMENT, TRANSFER)

STOP_ON_FAILURE, ALLOW_FAILURE = "STOP_ON_FAILURE", "ALLOW_FAILURE"
ONLY_NEW, ONLY_PARTIALLY_FILLED = "ONLY_NEW", "ONLY_PARTIALLY_FILLED"

# Why an order expired (`expiryReason`, `eR`).
UNFILLED_IOC, UNFILLED_FOK = "UNFILLED_IOC_QUANTITY_EXPIRED", "UNFILLED_FOK_ORDER_EXPIRED"
NO_LIQUIDITY, EXCHANGE_CANCELED = "INSUFFICIENT_LIQUIDITY", "EXCHANGE_CANCELED"


class VenueRefusal(Exception):
    """The exchange says no: the request had no effect. Code and text are Binance's."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(code, text)
        self.code, self.text = code, text


class Rules(NamedTuple):
    """One symbol and its filters, all in 1e-8; a bound of 0 is not checked (filters.md).

    Multipliers are in 1e-8 too: 500_000_000 allows five times the average price.
    """

    name: str
    base: str
    quote: str
    tick_e8: int
    step_e8: int
    price_min_e8: int = 0
    price_max_e8: int = 0
    quantity_min_e8: int = 0
    quantity_max_e8: int = 0
    market_step_e8: int = 0
    market_quantity_min_e8: int = 0
    market_quantity_max_e8: int = 0
    notional_min_e8: int = 0
    notional_max_e8: int = 0
    notional_min_to_market: bool = True
    notional_max_to_market: bool = False
    average_minutes: int = 5
    bid_up_e8: int = 0
    bid_down_e8: int = 0
    ask_up_e8: int = 0
    ask_down_e8: int = 0
    position_max_e8: int = 0
    orders_max: int = 200
    algo_orders_max: int = 5
    amends_max: int = 10
    order_types: tuple[str, ...] = ORDER_TYPES
    has_quote_market: bool = True
    stp_default: str = EXPIRE_MAKER
    stp_allowed: tuple[str, ...] = STP_MODES
    status: str = TRADING  # at the start; `Exchange.status` has the present one


class NewOrder(NamedTuple):
    """An order as it is asked for; what does not belong to its type is 0 or empty."""

    symbol: str
    side: str
    type: str
    quantity_e8: int = 0
    price_e8: int = 0
    time_in_force: str = GTC
    client_id: str = ""  # empty: the exchange gives one
    quote_quantity_e8: int = 0  # MARKET: what to spend or receive, instead of a quantity
    stop_price_e8: int = 0
    stp_mode: str = ""  # empty: the symbol's default
    iceberg_e8: int = 0  # refused: not supported
    trailing_delta: int = 0  # refused: not supported


class Which(NamedTuple):
    """One of an account's orders, by id, by its client's id, or by both, which must agree."""

    symbol: str
    order_id: int | None = None
    client_id: str | None = None
    cancel_id: str = ""  # a cancel's own client id; empty: the exchange gives one
    only: str = ""  # cancelRestrictions: ONLY_NEW or ONLY_PARTIALLY_FILLED


class Fill(NamedTuple):
    """A part of one order that traded, as its account sees it."""

    trade_id: int
    order_id: int
    is_buyer: bool
    is_maker: bool
    price_e8: int
    quantity_e8: int
    quote_e8: int  # price * quantity, rounded down
    fee_e8: int
    fee_asset: str
    at_us: int


class Prevented(NamedTuple):
    """A match of an account with itself that did not happen; quantities that expired by it."""

    id: int
    taker_order_id: int
    maker_order_id: int
    mode: str
    price_e8: int
    quantity_e8: int  # what would have traded
    taker_e8: int  # 0: the taker lost nothing
    maker_e8: int
    at_us: int


class Traded(NamedTuple):
    """Two orders traded: what the public sees."""

    symbol: str
    trade_id: int
    price_e8: int
    quantity_e8: int
    buyer_order_id: int
    seller_order_id: int
    is_buyer_maker: bool
    at_us: int


class Changed(NamedTuple):
    """A price of the book has another quantity, 0 if nothing is left there."""

    symbol: str
    update_id: int  # one more than the book's last
    side: str
    price_e8: int
    quantity_e8: int
    at_us: int


class Reported(NamedTuple):
    """What one account learns of one of its orders: an executionReport.

    `order` is the live order: what a later event may change is given beside it as it was.
    """

    account: "Account"
    order: "Order"
    kind: str  # NEW, CANCELED, REPLACED, REJECTED, TRADE, EXPIRED or TRADE_PREVENTION
    status: str
    client_id: str  # of the cancel, where it was canceled
    original_client_id: str  # of the order, where `client_id` is not its
    quantity_e8: int
    executed_e8: int
    quote_executed_e8: int
    prevented_e8: int
    is_working: bool
    execution_id: int
    at_us: int
    fill: Fill | None = None
    prevented: Prevented | None = None
    reject_reason: str = NONE


class Balances(NamedTuple):
    """What an account has of the assets that a call may have changed: free and locked."""

    account: "Account"
    assets: dict[str, tuple[int, int]]
    at_us: int


class Replaced(NamedTuple):
    """The two halves of a cancelReplace: an order, a refusal, or None where not attempted."""

    canceled: "Order | VenueRefusal"
    placed: "Order | VenueRefusal | None"


Event = Traded | Changed | Reported | Balances
