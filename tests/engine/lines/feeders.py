"""Who feeds and who listens in these tests? An engine in small, and programs in threads."""

import select
import socket
import threading
import time

from engine.errors import Refused
from engine.lines.feed import Feed
from engine.lines.hello import Hello
from engine.messages import BookTop, encode
from tests.builders import ETHER

NOW_NS = 1_747_000_000_000_000_000
BITCOIN = ETHER._replace(name="BTCUSDT", base="BTC")
HELLO = Hello("a test's market", is_simulated=False, instruments=(ETHER, BITCOIN))


def top(number: int = 0, symbol: int = 0, received_ns: int = NOW_NS) -> bytes:
    """A top of the book."""
    return encode(BookTop(symbol, NOW_NS, received_ns, 100 + number, 101 + number, 5, 7))


class Engine:
    """What listens: one poll with a feed, in the test's own thread or in one of its own."""

    def __init__(self, path: str) -> None:
        self.poll, self.now_ns = select.epoll(), NOW_NS
        self.refusal: Refused | None = None
        self.got = bytearray()
        self.feed = Feed(path, self.poll, self._accepts)

    def _accepts(self, _hello: Hello) -> None:
        if self.refusal is not None:
            raise self.refusal

    def turn(self, seconds: float = 0.02) -> bytes:
        """One round; what came."""
        came = b"".join(self.feed.hear(fd, self.now_ns) for fd, _ in self.poll.poll(seconds))
        self.got += came
        return came

    def until(self, condition) -> None:
        """Turn until it holds."""
        end = time.monotonic() + 10
        while not condition():
            assert time.monotonic() < end, "it never came to that"
            self.turn()


def fed(engine: Engine, work) -> list[Exception]:
    """Another program does this while the engine turns; what it met."""
    met: list[Exception] = []

    def run() -> None:
        try:
            work()
        except (Refused, OSError) as error:
            met.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    engine.until(lambda: not thread.is_alive())
    engine.until(lambda: not engine.turn())
    return met


def raw_to(engine: Engine) -> socket.socket:
    """A program that writes what it likes."""
    one = socket.socket(socket.AF_UNIX)
    one.settimeout(10)
    one.connect(engine.feed.path)
    engine.turn()
    return one
