"""supreme cache bench: what a hit costs on this box, tier by tier, beside a dict."""

import asyncio
import os
import random
import time
from collections.abc import Callable
from statistics import median
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import typer

from engine import core as cores
from engine import environment
from engine.cache.memory import memory_of
from engine.cache.redis import Redis
from engine.cache.redis_address import address_of
from engine.cache.redis_tier import RedisTier
from engine.cache.store import Sqlite, SqliteTier
from engine.cache.tier import Row, Tier
from engine.cache.values import Codec, Entry
from engine.profile import load_profile
from supreme_cli.asking import put, table
from supreme_cli.common_options import Json

ENTRIES, BYTES = 10_000, 200
ROUNDS, ASKED = 9, 20_000
BELOW = 2_000  # questions to a lower tier
LASTS_MS = 600_000
KEY = "cache.redis_url"


def main(
    profile: Annotated[str, typer.Option(help="Names the Redis, where REDIS_URL does not.")] = "",
    json: Json = False,
) -> None:
    """Time hits and sets of 10,000 entries of 200 bytes, interleaved with a dict, in this process.

    Memory in processor time, lower tiers in wall time; Redis where REDIS_URL or the profile names
    one. Nothing of a running engine or service is touched.
    """
    asked = environment.read(os.environ)
    named = {name: said.value for name, said in asked.options.items()}
    chosen = profile or named.get("profile", "scalping")
    url = load_profile(chosen, (), asked.keys).secrets.get(KEY, "")
    native = cores.load_native()
    found = {**memory_figures(native), **asyncio.run(lower_figures(url))}
    form = "plain" if native is None else "compiled"
    put({"form": form, "figures": found}, lambda: f"memory: {form}\n{text(found)}", as_json=json)


def text(found: dict[str, dict[str, float]]) -> str:
    """The figures for a person."""
    cells = [
        [
            what.replace(" ", "-"),
            f"{row['ns'] / 1e3:,.2f}us",
            f"{row['times_dict']:.1f}" if row["times_dict"] else "-",
        ]
        for what, row in found.items()
    ]
    return table("what p50 of-a-dict's", cells)


def memory_figures(native: Any) -> dict[str, dict[str, float]]:
    """Nanoseconds of processor time each, the median of interleaved rounds."""
    rng = random.Random(1)  # noqa: S311  keys of a benchmark
    value = bytes(BYTES)
    keys = [f"key:{number}" for number in range(ENTRIES)]
    asked = rng.choices(keys, k=ASKED)
    known = dict.fromkeys(keys, value)
    memory = memory_of(native, (ENTRIES, ENTRIES * BYTES), lambda _: BYTES, nothing, nothing)
    for key in keys:
        memory.set(key, value, 1 << 60)
    fresh = iter(range(1 << 60))

    def hits(get: Callable[[str], object]) -> Callable[[], None]:
        def walk() -> None:
            for key in asked:
                get(key)

        return walk

    def sets() -> None:
        for _ in range(ASKED):
            memory.set(f"new:{next(fresh)}", value, 1 << 60)

    works: dict[str, Callable[[], object]] = {
        "dict hit": hits(known.get),
        "memory hit": hits(memory.get),
        "memory get_many, a key": lambda: memory.get_many(asked),
    }
    taken: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(ROUNDS):
        for name, work in works.items():
            taken[name].append(processor_ns(work) / ASKED)
    taken["memory set with eviction"] = [processor_ns(sets) / ASKED for _ in range(ROUNDS)]
    dicts = median(taken["dict hit"])
    return {
        name: {"ns": median(times), "times_dict": median(times) / dicts}
        for name, times in taken.items()
    }


async def lower_figures(url: str) -> dict[str, dict[str, float]]:
    """Nanoseconds of one question after another to each tier that can be had here."""
    found = {}
    with TemporaryDirectory() as folder:
        sqlite = Sqlite(os.path.join(folder, "bench.sqlite"), nothing, wall_ms)
        found["sqlite hit"] = await hit_of(SqliteTier(sqlite, "bench"))
        sqlite.close()
    if url:
        redis = Redis(address_of(url), nothing, random.SystemRandom().random)
        if await redis.start():
            tier = RedisTier(redis, "bench", wall_ms, nothing)
            found["redis hit"] = await hit_of(tier)
            await tier.delete_many([f"key:{number}" for number in range(BELOW)])
        await redis.close()
    return found


async def hit_of(tier: Tier) -> dict[str, float]:
    """The usual time of a hit."""
    codec, now_ms = Codec("bench", bytes), wall_ms()
    keys = [f"key:{number}" for number in range(BELOW)]
    entry = Entry(bytes(BYTES), now_ms << 20, now_ms + LASTS_MS, now_ms + LASTS_MS)
    rows = [Row(key, entry.version, entry.hard_ms, codec.pack(key, entry)) for key in keys]
    await tier.set_many(rows)
    taken = []
    for key in keys:
        began = time.perf_counter_ns()
        raw = (await tier.get_many([key]))[0]
        taken.append(time.perf_counter_ns() - began)
        if raw is None:
            return {"ns": 0.0, "times_dict": 0.0}
    return {"ns": median(taken), "times_dict": 0.0}


def processor_ns(work: Callable[[], object]) -> int:
    """What it takes of the processor."""
    began = time.thread_time_ns()
    work()
    return time.thread_time_ns() - began


def wall_ms() -> int:
    """The wall clock."""
    return time.time_ns() // 1_000_000


def nothing(_said: object) -> None:
    """What is done where nobody listens."""
