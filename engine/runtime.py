"""How does an engine live? Started, fed at its pace, watched, stopped; `supreme run` execs this."""

import time
from contextlib import suppress

from engine import core as cores
from engine import streams
from engine.bootstrap import assemble
from engine.builder import CoreBuilder
from engine.journal.segments import JournalFailed
from engine.options import HELP, Options, parse
from engine.parts import Engine, Stopped
from engine.picture import picture
from engine.running import Running, Stop
from engine.simulation import heartbeat_is_due
from engine.status import as_json, as_text

WARM_UP_NS = 60 * 60_000_000_000  # the first market hour passes at once: indicators need it
UNPACED_BURST = 256  # events between two looks at the clock where nothing paces


class Fed(Running):
    """An engine whose market is a run of records, at the speed asked for: their time is its own."""

    def __init__(self, engine: Engine, options: Options, stop: Stop, builder: CoreBuilder) -> None:
        super().__init__(engine, options, stop, builder)
        self.records = engine.records
        self.upcoming: bytes | None = next(self.records, None)
        self.paced_from: tuple[float, int] | None = None
        self.late_ns = 0

    def run(self) -> None:
        """Until the market ends, the time is over or somebody asks to stop."""
        while self.upcoming is not None and not self.stop.wished:
            for _ in range(UNPACED_BURST):
                if self.upcoming is None or self.stop.wished or not self._is_time():
                    break
                self._step()
            self.hear(0.0)
            if self.is_over():
                return

    def _is_time(self) -> bool:
        """Whether the next record is due; sleeps toward it, at most until tending is."""
        delay = self._delay()
        if delay <= 0:
            if self.paced_from is not None:
                self.late_ns = int(-delay * 1e9)
                self.telemetry.late.add(self.late_ns)
            return True
        now_s = time.monotonic()
        self.hear(max(min(delay, self.tend_at - now_s, self.desk.server.due_in(now_s)), 0.0))
        return self._delay() <= 0

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
        began_ns = time.perf_counter_ns()
        clock = self.engine.core.state.clock
        if heartbeat_is_due(clock, received_of(record)):
            self.beat(clock.heartbeat_due_ns)
        else:
            refused = self.engine.loop.malformed
            self.engine.loop.take(record)
            if self.engine.loop.malformed == refused:
                self.engine.kept.fed(record)
            self.upcoming = next(self.records, None)
        taken_ns = time.perf_counter_ns() - began_ns
        self.telemetry.decided.add(taken_ns)
        self.telemetry.reacted.add(taken_ns + self.late_ns)


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


def runner_of(engine: Engine) -> type[Running]:
    """What feeds it: records of a file or a seed, or sockets; their parts are loaded then."""
    if engine.source.exchange is not None:
        from engine.live import Live

        return Live
    if engine.source.join is not None:
        from engine.overfeed import OverFeed

        return OverFeed
    return Fed


def live(engine: Engine, options: Options, stop: Stop) -> int:
    """Feed the engine until it ends; how many records were none."""
    builder = CoreBuilder(engine.core, options.data_dir)
    try:
        runner = runner_of(engine)(engine, options, stop, builder)
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
