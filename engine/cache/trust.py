"""How often were guesses of this kind right? Kinds that are wrong too often sleep, and are probed.

A kind is a source and a grade of evidence. It begins asleep and earns its way awake with guesses
that cost nothing: they are only remembered ("shadow tags", Grannaes and Natvig). A guess counts as
wrong from the moment it is made until it is asked for, so that no optimism comes from waiting.
"""

from collections import defaultdict

from engine.cache.guesses import SOURCES

FORGIVING, STRICT = 0.68, 0.86  # shares used that a kind must show: while all goes well, and else
WELL = 0.86  # the share of all fetches used while all goes well
STAYING = 0.02  # less is asked of a kind that is awake: one waste is no reason to fall asleep
DOUBT = 3  # unused guesses that a kind is thought to have made before it was known
DOUBT_OF_ALL = 8
MEMORY = 256  # guesses; then old ones count half
LEARNING = 64  # first guesses of a kind that are all watched


class Record:
    """How many guesses were made and how many used; old ones count less."""

    __slots__ = ("doubt", "guessed", "share_used", "used")

    def __init__(self, doubt: int) -> None:
        self.doubt = doubt
        self.guessed = self.used = 0.0
        self.share_used = 0.0  # with a few unused guesses added

    def made(self) -> None:
        """A guess was made: unused until it is used."""
        self.guessed += 1
        if self.guessed >= MEMORY:
            self.guessed, self.used = self.guessed / 2, self.used / 2
        self.share_used = self.used / (self.guessed + self.doubt)

    def was_right(self) -> None:
        """One of them was asked for."""
        self.used += 1
        self.share_used = self.used / (self.guessed + self.doubt)

    def withdrawn(self) -> None:
        """One of them says nothing."""
        self.guessed = max(self.guessed - 1, self.used)
        self.share_used = self.used / (self.guessed + self.doubt)


class Kind(Record):
    """The guesses of one source and grade."""

    __slots__ = ("is_awake", "source", "watched")

    def __init__(self, source: "Source") -> None:
        super().__init__(DOUBT)
        self.source = source
        self.is_awake = False
        self.watched = 0

    def is_believed(self, asked: float) -> bool:
        """Whether a guess of this kind is worth a fetch, where this share must be used."""
        self.is_awake = self.share_used >= (asked - STAYING if self.is_awake else asked)
        return self.is_awake


class Source(defaultdict[int, Kind]):
    """The kinds of one source, by grade."""

    def __init__(self) -> None:
        super().__init__()
        self.fetched = self.used = 0

    def __missing__(self, grade: int) -> Kind:
        kind = self[grade] = Kind(self)
        return kind


class Trust:
    """Which guesses are worth a fetch, which are only watched, and what came of them."""

    def __init__(self) -> None:
        self.sources = {name: Source() for name in SOURCES}
        self._all = Record(DOUBT_OF_ALL)

    @property
    def fetched(self) -> int:
        """Keys fetched ahead."""
        return sum(source.fetched for source in self.sources.values())

    @property
    def used(self) -> int:
        """Those of them that were asked for."""
        return sum(source.used for source in self.sources.values())

    def asked(self) -> float:
        """The share of its guesses used that a kind must show for a fetch, now."""
        return FORGIVING if self._all.share_used >= WELL else STRICT

    def fetches(self, kind: Kind) -> None:
        """A guess of this kind is fetched."""
        kind.source.fetched += 1
        kind.made()
        self._all.made()

    def was_used(self, kind: Kind) -> None:
        """A fetched guess of this kind was asked for."""
        kind.source.used += 1
        kind.was_right()
        self._all.was_right()

    def withdraws(self, kind: Kind) -> None:
        """A fetched guess says nothing: its load failed, or its value changed."""
        kind.source.fetched -= 1
        kind.withdrawn()
        self._all.withdrawn()
