"""What would a database do at the far end of a bad line? Seeded: late, silent, broken, away.

What it has committed it keeps. A client that leaves is noticed late: until then its transaction
holds the checkpoint, and a commit that was on its way may still be done.
"""

import asyncio
from collections.abc import Callable
from errno import ECONNREFUSED, ECONNRESET
from random import Random
from typing import NamedTuple, TypeVar

from engine.service.copying import Cursor, Row
from engine.service.postgres import ANSWER_S, CONNECT_S, IDLE_S
from engine.service.schema import TABLES
from validators.simulation.virtual import VirtualLoop

Answer = TypeVar("Answer")
DONE_LATE_S = 15.0  # longest, until a commit that nobody waits for is done
SEEN = 0.7  # of the clients' ends are seen at once, the others when their session is idle too long
LAST = 3  # times as often it is a commit that goes wrong
FROZEN = 0.3  # of the outages: neither answer nor refusal


class Trouble(NamedTuple):
    """How bad it is: chances of 0 to 1 for each statement, times in seconds."""

    late_s: float = 0.02
    hangs: float = 0.0
    breaks_before: float = 0.0  # the connection breaks and nothing was done
    breaks_after: float = 0.0  # the connection breaks, and it was done
    refuses: float = 0.0
    outages: int = 0
    outage_s: float = 0.0


class Violation(Exception):
    """A row of that sequence is there already."""


class Server:
    """The tables that are committed, and who is connected."""

    def __init__(self, loop: VirtualLoop, draw: Random, trouble: Trouble, seconds: float) -> None:
        self.loop, self.draw, self.trouble = loop, draw, trouble
        self.tables: dict[str, dict[int, Row]] | None = None  # before they were prepared
        self.cursor = Cursor(0, "", 0)
        self.sessions: dict[Session, None] = {}
        self.holder: Session | None = None
        self.trace: list[tuple[int, str]] = []
        self._freed: list[asyncio.Future[None]] = []
        self._away: str = ""
        for _ in range(trouble.outages):
            loop.call_later(draw.random() * seconds, self._go)

    def tell(self, what: str) -> None:
        """One more thing that happened."""
        self.trace.append((self.loop.now_ns(), what))

    def heal(self) -> None:
        """From now on it is there, and answers."""
        self._away, self.trouble = "", Trouble()

    async def connect(self) -> "Session":
        """A connection. OSError, TimeoutError: there is none."""
        await asyncio.sleep(self.draw.random() * self.trouble.late_s)
        if self._away == "frozen":
            await asyncio.sleep(CONNECT_S)
            raise TimeoutError
        if self._away or self.draw.random() < self.trouble.refuses:
            self.tell("refused")
            raise ConnectionRefusedError(ECONNREFUSED, "refused")
        made = Session(self)
        self.sessions[made] = None
        self.tell("connected")
        return made

    async def hold(self, session: "Session") -> None:
        """The checkpoint is this session's until its transaction ends."""
        while self.holder is not None and self.holder is not session:
            waits = self.loop.create_future()
            self._freed.append(waits)
            await waits
        if session not in self.sessions:
            raise ConnectionResetError(ECONNRESET, "reset")
        self.holder = session

    def release(self, session: "Session") -> None:
        """A transaction has ended."""
        if self.holder is session:
            self.holder, waiting = None, self._freed
            self._freed = []
            for one in waiting:
                if not one.done():
                    one.set_result(None)

    def fate(self, *, is_last: bool) -> str:
        """What becomes of a statement; of a transaction's last one, whose outcome counts, worse."""
        trouble, draw = self.trouble, self.draw.random() / (LAST if is_last else 1)
        for word in ("hangs", "breaks_before", "breaks_after"):
            draw -= getattr(trouble, word)
            if draw < 0.0:
                return word
        return "hangs" if self._away else ""

    def keep(self, changes: list[Callable[[], None]], after: Cursor) -> None:
        """A transaction, whole."""
        for change in changes:
            change()
        self.cursor = after
        self.tell(f"committed {after.sequence}")

    def _go(self) -> None:
        """An outage begins."""
        if self.trouble.outages == 0:
            return  # healed meanwhile
        self._away = "frozen" if self.draw.random() < FROZEN else "gone"
        self.tell(self._away)
        if self._away == "gone":
            for session in [*self.sessions]:
                session.end()
        self.loop.call_later(self.draw.random() * self.trouble.outage_s, self._come)

    def _come(self) -> None:
        self._away = ""
        self.tell("back")


class Session:
    """One connection, as the copier and readers use it."""

    def __init__(self, server: Server) -> None:
        self._server, self._changes = server, list[Callable[[], None]]()
        self._cut: int | None = None
        self._is_over = self._is_late = False

    async def prepare(self, _journal_id: str) -> None:
        """Empty tables, where there are none."""

        def made() -> None:
            if self._server.tables is None:
                self._server.tables = {table: {} for table in TABLES}

        await self._say(made)

    async def begin(self) -> Cursor:
        """A transaction that holds the checkpoint, and how far that goes."""
        self._changes, self._cut = [], None
        async with asyncio.timeout(ANSWER_S):
            await self._server.hold(self)
        return await self._say(lambda: self._server.cursor)

    async def look(self) -> Cursor:
        """How far the tables go, without holding anything."""
        return await self._say(lambda: self._server.cursor)

    async def cut(self, sequence: int) -> None:
        """Remove the rows from this sequence on."""

        def removed() -> None:
            for rows in (self._server.tables or {}).values():
                for one in [one for one in rows if one >= sequence]:
                    del rows[one]

        self._cut = sequence
        await self._say(lambda: self._changes.append(removed))

    async def add(self, table: str, rows: list[Row]) -> None:
        """Rows of a table; Violation where one is there."""
        kept = (self._server.tables or {})[table]

        def added() -> None:
            kept.update({row[0]: row for row in rows})

        for row in rows:
            if row[0] in kept and (self._cut is None or row[0] < self._cut):
                self._server.tell(f"violated {table}")
                raise Violation(table)
        await self._say(lambda: self._changes.append(added))

    async def add_lines(self, _rows: list[Row]) -> None:
        """There are no logs in this world."""
        await self._say(lambda: None)

    async def commit(self, after: Cursor) -> None:
        """All of it or nothing; whether, the client may never hear."""
        await self._say(lambda: self._server.keep(self._changes, after), is_last=True)
        self._server.release(self)

    async def leave(self) -> None:
        """Nothing of it."""
        await self._say(lambda: None)
        self._server.release(self)

    def terminate(self) -> None:
        """The client is gone, which the server notices later."""
        if not self._is_over and not self._is_late:
            is_seen = self._server.draw.random() < SEEN
            self._server.loop.call_later(0.001 if is_seen else IDLE_S, self.end)
        self._is_over = True

    def end(self) -> None:
        """The server's side of it is gone: of its transaction nothing is done."""
        self._is_over = True
        self._changes = []
        self._server.sessions.pop(self, None)
        self._server.release(self)

    async def _say(self, done: Callable[[], Answer], *, is_last: bool = False) -> Answer:
        """A statement and its answer. OSError, TimeoutError: it is not known whether it was."""
        server, draw = self._server, self._server.draw
        async with asyncio.timeout(ANSWER_S):
            await asyncio.sleep(draw.random() ** 3 * server.trouble.late_s)
            fate = "breaks_before" if self._is_over else server.fate(is_last=is_last)
            if fate:
                server.tell(fate)
            if fate == "hangs":
                self._is_late = True
                server.loop.call_later(
                    draw.random() * DONE_LATE_S, self._late, done if is_last else None
                )
                await server.loop.create_future()
            if fate != "breaks_before":
                answer = done()
            if fate:
                self.end()
                raise ConnectionResetError(ECONNRESET, "reset")
        return answer

    def _late(self, done: Callable[[], object] | None) -> None:
        """What nobody waits for any more is done, or not; then the session is over."""
        is_there = self in self._server.sessions
        if done and is_there and self._server.draw.random() < 0.5:
            self._server.tell("done late")
            done()
        self.end()
