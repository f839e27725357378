"""How do many lines live in one poll? Each is heard when it is ready or due, and leaves as it ends.

The engine's own loop polls; this keeps what the poll knows in step with what each line wants.
"""

import select
from collections.abc import Callable
from typing import Any, Generic, Protocol, TypeVar

from engine.lines.patience import NEVER_NS

Said = TypeVar("Said")
Spoken_co = TypeVar("Spoken_co", covariant=True)


class Line(Protocol[Spoken_co]):
    """What every connection is here, whatever it speaks."""

    @property
    def ended(self) -> str:
        """Why it ended; empty while it lives."""

    @property
    def wants_write(self) -> bool:
        """Whether the poll has to say when bytes can go out."""

    @property
    def descriptors(self) -> int:
        """How many it has had: the number of the next may be that of the last."""

    def fileno(self) -> int:
        """For a poll; may be another one after each call, -1 once ended."""

    def due_ns(self) -> int:
        """When it must be heard though nothing happened."""

    def hear(self, now_ns: int) -> Spoken_co:
        """What came. It may have ended behind it."""


class Place(Generic[Said]):
    """One line in the poll: whom its words go to, and what the poll was told of it."""

    def __init__(self, line: Line[Said], heard: Callable[[Said, int], None]) -> None:
        self.line, self.heard = line, heard
        self.fd, self.events, self.descriptors = -1, 0, 0


class Lines:
    """The lines of one poll. `now_ns` is whatever clock the lines were given."""

    def __init__(self, poll: select.epoll) -> None:
        self._poll = poll
        self._places: dict[int, Place[Any]] = {}  # by descriptor
        self._all: list[Place[Any]] = []

    def __len__(self) -> int:
        return len(self._all)

    def add(self, line: Line[Said], heard: Callable[[Said, int], None]) -> None:
        """Listen to it from now on; `heard(what, now_ns)` gets whatever is not empty."""
        place = Place(line, heard)
        self._all.append(place)
        self._register(place)

    def hear(self, fd: int, now_ns: int) -> bool:
        """What the poll says of a descriptor; False if it is none of ours."""
        place = self._places.get(fd)
        if place is None:
            return False
        self._attend(place, now_ns)
        return True

    def settle(self, now_ns: int) -> None:
        """Once a turn, after hearing: those that are due, and what the poll is to know of all."""
        for place in tuple(self._all):
            if place.line.due_ns() <= now_ns:
                self._attend(place, now_ns)
            else:
                self._register(place)

    def due_ns(self) -> int:
        """When the first of them must be heard though nothing happened."""
        return min((place.line.due_ns() for place in self._all), default=NEVER_NS)

    def _attend(self, place: Place[Any], now_ns: int) -> None:
        said = place.line.hear(now_ns)
        self._register(place)
        if said:
            place.heard(said, now_ns)

    def _register(self, place: Place[Any]) -> None:
        """Tell the poll what the line wants now; forget one that has ended."""
        line = place.line
        fd = line.fileno()
        if fd < 0 or line.ended:
            self._forget(place)
            if place in self._all:
                self._all.remove(place)
            return
        events = select.EPOLLIN | (select.EPOLLOUT if line.wants_write else 0)
        if self._places.get(fd) is not place or line.descriptors != place.descriptors:
            self._forget(place)
            stranger = self._places.pop(fd, None)  # it ended unheard, and its number was free
            if stranger is not None:
                stranger.fd = -1
            self._enter(place, fd, events)
        elif events != place.events:
            self._poll.modify(fd, events)
            place.events = events

    def _enter(self, place: Place[Any], fd: int, events: int) -> None:
        try:
            self._poll.register(fd, events)
        except FileExistsError:
            self._poll.modify(fd, events)
        self._places[fd] = place
        place.fd, place.events, place.descriptors = fd, events, place.line.descriptors

    def _forget(self, place: Place[Any]) -> None:
        """Nothing is taken out of the poll: a line closes what it no longer names, and so it left.

        Its number may already be somebody else's, who must not be taken out in its stead.
        """
        if self._places.get(place.fd) is place:
            del self._places[place.fd]
        place.fd = -1
