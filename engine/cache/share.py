"""How much of the memory belongs to keys on probation? Moved by what was missed soon after.

The small queue holds what was asked once, the main queue what proved itself. Keys that come back
just after either let them go say which was too small. Two findings overrule them. A small queue
through which everything runs unused and unmissed is room wasted. And where nearly every entry that
the main queue's hand meets was used since it came by last, every place taken from the main queue
costs hits, however soon others are missed: so a loop somewhat longer than the memory looks.
"""

START, LEAST, MOST = 10, 128, 2  # of all entries, as divisors
STEP = 32  # likewise
WINDOW_MIN = 64  # insertions
FEW = 32  # fewer than one in so many insertions is as good as none
IN_USE = 32  # entries passed over for each that left: then the main queue is all in use


class Share:
    """The small queue's size in entries, of as many as the memory may hold."""

    def __init__(self, entries_max: int) -> None:
        self.target = entries_max // START
        self.is_fixed = False
        self.pressed = 0  # insertions of this window that had to evict
        self.soon_small = self.soon_main = 0  # keys missed soon after that queue let them go
        self.useful = 0  # keys that were hit while in the small queue
        self.passed = self.left = 0  # of those the main queue's hand met
        self.resize(entries_max, entries_max)

    def resize(self, entries_max: int, entries_before: int) -> None:
        """Keep the share when the memory grows or shrinks."""
        self.least = max(1, entries_max // LEAST)
        self.most = max(1, entries_max // MOST)
        self.step = max(1, entries_max // STEP)
        self.target = self._bounded(self.target * entries_max // entries_before)

    def fix(self, target: int) -> None:
        """Hold the small queue at that many entries; 0 lets evidence move it again."""
        self.is_fixed = target > 0
        if self.is_fixed:
            self.target = self._bounded(target)

    def press(self, entries: int) -> None:
        """One insertion that has to evict; after as many as there are entries, judge."""
        window = max(WINDOW_MIN, entries)
        self.pressed += 1
        if self.pressed < window:
            return
        if not self.is_fixed:
            self.target = self._bounded(self._wanted(window))
        self.pressed = self.soon_small = self.soon_main = self.useful = self.passed = self.left = 0

    def _wanted(self, window: int) -> int:
        """The size that a window's evidence asks for."""
        is_main_in_use = self.passed * FEW >= window and self.passed > self.left * IN_USE
        is_idle = self.useful * FEW < window and self.soon_small * FEW < window
        if is_main_in_use or is_idle:
            return self.target // 2
        if self.soon_small * 2 > self.soon_main * 3 + 4:
            return self.target + self.step
        if self.soon_main * 2 > self.soon_small * 3 + 4:
            return self.target - self.step
        return self.target

    def _bounded(self, target: int) -> int:
        return min(self.most, max(self.least, target))
