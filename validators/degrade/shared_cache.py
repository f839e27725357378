"""Is history right, and the engine at its pace, while the Redis that shares the cache fails?"""

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from engine.control.client import Link
from engine.service.keeper import NAME
from engine.service.pages import ROWS
from engine.service.standing import folder_of, standing_of
from validators import redis_server
from validators.degrade.database import LASTS_S, LATENCY_S, PACE_LEAST, SPEED
from validators.degrade.life import SETTINGS, Engine, Process, engine
from validators.degrade.outcome import Judge, Outcome, until
from validators.degrade.proxy import BLACKHOLE, LATENCY, RESET, TRUNCATE, Fault, Proxy
from validators.redis_server import Server

ANSWER_S, SLOWEST_S = 10.0, 2.0
ANSWER_BYTES = 400  # of answers, before a connection ends in the middle of one
PAGES = 3  # full ones, before anything is broken
TRUTH = "SELECT sequence FROM fills ORDER BY sequence LIMIT ? OFFSET ?"


class Stand:
    """An engine, its service, and a Redis behind a line that can be made bad."""

    def __init__(self, one: Engine, service: Process, server: Server, proxy: Proxy) -> None:
        self.engine, self.service, self.server, self.proxy = one, service, server, proxy
        self.home = str(one.home)
        self.answers, self.slowest_s = 0, 0.0
        self.wrong: list[str] = []

    def ask(self, verb: str, **fields: Any) -> dict[str, Any]:
        """What the service answers."""
        link = Link(folder_of(self.home), ANSWER_S, "degrade")
        try:
            return link.ask(verb, **fields)
        finally:
            link.close()

    def redis(self) -> dict[str, Any]:
        """How the tier stands."""
        found: dict[str, Any] = self.ask("cache")["namespaces"]["pages"]["tiers"]["redis"]
        return found

    def pages(self) -> int:
        """How many pages of fills there are."""
        return int(self.ask("page", table="fills", page=1)["pages"])

    def walk(self) -> None:
        """Every full page, past memory; each is held against the table."""
        self.ask("cache_reset")
        for number in range(1, self.pages()):
            began = time.monotonic()
            rows = self.ask("page", table="fills", page=number)["rows"]
            self.slowest_s = max(self.slowest_s, time.monotonic() - began)
            self.answers += 1
            if [row["sequence"] for row in rows] != self.truth(number):
                self.wrong.append(f"page {number} is not what the table has")

    def truth(self, number: int) -> list[int]:
        """The records of a page by the table itself."""
        path = Path(folder_of(self.home)) / NAME
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10.0)) as tables:
            return [row[0] for row in tables.execute(TRUTH, (ROWS, (number - 1) * ROWS))]


Act = Callable[[Stand], object]


def absent() -> str:
    """Why no Redis can be broken here, or nothing."""
    if why := redis_server.absent():
        return why
    if any(find_spec(name) is None for name in ("msgspec", "hiredis", "aiosqlite")):
        return "needs msgspec, hiredis and aiosqlite: .venv/bin/pip install '.[cache,service]'"
    return ""


@contextmanager
def standing(scratch: Path) -> Iterator[Stand]:
    """All of it, once full pages lie in Redis."""
    folder = scratch / "redis"
    folder.mkdir()
    with (
        redis_server.running(folder) as server,
        Proxy(str(server.place)) as proxy,
        engine(scratch / "home", "--speed", f"{SPEED:g}", *SETTINGS) as one,
        Process(
            one.home, "serve", "--snapshot", "0.5", REDIS_URL=f"redis://127.0.0.1:{proxy.port}"
        ) as service,
    ):
        stand = Stand(one, service, server, proxy)
        until(lambda: standing_of(stand.home).get("sequence", 0) > 0, "the service keeps rows")
        until(lambda: stand.pages() > PAGES, "there is some history")

        def is_shared() -> bool:
            stand.walk()
            return bool(stand.redis()["hits"])

        until(is_shared, "pages lie in Redis, and come from there")
        yield stand


def through(scratch: Path, breaks: Act, mends: Act) -> Outcome:
    """One fault: pages and pace during it, and how soon Redis is used again."""
    judge = Judge()
    with standing(scratch) as stand:
        before, began = stand.engine.status(), time.monotonic()
        breaks(stand)
        while time.monotonic() - began < LASTS_S:
            stand.walk()
        after, ended = stand.engine.status(), time.monotonic()
        mends(stand)
        hits, mended = stand.redis()["hits"], time.monotonic()

        def is_used() -> bool:
            stand.walk()
            return bool(stand.redis()["hits"] > hits)

        until(is_used, "Redis is used again")
        recovery_s = time.monotonic() - mended
        judge.must(stand.engine.is_alive and stand.service.is_alive, "a process ended")
        judge.must(not stand.wrong, "; ".join(stand.wrong[:3]))
        slow = f"a page took {stand.slowest_s:.1f} s, {SLOWEST_S:g} are promised"
        judge.must(stand.slowest_s <= SLOWEST_S, slow)
        events = after.get("events", 0) - before.get("events", 0)
        due = (ended - began) * SPEED * 2
        judge.must(events >= due * PACE_LEAST, f"{events} events, {due:.0f} heartbeats were due")
        told = stand.redis()
        stand.engine.end()
        stand.service.end()
        judge.must(not standing_of(stand.home)["alarms"], "the service raised an alarm")
    return judge.outcome(
        recovery_s,
        pages=stand.answers,
        slowest_ms=round(stand.slowest_s * 1e3, 1),
        errors=told["errors"],
        opened=told["breaker_opened"],
        connects=told["connects"],
    )


def on_the_line(kind: str, amount: float = 0.0) -> Callable[[Path], Outcome]:
    """A scenario in which the line to Redis is bad."""

    def run(scratch: Path) -> Outcome:
        return through(
            scratch,
            lambda stand: stand.proxy.set(Fault(kind, amount)),
            lambda stand: stand.proxy.set(Fault()),
        )

    return run


def stopped(scratch: Path) -> Outcome:
    """It crashes, cannot be reached, and is started again, empty."""
    return through(
        scratch, lambda stand: stand.server.stop(), lambda stand: stand.server.start()
    )  # fmt: skip


def restarted(scratch: Path) -> Outcome:
    """It crashes and is there again at once, empty."""

    def again(stand: Stand) -> None:
        stand.server.stop()
        stand.server.start()

    return through(scratch, again, lambda _: None)


def frozen(scratch: Path) -> Outcome:
    """It neither answers nor refuses, and then goes on."""
    return through(
        scratch, lambda stand: stand.server.freeze(), lambda stand: stand.server.thaw()
    )  # fmt: skip


def flushed(scratch: Path) -> Outcome:
    """Somebody empties it."""
    return through(scratch, lambda stand: stand.server.flush(), lambda _: None)


disconnected = on_the_line(RESET)
slow = on_the_line(LATENCY, LATENCY_S)
truncating = on_the_line(TRUNCATE, ANSWER_BYTES)
silent = on_the_line(BLACKHOLE)
