"""What does the venue hold between its sockets and its matching? Keys, limits, tapes, listeners.

Everything goes through `settle`: whatever the exchange said in a call is told to the accounts it
concerns, put on the tapes, and told to the streams of the market.
"""

import hashlib
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from engine.venues.exchange.door.asking import FEE_PPM
from engine.venues.exchange.door.signing_check import Key
from engine.venues.exchange.door.user_streams import UserStreams
from engine.venues.exchange.door.weights import Addresses, Limits, Orders
from engine.venues.exchange.market.listeners import Listeners
from engine.venues.exchange.market.market_streams import MarketStreams
from engine.venues.exchange.market.regular_streams import RegularStreams
from engine.venues.exchange.market.tape import Tape
from engine.venues.exchange.matching.accounts import Account
from engine.venues.exchange.matching.exchange import Exchange
from engine.venues.exchange.matching.words import (
    TRADE,
    Balances,
    Changed,
    Reported,
    Rules,
    Traded,
    VenueRefusal,
)

Clock = Callable[[], int]  # microseconds since 1970


class Member(NamedTuple):
    """A customer: its key, its account, and how many orders it left unfilled."""

    key: Key
    account: Account
    orders: Orders


class House:
    """One venue; its clock is its own and may be off."""

    def __init__(self, rules: Iterable[Rules], clock: Clock, limits: Limits) -> None:
        self.rules = {one.name: one for one in rules}
        self.exchange = Exchange(self.rules.values())
        self.clock, self.limits = clock, limits
        self.market_label = ""  # whose market this is, told with every answer
        self.members: dict[str, Member] = {}
        self.addresses = Addresses(limits)
        self.tapes = {name: Tape() for name in self.rules}
        self.listeners = Listeners()
        self.market = MarketStreams(self.exchange, self.listeners)
        self.regular = RegularStreams(self.exchange, self.tapes, self.listeners)
        self.users = UserStreams()
        self._counted: dict[int, Orders] = {}  # by account
        self._heard: dict[type, Callable[[Any], None]] = {
            Changed: self.market.changed,
            Reported: self._reported,
            Balances: self.users.balances,
        }

    def admit(self, key: Key, balances: dict[str, int]) -> Member:
        """A customer with its funds, in 1e-8; whoever comes back to a new house is the same."""
        account = self.exchange.open_account(balances, maker_ppm=FEE_PPM, taker_ppm=FEE_PPM)
        account.uid = uid_of(key.name)
        member = Member(key, account, Orders(self.limits))
        self.members[key.name] = member
        self._counted[account.id] = member.orders
        return member

    def rules_named(self, name: str) -> Rules:
        """A symbol's rules; VenueRefusal if there is no such symbol."""
        if name not in self.rules:
            raise VenueRefusal(-1121, "Invalid symbol.")
        return self.rules[name]

    def rule(self, rules: Rules) -> None:
        """A symbol is traded by other rules from now on; orders that are open stay as they are."""
        self.rules[rules.name] = self.exchange.market(rules.name).rules = rules

    def settle(self) -> None:
        """Spread what the exchange said since the last time."""
        said = self.exchange.said
        if not said:
            return
        trades: dict[str, list[Traded]] = {}
        while said:
            event = said.popleft()
            if isinstance(event, Traded):
                trades.setdefault(event.symbol, []).append(event)
            else:
                self._heard[type(event)](event)
        for symbol, made in trades.items():
            self.market.traded(symbol, made, self.tapes[symbol].take(made), self.clock())
        self.market.tell_tops()

    def tick(self, now_us: int) -> None:
        """Called every 100 ms: what is told at regular times."""
        self.market.tell_changes(now_us, slowly=False)
        if self.regular.is_time(1):
            self.market.tell_changes(now_us, slowly=True)
        self.regular.tick(now_us)

    def _reported(self, event: Reported) -> None:
        fill = event.fill
        if event.kind == TRADE and fill and event.executed_e8 == fill.quantity_e8:
            counted = self._counted.get(event.account.id)
            if counted:
                counted.filled(event.at_us)
        self.users.reported(event)


def uid_of(name: str) -> int:
    """The number of the account that an API key is made with: nine digits, as Binance has them."""
    drawn = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "little")
    return 100_000_000 + drawn % 900_000_000
