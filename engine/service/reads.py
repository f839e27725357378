"""How are readers answered without asking twice? Through the cache, on its own loop."""

import asyncio
import os
import random
import sqlite3
import time
from collections.abc import Callable, Coroutine, Mapping
from functools import partial
from typing import Any, TypeVar

from engine.cache.cache import Cache, Namespace, Surroundings
from engine.cache.direct import Direct
from engine.cache.memory import Memory, about
from engine.cache.namespace import Overdue, Rules
from engine.cache.settings import Settings
from engine.cache.tier import BACK, Told
from engine.errors import Refused
from engine.resilience.breaker import HELD, Breaker
from engine.service.pages import Pages, key_of, life_of
from engine.service.postgres import connected, place_of
from engine.service.projecting import Projecting
from engine.service.showing import Showing
from engine.service.standing import Standing

ANSWER_S = 10.0
Answer = TypeVar("Answer")
SHOWN = 20  # of what learning did, and of what is predicted
NS_S = 1e9
REDIS = "redis"
PAGES, SIGNALS, SNAPSHOTS = "pages", "signals", "snapshots"
SMALL = 0.05  # of all memory, for each of the other two: few keys, soon over
FRESH = 0.25  # of its time a snapshot is given without another one being made behind it


class Reads:
    """What readers ask of the service; begun and ended on the loop, asked from another thread."""

    def __init__(self, cache: Cache, projecting: Projecting, showing: Showing) -> None:
        self.cache, self._checkpoint = cache, projecting.keeper.checkpoint
        self._showing, self._loop = showing, asyncio.get_running_loop()
        settings, ttl_s = cache.settings, cache.settings.ttl_s
        self.signals, self.snapshots = (
            Direct(cache.native, small_of(settings), rules_of(ttl_s[name], fresh), cache.now_ns)
            for name, fresh in ((SIGNALS, 1.0), (SNAPSHOTS, FRESH))
        )
        self.verbs: dict[str, Callable[[Mapping[str, Any]], dict[str, Any] | bytes]] = {
            "page": self._page,
            "signal": self._signal,
            "snapshot": self._snapshot,
            "cache": self._stats,
            "cache_key": self._key,
            "cache_reset": self._reset,
        }

    def _page(self, asked: Mapping[str, Any]) -> bytes:
        return self._done(self._read(key_of(asked, self._checkpoint())))

    async def _read(self, key: str) -> bytes:
        self.cache.advance()
        found = await self.cache.namespaces[PAGES].get_or_load(key)
        assert isinstance(found, bytes)  # its source always says something
        return found

    def _signal(self, asked: Mapping[str, Any]) -> bytes:
        return self.signals.get_or_load(*self._showing.signal(asked))

    def _snapshot(self, _asked: Mapping[str, Any]) -> bytes:
        return self.snapshots.get_or_load(life_of(self._checkpoint()), self._showing.snapshot)

    def refresh(self) -> None:
        """Once all are answered: what was given stale is made anew."""
        self.snapshots.refresh()

    @property
    def _own(self) -> dict[str, Direct]:
        """What is kept beside the loop."""
        return {SIGNALS: self.signals, SNAPSHOTS: self.snapshots}

    def _stats(self, _asked: Mapping[str, Any]) -> dict[str, Any]:
        said = self._done(self._counted())
        said["namespaces"] |= {name: one.figures() for name, one in self._own.items()}
        return said

    async def _counted(self) -> dict[str, Any]:
        turns = [turn._asdict() for turn in self.cache.learning.turns]
        return {"namespaces": self.cache.stats(), "turns": turns[-SHOWN:]}

    def _key(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        key, now_ns = str(asked["key"]), self.cache.now_ns()
        said = self._done(known_of(self.cache, key))
        own = {name: row_of(one.memory, key, now_ns) for name, one in self._own.items()}
        said["namespaces"] |= own
        return said

    def _reset(self, _asked: Mapping[str, Any]) -> dict[str, Any]:
        self._done(self._forgotten())
        for one in self._own.values():
            one.forget()
        return {"forgotten": [*self.cache.namespaces, *self._own]}

    async def _forgotten(self) -> None:
        self.cache.forget()

    def _done(self, work: Coroutine[Any, Any, Answer]) -> Answer:
        """What it comes to on the loop; TimeoutError where that is too busy.

        Refused (5) where a source fails: its reader hears of it, the service goes on.
        """
        try:
            return asyncio.run_coroutine_threadsafe(work, self._loop).result(ANSWER_S)
        except TimeoutError:
            raise
        except (sqlite3.Error, OSError, Overdue) as error:
            fix = "repeat this; if it stays so, start supreme serve again"
            raise Refused(f"the tables cannot be read now: {error}", fix, code=5) from error


async def known_of(cache: Cache, key: str) -> dict[str, Any]:
    """What every namespace holds under a key, never the value, and what it expects after it."""
    cache.advance()
    now_ns, found = cache.now_ns(), {}
    for name, one in cache.namespaces.items():
        row = row_of(one.memory, key, now_ns)
        for level in one.lower:
            raw = (await level.tier.get_many([key]))[0]
            row["tiers"][level.name] = None if raw is None else len(raw)
        if one.ahead is not None:
            synapses = one.ahead.prefetch.synapses
            row["predicted"] = [
                [other, round(synapses.strength(key, other), 4)]
                for other in synapses.predict_prefetch_candidates(key, SHOWN)
            ]
        found[name] = row
    return {"key": key, "namespaces": found}


def row_of(memory: Memory, key: str, now_ns: int) -> dict[str, Any]:
    """How a key stands in one memory."""
    facts = about(memory, key)
    row: dict[str, Any] = {"memory": None, "tiers": {}, "predicted": []}
    if facts is not None:
        row["memory"] = {
            "bytes": facts.size, "uses": facts.uses, "proven": facts.is_proven,
            "fresh_s": (facts.stale_ns - now_ns) / NS_S,
            "left_s": (facts.ends_ns - now_ns) / NS_S,
        }  # fmt: skip
    return row


class RedisHand:
    """An operator's hand on the breaker before Redis."""

    def __init__(self, breaker: Breaker) -> None:
        self._breaker = breaker

    def sign(self, act: str, who: str, reason: str) -> None:
        """Hold it open, or let it close again."""
        if act == "trip":
            self._breaker.hold(f"{who}: {reason}")
        else:
            self._breaker.reset(f"{who}: {reason}")

    def metrics(self) -> dict[str, Any]:
        """How it stands."""
        breaker = self._breaker
        next_s = 0.0 if breaker.state == HELD else breaker.wait_ns() / NS_S
        return {**breaker.metrics(), "next_probe_s": next_s, "level": "normal"}


def heard(standing: Standing, told: Told) -> None:
    """Without Redis the cache goes on by itself: failed over to none, until it is back."""
    standing.alerts.up(REDIS, is_up=told.what == BACK)
    if told.what == BACK:
        standing.alerts.well(REDIS)
    else:
        standing.alerts.wrong(REDIS, "failed_over", f"the cache shares nothing: {told.why}")


def small_of(settings: Settings) -> tuple[int, int]:
    """The entries and bytes of each namespace beside the pages."""
    return max(1, int(settings.entries * SMALL)), max(1, int(settings.bytes * SMALL))


def rules_of(ttl_s: float, fresh: float) -> Rules:
    """How long a namespace of this time believes what it keeps."""
    ttl_ms = max(1, int(ttl_s * 1_000))
    return Rules(ttl_ms=ttl_ms, fresh_ms=max(1, int(ttl_ms * fresh)))


def cache_of(
    settings: Settings, standing: Standing, tables: str, native: Any, urls: tuple[str, str]
) -> Cache:
    """The service's cache, of pages of the tables in a file; `urls` of Redis and of PostgreSQL."""
    redis_url, postgres_url = urls

    def tell(told: Told) -> None:
        level = "info" if told.what == BACK else "warning"
        standing.say(level, "CacheTier", tier=told.tier, what=told.what, why=told.why)
        if told.tier == REDIS:
            heard(standing, told)

    def say(word: str, what: str, why: str) -> None:
        standing.say("info", "CacheLearning", word=word, what=what, why=why)

    store = None
    if postgres_url:
        store = (partial(connected, postgres_url), place_of(postgres_url))
    around = Surroundings(
        os.path.dirname(tables), native, lambda: time.time_ns() // 1_000_000,
        random.SystemRandom().random, tell, say, redis_url, store,
    )  # fmt: skip
    entries, size = small_of(settings)
    rest = settings._replace(
        entries=settings.entries - 2 * entries, bytes=settings.bytes - 2 * size
    )
    return Cache(rest, {PAGES: Namespace(bytes, Pages(tables).load)}, around)
