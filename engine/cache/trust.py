"""How often were guesses of this kind right? Kinds that are wrong too often sleep, and are probed.

A kind is a source and a grade of evidence. It begins asleep and earns its way awake with guesses
that cost nothing: they are only remembered ("shadow tags", Grannaes and Natvig). A guess counts as
wrong from the moment it is made until it is asked for, so that no optimism comes from waiting.
"""

from engine.cache.guesses import SOURCES, Guess

FORGIVING, STRICT = 0.68, 0.86  # shares used that a kind must show: while all goes well, and else
WELL = 0.86  # the share of all fetches used while all goes well
STAYING = 0.02  # less is asked of a kind that is awake: one waste is no reason to fall asleep
DOUBT = 3  # unused guesses that a kind is thought to have made before it was known
DOUBT_OF_ALL = 8
MEMORY = 256  # guesses; then old ones count half
LEARNING, PROBED = 64, 64  # first guesses of a sleeper that are watched; then one in so many


class Kind:
    """What came of the guesses of one source and grade."""

    __slots__ = ("guessed", "is_awake", "passed_over", "used")

    def __init__(self) -> None:
        self.guessed = self.used = 0.0
        self.is_awake = False
        self.passed_over = 0

    def count(self) -> None:
        """A guess was made."""
        self.guessed += 1
        if self.guessed >= MEMORY:
            self.guessed, self.used = self.guessed / 2, self.used / 2

    def share_used(self, doubt: int) -> float:
        """The share of guesses that were used, a few unused ones added."""
        return self.used / (self.guessed + doubt)


class Trust:
    """Which guesses are worth a fetch, which are only watched, and what came of them."""

    def __init__(self) -> None:
        self.fetched = dict.fromkeys(SOURCES, 0)
        self.used = dict.fromkeys(SOURCES, 0)
        self._kinds: dict[tuple[str, int], Kind] = {}
        self._all = Kind()

    def __len__(self) -> int:
        return len(self._kinds)

    def believes(self, guess: Guess) -> bool:
        """Whether a guess is worth a fetch."""
        kind = self._kind(guess)
        goes_well = self._all.share_used(DOUBT_OF_ALL) >= WELL
        asked = (FORGIVING if goes_well else STRICT) - (STAYING if kind.is_awake else 0.0)
        kind.is_awake = kind.share_used(DOUBT) >= asked
        return kind.is_awake

    def watches(self, guess: Guess) -> bool:
        """Whether what comes of an unbelieved guess is worth watching."""
        kind = self._kind(guess)
        kind.passed_over += 1
        return kind.passed_over < LEARNING or kind.passed_over % PROBED == 0

    def watched(self, guess: Guess) -> None:
        """A guess was made without a fetch."""
        self._kind(guess).count()

    def came_true(self, guess: Guess) -> None:
        """A guess that was only watched was asked for."""
        self._kind(guess).used += 1

    def fetches(self, guess: Guess) -> None:
        """A guess is fetched."""
        self.fetched[guess.source] += 1
        self._kind(guess).count()
        self._all.count()

    def was_used(self, guess: Guess) -> None:
        """A fetched guess was asked for."""
        self.used[guess.source] += 1
        self._kind(guess).used += 1
        self._all.used += 1

    def withdraws(self, guess: Guess) -> None:
        """A fetched guess says nothing: its load failed, or its value changed."""
        self.fetched[guess.source] -= 1
        for kind in (self._kind(guess), self._all):
            kind.guessed = max(kind.guessed - 1, kind.used)

    def _kind(self, guess: Guess) -> Kind:
        found = self._kinds.get(guess[1:])
        if found is None:
            found = self._kinds[guess[1:]] = Kind()
        return found
