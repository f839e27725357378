"""With which times does a value enter the tiers, and what of them is believed on the way back?"""

from typing import Generic

from engine.cache.flights import Flight
from engine.cache.namespace import Held, Parts, Rules
from engine.cache.tier import Row, is_bounded
from engine.cache.values import MISSING, REVOKED, Entry, Mark, version_in
from engine.cache.versions import Versions


class Entries(Generic[Held]):
    """Makes the entries of one namespace, and reads them back."""

    def __init__(self, parts: Parts[Held], rules: Rules, versions: Versions) -> None:
        self._parts, self._rules, self._versions = parts, rules, versions

    def found(self, key: str, raw: bytes | None, flight: Flight) -> Entry[Held] | None:
        """What lay under a key on its flight's way down, None for what must not be used.

        A deletion that lies in one tier is not undone by an older value in the next.
        """
        if raw is None or self._parts.codec is None:
            return None
        entry = self._parts.codec.unpack(key, raw, self._parts.now_ms())
        if entry is None:
            flight.least = max(flight.least, version_in(raw))
            return None
        if entry.version < flight.least or not self._versions.trusts(key, entry.version):
            return None
        return entry

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
