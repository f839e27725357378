"""Does the engine go on while its database is gone, and does that come to hold every row?"""

import asyncio
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from engine.service.keeper import NAME
from engine.service.schema import TABLES
from engine.service.standing import folder_of, standing_of
from validators import postgres_server
from validators.degrade.life import SETTINGS, Engine, Process, engine
from validators.degrade.outcome import Judge, Outcome, until
from validators.degrade.proxy import BLACKHOLE, LATENCY, RESET, TRUNCATE, Fault, Proxy
from validators.postgres_server import Server

SPEED = 600.0  # market seconds a second
PACE_LEAST = 0.8  # of that, while the fault lasts
LASTS_S = 3.0  # a fault, once it is felt
LATENCY_S, ANSWER_BYTES = 0.3, 700  # the second ends a connection after its greeting


class Stand(NamedTuple):
    """An engine, its service, and the database behind a line that can be made bad."""

    engine: Engine
    service: Process
    server: Server
    proxy: Proxy

    @property
    def home(self) -> str:
        """The data directory."""
        return str(self.engine.home)

    def told(self) -> dict[str, Any]:
        """What the service says of its database."""
        return standing_of(self.home).get("postgres") or {}

    def is_gone(self) -> bool:
        """Whether the service says that the database is not there."""
        return self.told().get("connected") is False

    def is_felt(self) -> bool:
        """Whether the line has done to somebody what it was told."""
        return self.proxy.felt > 0

    def copied(self) -> int:
        """How far the database itself says that it is; -1 where it says nothing."""
        said = self.server.answer(f"SELECT sequence FROM {self.schema}.checkpoint")  # noqa: S608
        return int(said) if said else -1

    @property
    def schema(self) -> str:
        """Where its tables are."""
        return f"supreme_{self.kept('journal_id')[:8]}"

    def kept(self, column: str) -> Any:
        """A column of SQLite's checkpoint."""
        with closing(self.tables()) as tables:
            return tables.execute(f"SELECT {column} FROM checkpoint").fetchone()[0]  # noqa: S608

    def tables(self) -> sqlite3.Connection:
        """SQLite's tables, to be read."""
        path = Path(folder_of(self.home)) / NAME
        return sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10.0)


Act = Callable[[Stand], object]


def absent() -> str:
    """Why no PostgreSQL can be broken here, or nothing."""
    if why := postgres_server.absent():
        return why
    if find_spec("asyncpg") is None or find_spec("aiosqlite") is None:
        return "needs asyncpg and aiosqlite: .venv/bin/pip install '.[service]'"
    return ""


@contextmanager
def standing(scratch: Path) -> Iterator[Stand]:
    """All of it, once the first rows have come to the database."""
    folder = scratch / "pg"
    folder.mkdir()
    with (
        postgres_server.running(folder) as server,
        Proxy(str(folder / f".s.PGSQL.{server.port}")) as proxy,
        engine(scratch / "home", "--speed", f"{SPEED:g}", *SETTINGS) as one,
        Process(one.home, "serve", POSTGRES_URL=url_of(proxy)) as service,
    ):
        stand = Stand(one, service, server, proxy)
        until(lambda: stand.told().get("sequence", 0) > 0, "the first rows are in PostgreSQL")
        yield stand


def url_of(proxy: Proxy) -> str:
    """How the service is told of the database, through the line."""
    owner = postgres_server.OWNER
    return f"postgresql://{owner}:hush-hush@127.0.0.1:{proxy.port}/postgres"


def through(scratch: Path, breaks: Act, mends: Act, is_felt: Callable[[Stand], bool]) -> Outcome:
    """One fault: the engine's pace during it, what it took to mend, and every row afterwards."""
    judge = Judge()
    with standing(scratch) as stand:
        breaks(stand)
        until(lambda: is_felt(stand), "the service feels the fault")
        before, began = stand.engine.status(), time.monotonic()
        time.sleep(LASTS_S)  # how long the fault lasts is what is chosen here
        after, ended = stand.engine.status(), time.monotonic()
        mends(stand)
        target, mended = stand.kept("sequence"), time.monotonic()
        until(lambda: stand.copied() >= target, "PostgreSQL has what was written behind")
        recovery_s = time.monotonic() - mended
        judge.must(stand.engine.is_alive and stand.service.is_alive, "a process ended")
        events = after.get("events", 0) - before.get("events", 0)
        # A heartbeat each half second of the market, so that silence of the market is no pause.
        due = (ended - began) * SPEED * 2
        judge.must(events >= due * PACE_LEAST, f"{events} events, {due:.0f} heartbeats were due")
        decided = after.get("decisions", 0) - before.get("decisions", 0)
        judge.must(decided > 0, "nothing was decided during the fault")
        stand.engine.end()
        stand.service.end()
        judge.must(not standing_of(stand.home)["alarms"], "the service raised an alarm")
        rows = compared(stand, judge)
    return judge.outcome(recovery_s, events=events, decisions=decided, rows=rows)


def compared(stand: Stand, judge: Judge) -> int:
    """Every row of SQLite held against PostgreSQL's; how many there are."""
    import asyncpg

    async def there() -> dict[str, list[Any]]:
        link = await asyncpg.connect(**stand.server.address)
        asked = {table: QUESTION.format(of=f"{stand.schema}.{table}") for table in TABLES}
        found = {table: await link.fetch(words) for table, words in asked.items()}
        await link.close()
        return found

    copied, total = asyncio.run(there()), 0
    with closing(stand.tables()) as tables:
        for table in TABLES:
            kept = tables.execute(QUESTION.format(of=table)).fetchall()
            total += len(kept)
            same = kept == [tuple(row) for row in copied[table]]
            judge.must(same, f"{table}: {len(kept)} rows here, {len(copied[table])} in PostgreSQL")
    judge.must(total > 0, "no row was ever written")
    judge.must(stand.copied() == stand.kept("sequence"), "the checkpoints differ")
    return total


QUESTION = "SELECT * FROM {of} ORDER BY sequence"


def on_the_line(kind: str, amount: float = 0.0) -> Callable[[Path], Outcome]:
    """A scenario in which the line to the database is bad."""

    def run(scratch: Path) -> Outcome:
        return through(
            scratch,
            lambda stand: stand.proxy.set(Fault(kind, amount)),
            lambda stand: stand.proxy.set(Fault()),
            Stand.is_gone if kind == BLACKHOLE else Stand.is_felt,
        )

    return run


def stopped(scratch: Path) -> Outcome:
    """The server crashes, and is started again."""
    return through(
        scratch, lambda stand: stand.server.stop(), lambda stand: stand.server.start(),
        Stand.is_gone,
    )  # fmt: skip


def frozen(scratch: Path) -> Outcome:
    """The server and its sessions neither answer nor refuse, and then go on."""
    return through(
        scratch, lambda stand: stand.server.freeze(), lambda stand: stand.server.thaw(),
        Stand.is_gone,
    )  # fmt: skip


slow = on_the_line(LATENCY, LATENCY_S)
resetting = on_the_line(RESET)
truncating = on_the_line(TRUNCATE, ANSWER_BYTES)
silent = on_the_line(BLACKHOLE)
