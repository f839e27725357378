"""Redis is killed, frozen, restarted, flushed, cut and slowed: is ever a wrong value returned?"""

import asyncio
import random
from collections.abc import Iterator
from itertools import chain, count, takewhile
from pathlib import Path
from typing import Any

import pytest

from tests.engine.cache.keeping_rows import CALM, SHORT, Heard, now_ms, until
from tests.engine.cache.lanes import CODEC, Above, Lane

pytest.importorskip("msgspec", reason="needs msgspec: .venv/bin/pip install '.[cache]'")
pytest.importorskip("hiredis", reason="needs hiredis: .venv/bin/pip install '.[cache]'")

from engine.cache.redis import Redis
from engine.cache.redis_address import Address, address_of
from engine.cache.redis_tier import RedisTier
from engine.cache.tier import BACK, LOST
from validators import redis_server
from validators.degrade.proxy import BLACKHOLE, LATENCY, RESET, TRUNCATE, Fault, Proxy
from validators.redis_server import Server

LASTS_S = 0.3  # a fault: twice an answer's time
PACE_S = 0.005  # between two operations of a lane, which would else be over with the first fault
LINE_FAULTS = (Fault(RESET), Fault(TRUNCATE, 900), Fault(BLACKHOLE), Fault(LATENCY, 0.02))
ACTS = ("kill", "freeze", "restart", "flush", *LINE_FAULTS)


@pytest.fixture
def line(tmp_path: Path) -> Iterator[tuple[Server, Proxy]]:
    """A Redis behind a line that can be made bad."""
    if why := redis_server.absent():
        pytest.skip(why)
    with redis_server.running(tmp_path) as server, Proxy(str(server.place)) as proxy:
        yield server, proxy


async def break_it(act: str | Fault, server: Server, proxy: Proxy, redis: Redis) -> None:
    """One fault from its beginning to its end."""
    if isinstance(act, Fault):
        proxy.set(act)
        await asyncio.sleep(LASTS_S)
        proxy.set(Fault())
    elif act == "flush":
        straight = Redis(address_of(server.url), Heard(), random.Random(1).random, SHORT)
        await straight.start()
        await straight.ask([("FLUSHALL",)], RedisTier(straight, "any", now_ms, str).tally)
        await straight.close()
    elif act == "freeze":
        server.freeze()
        await asyncio.sleep(LASTS_S)
        server.thaw()
    else:
        await asyncio.to_thread(server.stop)
        await asyncio.sleep(0.0 if act == "restart" else LASTS_S)
        await asyncio.to_thread(server.start)
    await until(lambda: redis.is_connected, f"it is connected after {act}")


async def trial(server: Server, proxy: Proxy, operations: int) -> list[Lane]:
    """Half of the lanes are another process, that this one hears of."""
    told, above = Heard(), Above()
    line = address_of(f"redis://127.0.0.1:{proxy.port}")
    redis = Redis(line, told, random.Random(7).random, SHORT)
    other = Redis(address_of(server.url), Heard(), random.Random(8).random, SHORT)
    assert await redis.start()
    assert await other.start()
    RedisTier(redis, "any", now_ms, above.changed)
    lanes = [
        Lane(
            n, RedisTier(redis if n % 2 else other, "any", now_ms, str), above if n % 2 else Above()
        )
        for n in range(8)
    ]
    acts = list(ACTS) * max(2, operations // 3_000)
    random.Random(6).shuffle(acts)
    breaking = asyncio.create_task(break_all(acts, server, proxy, redis))
    left = iter(range(operations))

    async def go_on(lane: Lane) -> None:
        for _ in chain(left, takewhile(lambda _: not breaking.done(), count())):
            await lane.step()
            await asyncio.sleep(PACE_S)

    await asyncio.gather(*map(go_on, lanes))
    await breaking
    await until(lambda: redis.is_connected and other.is_connected, "both are connected")
    for lane in lanes:
        await lane.mend()
    await heard_of([lane for lane in lanes if lane.l1 is not above], line, server)
    assert set(told.words) == {LOST, BACK}
    assert len(told) <= 2 * redis.connects
    await redis.close()
    await other.close()
    return lanes


@pytest.mark.parametrize("operations", [2_000, pytest.param(20_000, marks=pytest.mark.long)])
def test_no_fault_ever_makes_a_wrong_value(line, operations):
    """Mixed operations in eight lanes against a model, each fault at least twice among them."""
    server, proxy = line

    lanes = asyncio.run(trial(server, proxy, operations))

    assert sum(lane.hits for lane in lanes) > operations / 5
    assert sum(lane.unconfirmed for lane in lanes) > 10


async def break_all(acts: list[Any], server: Server, proxy: Proxy, redis: Redis) -> None:
    """One fault after another, with a little time to recover."""
    for act in acts:
        await break_it(act, server, proxy, redis)
        await asyncio.sleep(0.05)


async def heard_of(other: list[Lane], line: Address, server: Server) -> None:
    """After all that, what a process keeps of another's keys is what that wrote last, or nothing.

    Over connections that wait long: what a busy machine makes late is no fault here.
    """
    above = Above()
    redis = Redis(line, Heard(), random.Random(9).random, CALM)
    theirs = Redis(address_of(server.url), Heard(), random.Random(10).random, CALM)
    assert await redis.start()
    assert await theirs.start()
    reader = RedisTier(redis, "any", now_ms, above.changed)
    for lane in other:
        lane.tier = RedisTier(theirs, "any", now_ms, str)
        await lane.mend()
        for key in lane.keys:
            async with above.filling([key]) as fill:
                found = (await reader.get_many([key]))[0]
                entry = CODEC.unpack(key, found or b"", now_ms())
                assert entry is not None
                fill(key, entry.version)
    before = dict(above.kept)
    for lane in other:
        await lane.write(lane.keys[:10], revoked=False)
    await until(
        lambda: not any(key in above.kept for lane in other for key in lane.keys[:10]),
        "what was changed is gone here",
    )
    for lane in other:
        for key in lane.keys[10:]:
            assert above.kept[key] == before[key] == lane.floor[key]
    await redis.close()
    await theirs.close()
