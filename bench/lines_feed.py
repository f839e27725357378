"""How many records a second come in over the local feed, checked, and how many get through?"""

import os
import select
import time
from collections.abc import Callable

from bench.engines import drained, running
from bench.figures import Absent, Figure
from bench.market import NEVER_STOPPED
from bench.measuring import no_collection
from engine.instruments import Instrument
from engine.lines.feed import Feed
from engine.lines.feeding import Feeding
from engine.lines.hello import Hello
from engine.market.simulated import START_NS
from engine.messages import BookTop, encode, split

RECORDS, RECORDS_MIN = 200_000, 100_000
ETHER = Instrument(
    "ETHUSDT", "ETH", "USDT", 1_000_000, 10_000, 1, 90_000_000, 31_250_000, 10**9, 1, 100_000_000
)


def figures(folder: str) -> list[Figure]:
    """Another process feeds, over a socket in this folder."""
    return [feed_alone(folder), feed_to_the_journal(folder)]


def feed_alone(folder: str) -> Figure:
    """From another program's socket to checked records, nothing decided."""
    seconds, cpu_ns = fed(folder, lambda _records: None)
    return Figure(
        "local feed, checked records from a socket",
        f"{RECORDS / seconds / 1e3:,.0f} k/s, {cpu_ns / RECORDS / 1000:.2f} us CPU",
    )


def feed_to_the_journal(folder: str) -> Figure:
    """The same through decision and journal."""
    with running(NEVER_STOPPED, START_NS) as engine, no_collection():
        take, collect = engine.loop.take, engine.loop.release

        def decide(records: bytes) -> None:
            for record in split(records):
                take(record)
            collect()

        seconds, cpu_ns = fed(folder, decide)
        drained(engine)
        if engine.loop.malformed or engine.journal.sequence < RECORDS:
            raise Absent("not every record was decided and journaled")
    rate = RECORDS / seconds
    return Figure(
        "local feed, from a socket through decision and journal",
        f"{rate / 1e3:,.0f} k/s, {cpu_ns / RECORDS / 1000:.2f} us CPU",
        f">= {RECORDS_MIN / 1000:.0f} k/s",
        rate >= RECORDS_MIN,
    )


def fed(folder: str, taken: Callable[[bytes], None]) -> tuple[float, int]:
    """Seconds and CPU ns from the first record of a feeding process to the last."""
    path = os.path.join(folder, "feed", "socket")
    poll = select.epoll()
    feed = Feed(path, poll, lambda _hello: None)
    child = os.fork()
    if child == 0:
        feeding(path)
    try:
        while feed.hello is None:
            heard(feed, poll)
        began, cpu = time.perf_counter(), time.process_time_ns()
        while feed.records < RECORDS and not feed.ended:
            for records in heard(feed, poll):
                taken(records)
        seconds, cpu_ns = time.perf_counter() - began, time.process_time_ns() - cpu
        if feed.records < RECORDS:
            raise Absent(feed.ended)
    finally:
        os.waitpid(child, 0)
        feed.close()
        poll.close()
    return seconds, cpu_ns


def heard(feed: Feed, poll: select.epoll) -> list[bytes]:
    """One turn."""
    return [feed.hear(fd, time.time_ns()) for fd, _ in poll.poll(1.0)]


def feeding(path: str) -> None:
    """The other program: tops of the book whose prices move, its own process."""
    code = 1
    try:
        records = b"".join(top(number) for number in range(RECORDS))
        with Feeding(path, Hello("bench", is_simulated=True, instruments=(ETHER,))) as feed:
            feed.send(records)
        code = 0
    finally:
        os._exit(code)


def top(number: int) -> bytes:
    """One record of the market; a thousand a second of its own time."""
    at_ns, bid = START_NS + number * 1_000_000, 268_380 + number % 7
    return encode(BookTop(0, at_ns, at_ns, bid, bid + 1, 302_920_000, 3_143_950_000))
