"""How much of the memory belongs to keys on probation? Moved by evidence, and back where it hurt.

The small queue holds what was asked once, the main queue what proved itself. Keys that come back
just after either let them go say which was too small. Growing is held against the hit ratio of the
windows that follow. A small queue through which everything runs unused shrinks to almost nothing:
that is how a loop longer than the memory is survived; where such keys come back soon, one larger
window shows whether more room would have caught them.
"""

START, LEAST, MOST = 10, 128, 2  # of all entries, as divisors
STEP, NEAR = 32, 16  # likewise
WINDOW_MIN = 64  # insertions
USELESS = 32  # fewer than one in so many that entered the small queue were hit there
FELL, ROSE = 15, 17  # sixteenths of the requests a window had before
FALLS_MAX = 2  # in a row, while growing
PAUSE_MAX = 32  # windows in which what failed is not tried again
PROBE, GROW = 0, 1


class Share:
    """The small queue's size in entries, of as many as the memory may hold."""

    def __init__(self, entries_max: int) -> None:
        self.target = entries_max // START
        self.is_fixed = False
        self.soon_small = self.soon_main = 0  # keys missed soon after a queue let them go
        self.useful = 0  # keys that were hit while in the small queue
        self.pressed = 0  # insertions of this window that had to evict
        self.hits = self.turn = 0  # when this window began
        self.windows = self.asked = 0  # so far; requests of the last one
        self.has_grown = self.is_probing = False  # in the last window
        self.falls = 0
        self.good = 0  # the size before requests a window fell
        self.before = 0  # the size before a probe
        self.pause = [1, 1]  # windows that the next failure costs
        self.until = [0, 0]
        self.resize(entries_max, entries_max)

    def resize(self, entries_max: int, entries_before: int) -> None:
        """Keep the share when the memory grows or shrinks."""
        self.least = max(1, entries_max // LEAST)
        self.most = max(1, entries_max // MOST)
        self.step = max(1, entries_max // STEP)
        self.near = max(1, entries_max // NEAR)
        self.target = self._bounded(self.target * entries_max // entries_before)
        self.good = self.target
        self.has_grown = self.is_probing = False

    def fix(self, target: int) -> None:
        """Hold the small queue at that many entries; 0 lets evidence move it again."""
        self.is_fixed = target > 0
        if self.is_fixed:
            self.target = self.good = self._bounded(target)
        self.has_grown = self.is_probing = False

    def press(self, entries: int, hits: int, turn: int) -> None:
        """One insertion that has to evict; after as many as there are entries, judge."""
        window = max(WINDOW_MIN, entries)
        self.pressed += 1
        if self.pressed < window:
            return
        asked = (hits - self.hits) + (turn - self.turn & 0xFFFFFFFF)
        self.hits, self.turn, self.pressed = hits, turn, 0
        self.windows += 1
        if not self.is_fixed:
            was = self.target
            is_idle = self.useful * USELESS < window
            wanted = self._idle(window) if is_idle else self._steered(asked)
            self.target = self._bounded(wanted)
            self.has_grown = self.target > was and not is_idle
            self.asked = asked
        self.soon_small = self.soon_main = self.useful = 0

    def _idle(self, window: int) -> int:
        """Nothing was hit in the small queue: would a larger one have been of use?"""
        self.falls = 0
        if self.is_probing:
            self.is_probing, self.target = False, self.before
            self._put_off(PROBE)
        if self.soon_small * USELESS < window or self.until[PROBE] > self.windows:
            return self.target // 2
        self.is_probing, self.before = True, self.target
        return self.target + self.near

    def _steered(self, asked: int) -> int:
        """The queue that lost more of what was wanted soon after gets more room."""
        if self.is_probing:
            self.is_probing, self.pause[PROBE] = False, 1
        fell = self.has_grown and asked * 16 < self.asked * FELL
        self.falls = self.falls + 1 if fell else 0
        if self.falls == FALLS_MAX:
            self.falls = 0
            self._put_off(GROW)
            self.good -= self.step
            return self.good
        if self.has_grown and asked * 16 > self.asked * ROSE:
            self.pause[GROW] = 1
        if not fell:
            self.good = self.target
        if self.soon_small * 2 > self.soon_main * 3 + 4:
            return self.target + self.step * (self.until[GROW] <= self.windows)
        is_main_short = self.soon_main * 2 > self.soon_small * 3 + 4
        return self.target - self.step * is_main_short

    def _put_off(self, what: int) -> None:
        """Not again for a while, twice as long as the last time."""
        self.pause[what] = min(PAUSE_MAX, self.pause[what] * 2)
        self.until[what] = self.windows + self.pause[what]

    def _bounded(self, target: int) -> int:
        return min(self.most, max(self.least, target))
