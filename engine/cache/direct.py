"""What does a thread keep of what it works out itself? Memory alone, asked and filled at once.

For answers that cost less than to wake a loop and be woken by it again, or little more: no other
tier, no other process, nobody to wait for.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from engine.cache.memory import counts_of, memory_of
from engine.cache.namespace import UNKNOWN, Lasting, Rules
from engine.errors import Refused
from engine.telemetry import Durations

NS_MS = 1_000_000
Work = Callable[[], bytes | Lasting[bytes]]


class Direct:
    """One namespace of one thread, of at most `bounds` entries and bytes."""

    def __init__(
        self, native: Any, bounds: tuple[int, int], rules: Rules, now_ns: Callable[[], int]
    ) -> None:
        self.memory = memory_of(native, bounds, stale=self._is_stale)
        self.loads = self.refreshes = 0
        self.load_durations = Durations()
        self._rules, self._now_ns = rules, now_ns
        self._stale: Any = None  # the key that the last get found so
        self._due: dict[str, Work] = {}

    def get_or_load(self, key: str, work: Work) -> bytes:
        """The value kept, or what the work comes to now; raises what the work raises.

        One past its fresh time is given, and worked out anew by the next `refresh`.
        """
        self.memory.advance(self._now_ns())
        self._stale = None
        found: bytes = self.memory.get(key, UNKNOWN)
        if self._stale is not None:
            self._due[key] = work
        return self._load(key, work) if found is UNKNOWN else found

    def refresh(self) -> None:
        """Work out anew what was given stale, once whoever asked has been answered."""
        while self._due:
            key, work = self._due.popitem()
            self.refreshes += 1
            with suppress(Refused):  # what is there stays, until its time is over
                self._load(key, work)

    def forget(self) -> None:
        """Nothing is kept."""
        self._due.clear()
        self.memory.clear()

    def figures(self) -> dict[str, Any]:
        """Its numbers, as those of a namespace with tiers."""
        return {
            "memory": counts_of(self.memory)._asdict(),
            "ahead": None,
            "given_ahead": 0,
            "loads": self.loads,
            "load_errors": 0,
            "refreshes": self.refreshes,
            "shared_waits": 0,
            "overtaken": 0,
            "load_ns": self.load_durations.summary()._asdict(),
            "tiers": {},
        }

    def _load(self, key: str, work: Work) -> bytes:
        began = time.perf_counter_ns()
        found = work()
        value, own_ms = found if isinstance(found, Lasting) else (found, None)
        self.loads += 1
        self.load_durations.add(time.perf_counter_ns() - began)
        ttl_ms = self._rules.ttl_ms if own_ms is None else min(own_ms, self._rules.ttl_ms)
        fresh_ms = min(ttl_ms, self._rules.fresh_ms)
        self.memory.set(key, value, ttl_ms * NS_MS, fresh_ms * NS_MS)
        return value

    def _is_stale(self, key: Any) -> None:
        self._stale = key
