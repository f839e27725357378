"""Redis is killed, frozen, flushed and cut while two processes work: is a value ever wrong?

The model: a source whose keys only grow. Who writes a key reads nothing older than what it wrote;
whoever else reads it reads nothing older than the time a value may be believed. Everybody's value
belongs to its key, and no process loads a key twice at once.
"""

import asyncio
import random
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("msgspec", reason="needs msgspec: .venv/bin/pip install '.[cache]'")
pytest.importorskip("hiredis", reason="needs hiredis: .venv/bin/pip install '.[cache]'")

from engine.cache.memory import memory_of
from engine.cache.namespace import Parts, Rules
from engine.cache.prefetch import Prefetch
from engine.cache.redis import Redis
from engine.cache.redis_address import address_of
from engine.cache.redis_tier import RedisTier
from engine.cache.store import Sqlite, SqliteTier
from engine.cache.synapses import Synapses
from engine.cache.tiers import Cached
from engine.cache.values import Codec
from tests.engine.cache.keeping_rows import SHORT, Heard, now_ms
from validators import redis_server
from validators.degrade.proxy import BLACKHOLE, RESET, TRUNCATE, Fault, Proxy
from validators.redis_server import Server

KEYS, ENTRIES = 400, 150
TTL_MS, SLACK_S = 400, 2.0  # the second: of a machine that is busy with something else
AT_ONCE, LASTS_S = 32, 0.3
FAULTS = ("kill", "freeze", "restart", "flush", Fault(RESET), Fault(TRUNCATE, 900),
          Fault(BLACKHOLE))  # fmt: skip
Value = tuple[str, int]
PAIR: Any = Value


class Source:
    """What is true: each key's number, how it came to it, and who asks for it now."""

    def __init__(self) -> None:
        self.numbers = Counter[str]()
        self.changes: dict[str, deque[tuple[float, int]]] = {}
        self.asking = Counter[tuple[int, str]]()
        self.problems: list[str] = []
        self.loads = 0

    def grow(self, key: str) -> int:
        """The key's next number."""
        self.numbers[key] += 1
        kept = self.changes.setdefault(key, deque(maxlen=4_096))
        kept.append((time.monotonic(), self.numbers[key]))
        return self.numbers[key]

    def least(self, key: str, at_s: float) -> int:
        """The number that the key had then."""
        before = [number for when, number in self.changes.get(key, ()) if when <= at_s]
        return before[-1] if before else 0

    def loader(self, process: int) -> Callable[[str], Any]:
        """The source as one process asks it."""

        async def load(key: str) -> Value:
            self.asking[process, key] += 1
            self.loads += 1
            if self.asking[process, key] > 1:
                self.problems.append(f"{key} is loaded twice at once")
            number = self.numbers[key]
            await asyncio.sleep(0)
            self.asking[process, key] -= 1
            return key, number

        return load


class Process:
    """A whole cache of its own; it alone writes the keys whose number has its parity."""

    def __init__(self, number: int, redis: Redis, path: Path, source: Source) -> None:
        self.number, self.source, self.redis = number, source, redis
        self.sqlite = Sqlite(str(path), Heard(), now_ms)
        self.wrote = Counter[str]()
        tiers: list[tuple[str, Any]] = [
            ("redis", RedisTier(redis, "any", now_ms, self.heard)),
            ("sqlite", SqliteTier(self.sqlite, "any")),
        ]

        def memory(learn: Callable[[Any], object], stale: Callable[[Any], object]) -> Any:
            return memory_of(None, (ENTRIES, ENTRIES), lambda _: 1, learn, stale)

        parts = Parts(
            memory, now_ms, random.Random(number).random, tiers, Codec("any", PAIR),
            source.loader(number), Prefetch(ENTRIES, Synapses(capacity=KEYS)), lambda _: 1,
        )  # fmt: skip
        self.cached: Cached[Value] = Cached(parts, Rules(ttl_ms=TTL_MS, fresh_ms=TTL_MS // 2))

    def heard(self, key: str | None) -> None:
        """Somebody else changed it."""
        self.cached.changed(key)

    async def write(self, key: str) -> None:
        """The source grows, then the cache hears of it."""
        number = self.source.grow(key)
        await self.cached.set(key, (key, number))
        self.wrote[key] = max(self.wrote[key], number)

    async def read(self, key: str) -> None:
        """What the model allows, or a problem."""
        began, ours = time.monotonic(), self.wrote[key]
        least = max(ours, self.source.least(key, began - TTL_MS / 1e3 - SLACK_S))
        found = await self.cached.get_or_load(key)
        if found is None or found[0] != key or not least <= found[1] <= self.source.numbers[key]:
            self.source.problems.append(f"process {self.number} got {found} for {key}, {least=}")


@pytest.fixture
def line(tmp_path: Path) -> Iterator[tuple[Server, Proxy]]:
    """A Redis behind a line that can be made bad."""
    if why := redis_server.absent():
        pytest.skip(why)
    with redis_server.running(tmp_path) as server, Proxy(str(server.place)) as proxy:
        yield server, proxy


async def break_all(server: Server, proxy: Proxy, done: asyncio.Event) -> Counter[str]:
    """One fault after another until all is done."""
    rng, suffered = random.Random(11), Counter[str]()
    while not done.is_set():
        act = rng.choice(FAULTS)
        suffered[act.kind if isinstance(act, Fault) else act] += 1
        if isinstance(act, Fault):
            proxy.set(act)
            await asyncio.sleep(LASTS_S)
            proxy.set(Fault())
        elif act == "flush":
            await asyncio.to_thread(server.flush)
        elif act == "freeze":
            server.freeze()
            await asyncio.sleep(LASTS_S)
            server.thaw()
        else:
            await asyncio.to_thread(server.stop)
            await asyncio.sleep(0.0 if act == "restart" else LASTS_S)
            await asyncio.to_thread(server.start)
        await asyncio.sleep(rng.random() * 3 * LASTS_S)
    return suffered


async def work(processes: list[Process], operations: int, seed: int) -> None:
    """Reads, some in order, and one write in twelve."""
    rng, at = random.Random(seed), seed * 37
    for number in range(operations):
        if number % 64 == 0:
            for one in processes:
                one.cached.memory.advance(now_ms() * 1_000_000)
            await asyncio.sleep(0)
        draw = rng.random()
        at = (at + 1) % KEYS if draw < 0.5 else int(KEYS * draw * draw)
        key = f"k:{at}"
        if rng.random() < 1 / 12:
            await processes[at % 2].write(key)
        else:
            await rng.choice(processes).read(key)


async def trial(folder: Path, server: Server, proxy: Proxy, operations: int) -> Source:
    """All of it, and what came of it."""
    source, done = Source(), asyncio.Event()
    address = address_of(f"redis://127.0.0.1:{proxy.port}")
    links = [Redis(address, Heard(), random.Random(n).random, SHORT) for n in range(2)]
    for link in links:
        await link.start()
    processes = [Process(n, links[n], folder / "cache.sqlite", source) for n in range(2)]
    breaking = asyncio.create_task(break_all(server, proxy, done))
    lanes = [work(processes, operations // AT_ONCE, seed) for seed in range(AT_ONCE)]
    await asyncio.gather(*lanes)
    done.set()
    suffered = await breaking
    stats = [one.cached.lower[0].tier.stats() for one in processes]
    for one in processes:
        await one.cached.close()
        one.sqlite.close()
    for link in links:
        await link.close()
    assert suffered.total() >= 3
    assert all(row["hits"] for row in stats)
    assert any(row["errors"] for row in stats)
    print(f"\n{operations:,} operations, {source.loads:,} loads, faults {dict(suffered)}")
    return source


@pytest.mark.parametrize("operations", [40_000, pytest.param(1_000_000, marks=pytest.mark.long)])
def test_no_fault_of_redis_ever_makes_a_wrong_value(tmp_path, line, operations):
    """Killed, frozen, restarted, flushed, reset, cut and silent; two processes, three tiers."""
    source = asyncio.run(trial(tmp_path, line[0], line[1], operations))

    assert source.problems[:5] == []
    assert source.loads > 100
