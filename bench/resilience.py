"""What does a breaker cost and how well does it judge; how soon is what failed at work again?"""

import asyncio
import signal
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from bench.figures import Figure
from bench.measuring import cpu_ns, interleaved, median
from engine.resilience.backoff import longest_ns
from engine.resilience.breaker import CLOSED, Breaker
from engine.resilience.degradation import Degradation, LevelChanged
from engine.resilience.ladder import TRIES, Ladder, Step
from engine.resilience.settings import RETRY, BreakerSettings, Resilience
from engine.resilience.shells import Supervisor, guarded
from tests.engine.resilience.echo import Echo, Wire
from tests.engine.resilience.test_breaker_judgement import judged
from validators import postgres_server

CALLS, ROUNDS, ADDED_MAX_NS = 100_000, 11, 300
RUNS, FALSE_MAX, TRUE_MIN = 10_000, 0.001, 0.99
TIMES, RESTARTS, RECOVERED_MAX_MS = 20, 6, 100.0
AWAY_S = (0.05, 0.6)  # how long a dependency stays away
NS_A_MS = 1e6


class Recovery(NamedTuple):
    """One return to health, milliseconds."""

    waited: float  # from the dependency's return to the probe that found it
    recovered: float  # from that probe to the first answer through a closed breaker


def figures() -> list[Figure]:
    """Cost, judgement, and the three ways back."""
    return [*cost(), *judgement(), *recoveries()]


def cost() -> list[Figure]:
    """A closed call beside a bare one and another breaker's, in turn."""
    from pybreaker import CircuitBreaker

    breaker = Breaker("any", BreakerSettings(), time.monotonic_ns)
    calls = {
        "bare": bare,
        "ours": through(breaker.call),
        "pybreaker": through(CircuitBreaker().call),
    }
    taken = interleaved({name: lambda job=job: cpu_ns(job) for name, job in calls.items()}, ROUNDS)
    each = {name: median(values) / CALLS for name, values in taken.items()}
    added, theirs = each["ours"] - each["bare"], each["pybreaker"] - each["bare"]
    return [
        Figure(
            f"a breaker's share of a closed call (bare {each['bare']:.0f} ns)",
            f"{added:.0f} ns added; pybreaker {theirs:.0f} ns",
            f"<= {ADDED_MAX_NS} ns",
            added <= ADDED_MAX_NS,
        )
    ]


def work(value: int) -> int:
    """As little as a call can do."""
    return value


def bare() -> None:
    """The calls alone."""
    for _ in range(CALLS):
        work(1)


def through(call: Callable[..., Any]) -> Callable[[], None]:
    """The same calls, guarded."""

    def job() -> None:
        for _ in range(CALLS):
            call(work, 1)

    return job


def judgement() -> list[Figure]:
    """Seeded runs at two shares of failures, adaptive or not."""
    rows = []
    for adaptive in (False, True):
        name = f"breaker {'adaptive' if adaptive else 'fixed'}, {RUNS:,} runs:"
        false, true = judged(RUNS, adaptive=adaptive)
        rows += [
            Figure(
                f"{name} opens at 5 % failures in 1,000 calls",
                f"{false:.2%}",
                f"< {FALSE_MAX:.1%}",
                false < FALSE_MAX,
            ),
            Figure(
                f"{name} opens at 60 % failures in 50 calls",
                f"{true:.2%}",
                f">= {TRUE_MIN:.0%}",
                true >= TRUE_MIN,
            ),
        ]
    return rows


def recoveries() -> list[Figure]:
    """Reconnected over TCP and to PostgreSQL, failed over to SQLite, degraded."""
    rows = reconnected("a TCP listener that was away", asyncio.run(tcp()))
    why = postgres_server.absent()
    if why:
        rows.append(Figure("reconnected to PostgreSQL after a crash", f"not measured: {why}"))
    else:
        rows += reconnected("PostgreSQL after a crash", asyncio.run(postgres()))
    failed_over, degraded = asyncio.run(standby())
    return [*rows, row("failed over to SQLite", failed_over), row("degraded a level", degraded)]


def reconnected(what: str, found: list[Recovery]) -> list[Figure]:
    """With the wait before it, which the backoff bounds: the fifth retry's is the longest."""
    waits = [one.waited for one in found]
    bound = longest_ns(Resilience().backoff, TRIES[RETRY] - 1) / NS_A_MS
    return [
        row(f"reconnected to {what}", found),
        Figure(
            "  from its return to the probe that found it",
            f"mean {statistics.fmean(waits):.0f} ms, longest {max(waits):.0f} ms",
            f"backoff <= {bound:.0f} ms",
        ),
    ]


def row(what: str, found: list[Recovery]) -> Figure:
    """From the first probe that was answered until calls go through: the mean is promised."""
    times = [one.recovered for one in found]
    mean = statistics.fmean(times)
    return Figure(
        f"{what}, {len(found)} times",
        f"mean {mean:.2f} ms, longest {max(times):.2f} ms",
        f"mean < {RECOVERED_MAX_MS:.0f} ms",
        mean < RECOVERED_MAX_MS,
    )


async def tcp() -> list[Recovery]:
    """A listener on loopback goes away and returns."""
    draw = Random(1)
    async with Echo.there() as echo:
        return [
            await recovery(echo.connect, Wire.ask, Wire.close, (echo.leave, echo.come_back), draw)
            for _ in range(TIMES)
        ]


async def postgres() -> list[Recovery]:
    """A server of our own is stopped as by a crash, and started again."""
    import asyncpg

    draw = Random(2)
    with (
        tempfile.TemporaryDirectory(prefix="pg-") as folder,
        postgres_server.running(Path(folder)) as server,
    ):

        async def connect() -> Any:
            return await asyncpg.connect(**server.address)

        async def ask(made: Any) -> object:
            return await made.fetchval("select 1")

        async def close(made: Any) -> None:
            await made.close(timeout=1.0)

        async def crash() -> None:
            await asyncio.to_thread(server.stop, signal.SIGQUIT)

        async def start() -> None:
            await asyncio.to_thread(server.start)

        return [await recovery(connect, ask, close, (crash, start), draw) for _ in range(RESTARTS)]


async def recovery(
    connect: Callable[[], Awaitable[Any]],
    ask: Callable[[Any], Awaitable[object]],
    close: Callable[[Any], Awaitable[object]],
    world: tuple[Callable[[], Awaitable[None]], Callable[[], Awaitable[None]]],
    draw: Random,
) -> Recovery:
    """One time away and back: a climb from the failure until three probes closed the breaker."""
    breaker = Breaker("any", BreakerSettings(), time.monotonic_ns)
    supervisor = Supervisor(list[Step]().append)
    made: list[Any] = [await connect()]
    probed_ns = 0

    async def reconnect(_step: Step) -> None:
        nonlocal probed_ns
        probed_ns = time.monotonic_ns()
        made.append(await connect())

    leave, come_back = world
    await leave()
    while breaker.state == CLOSED:
        with suppress(Exception):
            await guarded(breaker, lambda: ask(made[0]))
    acts = {"retry": reconnect, "restart": reconnect}
    ladder = Ladder("any", Resilience(), draw.random)
    climb = supervisor.failed(ladder, acts, "lost", breaker)
    await asyncio.sleep(draw.uniform(*AWAY_S))
    await come_back()
    back_ns = time.monotonic_ns()
    await climb
    while breaker.state != CLOSED:
        await guarded(breaker, lambda: ask(made[-1]))
    done_ns = time.monotonic_ns()
    for one in made:
        with suppress(Exception):
            await close(one)
    return Recovery(max(0.0, (probed_ns - back_ns) / NS_A_MS), (done_ns - probed_ns) / NS_A_MS)


async def standby() -> tuple[list[Recovery], list[Recovery]]:
    """A store whose first source stays away: a row in SQLite, or the next level of service."""
    failed_over, degraded = list[Recovery](), list[Recovery]()
    draw = Random(3).random
    with tempfile.TemporaryDirectory(prefix="supreme-bench-") as folder:
        for number in range(TIMES):
            service = Degradation(list[LevelChanged]().append)

            async def sqlite(_step: Step, place: str = f"{folder}/{number}.db") -> None:
                store = sqlite3.connect(place)
                store.execute("create table kept (sequence integer)")
                store.execute("insert into kept values (1)")
                store.commit()
                store.close()

            async def degrade(step: Step, service: Degradation = service) -> None:
                service.lost("store", time.monotonic_ns(), step.cause)

            for strategy, act, found in (
                ("failover", sqlite, failed_over),
                ("degrade", degrade, degraded),
            ):
                ladder = Ladder("store", Resilience(strategies=(strategy,)), draw)
                begun = ladder.next(time.monotonic_ns(), "lost")
                await act(begun)
                ended = ladder.ended(begun, time.monotonic_ns())
                found.append(Recovery(0.0, (ended.at_ns - begun.at_ns) / NS_A_MS))
    return failed_over, degraded
