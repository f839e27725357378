"""Who reads from the database through the pool and its breaker? Callers of little patience.

What is held against the rules of both is counted here, apart from them.
"""

import asyncio

from engine.errors import Refused
from engine.resilience.breaker import HALF_OPEN, Breaker, Changed
from engine.resilience.demand import Room
from engine.resilience.pool import Pool
from engine.resilience.pool_shell import Acts, AsyncPool
from engine.resilience.settings import Backoff, BreakerSettings, PoolSettings, Resilience
from engine.resilience.shells import guarded
from validators.simulation.database import Server, Session
from validators.simulation.virtual import NS

SETTINGS = Resilience(
    breaker=BreakerSettings(recovery_timeout=5.0, success_threshold=2),
    pool=PoolSettings(1, 3, 5.0, 20.0, 15.0),
    backoff=Backoff(max_delay_ms=20_000),
)
LATE_NS = NS  # what a caller may wait beyond its patience


class Caller:
    """All callers of one life of the service."""

    def __init__(self, server: Server, problems: list[str]) -> None:
        clock, draw = server.loop.now_ns, server.draw
        self._server, self._problems = server, problems
        self.breaker = Breaker("reading", SETTINGS.breaker, clock, self._moved)
        self.policy = Pool(SETTINGS.pool, SETTINGS.backoff)
        acts = Acts(self._connect, Session.look, self._close)
        room = Room(cpu_idle=draw.random())
        self.pool = AsyncPool("postgres", self.policy, acts, clock, lambda: room)
        self.asking = self.made = self.probes = self._period = 0
        self.is_over = False

    async def read(self) -> None:
        """Ask now and then, with little patience sometimes."""
        draw = self._server.draw
        while not self.is_over:
            await asyncio.sleep(draw.choice((0.0, 1.0, 8.0, 25.0)) * draw.random())
            self.asking += 1
            try:
                async with asyncio.timeout(draw.choice((0.05, 2.0, None, None))):
                    await guarded(self.breaker, self._probe)
            except (Refused, OSError, TimeoutError):
                await asyncio.sleep(1.0)
            finally:
                self.asking -= 1

    async def _probe(self) -> None:
        """A call that the breaker let in: no more of them in half-open than it promised."""
        is_probe, period = self.breaker.state is HALF_OPEN, self._period
        self.probes += is_probe
        if is_probe and self.probes > SETTINGS.breaker.success_threshold:
            self._problems.append(f"{self.probes} probes were let in")
        try:
            await self._look()
        except asyncio.CancelledError:
            self.probes -= is_probe and period == self._period  # its leave is given again
            raise

    async def _look(self) -> None:
        clock, came_ns = self._server.loop.now_ns, self._server.loop.now_ns()
        try:
            async with self.pool.lent() as link:
                self._waited(clock() - came_ns)
                await link.look()
                await asyncio.sleep(self._server.draw.random())
        except Refused:
            self._waited(clock() - came_ns)
            raise

    def _waited(self, waited_ns: int) -> None:
        if waited_ns > int(SETTINGS.pool.connection_timeout * NS) + LATE_NS:
            self._problems.append(f"a caller waited {waited_ns / NS:.1f} s")

    def _moved(self, changed: Changed) -> None:
        self.probes, self._period = 0, self._period + 1
        self._server.tell(f"reading {changed.event}: {changed.before} {changed.after}")

    async def _connect(self) -> Session:
        self.made += 1
        if self.made > SETTINGS.pool.max_connections:
            self._problems.append(f"the pool made {self.made} connections")
        try:
            return await self._server.connect()
        except BaseException:
            self.made -= 1
            raise

    async def _close(self, link: Session) -> None:
        self.made -= 1
        link.terminate()
