"""What does a meeting of two orders do to them, to their accounts and to the book?"""

from engine.instruments import E8
from engine.venues.exchange.matching.fees import Fees
from engine.venues.exchange.matching.matching import Plan, Step
from engine.venues.exchange.matching.orders import Order
from engine.venues.exchange.matching.symbols import Market
from engine.venues.exchange.matching.telling import Telling
from engine.venues.exchange.matching.words import (
    DECREMENT,
    EXPIRE_MAKER,
    EXPIRE_TAKER,
    EXPIRED_IN_MATCH,
    FILLED,
    PARTIALLY_FILLED,
    TRADE,
    TRADE_PREVENTION,
    TRANSFER,
    Fill,
    Prevented,
    Traded,
)


class Trading:
    """Carries out plans: money moves, orders shrink and close, everybody concerned is told."""

    def __init__(self, fees: Fees, telling: Telling) -> None:
        self.fees, self.telling = fees, telling

    def carry_out(self, market: Market, order: Order, plan: Plan, now_us: int) -> None:
        """Every step of an order's plan; stop orders that its trades reach are woken later."""
        for step in plan.steps:
            if step.mode:
                self._prevent(market, order, step, now_us)
            else:
                self._trade(market, order, step, now_us)

    def _trade(self, market: Market, taker: Order, step: Step, now_us: int) -> None:
        maker, quantity, _ = step
        price = maker.price_e8
        quote = price * quantity // E8
        market.last_trade_id = trade_id = market.last_trade_id + 1
        market.last_price_e8 = price
        market.average.add(quantity, quote, now_us)
        buyer, seller = (taker, maker) if taker.is_buy else (maker, taker)
        trade = (taker.symbol, trade_id, price, quantity)
        self.telling.said.append(Traded(*trade, buyer.id, seller.id, maker.is_buy, now_us))
        for order in (taker, maker):
            is_maker = order is maker
            fee, asset = self._settle(order, quantity, quote, is_maker=is_maker)
            made = (trade_id, order.id, order.is_buy, is_maker, price, quantity, quote)
            self._fill(order, Fill(*made, fee, asset, now_us))
        self._shrink(market, maker, quantity, now_us)
        if market.stops.is_any_waiting:
            market.woken.extend(market.stops.reached(price))

    def _settle(
        self, order: Order, quantity: int, quote: int, *, is_maker: bool
    ) -> tuple[int, str]:
        """Move one side's money; what it locked beyond its new need is free again. The fee."""
        dealings = order.dealings
        order.left_e8 -= quantity
        order.executed_e8 += quantity
        order.quote_executed_e8 += quote
        if order.is_buy:
            dealings.buying_e8 -= quantity
            dealings.quote.free -= quote
            dealings.lock(order, order.needs_e8() if order.price_e8 else order.locked_e8 - quote)
            dealings.base.free += quantity
            return self.fees.charge(order, quantity, is_maker=is_maker)
        dealings.base.free -= quantity
        dealings.lock(order, order.left_e8)
        dealings.quote.free += quote
        return self.fees.charge(order, quote, is_maker=is_maker)

    def _fill(self, order: Order, fill: Fill) -> None:
        dealings = order.dealings
        order.updated_us = fill.at_us
        dealings.fills.append(fill)
        if not fill.is_maker:
            order.fills.append(fill)
        if order.left_e8:
            order.status = PARTIALLY_FILLED
        else:
            dealings.close(order, FILLED)
        self.telling.report(order, TRADE, fill.at_us, fill)

    def _prevent(self, market: Market, taker: Order, step: Step, now_us: int) -> None:
        """A match of an account with itself takes quantity away instead (faqs/stp_faq.md)."""
        maker, quantity, mode = step
        is_shared = mode in (DECREMENT, TRANSFER)
        taker_loses = 0 if mode == EXPIRE_MAKER else quantity if is_shared else taker.left_e8
        maker_loses = 0 if mode == EXPIRE_TAKER else quantity if is_shared else maker.left_e8
        market.last_prevented_id += 1
        prevented = Prevented(
            *(market.last_prevented_id, taker.id, maker.id, mode, maker.price_e8),
            *(quantity, taker_loses, maker_loses, now_us),
        )
        taker.prevented.append(prevented)
        taker.dealings.prevented.append(prevented)
        if maker.dealings is not taker.dealings:
            maker.dealings.prevented.append(prevented)
        if taker_loses:
            self._lose(taker, taker_loses, prevented)
        if maker_loses:
            self._lose(maker, maker_loses, prevented)
            self._shrink(market, maker, maker_loses, now_us)
        if mode == TRANSFER and maker.dealings is not taker.dealings:
            buyer, seller = (taker, maker) if taker.is_buy else (maker, taker)
            transfer(buyer, seller, quantity, maker.price_e8 * quantity // E8)

    def _lose(self, order: Order, quantity: int, prevented: Prevented) -> None:
        dealings = order.dealings
        order.left_e8 -= quantity
        order.prevented_e8 += quantity
        order.prevented_id = prevented.id
        order.updated_us = prevented.at_us
        if order.is_buy:
            dealings.buying_e8 -= quantity
        if order.price_e8 or not order.is_buy:
            dealings.lock(order, order.needs_e8())
        if not order.left_e8:
            dealings.close(order, EXPIRED_IN_MATCH)
        self.telling.report(order, TRADE_PREVENTION, prevented.at_us, prevented=prevented)

    def _shrink(self, market: Market, maker: Order, quantity: int, now_us: int) -> None:
        side = market.book.bids if maker.is_buy else market.book.asks
        left = side.reduce(maker, quantity, is_gone=not maker.left_e8)
        self.telling.change(maker, market.book, left, now_us)


def transfer(buyer: Order, seller: Order, quantity: int, quote: int) -> None:
    """Move between two accounts of one group what they did not trade; there is no fee on it."""
    if not buyer.price_e8:  # what it locked for this; a priced order has let go of it already
        buyer.dealings.lock(buyer, max(buyer.locked_e8 - quote, 0))
    buyer.dealings.quote.free -= quote
    buyer.dealings.base.free += quantity
    seller.dealings.quote.free += quote
    seller.dealings.base.free -= quantity
