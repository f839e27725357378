"""What might a crowd of traders ask for? Seeded requests of every kind on three symbols."""

from collections import Counter
from random import Random

from engine.instruments import E8
from engine.venues.exchange.matching.accounts import Account
from engine.venues.exchange.matching.exchange import Exchange
from engine.venues.exchange.matching.words import (
    ALGO_TYPES,
    BUY,
    FOK,
    GTC,
    IOC,
    LIMIT,
    LIMIT_MAKER,
    MARKET,
    NEW,
    REJECTED,
    SELL,
    STOP_LOSS,
    STOP_LOSS_LIMIT,
    STP_MODES,
    TAKE_PROFIT,
    TRADE,
    Balances,
    Changed,
    NewOrder,
    Reported,
    Rules,
    Traded,
    VenueRefusal,
    Which,
)

CENT = 1_000_000
# ETHBNB's price times a step is no whole 1e-8: there rounding happens on every trade.
SYMBOLS = [
    Rules("ETHUSDT", "ETH", "USDT", tick_e8=CENT, step_e8=10_000),
    Rules("BNBUSDT", "BNB", "USDT", tick_e8=CENT, step_e8=1_000),
    Rules("ETHBNB", "ETH", "BNB", tick_e8=10, step_e8=100),
]
STARTS = {"ETHUSDT": 2_500 * E8, "BNBUSDT": 500 * E8, "ETHBNB": 5 * E8}
DEPOSITS = {"ETH": 4_000 * E8, "USDT": 10_000_000 * E8, "BNB": 20_000 * E8}
TYPES = [*[LIMIT] * 12, *[MARKET] * 4, LIMIT_MAKER, STOP_LOSS, STOP_LOSS_LIMIT, TAKE_PROFIT]


class Crowd:
    """Accounts rich and poor, with and without fees in BNB, some of one trade group."""

    def __init__(self, seed: int) -> None:
        self.draw = Random(seed)
        self.exchange = Exchange(SYMBOLS)
        self.accounts = [self._account(number) for number in range(12)]
        self.now_us = 0
        self.seen: Counter[str] = Counter()
        self.levels: dict[str, dict[tuple[str, int], int]] = {row.name: {} for row in SYMBOLS}
        self.told: dict[Account, dict[str, tuple[int, int]]] = {}

    def _account(self, number: int) -> Account:
        free = dict(DEPOSITS) if number else {"ETH": E8, "USDT": 2_000 * E8, "BNB": E8}
        rates = {"maker_ppm": 100 * number, "taker_ppm": 1_000}
        account = self.exchange.open_account(free, **rates, fees_in_bnb=number % 3 == 0)
        account.trade_group = 7 if number in (1, 2) else -1
        return account

    def deposits(self) -> Counter[str]:
        """All that was ever brought in."""
        rich = {asset: amount * (len(self.accounts) - 1) for asset, amount in DEPOSITS.items()}
        return Counter(rich) + Counter({"ETH": E8, "USDT": 2_000 * E8, "BNB": E8})

    def act(self) -> str:
        """One request of somebody; on which symbol."""
        draw = self.draw
        self.now_us += draw.randint(1, 200_000)
        account, rules = draw.choice(self.accounts), draw.choice(SYMBOLS)
        chance = draw.random()
        try:
            if chance < 0.80:
                self.seen["asked"] += 1
                self.exchange.place(account, self._wish(rules), self.now_us)
            elif chance < 0.97:
                self._withdraw(account, rules)
            elif chance < 0.98:
                self._amend(account, rules)
            elif chance < 0.981:
                self.exchange.cancel_all(account, rules.name, self.now_us)
            elif chance < 0.99:
                which = Which(rules.name, draw.randint(1, 1_000))
                wish = self._wish(rules)
                self.seen["asked"] += 1
                self.exchange.cancel_replace(account, which, wish, "ALLOW_FAILURE", self.now_us)
        except VenueRefusal as refused:
            self.seen[refused.text] += 1
        self._listen()
        return rules.name

    def _wish(self, rules: Rules) -> NewOrder:
        draw, tick, step = self.draw, rules.tick_e8, rules.step_e8
        around = self.exchange.markets[rules.name].last_price_e8 or STARTS[rules.name]
        around += int((STARTS[rules.name] - around) * draw.random() * 0.02)  # never far from home
        side, order_type = draw.choice((BUY, SELL)), draw.choice(TYPES)
        better = 1 if side == SELL else -1
        away = int(around * draw.uniform(-0.001, 0.004)) * better
        is_unpriced = order_type in (MARKET, STOP_LOSS, TAKE_PROFIT)
        stop = around - away if order_type in (STOP_LOSS, STOP_LOSS_LIMIT) else around + away
        quantity = max(int(draw.expovariate(1) * E8 / 2), step) // step * step
        is_by_quote = order_type == MARKET and draw.random() < 0.3
        return NewOrder(
            symbol=rules.name,
            side=side,
            type=order_type,
            quantity_e8=0 if is_by_quote else quantity,
            price_e8=0 if is_unpriced else max(around + away, tick) // tick * tick,
            time_in_force=draw.choice((GTC, GTC, GTC, IOC, FOK)) if order_type == LIMIT else GTC,
            quote_quantity_e8=around * quantity // E8 if is_by_quote else 0,
            stop_price_e8=stop // tick * tick if order_type in ALGO_TYPES else 0,
            stp_mode=draw.choice(STP_MODES),
        )

    def _withdraw(self, account: Account, rules: Rules) -> None:
        orders = self.exchange.open_orders(account, rules.name)
        if orders:
            which = Which(rules.name, self.draw.choice(orders).id)
            self.exchange.cancel(account, which, self.now_us)

    def _amend(self, account: Account, rules: Rules) -> None:
        orders = self.exchange.open_orders(account, rules.name)
        if orders:
            order = self.draw.choice(orders)
            less = order.quantity_e8 // 2 // rules.step_e8 * rules.step_e8
            self.exchange.amend(account, Which(rules.name, order.id), less, "", self.now_us)

    def _listen(self) -> None:
        """Keep what was said: the levels of the books, the balances, how many orders filled."""
        for event in self.exchange.said:
            if isinstance(event, Changed):
                self.levels[event.symbol][event.side, event.price_e8] = event.quantity_e8
                if not event.quantity_e8:
                    del self.levels[event.symbol][event.side, event.price_e8]
            elif isinstance(event, Balances):
                self.told.setdefault(event.account, {}).update(event.assets)
            elif isinstance(event, Traded):
                self.seen["trades"] += 1
            elif isinstance(event, Reported) and event.kind == TRADE:
                assert event.fill is not None
                self.seen["filling"] += event.executed_e8 == event.fill.quantity_e8
            elif isinstance(event, Reported) and event.kind not in (NEW, REJECTED):
                self.seen[event.kind] += 1
        self.exchange.said.clear()
