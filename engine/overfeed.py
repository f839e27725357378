"""How does an engine live on another program's records? It listens, and trades them on paper."""

import select
import time
from collections.abc import Callable
from math import inf
from typing import TYPE_CHECKING, NamedTuple

from engine.errors import Refused
from engine.hearing import Hearing
from engine.lines.feed import Feed
from engine.lines.hello import Hello
from engine.lines.patience import NEVER_NS
from engine.parts import Engine, Source, Stopped

if TYPE_CHECKING:
    from engine.builder import CoreBuilder
    from engine.instruments import Instrument
    from engine.options import Options
    from engine.running import Stop

LOOK_S = 0.1
TURNS_MAX = 64  # receives before something else is looked at: 16,384 records


class Listening(NamedTuple):
    """A feed's socket, and the poll of its own that it lives in."""

    feed: Feed
    poll: select.epoll


def feed_source(
    path: str, say: Callable[[str], None], stop: Callable[[], int], seconds: float = 0.0
) -> Source:
    """The market of whoever connects first: it says what is traded, so it is waited for.

    Refused (5) when nobody came in so many seconds, if any are given; Stopped.
    """
    wanted: list[Instrument] = []  # of the first feeder: the engine trades these

    def accepts(hello: Hello) -> None:
        if wanted and list(hello.instruments) != wanted:
            names = ", ".join(one.name for one in wanted)
            raise Refused(f"this engine trades {names} as they were told first", "feed these")

    poll = select.epoll()
    feed = Feed(path, poll, accepts)
    say(f"waiting for a feeder at {feed.path}")
    began_s = time.monotonic()
    try:
        hello = first_hello(feed, poll, stop, seconds)
    except (Stopped, Refused):
        feed.close()
        raise
    wanted += hello.instruments
    label = f"{'SIMULATED ' if hello.is_simulated else ''}FEED {hello.label}"

    def join(engine: Engine) -> Listening:
        engine.held.append(feed.close)
        return Listening(feed, poll)

    return Source(
        label,
        hello.is_simulated,
        wanted,
        time.time_ns(),
        0,
        lambda _skip: iter(()),
        None,
        join,
        time.monotonic() - began_s,
    )


def first_hello(feed: Feed, poll: select.epoll, stop: Callable[[], int], seconds: float) -> Hello:
    """What the first feeder says of its market; Refused (5) after so many seconds; Stopped."""
    end_s = time.monotonic() + (seconds or inf)
    while feed.hello is None:
        if stop():
            raise Stopped(stop())
        if time.monotonic() > end_s:
            raise Refused(
                f"nobody came to feed {feed.path} in {seconds:g} s, and nothing was traded",
                "start what feeds it, or give it longer with --for",
                code=5,
            )
        for fd, _ in poll.poll(LOOK_S):
            feed.hear(fd, time.time_ns())
    return feed.hello


class OverFeed(Hearing):
    """An engine on a local feed; simulated time is the records' own, other time the clock's."""

    def __init__(
        self, engine: "Engine", options: "Options", stop: "Stop", builder: "CoreBuilder"
    ) -> None:
        super().__init__(engine, options, stop, builder)
        self.feed, self.feed_poll = engine.joined()
        self.poll.register(self.feed_poll.fileno(), select.EPOLLIN)
        self.heard[self.feed_poll.fileno()] = self._hear_feed
        self.told = ""

    def run(self) -> None:
        """Until the time is over or somebody asks to stop; a feeder may leave and come back."""
        while not self.stop.wished:
            beat_ns = NEVER_NS
            if not self.engine.source.simulated:
                self.pass_time()
                self.beat_until(self.now_ns)
                beat_ns = self.engine.core.state.clock.heartbeat_due_ns or NEVER_NS
            self.commands_leave()
            if self.is_over():
                return
            self.hear(self.sleep_s(beat_ns))

    def tend(self) -> None:
        """As ever; that a feeder came or left goes to the log."""
        super().tend()
        now = "" if self.feed.hello is not None else self.feed.ended or "nobody feeds"
        if now != self.told:
            self.told = now
            self.engine.log.say("warning" if now else "info", "Feed", said=now or "fed again")

    def _hear_feed(self, _events: int) -> None:
        """What came since: a bounded part of it, then others are looked at."""
        for _ in range(TURNS_MAX):
            self.pass_time()
            ready = self.feed_poll.poll(0)
            if not ready:
                return
            for fd, _ in ready:
                self.take_market(self.feed.hear(fd, self.now_ns))
