"""How much may a client ask, and how many orders may it leave unfilled? Counted as Binance counts.

Each interval begins on the clock's own marks: a minute's weight is forgotten at the next minute.
Who goes on after a 429 is banned, from two minutes up to three days (rest-api.md, IP Limits). An
order that fills is taken off the count again (faqs/order_count_decrement.md).
"""

from typing import Any, NamedTuple

from engine.venues.exchange.matching.words import VenueRefusal

SECOND, MINUTE, DAY = 1_000_000, 60_000_000, 86_400_000_000  # us
BAN_MIN, BAN_MAX = 2 * MINUTE, 3 * DAY
FORBEARANCE = 10  # answers of 429 to one address within a minute, after which it is banned
UNLIMITED = 1 << 40
ADDRESSES_MAX = 4_096
STREAM_ADVICE = "Please use WebSocket Streams for live updates to avoid"


class Limits(NamedTuple):
    """What is allowed: weight an address a minute, unfilled orders an account."""

    weight_a_minute: int = 6_000
    orders_ten_seconds: int = 100
    orders_a_day: int = 200_000
    connections_five_minutes: int = 300
    raw_five_minutes: int = 61_000


NO_LIMITS = Limits(*[UNLIMITED] * len(Limits._fields))


class TooMuch(VenueRefusal):
    """A refusal for too much of anything; `until_us` is when it may be asked again."""

    def __init__(self, code: int, text: str, status: int, until_us: int) -> None:
        super().__init__(code, text)
        self.status, self.until_us = status, until_us


class Count:
    """How many, in the interval that runs."""

    def __init__(self, interval_us: int, most: int) -> None:
        self.interval_us, self.most = interval_us, most
        self.began = self.used = 0

    def at(self, now_us: int) -> int:
        """What is used of the interval at a time."""
        began = now_us - now_us % self.interval_us
        if began != self.began:
            self.began, self.used = began, 0
        return self.used

    def add(self, number: int, now_us: int) -> bool:
        """Count some; whether they are within the limit."""
        self.used = self.at(now_us) + number
        return self.used <= self.most

    def take_off(self, number: int, now_us: int) -> None:
        """Some of them do not count after all."""
        self.used = max(self.at(now_us) - number, 0)

    @property
    def ends_us(self) -> int:
        """When the interval ends."""
        return self.began + self.interval_us


class Address:
    """What one address used, and whether it is banned."""

    def __init__(self, limits: Limits) -> None:
        self.weight = Count(MINUTE, limits.weight_a_minute)
        self.raw = Count(5 * MINUTE, limits.raw_five_minutes)
        self.connections = Count(5 * MINUTE, limits.connections_five_minutes)
        self.refusals = Count(MINUTE, FORBEARANCE)
        self.banned_until_us = 0
        self.ban_us = BAN_MIN

    def use(self, weight: int, now_us: int) -> None:
        """Count a request; TooMuch where it is one too many, or the address is banned."""
        if now_us < self.banned_until_us:
            raise banned(self.banned_until_us)
        if self.weight.add(weight, now_us) and self.raw.add(1, now_us):
            return
        if not self.refusals.add(1, now_us):
            self.ban(now_us)
            raise banned(self.banned_until_us)
        limit = self.weight.most
        text = (
            f"Too much request weight used; current limit is {limit} request weight per 1 MINUTE. "
            f"{STREAM_ADVICE} polling the API."
        )
        raise TooMuch(-1003, text, 429, self.weight.ends_us)

    def ban(self, now_us: int, lasts_us: int = 0) -> None:
        """Refuse everything for a while, the next time for twice as long."""
        self.banned_until_us = now_us + (lasts_us or self.ban_us)
        if not lasts_us:
            self.ban_us = min(self.ban_us * 2, BAN_MAX)


def banned(until_us: int) -> TooMuch:
    """The refusal of whoever is banned."""
    text = (
        f"Way too much request weight used; IP banned until {until_us // 1000}. "
        f"{STREAM_ADVICE} bans."
    )
    return TooMuch(-1003, text, 418, until_us)


class Orders:
    """The unfilled orders an account placed."""

    def __init__(self, limits: Limits) -> None:
        self.counts = {
            "10S": Count(10 * SECOND, limits.orders_ten_seconds),
            "1D": Count(DAY, limits.orders_a_day),
        }

    def refuse_more(self, now_us: int) -> None:
        """TooMuch where one more would pass a limit."""
        for name, count in self.counts.items():
            if count.at(now_us) >= count.most:
                interval = {"10S": "10 SECOND", "1D": "1 DAY"}[name]
                text = f"Too many new orders; current limit is {count.most} orders per {interval}."
                raise TooMuch(-1015, text, 429, count.ends_us)

    def placed(self, now_us: int) -> None:
        """One more."""
        for count in self.counts.values():
            count.add(1, now_us)

    def filled(self, now_us: int) -> None:
        """One of them has its first fill."""
        for count in self.counts.values():
            count.take_off(1, now_us)


class Addresses:
    """All addresses, of which the one heard of longest ago is forgotten where they are too many."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.known: dict[str, Address] = {}

    def of(self, host: str) -> Address:
        """What is counted for one of them."""
        found = self.known.pop(host, None) or Address(self.limits)
        self.known[host] = found
        if len(self.known) > ADDRESSES_MAX:
            del self.known[next(iter(self.known))]
        return found


def weight_row(address: Address, now_us: int) -> dict[str, Any]:
    """The weight limit and what is used, as the WebSocket API tells it."""
    return row("REQUEST_WEIGHT", "MINUTE", 1, address.weight, now_us)


def order_rows(orders: Orders, now_us: int) -> list[dict[str, Any]]:
    """The order limits and what is used."""
    return [
        row("ORDERS", "SECOND", 10, orders.counts["10S"], now_us),
        row("ORDERS", "DAY", 1, orders.counts["1D"], now_us),
    ]


def row(kind: str, interval: str, number: int, count: Count, now_us: int) -> dict[str, Any]:
    """One limit with its count."""
    return {
        "rateLimitType": kind,
        "interval": interval,
        "intervalNum": number,
        "limit": count.most,
        "count": count.at(now_us),
    }


def limit_rows(limits: Limits) -> list[dict[str, Any]]:
    """The limits as exchangeInfo tells them."""
    told = (
        ("REQUEST_WEIGHT", "MINUTE", 1, limits.weight_a_minute),
        ("ORDERS", "SECOND", 10, limits.orders_ten_seconds),
        ("ORDERS", "DAY", 1, limits.orders_a_day),
        ("RAW_REQUESTS", "MINUTE", 5, limits.raw_five_minutes),
    )
    names = ("rateLimitType", "interval", "intervalNum", "limit")
    return [dict(zip(names, one, strict=True)) for one in told]
