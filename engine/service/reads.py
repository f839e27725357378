"""How are readers answered without asking twice? Through the cache, on its own loop."""

import asyncio
import os
import random
import time
from collections.abc import Callable, Coroutine, Mapping
from functools import partial
from json import loads
from typing import Any, TypeVar

from engine.cache.cache import Cache, Namespace, Surroundings
from engine.cache.memory import about
from engine.cache.settings import Settings
from engine.cache.tier import BACK, Told
from engine.resilience.breaker import HELD, Breaker
from engine.service.pages import Pages, key_of
from engine.service.postgres import connected, place_of
from engine.service.schema import Checkpoint
from engine.service.standing import Standing

ANSWER_S = 10.0
Answer = TypeVar("Answer")
SHOWN = 20  # of what learning did, and of what is predicted
NS_S = 1e9
REDIS = "redis"


class Reads:
    """What readers ask of the service; begun and ended on the loop, asked from another thread."""

    def __init__(self, cache: Cache, checkpoint: Callable[[], Checkpoint | None]) -> None:
        self.cache, self._checkpoint = cache, checkpoint
        self._loop = asyncio.get_running_loop()
        self.verbs: dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
            "page": self._page,
            "cache": self._stats,
            "cache_key": self._key,
            "cache_reset": self._reset,
        }

    def _page(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        key = key_of(asked, self._checkpoint())
        said: dict[str, Any] = loads(self._done(self._read(key)))
        return said

    async def _read(self, key: str) -> bytes:
        self.cache.advance()
        found = await self.cache.namespaces["pages"].get_or_load(key)
        assert isinstance(found, bytes)  # its source always says something
        return found

    def _stats(self, _asked: Mapping[str, Any]) -> dict[str, Any]:
        return self._done(self._counted())

    async def _counted(self) -> dict[str, Any]:
        turns = [turn._asdict() for turn in self.cache.learning.turns]
        return {"namespaces": self.cache.stats(), "turns": turns[-SHOWN:]}

    def _key(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        return self._done(self._known(str(asked["key"])))

    async def _known(self, key: str) -> dict[str, Any]:
        """What every namespace holds under a key, and what it expects after it."""
        self.cache.advance()
        now_ns, found = time.time_ns(), {}
        for name, one in self.cache.namespaces.items():
            facts = about(one.memory, key)
            row: dict[str, Any] = {"memory": None, "tiers": {}, "predicted": []}
            if facts is not None:
                row["memory"] = {
                    "bytes": facts.size, "uses": facts.uses, "proven": facts.is_proven,
                    "fresh_s": (facts.stale_ns - now_ns) / NS_S,
                    "left_s": (facts.ends_ns - now_ns) / NS_S,
                }  # fmt: skip
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

    def _reset(self, _asked: Mapping[str, Any]) -> dict[str, Any]:
        return self._done(self._forgotten())

    async def _forgotten(self) -> dict[str, Any]:
        self.cache.forget()
        return {"forgotten": list(self.cache.namespaces)}

    def _done(self, work: Coroutine[Any, Any, Answer]) -> Answer:
        """What it comes to on the loop; TimeoutError where that is too busy."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(ANSWER_S)


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
    return Cache(settings, {"pages": Namespace(bytes, Pages(tables).load)}, around)
