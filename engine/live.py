"""How does an engine live on an exchange? Sockets wake it; time is the clock's, never back."""

import time
from typing import TYPE_CHECKING, cast

from engine.exchange import Exchanged, past_bars
from engine.lines.patience import NEVER_NS
from engine.messages import RECORD_SIZE
from engine.network import Ears, Network
from engine.running import Running, Stop
from engine.simulation import heartbeat_is_due
from engine.venues.asking import Answer

if TYPE_CHECKING:
    from engine.builder import CoreBuilder
    from engine.options import Options
    from engine.parts import Engine
    from engine.venues.outside import Outside

SLEEP_MAX_S = 0.5
GAP_NS = 10_000_000_000  # longer, and the engine was not there
NOTES_A_TURN = 8  # of the venue's, told to the log


class Live(Running):
    """An engine whose market and orders are an exchange's."""

    def __init__(
        self, engine: "Engine", options: "Options", stop: Stop, builder: "CoreBuilder"
    ) -> None:
        super().__init__(engine, options, stop, builder)
        self.now_ns = time.time_ns()
        self.venue = cast("Outside", engine.loop.venue)
        assert engine.source.join is not None
        self.exchanged: Exchanged = engine.source.join(engine)
        parts = self.exchanged.market, self.exchanged.account
        ears = Ears(self.take_market, self.take_words)
        self.network = Network(self.poll, parts, self.exchanged.settings, ears)
        engine.held.append(lambda: self.network.close(self.now_ns))

    def run(self) -> None:
        """Until the time is over or somebody asks to stop."""
        self._pass_time()
        records, said = past_bars(self.engine, self.exchanged, self.now_ns)
        self.engine.log.say("info", "PastBars", said=said)
        self.take_market(records)
        self.network.begin(self.now_ns)
        while not self.stop.wished:
            self._pass_time()
            self._beat_until(self.now_ns)
            self.take_facts(self.venue.tick(self.now_ns))
            self._ask()
            self.network.turn(self.now_ns)
            self._ask()
            if self.is_over():
                return
            self.hear(self._sleep_s())

    def hear_other(self, fd: int) -> None:
        """A socket of the exchange, or of somebody who asks."""
        self._pass_time()
        if not self.network.hear(fd, self.now_ns):
            super().hear_other(fd)

    def take_market(self, records: bytes) -> None:
        """Market records in their order, heartbeats where they are due."""
        loop, clock, kept = self.engine.loop, self.engine.core.state.clock, self.engine.kept
        began_ns = time.perf_counter_ns()
        count = len(records) // RECORD_SIZE
        for at in range(0, len(records), RECORD_SIZE):
            record = records[at : at + RECORD_SIZE]
            received_ns = int.from_bytes(record[16:24], "little")
            if heartbeat_is_due(clock, received_ns):
                self._beat_until(received_ns)
            refused = loop.malformed
            loop.take(record)
            if loop.malformed == refused:
                kept.fed(record)
        if count:
            self._measure((time.perf_counter_ns() - began_ns) // count)
            self._ask()

    def take_words(self, words: list[tuple[int, Answer]]) -> None:
        """What the venue answered, or told by itself."""
        for number, word in words:
            self.take_facts(self.venue.take(number, word))

    def take_facts(self, facts: list[bytes]) -> None:
        """What the venue's words mean to the core."""
        for fact in facts:
            self._beat_until(int.from_bytes(fact[16:24], "little"))
            self.engine.loop.take(fact)

    def tend(self) -> None:
        """As ever; what the venue said and nobody asked for goes to the log."""
        super().tend()
        notes = self.exchanged.account.books.notes
        for _ in range(min(len(notes), NOTES_A_TURN)):
            self.engine.log.say("warning", "VenueSaid", what=notes.popleft())
        for change in self.exchanged.market.changes():
            level = "warning" if change.why else "info"
            why = change.why or "believed again"
            self.engine.log.say(level, "MarketDoubted", symbol=change.name, why=why)

    def _ask(self) -> None:
        """Commands whose cause is durable become requests, and requests leave."""
        self.engine.loop.release()
        while self.venue.outgoing:
            self.network.ask(self.venue.outgoing.popleft(), self.now_ns)

    def _beat_until(self, received_ns: int) -> None:
        """The heartbeats that are due before something is received."""
        clock = self.engine.core.state.clock
        while heartbeat_is_due(clock, received_ns):
            due_ns = clock.heartbeat_due_ns
            # One heartbeat says that time passed: after a night there is not one for each second.
            at_ns = due_ns if received_ns < due_ns + GAP_NS else received_ns
            self.beat(at_ns)

    def _pass_time(self) -> None:
        self.now_ns = max(self.now_ns, time.time_ns())

    def _measure(self, taken_ns: int) -> None:
        """What one record of those that came together took."""
        waited_ns = max(time.time_ns() - self.now_ns, 0)
        self.telemetry.late.add(waited_ns)
        self.telemetry.decided.add(taken_ns)
        self.telemetry.reacted.add(waited_ns)

    def _sleep_s(self) -> float:
        """Until something is due."""
        beat_ns = self.engine.core.state.clock.heartbeat_due_ns or NEVER_NS
        due_ns = min(beat_ns, self.network.due_ns(self.now_ns), self.venue.due_ns())
        until_s = min((due_ns - time.time_ns()) / 1e9, SLEEP_MAX_S)
        now_s = time.monotonic()
        return max(min(until_s, self.tend_at - now_s, self.desk.server.due_in(now_s)), 0.0)
