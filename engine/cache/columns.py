"""Where does an entry's description lie? In columns, one place an entry, chained into queues."""

from array import array
from typing import Any

NOBODY = -1


class Queue:
    """Places in the order they came; the chain itself lies in the columns."""

    def __init__(self) -> None:
        self.oldest = self.newest = NOBODY
        self.count = 0


class Columns:
    """What is known of each entry beside its key's place; free places are used again."""

    def __init__(self) -> None:
        self.keys: list[int | str | None] = []
        self.values: list[object] = []
        self.due = array("q")  # ns: from then on the value is stale, or over
        self.ends = array("q")  # ns: from then on it is over
        self.sizes = array("q")
        self.uses = bytearray()  # hits, at most 3, less one each time it is passed over
        self.seen = array("I")  # the turn of its last use
        self.homes = bytearray()  # the queue it stands in
        self.older, self.newer = array("i"), array("i")
        self.free: list[int] = []

    def take(self) -> int:
        """A free place."""
        if self.free:
            return self.free.pop()
        self.keys.append(None)
        self.values.append(None)
        for numbers in (self.due, self.ends, self.sizes, self.uses, self.seen, self.homes):
            numbers.append(0)
        self.older.append(NOBODY)
        self.newer.append(NOBODY)
        return len(self.keys) - 1

    def give_back(self, place: int) -> object:
        """Free a place; the value that lay there."""
        value = self.values[place]
        self.keys[place] = self.values[place] = None
        self.free.append(place)
        return value

    def clear(self) -> None:
        """No place is left; every column stays the object it is."""
        lists: tuple[Any, ...] = (self.keys, self.values, self.free)
        times: tuple[Any, ...] = (self.due, self.ends, self.seen)
        rest: tuple[Any, ...] = (self.sizes, self.uses, self.homes, self.older, self.newer)
        for column in (*lists, *times, *rest):
            del column[:]

    def push(self, queue: Queue, place: int) -> None:
        """Stand at the end of a queue."""
        self.older[place], self.newer[place] = queue.newest, NOBODY
        if queue.newest == NOBODY:
            queue.oldest = place
        else:
            self.newer[queue.newest] = place
        queue.newest = place
        queue.count += 1

    def leave(self, queue: Queue, place: int) -> None:
        """Step out of a queue, from wherever in it."""
        older, newer = self.older[place], self.newer[place]
        if older == NOBODY:
            queue.oldest = newer
        else:
            self.newer[older] = newer
        if newer == NOBODY:
            queue.newest = older
        else:
            self.older[newer] = older
        queue.count -= 1

    def standing(self, queue: Queue) -> list[int]:
        """A queue's places, the oldest first."""
        found, place = [], queue.oldest
        while place != NOBODY:
            found.append(place)
            place = self.newer[place]
        return found

    def row(self, place: int) -> tuple[Any, ...]:
        """All that one place says, its neighbours apart."""
        times = self.due[place], self.ends[place]
        use = self.uses[place], self.seen[place], self.homes[place]
        return self.keys[place], self.values[place], *times, self.sizes[place], *use

    def restore(self, row: Any) -> int:
        """A place that says all that a row did."""
        place = self.take()
        self.keys[place], self.values[place], self.due[place], self.ends[place] = row[:4]
        self.sizes[place], self.uses[place], self.seen[place], self.homes[place] = row[4:]
        return place
