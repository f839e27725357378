"""May this request leave now? What the venue counts against us, and the bans it has spoken.

Counts start anew at whole intervals of the venue's clock. What is on its way is not in the venue's
count yet, so it is added here. Source: web-socket-api.md "Rate limits", rest-api.md "Limits".
"""

import re
from typing import Any, NamedTuple

from engine.venues.binance.reading import (
    MICROSECONDS_FROM,
    Unreadable,
    object_of,
    rows_of,
    text_in,
    whole_in,
)

SECOND_NS = 1_000_000_000
INTERVALS = {"SECOND": 1, "MINUTE": 60, "HOUR": 3_600, "DAY": 86_400}
LETTERS = {"S": 1, "M": 60, "H": 3_600, "D": 86_400}
WEIGHT, ORDERS, RAW = "REQUEST_WEIGHT", "ORDERS", "RAW_REQUESTS"
TYPES = (WEIGHT, ORDERS, RAW)
QUESTIONS_PERCENT = 80  # of a limit: the rest is for orders and their cancels
BAN_UNSAID_NS = 120 * SECOND_NS  # a ban lasts two minutes at least
PAUSE_UNSAID_NS = 10 * SECOND_NS
EARLY_NS = SECOND_NS // 4  # the venue's clock may be behind what we think: early is banned on
WAIT_MAX_NS = 3 * 86_400 * SECOND_NS  # the longest ban there is
WINDOWS_MAX = 32
COUNT_MAX = 1 << 40
HEADER = re.compile(r"x-mbx-(used-weight|order-count)-([0-9]{1,4})([smhd])\Z")


Cost = dict[str, int]  # what a request counts against limits of each type


def cost_of(weight: int, orders: int = 0) -> Cost:
    """What one request counts."""
    return {WEIGHT: weight, ORDERS: orders, RAW: 1}


class Headroom(NamedTuple):
    """One limit as it stands: so much of it is used in this interval."""

    type: str
    interval_s: int
    used: int
    limit: int


class Window:
    """One limit over one interval."""

    def __init__(self, interval_ns: int, limit: int) -> None:
        self.interval_ns, self.limit = interval_ns, limit
        self.told = self.started_ns = 0

    def roll(self, venue_ns: int) -> None:
        """A later interval begins at zero."""
        if venue_ns >= self.started_ns + self.interval_ns:
            self.started_ns, self.told = venue_ns - venue_ns % self.interval_ns, 0


class Limits:
    """All limits of one address and account; times in ns, of the venue's clock."""

    def __init__(self) -> None:
        self._windows = {(WEIGHT, 60): Window(60 * SECOND_NS, 6_000)}
        self._flying = dict.fromkeys(TYPES, 0)
        self.banned_until_ns = self.orders_until_ns = 0

    def learn(self, told: object, venue_ns: int) -> None:
        """A `rateLimits` array, with counts or without; Unreadable if it is none."""
        for one in rows_of(told, "rateLimits"):
            row = object_of(one, "a rate limit")
            if not row:
                continue  # as the documents print it
            unit = INTERVALS.get(text_in(row, "interval"))
            number, limit = whole_in(row, "intervalNum"), whole_in(row, "limit")
            if unit is None or not 0 < number <= 1_000 or not 0 <= limit <= COUNT_MAX:
                raise Unreadable("a rate limit of no interval or size")
            window = self._window(text_in(row, "rateLimitType"), unit * number)
            window.limit = limit
            if "count" in row:
                window.roll(venue_ns)
                window.told = min(max(whole_in(row, "count"), 0), COUNT_MAX)

    def learn_headers(self, headers: dict[str, str], venue_ns: int) -> None:
        """What a REST answer's headers say has been used; their names in any case."""
        for name, value in headers.items():
            match = HEADER.match(name.lower())
            if match is None or not (value.isascii() and value.isdigit()):
                continue
            type_ = WEIGHT if match[1] == "used-weight" else ORDERS
            seconds = int(match[2]) * LETTERS[match[3].upper()]
            window = self._windows.get((type_, seconds))
            if window is not None:
                window.roll(venue_ns)
                window.told = min(int(value[:18]), COUNT_MAX)

    def leaves(self, cost: Cost) -> None:
        """A request leaves."""
        for type_, counts in cost.items():
            self._flying[type_] += counts

    def lands(self, cost: Cost, venue_ns: int, *, counted: bool) -> None:
        """It was answered, or is given up; `counted` if the venue told its count with it."""
        for type_, counts in cost.items():
            self._flying[type_] = max(self._flying[type_] - counts, 0)
        if not counted:
            for (type_, _), window in self._windows.items():
                window.roll(venue_ns)
                window.told += cost[type_]

    def refused(self, status: int, until_ns: int, venue_ns: int, *, by_orders: bool) -> None:
        """A 429 or 418; `until_ns` 0 if the venue did not say how long."""
        unsaid_ns = BAN_UNSAID_NS if status == 418 else PAUSE_UNSAID_NS
        until_ns = min(until_ns or venue_ns + unsaid_ns, venue_ns + WAIT_MAX_NS) + EARLY_NS
        if by_orders and status != 418:
            self.orders_until_ns = max(self.orders_until_ns, until_ns)
        else:
            self.banned_until_ns = max(self.banned_until_ns, until_ns)

    def leave_at_ns(self, cost: Cost, venue_ns: int, *, urgent: bool) -> int:
        """When it may leave; `venue_ns` or before means now. Orders and cancels are urgent."""
        at_ns = max(self.banned_until_ns, self.orders_until_ns if cost[ORDERS] else 0)
        for (type_, _), window in self._windows.items():
            window.roll(venue_ns)
            most = window.limit if urgent else window.limit * QUESTIONS_PERCENT // 100
            if cost[type_] and window.told + self._flying[type_] + cost[type_] > most:
                at_ns = max(at_ns, window.started_ns + window.interval_ns)
        return at_ns

    def headroom(self, venue_ns: int) -> list[Headroom]:
        """Every limit as it stands, what is on its way included."""
        rows = []
        for (type_, seconds), window in sorted(self._windows.items()):
            window.roll(venue_ns)
            rows.append(Headroom(type_, seconds, window.told + self._flying[type_], window.limit))
        return rows

    def _window(self, type_: str, seconds: int) -> Window:
        window = self._windows.get((type_, seconds))
        if window is None:
            if type_ not in TYPES:
                return Window(SECOND_NS, 0)  # a limit of a kind that nobody here counts
            if len(self._windows) >= WINDOWS_MAX:
                raise Unreadable("more rate limits than there can be")
            window = self._windows[type_, seconds] = Window(seconds * SECOND_NS, 0)
        return window


def until_of(error: dict[str, Any]) -> int:
    """Until when an error of the WebSocket API asks to wait, in ns; 0 if it does not say."""
    extra = error.get("data")
    if not isinstance(extra, dict) or "retryAfter" not in extra:
        return 0
    value = whole_in(extra, "retryAfter")
    return max(value, 0) * (1_000_000 if value < MICROSECONDS_FROM else 1_000)


def until_of_headers(headers: dict[str, str], venue_ns: int) -> int:
    """Until when `Retry-After` of a REST answer asks to wait, in ns; 0 if it is not there."""
    for name, value in headers.items():
        if name.lower() == "retry-after" and value.isascii() and value.isdigit():
            return venue_ns + int(value[:9]) * SECOND_NS
    return 0
