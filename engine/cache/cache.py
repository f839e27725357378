"""Of what is one process's cache made? Its namespaces, the tiers they share, and what they learn.

Everything happens on one event loop. What was learnt lies in a file, so that a restart forgets
nothing; a file that cannot be read is learnt anew.
"""

import asyncio
import os
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from importlib.util import find_spec
from typing import Any, NamedTuple

from engine.cache.learning import LEAST, Learning
from engine.cache.memory import Memory, counts_of, memory_of
from engine.cache.namespace import Loader, Parts, Rules
from engine.cache.prefetch import Prefetch
from engine.cache.redis import Redis
from engine.cache.redis_address import address_of
from engine.cache.redis_tier import RedisTier
from engine.cache.settings import Settings
from engine.cache.store import Bounds, Sqlite, SqliteTier
from engine.cache.store_postgres import Postgres, PostgresTier
from engine.cache.synapses import Synapses
from engine.cache.tier import Tell, Tier
from engine.cache.tiers import Cached
from engine.cache.values import Codec
from engine.errors import Refused

LEARNT = "synapses.msgpack"
STORED = "cache.sqlite"
PRUNE_S = 60.0
KNOWN_MAX = 2_000  # keys that the synapses of a namespace know, at most 1.2 kB each


class Namespace(NamedTuple):
    """What is cached under one name: values of a type, from a source, for so long."""

    type: Any
    source: Loader[Any]
    fresh: float = 1.0  # of its time, after which it is asked for anew behind what is given
    shared: bool = True  # in the tiers below memory, and learnt from; False: nothing leaves it
    type_version: int = 1


class Surroundings(NamedTuple):
    """What the cache finds where it runs."""

    folder: str  # of its files
    native: Any  # the compiled core, None without
    now_ms: Callable[[], int]  # of the wall clock
    draw: Callable[[], float]  # of [0, 1)
    tell: Tell  # hears of tiers lost and back
    say: Callable[[str, str, str], object]  # hears of what learning changed, and why
    redis_url: str = ""
    postgres: tuple[Callable[[], Any], str] | None = None  # connects, and how the place is shown
    steady_ns: Callable[[], int] = partial(time.clock_gettime_ns, time.CLOCK_BOOTTIME)


class Cache:
    """All namespaces of a process. Start it in its loop; `advance` before asking it something."""

    def __init__(
        self, settings: Settings, namespaces: Mapping[str, Namespace], around: Surroundings
    ) -> None:
        self.settings, self.native, self._around = settings, around.native, around
        draw, tell = around.draw, around.tell
        self.redis = Redis(address_of(around.redis_url), tell, draw) if around.redis_url else None
        self.sqlite: Sqlite | None = None
        self.postgres: Postgres | None = None
        self._packs = find_spec("msgspec") is not None  # else nothing leaves memory
        if not self._packs:
            around.say("memory alone", "msgspec is missing", ".venv/bin/pip install '.[cache]'")
        elif settings.store == "sqlite":
            bounds = Bounds(bytes_max=settings.stored_bytes)
            path = os.path.join(around.folder, STORED)
            self.sqlite = Sqlite(path, tell, around.now_ms, bounds)
        elif settings.store == "postgres" and around.postgres:
            self.postgres = Postgres(*around.postgres, tell, draw)
        self.namespaces = {
            name: self._made(name, one, len(namespaces)) for name, one in namespaces.items()
        }
        self.learning = Learning(self.namespaces, around.say)
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Connect what is to be connected; a tier that is down is no reason to wait."""
        self._remember()
        for tier in (self.redis, self.postgres):
            if tier is not None:
                await tier.start()
        self._tasks = [asyncio.create_task(self._learn()), asyncio.create_task(self._prune())]

    async def close(self) -> None:
        """Write what waits, and what was learnt."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for one in self.namespaces.values():
            await one.close()
        self.keep_learnt()
        for tier in (self.redis, self.postgres):
            if tier is not None:
                await tier.close()
        if self.sqlite is not None:
            self.sqlite.close()

    def advance(self) -> None:
        """The time goes on for all memories: not by the wall's clock, which may be set back."""
        now_ns = self.now_ns()
        for one in self.namespaces.values():
            one.memory.advance(now_ns)

    def now_ns(self) -> int:
        """The time as memory has it."""
        return self._around.steady_ns()

    def keep_learnt(self) -> None:
        """Write what goes with what; a full disk costs what was learnt since."""
        if not self._packs:
            return
        import msgspec

        learnt = {
            name: one.ahead.prefetch.synapses.dump()
            for name, one in self.namespaces.items()
            if one.ahead is not None
        }
        draft = f"{self._learnt}.new"
        with suppress(OSError):
            with open(draft, "wb") as file:
                file.write(msgspec.msgpack.encode(learnt))
            os.replace(draft, self._learnt)

    def forget(self) -> None:
        """Nothing is held in memory and nothing was ever learnt; lower tiers stay."""
        for one in self.namespaces.values():
            one.changed(None)
            if one.ahead is not None:
                one.ahead.prefetch.forget()
        self.keep_learnt()  # no restart brings it back

    def stats(self) -> dict[str, Any]:
        """Every namespace and tier by name, as plain numbers and texts."""
        return {name: figures_of(one) for name, one in self.namespaces.items()}

    @property
    def _learnt(self) -> str:
        return os.path.join(self._around.folder, LEARNT)

    def _made(self, name: str, one: Namespace, of: int) -> Cached[Any]:
        """A namespace, which begins with an equal part of memory.

        What is learnt is written down: so nothing is learnt from keys that must not leave memory.
        """
        settings, around = self.settings, self._around
        bounds = (max(LEAST, settings.entries // of), max(1, settings.bytes // of))
        lower = self._lower(name) if one.shared else []
        prefetch = None
        if settings.prefetch and one.shared:
            prefetch = Prefetch(bounds[0], Synapses(capacity=min(KNOWN_MAX, bounds[0])))
        parts = Parts(
            memory=partial(memory_in, around.native, bounds),
            now_ms=around.now_ms,
            draw=around.draw,
            lower=lower,
            codec=Codec(name, one.type, one.type_version) if lower else None,
            source=one.source,
            prefetch=prefetch,
        )
        ttl_ms = max(1, int(settings.ttl_s[name] * 1_000))
        return Cached(parts, Rules(ttl_ms=ttl_ms, fresh_ms=max(1, int(ttl_ms * one.fresh))))

    def _lower(self, name: str) -> list[tuple[str, Tier]]:
        """The tiers below memory that are there."""
        tiers: list[tuple[str, Tier]] = []
        if self.redis is not None:
            tier = RedisTier(
                self.redis, name, self._around.now_ms, partial(self._changed, name),
                self.settings.shared_entries,
            )  # fmt: skip
            tiers.append(("redis", tier))
        if self.sqlite is not None:
            tiers.append(("sqlite", SqliteTier(self.sqlite, name)))
        if self.postgres is not None:
            tiers.append(("postgres", PostgresTier(self.postgres, name, self._around.now_ms)))
        return tiers

    def _changed(self, name: str, key: str | None) -> None:
        """Another process changed it, or Redis was lost."""
        self.namespaces[name].changed(key)

    def _remember(self) -> None:
        """What was learnt before, as far as it can be read."""
        if not self._packs:
            return
        import msgspec

        try:
            with open(self._learnt, "rb") as file:
                learnt = msgspec.msgpack.decode(file.read())
        except FileNotFoundError:
            return
        except (OSError, msgspec.MsgspecError) as error:
            self._around.say("learnt anew", self._learnt, str(error))
            return
        for name, dumped in learnt.items() if isinstance(learnt, dict) else ():
            one = self.namespaces.get(name)
            if one is None or one.ahead is None:
                continue
            try:
                one.ahead.prefetch.synapses.load(dumped)
            except Refused as refused:
                self._around.say("learnt anew", name, refused.what)

    async def _learn(self) -> None:
        """A turn now and then, where there is something to look at."""
        while True:
            await asyncio.sleep(self.settings.learning_s)
            self.learning.turn(self._around.now_ms())
            for one in self.namespaces.values():
                if one.ahead is not None:
                    one.ahead.prefetch.synapses.fade()
            self.keep_learnt()

    async def _prune(self) -> None:
        """Dead rows leave the stores, some at a time."""
        while True:
            await asyncio.sleep(PRUNE_S)
            if self.sqlite is not None:
                self.sqlite.prune()
            if self.postgres is not None:
                await self.postgres.prune(self._around.now_ms())


def memory_in(
    native: Any,
    bounds: tuple[int, int],
    learn: Callable[[Any], object],
    stale: Callable[[Any], object],
) -> Memory:
    """A namespace's memory; sizes are those of its values alone, as Python tells them."""
    return memory_of(native, bounds, learn=learn, stale=stale)


def figures_of(one: Cached[Any]) -> dict[str, Any]:
    """A namespace's numbers: memory, what came ahead, loads, and each tier below."""
    counts = counts_of(one.memory)
    ahead = one.ahead.prefetch if one.ahead is not None else None
    return {
        "memory": counts._asdict(),
        "ahead": {"waiting": len(ahead), "wasted": ahead.wasted, **ahead.figures()}
        if ahead is not None
        else None,
        "given_ahead": one.given,
        "loads": one.loads,
        "load_errors": one.load_errors,
        "refreshes": one.refreshes,
        "shared_waits": one.flights.shared,
        "overtaken": one.flights.overtaken,
        "load_ns": one.load_durations.summary()._asdict(),
        "tiers": {
            level.name: {**level.tier.stats(), "get_ns": level.durations.summary()._asdict()}
            for level in one.lower
        },
    }
