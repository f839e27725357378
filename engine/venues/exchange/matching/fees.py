"""What does a trade cost, and in which asset? Rounded half up to 1e-8 before a balance sees it.

From the asset received, or in BNB where the account wants that, has enough and BNB has a price
(faqs/commission_faq.md).
"""

from engine.instruments import E8
from engine.venues.exchange.matching.accounts import BNB
from engine.venues.exchange.matching.orders import Order
from engine.venues.exchange.matching.symbols import Market

HALF_E8 = E8 // 2
NO_PRICE = (0, 1)


def share_e8(amount_e8: int, rate_e8: int) -> int:
    """A part of an amount, rounded half up."""
    return (amount_e8 * rate_e8 + HALF_E8) // E8


class Fees:
    """Takes fees from accounts and keeps them: `collected` is what the exchange earned."""

    def __init__(self, markets: dict[str, Market]) -> None:
        self.markets = markets
        self.collected: dict[str, int] = {}

    def charge(self, order: Order, received_e8: int, *, is_maker: bool) -> tuple[int, str]:
        """Take the fee of one side of a trade, whose received amount is already in its balance."""
        dealings = order.dealings
        account, rules = dealings.account, dealings.market.rules
        standard_e8, tax_e8, special_e8 = account.costs[order.is_buy, is_maker]
        fee_e8 = share_e8(received_e8, standard_e8)
        extra_e8 = 0
        if tax_e8 or special_e8:
            extra_e8 = share_e8(received_e8, tax_e8) + share_e8(received_e8, special_e8)
        if account.commission.in_bnb:
            bnb_e8 = self._in_bnb(order, share_e8(fee_e8, account.commission.bnb_e8) + extra_e8)
            if 0 < bnb_e8 <= account.balance(BNB).free:
                account.balance(BNB).free -= bnb_e8
                return self._keep(bnb_e8, BNB)
        fee_e8 += extra_e8
        if order.is_buy:
            dealings.base.free -= fee_e8
            return self._keep(fee_e8, rules.base)
        dealings.quote.free -= fee_e8
        return self._keep(fee_e8, rules.quote)

    def _keep(self, fee_e8: int, asset: str) -> tuple[int, str]:
        self.collected[asset] = self.collected.get(asset, 0) + fee_e8
        return fee_e8, asset

    def _in_bnb(self, order: Order, amount_e8: int) -> int:
        """What an amount of the asset an order receives is worth in BNB; 0 where nobody knows."""
        market = order.dealings.market
        asset = market.rules.base if order.is_buy else market.rules.quote
        numerator, denominator = self._price_in_bnb(asset, market)
        return (2 * amount_e8 * numerator + denominator) // (2 * denominator)

    def _price_in_bnb(self, asset: str, market: Market) -> tuple[int, int]:
        """What one of an asset is in BNB, as a fraction: by its own market, or over the quote."""
        if asset == BNB:
            return 1, 1
        if price := self._last_e8(BNB + asset):
            return E8, price
        if price := self._last_e8(asset + BNB):
            return price, E8
        over = self._last_e8(BNB + market.rules.quote) if asset == market.rules.base else 0
        return (market.last_price_e8, over) if over else NO_PRICE

    def _last_e8(self, symbol: str) -> int:
        market = self.markets.get(symbol)
        return market.last_price_e8 if market else 0
