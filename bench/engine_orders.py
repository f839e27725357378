"""How many orders a second does an engine send, and what does one of them cost it?

A venue's bars turn the engine's mind as soon as it can: an entry, the stop under it, its cancel
and the exit, again and again, each sent only when its cause is on the disk. What the bars cost is
measured by the same run with an agent that never speaks. Beside it the client alone: adapter, line
and socket, without core, journal and log.
"""

import os
import select
import tempfile
import time
from collections.abc import Callable
from statistics import median

from bench.engine_venue_account import RULES, SYMBOL
from bench.figures import Absent, Figure
from bench.market import NEVER_STOPPED
from bench.measuring import no_collection
from bench.spawned import KEYS, SECONDS, Kept, at, begun, beside, said, spawned, watched
from engine.lines.address import address_of
from engine.lines.lines import Lines
from engine.lines.websocket import WebSocket
from engine.messages import BAR_CLOSED, BUY, CANCEL_ORDER, SELL, SUBMIT_ORDER, SubmitOrder, encode
from engine.venues.asking import SUBMIT, Request, Seen
from engine.venues.binance.account import Account
from engine.venues.binance.books import Books
from engine.venues.binance.naming import Names
from engine.venues.binance.rules import market_of
from engine.venues.binance.signing import key_of

ORDERS_MIN = 1_000
CLIENT_MS_MAX = 0.25
CLIENT_ORDERS, CLIENT_ROUNDS, LOTS = 1_000, 5, 1_000
ANSWERED_WITHIN_S = 30.0
# An agent that changes its mind with each bar, and nothing that keeps it from it.
RESTLESS = (
    *("strategy.agent=ema_cross", "features.bar_seconds=1", "schedule.interval_seconds=0"),
    *("indicators.macd_fast=2", "indicators.macd_slow=3", "indicators.macd_signal=2"),
    *("risk.orders_per_minute_max=1000000", *NEVER_STOPPED),
)
SPEAKS, IS_SILENT = "strategy.ema_cross.bars_min=0", "strategy.ema_cross.bars_min=1000000"


def orders(runs: int) -> list[Figure]:
    """The slowest run counts."""
    kept = [traded(SPEAKS) for _ in range(runs)]
    bar_s = per_bar(traded(IS_SILENT))
    rates = sorted(run.counts[SUBMIT_ORDER] / run.seconds for run in kept)
    shown = ", ".join(f"{rate:,.0f}" for rate in rates)
    cancels = sum(run.counts[CANCEL_ORDER] for run in kept) / sum(map(ordered, kept))
    whole = median(run.spent_s / ordered(run) for run in kept) * 1e3
    own = median((run.spent_s - told_bars(run) * bar_s) / ordered(run) for run in kept) * 1e3
    client = client_ms()
    return [
        Figure(
            "engine process, orders, socket to journal, over the WebSocket API",
            f"{shown} orders/s in {runs} x {kept[0].seconds:.0f} s",
            f"each >= {ORDERS_MIN:,}/s",
            rates[0] >= ORDERS_MIN,
        ),
        Figure("  cancels to each of them", f"{cancels:.2f}"),
        Figure("  one commit to the disk, nothing else done", f"{commit_us(200):,.0f} us, median"),
        Figure(
            "  processor time an order, all of the engine",
            f"{own:.2f} ms without bars, {whole:.2f} with",
        ),
        Figure(
            "  of it the client's: sign, send, hear its answer and three events",
            f"{client:.2f} ms an order",
            f"<= {CLIENT_MS_MAX:.2f} ms",
            client <= CLIENT_MS_MAX,
        ),
    ]


def ordered(run: Kept) -> int:
    """The orders in a run's journal."""
    return run.counts[SUBMIT_ORDER]


def told_bars(run: Kept) -> int:
    """The bars in a run's journal."""
    return run.counts[BAR_CLOSED]


def per_bar(run: Kept) -> float:
    """Processor seconds of one bar that moves nothing."""
    return run.spent_s / told_bars(run)


def traded(agent: str) -> Kept:
    """One run on bars that come as fast as orders are done."""
    words = [word for change in (*RESTLESS, agent) for word in ("--set", change)]
    with (
        beside("bench.engine_venue", "orders") as venue,
        spawned(["--profile", "binance-paper", *words], at(said(venue))) as engine,
    ):
        begun(engine)
        return watched(engine, SECONDS)


def commit_us(times: int) -> float:
    """The usual time in microseconds of one small write and its sync, where benchmarks write."""
    with tempfile.NamedTemporaryFile(prefix="supreme-bench-") as file:
        fd = file.fileno()
        os.posix_fallocate(fd, 0, times * 64)
        os.pwrite(fd, bytes(times * 64), 0)
        os.fsync(fd)
        taken = []
        for number in range(times):
            began = time.perf_counter()
            os.pwrite(fd, b"x" * 64, number * 64)
            os.fdatasync(fd)
            taken.append(time.perf_counter() - began)
    return median(taken) * 1e6


class Client:
    """The engine's own way to the venue, and nothing of the engine behind it."""

    def __init__(self, port: str) -> None:
        rules = market_of(RULES).rules[SYMBOL]
        key = key_of(KEYS["EXCHANGE_API_KEY"], KEYS["EXCHANGE_SECRET"])
        self.account = Account(key, Books([rules], Names("0badcafe", 1, 1)))
        self.poll = select.epoll()
        self.lines, self.done = Lines(self.poll), 0
        self.line = WebSocket(address_of(at(port)["SUPREME_EXCHANGE__API_URL"]), time.time_ns())
        self.lines.add(self.line, self._hear)
        self._until(lambda: self.line.is_open)
        self.account.opened(1, time.time_ns())
        self._until(lambda: bool(self.account.lines.best(hearing=True)))

    def order(self, number: int) -> None:
        """Buy or sell in turn, and hear the answer and the events."""
        now_ns, side = time.time_ns(), SELL if number % 2 == 0 else BUY
        order = encode(SubmitOrder(0, now_ns, now_ns, number, LOTS, 0, 0, 0, side))
        self.account.ask(Request(number, SUBMIT, number, 0, order), now_ns)
        self._until(lambda: self.done >= number)

    def _hear(self, texts: list[bytes], now_ns: int) -> None:
        for text in texts:
            for number, word in self.account.hear(1, text, now_ns):
                self.done += bool(number and isinstance(word, Seen))

    def _until(self, is_so: Callable[[], bool]) -> None:
        end = time.monotonic() + ANSWERED_WITHIN_S
        while not is_so():
            now_ns = time.time_ns()
            for _, text in self.account.leaving(now_ns):
                self.line.send(text)
            self.lines.settle(now_ns)
            for fd, _ in self.poll.poll(1.0):
                self.lines.hear(fd, time.time_ns())
            if time.monotonic() > end:
                raise Absent("the venue of the benchmark does not answer")


def client_ms() -> float:
    """Processor milliseconds of one order, in the usual round."""
    with beside("bench.engine_venue", "quiet") as venue, no_collection():
        client, taken = Client(said(venue)), []
        for started in range(0, CLIENT_ORDERS * CLIENT_ROUNDS, CLIENT_ORDERS):
            began = time.process_time_ns()
            for number in range(started + 1, started + CLIENT_ORDERS + 1):
                client.order(number)
            taken.append((time.process_time_ns() - began) / CLIENT_ORDERS)
        client.line.drop("measured")
        client.poll.close()
    return median(taken) / 1e6
