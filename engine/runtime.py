"""How does an engine live? Started, fed at its pace, watched, stopped; `supreme run` execs this."""

import os
import select
import signal
import time
from contextlib import suppress
from typing import Any

from engine import core as cores
from engine import streams
from engine.bootstrap import assemble
from engine.builder import CoreBuilder
from engine.desk import Desk
from engine.journal.segments import JournalFailed
from engine.messages import Heartbeat, encode
from engine.options import HELP, Options, parse
from engine.parts import Engine, Stopped
from engine.picture import picture
from engine.scarcity import Scarcity
from engine.simulation import heartbeat_is_due
from engine.status import Status, as_json, as_text
from engine.telemetry import Telemetry

WARM_UP_NS = 60 * 60_000_000_000  # the first market hour passes at once: indicators need it
TEND_SECONDS = 0.5  # between two looks at the screen, the log and the builder
UNPACED_BURST = 256  # events between two looks at the clock where nothing paces


class Stop:
    """A signal's wish to end, seen by a loop that may be asleep."""

    def __init__(self) -> None:
        self.wished, self.code = False, 0
        self.fd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # nohup
                signal.signal(number, self._wished)

    def wish(self, code: int = 0) -> None:
        """End with this code, as soon as the event at hand is done."""
        self.wished, self.code = True, code
        os.eventfd_write(self.fd, 1)

    def _wished(self, number: int, _frame: Any) -> None:
        self.wish(128 + number)


class Runner:
    """Feeds one engine from its source, at the speed asked for."""

    def __init__(self, engine: Engine, options: Options, stop: Stop, builder: CoreBuilder) -> None:
        self.engine, self.options, self.stop, self.builder = engine, options, stop, builder
        self.records = engine.records
        self.upcoming: bytes | None = next(self.records, None)
        self.status = Status(engine.source.label, options.speed)
        self.status.dead = options.quiet
        self.malformed_told = 0
        self.began = time.monotonic()
        self.paced_from: tuple[float, int] | None = None
        self.late_ns = 0
        self.telemetry = Telemetry()
        self.telemetry.asked = engine.loop.asked
        self.poll = select.epoll()
        self.poll.register(stop.fd, select.EPOLLIN)
        self.poll.register(engine.journal.fileno(), select.EPOLLIN)
        self.scarcity = Scarcity(engine)
        self.desk = Desk(engine, options, self.telemetry)
        self.desk.open(self.poll, stop.wish)
        engine.held.append(self.desk.close)

    def run(self) -> None:
        """Until the market ends, the time is over or somebody asks to stop."""
        tend_at = 0.0
        while self.upcoming is not None and not self.stop.wished:
            for _ in range(UNPACED_BURST):
                if self.upcoming is None or self.stop.wished or not self._is_time(tend_at):
                    break
                self._step()
            self._hear(0.0)
            self.scarcity.heed()
            if time.monotonic() >= tend_at:
                self._tend()
                tend_at = time.monotonic() + TEND_SECONDS
                if self.options.seconds and tend_at - self.began > self.options.seconds:
                    return

    def _is_time(self, tend_at: float) -> bool:
        """Whether the next record is due; sleeps toward it, at most until tending is."""
        delay = self._delay()
        if delay <= 0:
            if self.paced_from is not None:
                self.late_ns = int(-delay * 1e9)
                self.telemetry.late.add(self.late_ns)
            return True
        now_s = time.monotonic()
        self._hear(max(min(delay, tend_at - now_s, self.desk.server.due_in(now_s)), 0.0))
        return self._delay() <= 0

    def _hear(self, seconds: float) -> None:
        """Listen so long: to who asks, to the journal, to a wish to stop."""
        for fd, _ in self.poll.poll(seconds):
            if fd == self.engine.journal.fileno():
                self.engine.journal.collect()
            else:
                self.desk.server.hear(fd)
        self.desk.settle()

    def _delay(self) -> float:
        """Seconds until the next record is due at this speed."""
        if not self.options.speed or self.upcoming is None:
            return 0.0
        received_ns, clock = received_of(self.upcoming), self.engine.core.state.clock
        if heartbeat_is_due(clock, received_ns):
            received_ns = clock.heartbeat_due_ns
        if self.paced_from is None:
            if not self.engine.resumed and received_ns < self.engine.source.start_ns + WARM_UP_NS:
                return 0.0
            self.paced_from = (time.monotonic(), received_ns)
        began, base_ns = self.paced_from
        due = began + (received_ns - base_ns) / 1e9 / self.options.speed
        return due - time.monotonic()

    def _step(self) -> None:
        """One event: the heartbeat that is due, or the next record of the market."""
        record = self.upcoming
        if record is None:
            return
        clock = self.engine.core.state.clock
        began_ns = time.perf_counter_ns()
        if heartbeat_is_due(clock, received_of(record)):
            due_ns = clock.heartbeat_due_ns
            self.engine.loop.take(encode(Heartbeat(0, due_ns, due_ns, clock.heartbeats + 1)))
        else:
            refused = self.engine.loop.malformed
            self.engine.loop.take(record)
            if self.engine.loop.malformed == refused:
                self.engine.kept.fed(record)
            self.upcoming = next(self.records, None)
        taken_ns = time.perf_counter_ns() - began_ns
        self.telemetry.decided.add(taken_ns)
        self.telemetry.reacted.add(taken_ns + self.late_ns)

    def _tend(self) -> None:
        """What need not be done at every event."""
        self.engine.lock.must_be_ours()
        native = self.builder.finished()
        if native is not None:
            self.engine.take_core(cores.CompiledCore(native))
        self.tell_malformed()
        self.scarcity.watch()
        self.engine.journal.flush()
        self.engine.log.flush()
        seen = picture(self.engine.core.state, self.engine.names, self.engine.loop.malformed)
        self.status.show(seen, self.builder.word)

    def tell_malformed(self) -> None:
        """Records that cannot be true, by the ones that came since it was told."""
        count = self.engine.core.state.clock.malformed + self.engine.loop.malformed
        if count > self.malformed_told:
            self.engine.log.say("warning", "Malformed", count=count - self.malformed_told)
            self.malformed_told = count


def received_of(record: bytes) -> int:
    """A record's received_ns."""
    return int.from_bytes(record[16:24], "little")


def main(argv: list[str]) -> int:
    """The exit code of `supreme run`; whatever happens, no traceback is shown."""
    homes: list[str] = []

    def life() -> int:
        options = parse(argv)
        homes.append(options.data_dir)
        return streams.output(HELP) if options.help else run(options)

    return streams.guarded(life, homes, as_json="--json" in argv)


def run(options: Options) -> int:
    """Assemble, run and stop one engine; the signal's code when a signal ended it."""
    stop = Stop()
    try:
        engine = assemble(options, streams.say, lambda: stop.code)
    except Stopped as stopped:
        return stopped.code
    malformed = 0
    try:
        malformed = live(engine, options, stop)
        engine.code = stop.code
    except BaseException as error:
        engine.fail(error)
        with suppress(Exception):  # what failed first is what is told; the rest is in the log
            engine.close()
        raise
    engine.close()
    seen = picture(engine.core.state, engine.names, malformed)
    shown = as_json if options.json else as_text
    unheard = streams.output(shown(seen, engine.source.label, cores.digest_of(engine.core)))
    return stop.code or unheard


def live(engine: Engine, options: Options, stop: Stop) -> int:
    """Feed the engine until it ends; how many records were none."""
    builder = CoreBuilder(engine.core, options.data_dir)
    try:
        runner = Runner(engine, options, stop, builder)
        runner.run()
        runner.tell_malformed()
        engine.loop.release()
        engine.is_whole = True
    except (JournalFailed, OSError):
        engine.lock.must_be_ours()  # a removed directory is the better reason
        raise
    finally:
        builder.close()
    return engine.loop.malformed
