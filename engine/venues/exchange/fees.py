"""What does a trade cost, and in which asset? Rounded half up to 1e-8 before a balance sees it.

From the asset received, or in BNB where the account wants that, has enough and BNB has a price
(faqs/commission_faq.md).
"""

from engine.instruments import E8
from engine.venues.exchange.accounts import BNB, Account, Commission
from engine.venues.exchange.orders import Order
from engine.venues.exchange.symbols import Market

Fee = tuple[int, str]


def share_e8(amount_e8: int, rate_e8: int) -> int:
    """A part of an amount, rounded half up."""
    return (amount_e8 * rate_e8 + E8 // 2) // E8


class Fees:
    """Takes fees from accounts and keeps them: `collected` is what the exchange earned."""

    def __init__(self, markets: dict[str, Market]) -> None:
        self.markets = markets
        self.collected: dict[str, int] = {}

    def charge(self, order: Order, received_e8: int, *, is_maker: bool) -> Fee:
        """Take the fee of one side of a trade, whose received amount is already in its balance."""
        dealings = order.dealings
        account, rules = dealings.account, dealings.market.rules
        asset = rules.base if order.is_buy else rules.quote
        told = account.commission
        standard, extra = parts_of(told, received_e8, is_buyer=order.is_buy, is_maker=is_maker)
        if told.in_bnb and standard + extra:
            price = self._in_bnb(asset, dealings.market)
            fee = share_e8(standard, told.bnb_e8) + extra
            in_bnb = 0 if price == (0, 1) else (2 * fee * price[0] + price[1]) // (2 * price[1])
            if in_bnb and account.balance(BNB).free >= in_bnb:
                return self._take(account, in_bnb, BNB)
        return self._take(account, standard + extra, asset)

    def _take(self, account: Account, fee_e8: int, asset: str) -> Fee:
        account.balance(asset).free -= fee_e8
        self.collected[asset] = self.collected.get(asset, 0) + fee_e8
        return fee_e8, asset

    def _in_bnb(self, asset: str, market: Market) -> tuple[int, int]:
        """What one of an asset is in BNB, as a fraction; (0, 1) where nobody knows."""
        if asset == BNB:
            return 1, 1
        if price := self._last(BNB + asset):
            return E8, price
        if price := self._last(asset + BNB):
            return price, E8
        over = self._last(BNB + market.rules.quote) if asset == market.rules.base else 0
        return (market.last_price_e8, over) if over else (0, 1)

    def _last(self, symbol: str) -> int:
        market = self.markets.get(symbol)
        return market.last_price_e8 if market else 0


def parts_of(
    commission: Commission, received_e8: int, *, is_buyer: bool, is_maker: bool
) -> tuple[int, int]:
    """The standard commission, and tax and special together: no discount touches these."""
    standard, tax, special = (
        share_e8(received_e8, rates.of(is_buyer=is_buyer, is_maker=is_maker))
        for rates in (commission.standard, commission.tax, commission.special)
    )
    return standard, tax + special
