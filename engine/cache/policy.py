"""Which entry leaves when room is needed? S3-FIFO, with a moving share and three more rules.

S3-FIFO is Yang et al., FIFO queues are all you need for cache eviction, SOSP'23; share.py moves the
small queue's size. A ghost that returns is proven only if it was away for a shorter time than the
main queue's oldest was unused (as LIRS: Jiang and Zhang, SIGMETRICS'02), so that a loop longer than
the memory cannot drive out what it uses. One small eviction in 16 steps through the main queue, so
that what a former phase proved leaves in the end. What drops out of a small queue that has become
too large is moved to the main queue. memory.c decides the same.
"""

from engine.cache.columns import NOBODY, Columns, Queue
from engine.cache.ghosts import MAIN, SMALL, WORD, Ghosts, digest_of
from engine.cache.share import Share

ENTRIES_MAX, BYTES_MAX = 1 << 28, 1 << 62
USES_PROVEN = 2
LEAK = 16  # small evictions for each step through the main queue
STEPS_MAX = 8  # through the main queue, for a ghost that asks for a place in it


class Policy:
    """The entries of one memory: who is there, in which queue, and who goes next."""

    def __init__(self, entries_max: int, bytes_max: int) -> None:
        _must_be_bounds(entries_max, bytes_max)
        self.entries_max, self.bytes_max = entries_max, bytes_max
        self.places: dict[int | str, int] = {}
        self.columns = Columns()
        self.queues = [Queue(), Queue(), Queue()]  # nobody stands in the first
        self.ghosts, self.share = Ghosts(entries_max), Share(entries_max)
        self.bytes = self.leak = 0
        self.now, self.turn, self.hits = [0], [0], [0]  # cells: `get` holds them
        self.evictions = self.expirations = 0
        self.released: list[object] = []  # values, given up only when all is in order again

    def find(self, key: int | str) -> int:
        """The place of a key whose time is not over, else NOBODY."""
        place = self.places.get(key, NOBODY)
        return place if place != NOBODY and self.columns.ends[place] > self.now[0] else NOBODY

    def clear(self) -> None:
        """Forget every entry; ghosts and share stay."""
        self.released += self.columns.values
        self.places.clear()
        self.columns.clear()
        self.queues[:] = Queue(), Queue(), Queue()
        self.bytes = 0

    def resize(self, entries_max: int, bytes_max: int) -> None:
        """Other bounds; what no longer fits is evicted, and no column is longer than needed."""
        _must_be_bounds(entries_max, bytes_max)
        while len(self.places) > entries_max or self.bytes > bytes_max:
            self._evict()
        if entries_max != self.entries_max:
            self.share.resize(entries_max, self.entries_max)
            self.ghosts = self.ghosts.resized(entries_max, self._reach())
            self.entries_max = entries_max
            self._pack()
        self.bytes_max = bytes_max

    def _pack(self) -> None:
        """The same entries in the same order, without free places."""
        columns = self.columns
        orders = [columns.standing(queue) for queue in self.queues]
        facts = [[columns.row(place) for place in order] for order in orders]
        columns.clear()
        self.queues[:] = Queue(), Queue(), Queue()
        for home, rows in enumerate(facts):
            for row in rows:
                place = columns.restore(row)
                self.places[row[0]] = place
                columns.push(self.queues[home], place)

    def insert(self, key: int | str, size: int) -> int:
        """A place for a key that has none, after making room."""
        digest = digest_of(key)
        turn = self.turn[0] = self.turn[0] + 1 & WORD
        reach = self._reach()
        kind, age = self.ghosts.take(digest, reach)
        self.share.soon_main += kind == MAIN
        self.share.soon_small += kind == SMALL and age <= reach[MAIN]
        home = SMALL
        if not self._fits(size):
            self.share.press(len(self.places))
            if kind == SMALL and self._is_proven(age):
                home = MAIN
            while not self._fits(size):
                self._evict()
        elif kind == SMALL:
            home = MAIN
        columns, place = self.columns, self.columns.take()
        self.places[key] = place
        columns.keys[place], columns.sizes[place], columns.homes[place] = key, size, home
        columns.uses[place], columns.seen[place] = 0, turn
        columns.push(self.queues[home], place)
        self.bytes += size
        return place

    def _fits(self, size: int) -> bool:
        return len(self.places) < self.entries_max and self.bytes + size <= self.bytes_max

    def _reach(self) -> tuple[int, int, int]:
        """How old ghosts get, by queue."""
        entries = len(self.places)
        return 1, max(1, entries * 9 // 10), max(1, entries // 16)

    def _is_proven(self, age: int) -> bool:
        """Whether a ghost was away for less than the main queue's oldest was unused."""
        small, main = self.queues[SMALL], self.queues[MAIN]
        if small.count > self._quota() + 1:
            return True
        # Evictions come more slowly than turns: half as much again is never too short in practice.
        away = age + age // 2 + small.count
        for _ in range(min(STEPS_MAX, main.count)):
            if self.columns.uses[main.oldest]:
                self._pass_over()
                continue
            if (self.turn[0] - self.columns.seen[main.oldest] & WORD) > away:
                self._let_go(main.oldest)
                return True
            break
        return False

    def _quota(self) -> int:
        """Of the entries there are, those the small queue may hold."""
        return self.share.target * len(self.places) // self.entries_max

    def _evict(self) -> None:
        """One step towards room: an entry changes its queue, loses a use, or goes."""
        small, main, uses = self.queues[SMALL], self.queues[MAIN], self.columns.uses
        quota = self._quota()
        if main.count and small.count <= quota:
            if uses[main.oldest]:
                self._pass_over()
            else:
                self._let_go(main.oldest)
            return
        place = small.oldest
        self.share.useful += uses[place] > 0
        if uses[place] >= USES_PROVEN or small.count > quota + 1 or self._leaks():
            self._prove(place)
        else:
            self._let_go(place)

    def _leaks(self) -> bool:
        """Whether one of the main queue had to make room for what leaves the small one."""
        self.leak += 1
        main = self.queues[MAIN]
        if self.leak < LEAK or not main.count:
            return False
        self.leak = 0
        if self.columns.uses[main.oldest]:
            self._pass_over()
            return False
        self._let_go(main.oldest)
        return True

    def _prove(self, place: int) -> None:
        self.columns.leave(self.queues[SMALL], place)
        self.columns.push(self.queues[MAIN], place)
        self.columns.uses[place], self.columns.homes[place] = 0, MAIN

    def _pass_over(self) -> None:
        """The main queue's oldest stays, for one of its uses."""
        main = self.queues[MAIN]
        place = main.oldest
        self.columns.leave(main, place)
        self.columns.push(main, place)
        self.columns.uses[place] -= 1
        self.share.passed += 1

    def _let_go(self, place: int) -> None:
        """Evict an entry; its ghost stays, unless its time was over anyway."""
        is_over = self.columns.ends[place] <= self.now[0]
        self.share.left += self.columns.homes[place] == MAIN
        self.expirations += is_over
        self.evictions += not is_over
        if not is_over:
            digest = digest_of(self.columns.keys[place])  # type: ignore[arg-type]
            self.ghosts.add(digest, self.columns.homes[place], self._reach())
        self.remove(place)

    def remove(self, place: int) -> None:
        """Forget an entry; its value is given up when the caller clears `released`."""
        columns = self.columns
        columns.leave(self.queues[columns.homes[place]], place)
        del self.places[columns.keys[place]]  # type: ignore[arg-type]
        self.bytes -= columns.sizes[place]
        self.released.append(columns.give_back(place))


def _must_be_bounds(entries_max: int, bytes_max: int) -> None:
    if not 0 < entries_max <= ENTRIES_MAX or not 0 < bytes_max <= BYTES_MAX:
        raise ValueError(f"a memory holds 1 to {ENTRIES_MAX:,} entries, and at least one byte")
