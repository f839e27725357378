"""With which times does a value enter the tiers, and what do the lower ones get of it?"""

from typing import Generic

from engine.cache.namespace import Held, Parts, Rules
from engine.cache.tier import Row, is_bounded
from engine.cache.values import MISSING, REVOKED, Entry, Mark


class Entries(Generic[Held]):
    """Makes the entries of one namespace."""

    def __init__(self, parts: Parts[Held], rules: Rules) -> None:
        self._parts, self._rules = parts, rules

    def of(self, value: Held | Mark, version: int, ttl_ms: int | None = None) -> Entry[Held]:
        """The value with its times from now on; None for those of its namespace, 0 for none."""
        rules, now_ms = self._rules, self._parts.now_ms()
        if ttl_ms is None:
            ttl_ms = rules.missing_ms if value is MISSING else rules.ttl_ms
        ttl_ms = max(0, ttl_ms)
        fresh_ms = min(ttl_ms, rules.fresh_ms)
        if fresh_ms < ttl_ms:
            fresh_ms = int(fresh_ms * (1.0 - rules.jitter * self._parts.draw()))
        return Entry(value, version, now_ms + fresh_ms, now_ms + ttl_ms)

    def revoked(self, version: int) -> Entry[Held]:
        """What stands in the way of older loads, for as long as one may take."""
        lasts_ms = self._parts.now_ms() + 2 * self._rules.load_ms
        return Entry(REVOKED, version, lasts_ms, lasts_ms)

    def loaded(self, key: str, entry: Entry[Held]) -> Row | None:
        """For the lower tiers; None where there are none, or where its time is over already."""
        if self._parts.codec is None or not self._parts.lower:
            return None
        row = Row(key, entry.version, entry.hard_ms, self._parts.codec.pack(key, entry))
        return row if entry.hard_ms > self._parts.now_ms() else None

    def changed(self, key: str, entry: Entry[Held]) -> Row | None:
        """The same of a change: what cannot lie below takes away what lies there."""
        row = self.loaded(key, entry)
        if row is not None and is_bounded(row):
            return row
        return self.loaded(key, self.revoked(entry.version))
