"""What does the paper exchange's own WebSocket API say in virtual time? Texts in, texts out.

The real house with its market, limits, halts, bans and faults; only sockets and clock are ours.
"""

import heapq
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count
from typing import Any, NamedTuple

from engine.instruments_file import instrument
from engine.venues.exchange.door.api_session import ApiSession, Wire
from engine.venues.exchange.door.faults import Faults, plan_of
from engine.venues.exchange.door.front import Front
from engine.venues.exchange.door.signing_check import key_of
from engine.venues.exchange.door.weights import Limits
from engine.venues.exchange.house import House
from engine.venues.exchange.matching.words import HALT, TRADING
from supreme_cli.venue_market import rules_for, simulated

E8 = 100_000_000
HOST, MS_US = "127.0.0.1", 1_000
MARKET_US, TICK_US = 250_000, 100_000
FUNDS = {"ETH": 10 * E8, "USDT": 100_000 * E8, "BNB": 0}
GOOD_DAY = "drop=0"


class Later(NamedTuple):
    """Something that happens at a time."""

    at_us: int
    number: int
    act: Callable[[], None]


class Housed:
    """The paper exchange behind connections by number."""

    def __init__(self, seed: int, words: str, start_ns: int) -> None:
        self.now_us = start_ns // 1_000
        self.lines: dict[int, Any] = {}
        self._sessions: dict[int, ApiSession] = {}
        self._later: list[Later] = []
        self._numbers = count()
        self._arrived: list[tuple[int, str]] = []
        self.faults = Faults(plan_of(words), seed)
        day = datetime.fromtimestamp(self.now_us / 1e6, UTC).date()
        one = instrument("ETHUSDT", day)
        self.house = House([rules_for(one)], self._clock, Limits())
        self.account = self.house.admit(key_of("the-id", "the-secret"), dict(FUNDS)).account
        self._makers = simulated(self.house, [one], seed)
        self.front = Front(self.house, self.faults, self.later)
        for period_us, act in ((MARKET_US, self._trade), (TICK_US, self._tick)):
            self._every(period_us, act)
        for kind in ("halt", "ban"):
            self._next_spell(kind)

    def later(self, delay_us: int, act: Callable[[], None]) -> None:
        """After so many us."""
        heapq.heappush(self._later, Later(self.now_us + delay_us, next(self._numbers), act))

    def open(self, line: int) -> None:
        """A connection; it may be cut."""
        wire = Wire(
            HOST, MS_US, lambda text: self._say(line, text), lambda text: self._tell(line, text)
        )
        self.lines[line] = True
        self._sessions[line] = ApiSession(self.front, wire, tells_limits=True)
        self.house.addresses.of(HOST).connections.add(1, self._clock())
        life_us = self.faults.lifetime_us()
        if life_us:
            self.later(life_us, lambda: self.cut(line))

    def cut(self, line: int) -> None:
        """A connection is gone."""
        self.lines.pop(line, None)
        session = self._sessions.pop(line, None)
        if session is not None:
            session.close()

    def hear_text(self, line: int, text: str) -> None:
        """A frame of a client."""
        session = self._sessions.get(line)
        if session is not None:
            session.take(text)
            self.house.settle()

    def until(self, now_ns: int) -> list[tuple[int, str]]:
        """Lives on; (line, text) of what arrived meanwhile."""
        while self._later and self._later[0].at_us * 1_000 <= now_ns:
            due = heapq.heappop(self._later)
            self.now_us = max(self.now_us, due.at_us)
            due.act()
            self.house.settle()
        self.now_us = now_ns // 1_000
        arrived, self._arrived = self._arrived, []
        return [(line, text) for line, text in arrived if line in self.lines]

    def heal(self) -> None:
        """From now on everything works."""
        self.faults.given = plan_of(GOOD_DAY)
        self.house.exchange.halt("ETHUSDT", TRADING)

    def held(self, asset: str) -> int:
        """What the customer has of an asset, in 1e-8."""
        balance = self.account.balances.get(asset)
        return 0 if balance is None else balance.free + balance.locked

    def _clock(self) -> int:
        return self.now_us + self.faults.plan.skew_us

    def _say(self, line: int, text: str) -> None:
        self._arrived.append((line, text))

    def _tell(self, line: int, text: str) -> None:
        for _ in range(self.faults.copies()):
            self._arrived.append((line, text))

    def _every(self, period_us: int, act: Callable[[], None]) -> None:
        def again() -> None:
            act()
            self.later(period_us, again)

        self.later(period_us, again)

    def _trade(self) -> None:
        for one in self._makers:
            one.step(self._clock())

    def _tick(self) -> None:
        self.house.tick(self._clock())

    def _next_spell(self, kind: str) -> None:
        wait_us, lasts_us = self.faults.next_spell(kind)
        if wait_us:
            self.later(wait_us, lambda: self._spell(kind, lasts_us))

    def _spell(self, kind: str, lasts_us: int) -> None:
        self.faults.counts[kind] += 1
        if kind == "ban":
            self.house.addresses.of(HOST).ban(self._clock(), lasts_us)
        else:
            self.house.exchange.halt("ETHUSDT", HALT)
            self.later(lasts_us, lambda: self.house.exchange.halt("ETHUSDT", TRADING))
        self._next_spell(kind)
