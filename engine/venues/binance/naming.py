"""Which order is that? The core's ids as client order ids at the venue, back and forth.

An order is called `S<journal>-<epoch>-<number>`, its cancel the same with a `c` behind it: a
cancel's id takes the order's place (web-socket-api.md, order.cancel), and must still lead to it.
"""

import re

from engine.errors import Refused

LENGTH_MAX = 36
NUMBER_MAX = 1 << 62
LEARNED_MAX = 256
APART_NS = 600_000_000_000  # clocks jump: times nearer than that say nothing of before and after
# Lives before this one in which an order of unknown age is looked for, the newest first: what never
# left is not in any, and is in doubt until all were asked, four hundred in a minute and a half.
EPOCHS_BACK_MAX = 4_096


class Names:
    """The names of one journal's orders; those from `first_id` on are of this epoch."""

    def __init__(self, journal: str, epoch: int, first_id: int) -> None:
        if not (journal.isalnum() and journal.isascii() and len(journal) <= 8):
            raise Refused(f"{journal[:40]!r} is no journal's stamp.", "Give its 8 hex digits.")
        self.prefix, self.epoch, self.first_id = f"S{journal}-", epoch, first_id
        self._ours = re.compile(self.prefix + r"(0|[1-9][0-9]*)-([1-9][0-9]*)c?\Z")
        self._newest = first_id - 1  # the last number that was sent
        self.since_ns = 0  # of the venue's clock: before it no order of this life was sent
        self._epochs: dict[int, int] = {}
        self._missed: dict[int, set[str]] = {}  # names that an order was not found by

    def name(self, order_id: int, epoch: int | None = None) -> str:
        """The client order id; Refused if it cannot be told in 35 characters."""
        name = f"{self.prefix}{self.epoch if epoch is None else epoch}-{order_id}"
        if len(name) >= LENGTH_MAX:
            raise Refused(f"{name} is too long for a client order id.", "Start a new journal.")
        return name

    def order_of(self, name: str) -> int:
        """The order that a client order id names; 0 if it is none of this journal's.

        From the name of an older epoch's order its epoch is learned.
        """
        epoch, order_id = self._parts(name)
        if 0 < order_id < self.first_id:
            self.learn(order_id, epoch)
        return order_id

    def sent(self, order_id: int) -> None:
        """An order of this life is about to leave."""
        self._newest = max(self._newest, order_id)

    def is_anothers(self, name: str, made_ns: int = 0) -> bool:
        """Whether a name has our stamp and this journal never sent it: a copy of it is in use.

        `made_ns` is when the venue took the order, 0 where it does not say so: in a copy of long
        ago lives and orders have numbers that are past here.
        """
        epoch, order_id = self._parts(name)
        if order_id == 0:
            return False
        if epoch == self.epoch:  # its cancels may be of orders of older lives
            is_older = order_id < self.first_id and not name.endswith("c")
            return is_older or order_id > self._newest
        is_late = 0 < self.since_ns < made_ns - APART_NS
        return epoch > self.epoch or order_id >= self.first_id or is_late

    def is_earlier(self, name: str, made_ns: int) -> bool:
        """Whether an order is older than the life that its name says: of before a backup."""
        if not 0 < made_ns < self.since_ns - APART_NS:
            return False
        epoch, order_id = self._parts(name)
        return epoch == self.epoch and order_id >= self.first_id

    def _parts(self, name: str) -> tuple[int, int]:
        """Epoch and number of a name, both 0 where it is none of this journal's."""
        match = self._ours.match(name)
        if match is None or len(name) > LENGTH_MAX or int(match[2]) >= NUMBER_MAX:
            return 0, 0
        return int(match[1]), int(match[2])

    def learn(self, order_id: int, epoch: int) -> None:
        """The life in which an older order was sent, as its name or a journal tells it."""
        self._epochs[order_id] = epoch
        self._missed.pop(order_id, None)
        while len(self._epochs) > LEARNED_MAX:
            del self._epochs[next(iter(self._epochs))]

    def candidates(self, order_id: int, *, canceled: bool) -> list[str]:
        """What the order may be called there, the likeliest first, but for what was tried.

        Many lives are many names: who runs out of time goes on where he stopped.
        """
        epochs: list[int] = []
        if order_id >= self.first_id:
            epochs.append(self.epoch)
        elif order_id in self._epochs:
            epochs.append(self._epochs[order_id])
        else:
            epochs += range(self.epoch - 1, max(self.epoch - 1 - EPOCHS_BACK_MAX, 0), -1)
        canceled = canceled or order_id < self.first_id
        names = [self.name(order_id, epoch) for epoch in epochs]
        every = [full for name in names for full in ((name, name + "c") if canceled else (name,))]
        missed = self._missed.get(order_id, set())
        return [name for name in every if name not in missed] or every

    def missed(self, order_id: int, name: str) -> None:
        """The venue knows no order of this name."""
        self._missed.setdefault(order_id, set()).add(name)
        while len(self._missed) > LEARNED_MAX:
            del self._missed[next(iter(self._missed))]

    def looked_through(self, order_id: int) -> None:
        """All names were tried: whoever asks again begins again."""
        self._missed.pop(order_id, None)

    def is_certain(self, order_id: int) -> bool:
        """Whether `candidates` are all there can be, so that finding none says something."""
        older = order_id < self.first_id and order_id not in self._epochs
        return not older or self.epoch - 1 <= EPOCHS_BACK_MAX
