"""What does a whole engine do when everything around it fails? One seed, one run, to the byte.

The real core, loop and venue logic in virtual time; market, disk, line and exchange are simulated.
"""

import heapq
from random import Random
from typing import Any, NamedTuple

from engine.core import Span, core_of, digest_of
from engine.execution.orders import NEW, PARTIALLY_FILLED, PENDING_CANCEL, is_open
from engine.instruments import Instrument
from engine.instruments_file import load_instruments
from engine.loop import Loop
from engine.messages import (
    OUTSIDE,
    SUBMIT_ORDER,
    ContextUpdated,
    Heartbeat,
    OperatorPaused,
    TradeTick,
    encode,
)
from engine.opening import for_core, opening_records
from engine.profile import load_profile
from engine.simulation import heartbeat_is_due
from engine.strategy.context import NAMES
from engine.venues.asking import Answer, Held, Terms
from engine.venues.holdings import held_in
from engine.venues.outside import Outside
from validators.simulation.disk import Disk
from validators.simulation.exchange import OTHER_ASSET, QUOTE, Exchange, Faults
from validators.simulation.service import START_NS, Ailing, Service

SECOND_NS = 1_000_000_000
WORD_NS = 20 * SECOND_NS
PRICE = 300_000  # ticks
VOLUME_E8 = 50 * 100_000_000
# An agent that changes its mind with every turn of the price, decided at each second's bar.
RESTLESS = (
    *("strategy.agent=ema_cross", "strategy.ema_cross.bars_min=0", "features.bar_seconds=1"),
    *("indicators.macd_fast=2", "indicators.macd_slow=3", "indicators.macd_signal=2"),
    *("schedule.interval_seconds=0", "risk.orders_per_minute_max=1000"),
    *("breakers.drawdown_stop=1.0", "account.cash=1000000.0"),
)


class Plan(NamedTuple):
    """What happens in one run: for how long (virtual seconds), and how bad it is."""

    faults: Faults
    seconds: int = 600
    quiet_seconds: int = 240  # afterwards, paused and with a good line: what is in doubt resolves
    crashes: int = 0
    slow_disk: float = 0.0
    changes: tuple[str, ...] = ()
    terms: Terms = Terms()
    fees: int = QUOTE
    ailing: Ailing | None = None  # the service and its database; without it there is none


class Silent:
    """A log that nobody reads."""

    def outcome(self, sequence: int, record: bytes) -> None:
        """Nothing is kept: the journal tells it all."""


def ether() -> Instrument:
    """The instrument traded."""
    return load_instruments()["ETHUSDT"][-1][1]


class World:
    """One engine, its venue and all between them; `run()` until everything has come to rest."""

    def __init__(self, seed: int, plan: Plan, native: Any) -> None:
        self.plan, self.native = plan, native
        self.draw = Random(seed)  # noqa: S311  a run must be the same again
        self.now_ns = START_NS
        self.disk = Disk(self.draw, plan.slow_disk)
        profile = load_profile("scalping", [*RESTLESS, *plan.changes])
        named = OTHER_ASSET if plan.fees else ""
        opening = for_core(opening_records(profile, [ether()], START_NS, OUTSIDE, named))
        cash_e8 = round(profile.values["account.cash"] * 100_000_000)
        self.exchange = Exchange(self.draw, plan.faults, ether(), cash_e8)
        self.exchange.charge(plan.fees)
        self.exchange.late_ns = plan.terms.settle_ns * 4 // 5
        self.words: list[tuple[int, int, int, Answer]] = []
        self._told, self._market_ns, self._is_quiet = 0, START_NS + SECOND_NS, False
        self._price, self._trend = float(PRICE), 0.0
        self.service: Service | None = None
        if plan.ailing:
            self.service = Service(self.disk, seed, plan.ailing, plan.seconds, native)
        self.core = core_of(native)
        self._begin()
        for record in opening:
            self.loop.take(record)

    def run(self) -> None:
        """All of the plan, then the quiet time."""
        end_ns = self.now_ns + self.plan.seconds * SECOND_NS
        times = [self.draw.randrange(self.now_ns, end_ns) for _ in range(self.plan.crashes)]
        for crash_ns in sorted(times):
            self._live(crash_ns)
            while not self.disk.is_syncing(SUBMIT_ORDER) and self._step(end_ns):
                pass  # the worst moment: an order is decided, and its cause not durable yet
            self._crash()
        self._live(end_ns)
        self.exchange.heal()
        if self.service:
            self.service.server.heal()
        self._feed(encode(OperatorPaused(0, self.now_ns, self.now_ns)))
        self._is_quiet = True
        self._live(self.now_ns + self.plan.quiet_seconds * SECOND_NS)
        if self.service:
            self.service.rest()

    def close(self) -> None:
        """Nothing of it is left, not even files."""
        if self.service:
            self.service.close()

    def digest(self) -> str:
        """SHA-256 of the state the engine has come to."""
        return digest_of(self.core)

    def _begin(self) -> None:
        """A new life of the engine: its loop, and a venue that knows nothing yet."""
        self.venue = Outside(self._holds, self.plan.terms, OTHER_ASSET)
        self.loop = Loop(self.core, self.disk, self.venue, Silent())
        self.venue.tick(self.now_ns)

    def _holds(self) -> Held:
        return held_in(self.core.state)

    def _live(self, end_ns: int) -> None:
        """Until then, from one thing that happens to the next."""
        while self._step(end_ns):
            pass
        self.now_ns = end_ns

    def _step(self, end_ns: int) -> bool:
        """What happens next, if it does before the end: market, words, disk, venue."""
        due = [self._market_ns, self.venue.due_ns()]
        due += [self.disk.done_ns] if self.disk.done_ns else []
        due += [self.words[0][0]] if self.words else []
        if self.service:
            self.service.run_until(min(*due, end_ns))
        if min(due) > end_ns:
            return False
        self.now_ns = max(min(due), self.now_ns)
        self.disk.advance(self.now_ns)
        if self.now_ns >= self._market_ns:
            self._market_ns += SECOND_NS
            self._market()
        self._hear()
        self._feed_all(self.venue.tick(self.now_ns))
        self._talk()
        return True

    def _market(self) -> None:
        """The price turns now and then; in the quiet time it stands still."""
        if not self._is_quiet:
            if self.draw.random() < 0.4:
                self._trend = self.draw.gauss(0.0, 40.0)
            self._price = max(self._price + self._trend + self.draw.gauss(0.0, 3.0), 1_000.0)
        price = int(self._price)
        self.exchange.move(self.now_ns, price)
        self._feed(encode(TradeTick(0, self.now_ns, self.now_ns, price, VOLUME_E8, 1)))
        if self._market_ns % WORD_NS == 0:  # a slow source speaks: it moves nothing
            number = self._market_ns // WORD_NS % len(NAMES)
            self._feed(
                encode(ContextUpdated(0, self.now_ns - SECOND_NS, self.now_ns, number, price))
            )

    def _hear(self) -> None:
        """Words that have arrived."""
        while self.words and self.words[0][0] <= self.now_ns:
            _, _, number, word = heapq.heappop(self.words)
            self._feed_all(self.venue.take(number, word))

    def _talk(self) -> None:
        """What is durable is sent, what is asked sets out, what the exchange says is on its way."""
        self.loop.release()
        while self.venue.outgoing:
            self.exchange.hear(self.venue.outgoing.popleft(), self.now_ns)
        for arrives_ns, number, word in self.exchange.said:
            self._told += 1
            heapq.heappush(self.words, (max(arrives_ns, self.now_ns), self._told, number, word))
        self.exchange.said.clear()

    def _feed_all(self, records: list[bytes]) -> None:
        for record in records:
            self._feed(record)

    def _feed(self, record: bytes) -> None:
        """One event, after the heartbeats that are due before it."""
        clock = self.core.state.clock
        while heartbeat_is_due(clock, self.now_ns):
            due_ns = clock.heartbeat_due_ns
            self.loop.take(encode(Heartbeat(0, due_ns, due_ns, clock.heartbeats + 1)))
        self.loop.take(record)

    def _crash(self) -> None:
        """The power goes: memory and every connection with it; the journal is folded again."""
        if self.service:
            self.service.cut()
        self.disk.cut()
        self.words.clear()
        self.core, lost = folded(self.disk.records, self.native)
        self._begin()
        if lost:
            self.disk.append(lost)
        for order in self.core.state.orders.table:
            if order.id and is_open(order.status):
                accepted = order.status in (NEW, PARTIALLY_FILLED)
                canceling = order.status == PENDING_CANCEL
                self._feed_all(
                    self.venue.adopt(order.id, order.symbol, accepted=accepted, canceling=canceling)
                )


def folded(records: list[bytes], native: Any) -> tuple[Any, bytes]:
    """A core that replayed these records, and what a crash cut off; AssertionError if not so."""
    core, span = core_of(native), Span()
    raw = b"".join(records)
    span.start()
    while span.at.next * 64 < len(raw):
        core.run_replay(raw, span.out, span.raw)
        if span.at.differs >= 0:
            raise AssertionError(f"record {span.at.differs} is not what was decided")
    return core, span.yielded()
