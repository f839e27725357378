"""Where does a value come from? Memory, then Redis, then the store, then its source, asked once.

What a tier has fills those above it. A hit in memory takes no turn of the loop.
"""

import asyncio
import time
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Generic

from engine.cache.behind import Behind
from engine.cache.entries import Entries
from engine.cache.fetching import Ahead
from engine.cache.flights import Flight, Flights, Turns
from engine.cache.namespace import (
    UNKNOWN,
    Held,
    Lasting,
    Level,
    Loader,
    Overdue,
    Parts,
    Rules,
    known,
    later,
    nothing,
)
from engine.cache.tier import Row
from engine.cache.values import MISSING, REVOKED, Entry
from engine.cache.versions import Versions
from engine.telemetry import Durations

NS_MS = 1_000_000
GUESSED = 4  # of the loads at once, one in so many may be a guess: the others are of who waits


class Cached(Generic[Held]):
    """One namespace: its memory, and the tiers below it that it uses, the nearest first.

    `get`, and `get_or_load` where memory answers, cost no turn of the loop. A loader gives None
    where the source has nothing; that is remembered too. Without lower tiers nothing leaves memory.
    """

    def __init__(self, parts: Parts[Held], rules: Rules) -> None:
        if parts.lower and parts.codec is None:
            raise ValueError("what leaves memory needs a codec")
        guesses = parts.prefetch
        self.ahead = None if guesses is None else Ahead(guesses, self._bring, self._keep, later)
        self.memory = parts.memory(self.ahead.asked if self.ahead else nothing, self.refresh)
        if self.ahead:
            self.ahead.serves(self.memory)
        self.rules, self.source = rules, parts.source
        self.lower = [Level(name, tier, Durations()) for name, tier in parts.lower]
        self.flights, self.versions = Flights(), Versions(parts.now_ms)
        self.loads = self.load_errors = self.refreshes = 0
        self.given = 0  # hits of what had come ahead, which memory missed first
        self.load_durations = Durations()
        # The value; MISSING where the source has nothing; the default where nothing is known.
        self.get = self.memory.get
        self._parts, self._entries = parts, Entries(parts, rules, self.versions)
        self._behind = Behind(partial(self._fill, self.lower)) if rules.is_behind else None
        self._load_s = rules.load_ms / 1_000
        self._loading, self._turns = asyncio.Semaphore(rules.loads_max), Turns()
        self._tasks: set[asyncio.Task[None]] = set()
        self._longest_ms = rules.ttl_ms
        self._guesses = asyncio.Semaphore(max(1, rules.loads_max // GUESSED))

    async def get_or_load(self, key: str, load: Loader[Held] | None = None) -> Held | None:
        """The value from wherever it is nearest; None where the source has nothing.

        Raises what the source raised, Overdue when it did not answer. Ending the wait ends nothing
        for others.
        """
        found = self._nearest(key, self.get(key, UNKNOWN))
        while found is UNKNOWN:
            flight = self.flights.joined(key) or self._fly([key], load)[key]
            found = await asyncio.shield(flight.brings)
            if load is None and self.source is None:
                break  # else it was the flight of somebody who could only look
        value: Held | None = known(found)
        return value

    async def get_many(
        self, keys: Sequence[str], load: Loader[Held] | None = None
    ) -> list[Held | None]:
        """The same of many keys, in their order: each tier is asked once for all it may have."""
        held = dict(zip(keys, self.memory.get_many(keys, UNKNOWN), strict=True))
        found = {key: self._nearest(key, value) for key, value in held.items()}
        wanted = [key for key, value in found.items() if value is UNKNOWN]
        flights = {key: flight for key in wanted if (flight := self.flights.joined(key))}
        if alone := [key for key in wanted if key not in flights]:
            flights |= self._fly(alone, load)
        for key, flight in flights.items():
            brought = await asyncio.shield(flight.brings)
            found[key] = await self.get_or_load(key, load) if brought is UNKNOWN else brought
        return [known(found[key]) for key in keys]

    async def set(self, key: str, value: Held, ttl_ms: int | None = None) -> None:
        """Keep a value in every tier; what was under way to this key is old now."""
        await self._change(key, self._entries.of(value, self.versions.next(), ttl_ms))

    async def delete(self, key: str) -> None:
        """Forget a key everywhere; a load that began before does not bring it back."""
        await self._change(key, self._entries.revoked(self.versions.next()))

    def changed(self, key: str | None) -> None:
        """Somebody else changed the key, or any (None): what memory holds of it is old."""
        self.flights.overtake(None if key is None else [key])
        self._forget(key)
        if key is None:
            self.memory.clear()
        else:
            self.memory.delete(key)

    def refresh(self, key: str) -> None:
        """Ask the source behind a value that is still given, where there is one and a loop."""
        if self.source is not None and key not in self.flights.under_way:
            with suppress(RuntimeError):  # no loop runs: nothing can be brought
                self._fly([key], None, is_refresh=True)
                self.refreshes += 1

    def resize(self, entries_max: int, bytes_max: int) -> None:
        """Other bounds of memory, and of what may wait beside it."""
        self.memory.resize(entries_max, bytes_max)
        if self.ahead:
            self.ahead.measured(self.memory)

    def _nearest(self, key: str, found: Any) -> Any:
        """What memory found; or what it missed when it was asked and has now: it came ahead."""
        if found is not UNKNOWN or self.ahead is None:
            return found
        came = self.memory.peek(key, UNKNOWN)  # used once by now, as what was loaded is
        self.given += came is not UNKNOWN
        return came

    def _bring(self, keys: list[str]) -> None:
        """Begin to load what may be asked for soon."""
        idle = [key for key in keys if key not in self.flights.under_way]
        for key in set(keys).difference(idle):
            self._forget(key)  # it comes anyway
        if idle:
            self._fly(idle, None, is_ahead=True)

    async def close(self) -> None:
        """Write what is to be written behind; loads under way are ended."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._behind is not None:
            await self._behind.close()

    def _fly(
        self, keys: Sequence[str], load: Loader[Held] | None, *, is_refresh: bool = False,
        is_ahead: bool = False,
    ) -> dict[str, Flight]:  # fmt: skip
        """Begin one flight a key, all on one way down; ValueError where one is no text."""
        "".join(keys).encode()
        version = self.versions.next()
        flights = {key: self.flights.begun(key, version, is_ahead=is_ahead) for key in keys}
        self._start(self._way(dict(flights), load or self.source, is_refresh=is_refresh))
        return flights

    def _start(self, way: Coroutine[Any, Any, None]) -> None:
        """The loop holds tasks weakly."""
        task = asyncio.create_task(way)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _way(
        self, flights: dict[str, Flight], load: Loader[Held] | None, *, is_refresh: bool
    ) -> None:
        """Down through the tiers until every key has its value."""
        try:
            left = dict(flights)
            for depth, level in enumerate(self.lower):
                if not left:
                    return
                rows = await self._taken(level, left, is_refresh=is_refresh)
                if rows and depth:
                    self._start(self._fill(self.lower[:depth], rows))
            await asyncio.gather(*(self._load(key, one, load) for key, one in left.items()))
        except BaseException as error:
            why = error if isinstance(error, Exception) else Overdue("the cache was closed")
            self.load_errors += why is error  # a tier's, which the waiters hear of
            for key, flight in flights.items():
                self._crash(key, flight, why)
            if why is not error:
                raise

    async def _taken(self, level: Level, left: dict[str, Flight], *, is_refresh: bool) -> list[Row]:
        """Take from the keys left what this tier has; gives the rows for the tiers above."""
        began, keys, rows = time.perf_counter_ns(), list(left), []
        packed = await level.tier.get_many(keys)
        level.durations.add(time.perf_counter_ns() - began)
        now_ms = self._parts.now_ms()
        for key, raw in zip(keys, packed, strict=True):
            entry = self._entries.found(key, raw, left[key])
            if raw is None or entry is None or (is_refresh and entry.soft_ms <= now_ms):
                continue
            self._arrive(key, entry, left.pop(key))
            rows.append(Row(key, entry.version, entry.hard_ms, raw))
        return rows

    async def _load(self, key: str, flight: Flight, load: Loader[Held] | None) -> None:
        """Ask the source, if there is one; a guess only while few others are asked for."""
        is_guess = flight.is_ahead
        if load is None or (is_guess and self._guesses.locked()):
            if is_guess:
                self._forget(key)
            self.flights.landed(key, flight, UNKNOWN)  # and nobody can be asked
        elif is_guess:
            async with self._guesses:
                await self._ask(key, flight, load)
        else:
            await self._ask(key, flight, load)

    async def _ask(self, key: str, flight: Flight, load: Loader[Held]) -> None:
        """What the source says is kept in every tier, unless the key changed meanwhile."""
        self.loads += 1
        began = time.perf_counter_ns()
        try:
            async with asyncio.timeout(self._load_s), self._turns.of(key), self._loading:
                value = await load(key)
            value, ttl_ms = value if isinstance(value, Lasting) else (value, None)
            entry = self._entries.of(MISSING if value is None else value, flight.version, ttl_ms)
            row = self._entries.loaded(key, entry)
        except TimeoutError:
            self.load_errors += 1
            late = f"{key}: its source did not answer in {self.rules.load_ms} ms"
            self._crash(key, flight, Overdue(late))
            return
        except Exception as error:  # noqa: BLE001  it is the waiters', each of whom gets it
            self.load_errors += 1
            self._crash(key, flight, error)
            return
        self.load_durations.add(time.perf_counter_ns() - began)
        self._arrive(key, entry, flight)
        if row is not None and not flight.is_overtaken:
            await self._pass_on(row)

    def _arrive(self, key: str, entry: Entry[Held], flight: Flight) -> None:
        """Where it belongs, unless it is old by now; and to all who wait."""
        if flight.is_ahead and self.ahead:
            size = self._parts.measure(entry.value)
            if flight.is_overtaken:
                self.ahead.forget(key)
            else:
                self.ahead.arrived(key, entry, size)
        elif not flight.is_overtaken:
            self._keep(key, entry)
        self.flights.landed(key, flight, entry.value)

    def _crash(self, key: str, flight: Flight, error: Exception) -> None:
        """All who wait hear why; what was only guessed is forgotten."""
        if flight.is_ahead:
            self._forget(key)
        self.flights.crashed(key, flight, error)

    def _keep(self, key: str, entry: Entry[Held]) -> None:
        """Into memory, for what is left of its time."""
        now_ms = self._parts.now_ms()
        fresh_ms = max(0, entry.soft_ms - now_ms)
        left_ms = entry.left_ms(self.rules.ttl_ms, now_ms)
        self.memory.set(key, entry.value, left_ms * NS_MS, fresh_ms * NS_MS)

    def _forget(self, key: str | None) -> None:
        """What was to come ahead is not to be used."""
        if self.ahead:
            self.ahead.forget(key)

    async def _change(self, key: str, entry: Entry[Held]) -> None:
        """A new value, or none any more, everywhere."""
        row = self._entries.changed(key, entry)
        self._longest_ms = max(self._longest_ms, entry.hard_ms - self._parts.now_ms())
        self.versions.wrote(key, entry.version, self._longest_ms)
        self.flights.overtake([key])
        self._forget(key)
        if entry.value is REVOKED:
            self.memory.delete(key)
        else:
            now_ms = self._parts.now_ms()
            ttl, fresh = (at_ms - now_ms for at_ms in (entry.hard_ms, entry.soft_ms))
            self.memory.set(key, entry.value, ttl * NS_MS, fresh * NS_MS)
        if row is not None:
            await self._pass_on(row)

    async def _pass_on(self, row: Row) -> None:
        """To the lower tiers, now or soon."""
        await (self._fill(self.lower, [row]) if self._behind is None else self._behind.put(row))

    async def _fill(self, levels: Sequence[Level], rows: Sequence[Row]) -> None:
        """Into these tiers; where one holds as new a version already, memory's is old."""
        for level in levels:
            for key in await level.tier.set_many(rows):
                self.changed(key)
