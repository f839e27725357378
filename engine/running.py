"""What does every running engine do beside deciding? It listens, tends, and ends when asked."""

import os
import select
import signal
import time
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from engine import core as cores
from engine.builder import CoreBuilder
from engine.desk import Desk
from engine.messages import Heartbeat, encode
from engine.options import Options
from engine.parts import Engine, pace_of
from engine.picture import picture
from engine.scarcity import Scarcity
from engine.status import Status
from engine.telemetry import Telemetry

if TYPE_CHECKING:
    from collections.abc import Callable

TEND_SECONDS = 0.5  # between two looks at the screen, the log and the builder


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


class Running(ABC):
    """An engine and all that watches it; `heard` has what is done when a file becomes readable."""

    def __init__(self, engine: Engine, options: Options, stop: Stop, builder: CoreBuilder) -> None:
        self.engine, self.options, self.stop, self.builder = engine, options, stop, builder
        self.status = Status(engine.source.label, pace_of(engine, options))
        self.status.dead = options.quiet
        self.malformed_told = 0
        self.began = time.monotonic() - engine.source.waited_s
        self.tend_at = 0.0
        self.telemetry = Telemetry()
        self.telemetry.asked = engine.loop.asked
        self.poll = select.epoll()
        self.poll.register(stop.fd, select.EPOLLIN)
        self.poll.register(engine.journal.fileno(), select.EPOLLIN)
        self.heard: dict[int, Callable[[int], object]] = {
            engine.journal.fileno(): lambda _: engine.journal.collect()
        }
        self.scarcity = Scarcity(engine)
        self.desk = Desk(engine, options, self.telemetry)
        self.desk.open(self.poll, stop.wish)
        engine.held.append(self.desk.close)

    @abstractmethod
    def run(self) -> None:
        """Until it ends by itself, the time is over or somebody asks to stop."""

    def hear(self, seconds: float) -> None:
        """Listen so long: to who asks, to the journal, to the market, to a wish to stop."""
        for fd, happened in self.poll.poll(seconds):
            if fd in self.heard:
                self.heard[fd](happened)
            else:
                self.hear_other(fd)
        self.desk.settle()

    def hear_other(self, fd: int) -> None:
        """A descriptor that nothing here knows: somebody who asks."""
        self.desk.server.hear(fd)

    def beat(self, at_ns: int) -> None:
        """A heartbeat at this time."""
        number = self.engine.core.state.clock.heartbeats + 1
        self.engine.loop.take(encode(Heartbeat(0, at_ns, at_ns, number)))

    def is_over(self) -> bool:
        """Look after what waits for no event, when it is time; whether the time to run is over."""
        self.scarcity.heed()
        if time.monotonic() < self.tend_at:
            return False
        self.tend()
        self.tend_at = time.monotonic() + TEND_SECONDS
        return bool(self.options.seconds and self.tend_at - self.began > self.options.seconds)

    def tend(self) -> None:
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
