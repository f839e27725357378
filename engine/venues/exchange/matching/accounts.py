"""What has an account, what of it is locked, and which of its orders are remembered?"""

from collections import deque
from typing import NamedTuple

from engine.venues.exchange.matching.orders import Order
from engine.venues.exchange.matching.symbols import Market
from engine.venues.exchange.matching.words import ALGO_TYPES, Fill, Prevented

KEPT = 10_000  # closed orders an account can ask for on a symbol, and trades; the oldest go
PREVENTED_KEPT = 1_000
BNB = "BNB"


class Rates(NamedTuple):
    """Parts of what is received, in 1e-8: one of the first two plus one of the last two."""

    maker_e8: int
    taker_e8: int
    buyer_e8: int = 0
    seller_e8: int = 0


class Commission(NamedTuple):
    """How an account pays (faqs/commission_faq.md); `bnb_e8` multiplies the standard in BNB."""

    standard: Rates
    tax: Rates = Rates(0, 0)
    special: Rates = Rates(0, 0)
    in_bnb: bool = False
    bnb_e8: int = 75_000_000


class Cost(NamedTuple):
    """The three rates of one side of a trade, in 1e-8."""

    standard_e8: int
    tax_e8: int
    special_e8: int


def cost_of(commission: Commission, *, is_buyer: bool, is_maker: bool) -> Cost:
    """What one side of a trade pays."""
    kinds = (commission.standard, commission.tax, commission.special)
    return Cost(
        *(
            (rates.maker_e8 if is_maker else rates.taker_e8)
            + (rates.buyer_e8 if is_buyer else rates.seller_e8)
            for rates in kinds
        )
    )


class Balance:
    """What an account has of one asset, in 1e-8."""

    __slots__ = ("free", "locked")

    def __init__(self, free: int = 0) -> None:
        self.free, self.locked = free, 0


class Account:
    """One customer: balances, and its dealings in each symbol.

    `is_followed` says whether anybody wants to hear of its orders and balances, `remembers` how
    many closed orders and how many trades are kept on each symbol: about 1 KB for one of both.
    """

    __slots__ = (
        *("id", "uid", "balances", "dealings", "trade_group", "is_followed"),
        *("commission", "costs", "remembers"),
    )

    def __init__(self, account_id: int, free: dict[str, int], commission: Commission) -> None:
        self.id = self.uid = account_id
        self.balances = {asset: Balance(amount) for asset, amount in free.items()}
        self.pay_by(commission)
        self.dealings: dict[str, Dealings] = {}
        self.trade_group = -1
        self.is_followed = True
        self.remembers = KEPT

    def pay_by(self, commission: Commission) -> None:
        """Pay fees so from now on."""
        self.commission = commission
        self.costs = {
            (is_buyer, is_maker): cost_of(commission, is_buyer=is_buyer, is_maker=is_maker)
            for is_buyer in (False, True)
            for is_maker in (False, True)
        }

    def balance(self, asset: str) -> Balance:
        """What it has of an asset; an empty row when it never had any."""
        found = self.balances.get(asset)
        if found is None:
            found = self.balances[asset] = Balance()
        return found

    def dealings_in(self, market: Market) -> "Dealings":
        """Its orders on one symbol."""
        found = self.dealings.get(market.rules.name)
        if found is None:
            found = self.dealings[market.rules.name] = Dealings(self, market)
        return found

    def is_same_trader(self, other: "Account") -> bool:
        """Whether a trade between the two would be a self-trade."""
        return self is other or (self.trade_group != -1 and self.trade_group == other.trade_group)


class Dealings:
    """What one account does on one symbol; everything here is bounded.

    Open orders are bounded by MAX_NUM_ORDERS, the rest by what the account remembers.
    """

    __slots__ = (
        *("account", "market", "base", "quote", "orders", "open", "named", "closed"),
        *("fills", "prevented", "buying_e8", "algos"),
    )

    def __init__(self, account: Account, market: Market) -> None:
        self.account, self.market = account, market
        self.base = account.balance(market.rules.base)
        self.quote = account.balance(market.rules.quote)
        self.orders: dict[int, Order] = {}
        self.open: dict[int, Order] = {}
        self.named: dict[str, Order] = {}  # the latest of each client id
        self.closed: deque[Order] = deque()
        self.fills: deque[Fill] = deque(maxlen=account.remembers)
        self.prevented: deque[Prevented] = deque(maxlen=PREVENTED_KEPT)
        self.buying_e8 = 0  # what open BUY orders have left
        self.algos = 0  # open orders of an algo type

    def take(self, order: Order) -> None:
        """An order is open from now on, with what it needs locked."""
        self.orders[order.id] = self.open[order.id] = self.named[order.client_id] = order
        if order.is_buy:
            self.buying_e8 += order.left_e8
        if order.type in ALGO_TYPES:
            self.algos += 1

    def close(self, order: Order, status: str) -> None:
        """An order is over: what it still locked is free again."""
        order.status = status
        self.lock(order, 0)
        del self.open[order.id]
        if order.is_buy:
            self.buying_e8 -= order.left_e8
        if order.type in ALGO_TYPES:
            self.algos -= 1
        self.closed.append(order)
        if len(self.closed) > self.account.remembers:
            self._forget(self.closed.popleft())

    def lock(self, order: Order, amount_e8: int) -> None:
        """An order locks so much from now on, of quote to buy or of base to sell."""
        more = amount_e8 - order.locked_e8
        if more:
            balance = self.quote if order.is_buy else self.base
            balance.free -= more
            balance.locked += more
            order.locked_e8 = amount_e8

    def _forget(self, order: Order) -> None:
        del self.orders[order.id]
        if self.named.get(order.client_id) is order:
            del self.named[order.client_id]
