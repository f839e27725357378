"""What does the exchange do with a request? One call each; the time is the caller's.

A call has its effect and says so, or raises VenueRefusal and had none. `said` grows with every
call: whoever serves the exchange takes the events out after each.
"""

from collections.abc import Iterable

from engine.venues.exchange.matching import errors
from engine.venues.exchange.matching.accounts import Account, Commission, Dealings, Rates
from engine.venues.exchange.matching.canceling import Canceling, found
from engine.venues.exchange.matching.fees import Fees
from engine.venues.exchange.matching.filters import refuse_unfit
from engine.venues.exchange.matching.orders import Order
from engine.venues.exchange.matching.placing import Placing
from engine.venues.exchange.matching.symbols import Market
from engine.venues.exchange.matching.telling import Telling
from engine.venues.exchange.matching.trading import Trading
from engine.venues.exchange.matching.words import (
    ALLOW_FAILURE,
    CANCEL_ONLY,
    TRADING,
    Fill,
    NewOrder,
    Replaced,
    Rules,
    VenueRefusal,
    Which,
)

PPM_E8 = 100  # a millionth in 1e-8


class Exchange:
    """Symbols, their books, and the accounts that trade on them."""

    def __init__(self, rules: Iterable[Rules]) -> None:
        self.markets = {row.name: Market(row) for row in rules}
        self.books = {name: market.book for name, market in self.markets.items()}
        self.accounts: list[Account] = []
        self.fees = Fees(self.markets)
        self.telling = Telling()
        self.said = self.telling.said  # what happened and nobody took yet, oldest first
        self.canceling = Canceling(self.telling)
        self.placing = Placing(Trading(self.fees, self.telling), self.telling)

    def open_account(
        self,
        balances: dict[str, int],
        *,
        maker_ppm: int = 1000,
        taker_ppm: int = 1000,
        fees_in_bnb: bool = False,
    ) -> Account:
        """A customer with so much of each asset, in 1e-8; `pay_by` can say more."""
        rates = Rates(maker_ppm * PPM_E8, taker_ppm * PPM_E8)
        account = Account(len(self.accounts) + 1, balances, Commission(rates, in_bnb=fees_in_bnb))
        self.accounts.append(account)
        return account

    def place(self, account: Account, asked: NewOrder, now_us: int) -> Order:
        """An order and all that it sets off; VenueRefusal."""
        dealings = self._trading_in(account, asked.symbol)
        refuse_unfit(asked, dealings, now_us)
        try:
            return self.placing.place(dealings, asked, now_us)
        finally:
            self.telling.settle(now_us)

    def test(self, account: Account, asked: NewOrder, now_us: int) -> None:
        """VenueRefusal where `place` would not even ask the matching engine."""
        refuse_unfit(asked, self._trading_in(account, asked.symbol), now_us)

    def cancel(self, account: Account, which: Which, now_us: int) -> Order:
        """End one open order; VenueRefusal."""
        order = self.canceling.open_one(self.dealings(account, which.symbol), which)
        self.canceling.cancel(order, which.cancel_id, now_us)
        self.telling.settle(now_us)
        return order

    def cancel_all(self, account: Account, symbol: str, now_us: int) -> list[Order]:
        """End all open orders on a symbol, oldest first; VenueRefusal if there is none."""
        dealings = self.dealings(account, symbol)
        orders = list(dealings.open.values())
        if not orders:
            raise errors.refusal(errors.UNKNOWN_ORDER)
        for order in orders:
            self.canceling.cancel(order, f"cancel_{orders[0].id}", now_us)
        self.telling.settle(now_us)
        return orders

    def cancel_replace(
        self, account: Account, which: Which, asked: NewOrder, mode: str, now_us: int
    ) -> Replaced:
        """Cancel one order and place another; each half may be refused by the matching engine.

        VenueRefusal, and nothing happened, if the order to place does not pass its filters.
        """
        refuse_unfit(asked, self._trading_in(account, asked.symbol), now_us)
        try:
            canceled: Order | VenueRefusal = self.cancel(account, which, now_us)
        except VenueRefusal as refused:
            if mode != ALLOW_FAILURE:
                return Replaced(refused, None)
            canceled = refused
        try:
            return Replaced(canceled, self.place(account, asked, now_us))
        except VenueRefusal as refused:
            return Replaced(canceled, refused)

    def amend(
        self, account: Account, which: Which, quantity_e8: int, client_id: str, now_us: int
    ) -> Order:
        """Shrink an order that keeps its place (amend keep priority); VenueRefusal."""
        dealings = self.dealings(account, which.symbol)
        order = found(dealings, which)
        if order is None or not order.is_open:
            raise errors.refusal(errors.AMEND_UNKNOWN)
        if dealings.market.status not in (TRADING, CANCEL_ONLY):
            raise errors.refusal(errors.AMEND_CLOSED)
        self.canceling.amend(order, quantity_e8, client_id, now_us)
        self.telling.settle(now_us)
        return order

    def halt(self, symbol: str, status: str) -> None:
        """Give a symbol another status: TRADING, HALT, BREAK or CANCEL_ONLY."""
        self.market(symbol).status = status

    def order(self, account: Account, which: Which) -> Order:
        """An order, open or among the closed ones that are kept; VenueRefusal."""
        order = found(self.dealings(account, which.symbol), which)
        if order is None:
            is_paired = which.order_id is not None and which.client_id is not None
            raise errors.refusal(errors.OTHER_ID if is_paired else errors.NOT_THERE)
        return order

    def open_orders(self, account: Account, symbol: str | None = None) -> list[Order]:
        """Open orders, oldest first, of one symbol or of all."""
        chosen = [self.dealings(account, symbol)] if symbol else account.dealings.values()
        return [order for dealings in chosen for order in dealings.open.values()]

    def all_orders(self, account: Account, symbol: str) -> list[Order]:
        """Open orders and the closed ones that are kept, oldest first."""
        return list(self.dealings(account, symbol).orders.values())

    def fills(self, account: Account, symbol: str) -> list[Fill]:
        """The account's trades on a symbol that are kept, oldest first."""
        return list(self.dealings(account, symbol).fills)

    def market(self, symbol: str) -> Market:
        """All that is kept of a symbol; VenueRefusal if there is none of that name."""
        market = self.markets.get(symbol)
        if market is None:
            raise errors.refusal(errors.BAD_SYMBOL)
        return market

    def dealings(self, account: Account, symbol: str) -> Dealings:
        """What an account does on a symbol; VenueRefusal if there is none of that name."""
        return account.dealings_in(self.market(symbol))

    def _trading_in(self, account: Account, symbol: str) -> Dealings:
        dealings = self.dealings(account, symbol)
        if dealings.market.status != TRADING:
            raise errors.refusal(errors.MARKET_CLOSED)
        return dealings
