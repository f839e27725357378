"""What does the service make of a world, while it and its database fail? In virtual time.

The real fold, tables, copier, breaker, ladder, incidents and pool; the journal is the world's, the
tables are a real SQLite file, the database is simulated, and so are those who read from it.
"""

import asyncio
import os
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from random import Random
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from engine.errors import Refused
from engine.log import Log
from engine.resilience.shells import Timing
from engine.service.copying import Ask, Copier, Place
from engine.service.folding import Fold
from engine.service.keeper import NAME, Keeper
from engine.service.projecting import POLL_S
from engine.service.recovering import Recovery
from engine.service.standing import Standing
from engine.service.tables import Tables
from validators.simulation.callers import SETTINGS, Caller
from validators.simulation.database import Server, Trouble, Violation
from validators.simulation.disk import Disk
from validators.simulation.virtual import NS, VirtualLoop

JOURNAL = "51" * 16
READ_AT_ONCE, READ_S = 64, 0.03  # records, and how long it takes at most to fold them
SYNCED_S, STARTED_S = 40.0, 8.0  # longest: between two syncs of the tables, until it runs again
REST_S = 60  # at the end: those who ask have their answer, and what is due is copied
IN_MEMORY = "/dev/shm"  # noqa: S108  a folder of its own is made there
READERS = 7
START_NS = 1_747_000_020_000_000_000


class Ailing(NamedTuple):
    """What befalls the service in one run: its database, and how often it is killed."""

    trouble: Trouble
    kills: int = 0


class Life:
    """All that ends with the process."""

    def __init__(self, service: "Service") -> None:
        clock, server, folder = service.loop.now_ns, service.server, service.folder
        self.log = Log(os.path.join(folder, "service.log"), "critical", "json", "")
        self.standing = Standing(folder, self.log, clock)
        self.keeper = Keeper(os.path.join(folder, NAME))
        self.tables = Tables(self.keeper, service.loop.time)
        self.recovery = Recovery(
            SETTINGS, self.standing, server.draw.random, Timing(clock, asyncio.sleep)
        )
        place = Place("simulated", server.connect, (Violation,))
        self.copier = Copier(place, service.asking, self.standing, self.recovery)
        self.caller = Caller(server, service.problems)
        self.fold: Fold | None = None
        self._is_over = False

    def end(self) -> None:
        """Let go of the files."""
        if not self._is_over:
            self._is_over = True
            self.keeper.close()
            self.log.close()


class Service:
    """Its lives, one after another, from the world's first moment on."""

    def __init__(self, disk: Disk, seed: int, ailing: Ailing, seconds: int, native: Any) -> None:
        self.disk, self.native = disk, native
        self._place = TemporaryDirectory(dir=IN_MEMORY if os.path.isdir(IN_MEMORY) else None)
        self.folder, self.problems = self._place.name, list[str]()
        draw = Random(f"{seed} service")  # noqa: S311  a run must be the same again
        self.loop = VirtualLoop(START_NS)
        self.server = Server(self.loop, draw, ailing.trouble, seconds)
        self._draw = draw
        self._synced: dict[str, bytes] = {}
        self._is_starting = False
        self._begin()
        for _ in range(ailing.kills):
            self.loop.call_later(draw.random() * seconds, self.kill)

    def run_until(self, now_ns: int) -> None:
        """All that it does until then."""
        if self.loop.due_ns <= now_ns:
            self.loop.run_until(now_ns)

    def cut(self) -> None:
        """The power goes: of the tables that stays which was synced, and perhaps all.

        Often at the worst moment: what the journal's disk will lose was just kept here.
        """
        while not self._is_starting and self._draw.random() < 0.7 and self._step(self.life):
            pass
        self.loop.due_ns = self.loop.now_ns()
        taken = self._synced if self._draw.random() < 0.5 else self._files()
        self.loop.call_soon(self.kill, taken)

    def rest(self) -> None:
        """Those who ask are done, and time goes on for a while."""
        self.life.caller.is_over = True
        self.loop.run_until(self.loop.now_ns() + REST_S * NS)

    def close(self) -> None:
        """No life any more, no file."""
        self.loop.finish(self._end())
        self._place.cleanup()

    def kill(self, left: dict[str, bytes] | None = None) -> None:
        """The process ends in the middle of what it does, and is started again.

        `left` is what a power cut leaves of the tables' files.
        """
        if self._is_starting and left is None:
            return
        for task in [*self.loop.tasks]:
            task.cancel()
        self._is_starting = True
        self.server.tell("service killed" if left is None else "service cut")
        self.loop.create_task(self._again(left, self._draw.random() * STARTED_S))

    @asynccontextmanager
    async def asking(self) -> AsyncIterator[Ask]:
        """Questions to the tables, beside their writer."""
        where = f"file:{os.path.join(self.folder, NAME)}?mode=ro"
        link = sqlite3.connect(where, uri=True, isolation_level=None)

        async def ask(question: str, *values: object) -> list[tuple[Any, ...]]:
            return link.execute(question, values).fetchall()

        try:
            yield ask
        finally:
            link.close()

    async def _again(self, left: dict[str, bytes] | None, wait_s: float) -> None:
        await self._end()
        if left is not None:
            self._restore(left)
        await asyncio.sleep(wait_s)
        self._is_starting = False
        self._begin()

    def _begin(self) -> None:
        self.life = life = Life(self)
        caller = life.caller
        work = [self._follow(life), life.copier.run(), self._sync(), caller.pool.open()]
        for one in [*work, *(caller.read() for _ in range(READERS))]:
            self.loop.create_task(one).add_done_callback(self._over)

    def _over(self, task: asyncio.Task[Any]) -> None:
        """Nothing of a life ends by an error."""
        if not task.cancelled() and (wrong := task.exception()):
            self.problems.append(f"a task of the service failed: {wrong!r}")

    async def _end(self) -> None:
        """Files are let go of once nobody uses them."""
        others = [task for task in self.loop.tasks if task is not asyncio.current_task()]
        await asyncio.gather(*others, return_exceptions=True)
        self.life.end()

    async def _follow(self, life: Life) -> None:
        """As the service's own follower does, from the world's journal."""
        while True:
            is_more = self._step(life)
            await asyncio.sleep(self._draw.random() * READ_S if is_more else POLL_S)

    def _step(self, life: Life) -> bool:
        """Some records, and whether there may be more."""
        if life.fold is None:
            kept, _ = life.tables.begin(JOURNAL)
            self._synced = self._files()  # the beginning of a life is synced
            life.fold = Fold(self.native, JOURNAL, kept.sequence)
        since = life.fold.sequence
        records = self.disk.records[since : since + READ_AT_ONCE]
        try:
            why = life.tables.take(life.fold, memoryview(b"".join(records)))
        except Refused as no:
            self.problems.append(f"the service does not follow: {no.what}")
            return False
        if why:
            self.server.tell(why)
            life.tables.make_anew()
            life.fold = None
        self._keep_steps(life)
        return bool(why or records)

    def _keep_steps(self, life: Life) -> None:
        steps = [*life.standing.steps]
        life.standing.steps.clear()
        if steps:
            life.keeper.keep_steps(steps)
        for step in steps:
            self.server.tell(f"step {step}")

    async def _sync(self) -> None:
        """The log of the tables reaches the disk now and then."""
        while True:
            await asyncio.sleep(self._draw.random() * SYNCED_S)
            self._synced = self._files()

    def _files(self) -> dict[str, bytes]:
        found = {}
        for name in (NAME, f"{NAME}-wal"):
            with suppress(FileNotFoundError), open(os.path.join(self.folder, name), "rb") as file:
                found[name] = file.read()
        return found

    def _restore(self, files: dict[str, bytes]) -> None:
        for name in (NAME, f"{NAME}-wal", f"{NAME}-shm"):
            with suppress(FileNotFoundError):
                os.unlink(os.path.join(self.folder, name))
        for name, content in files.items():
            with open(os.path.join(self.folder, name), "wb") as file:
                file.write(content)
