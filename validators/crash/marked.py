"""What was an engine told is durable, and what did it send then? One that writes both down.

`python -m validators.crash.marked FOLDER SEED` and the words of `supreme run`. FOLDER/durable
receives each sequence that the engine learned, eight bytes, before anything is done about it;
FOLDER/sent each command after it was sent, as its record. Now and then it does not let the journal
wait for company, so that commits are of every size.
"""

import os
import sys
from random import Random

from engine import beginning, bootstrap, runtime
from engine.journal.writer import Journal
from engine.loop import DURABLE_SECONDS_MAX
from engine.venues.paper import PaperVenue

DURABLE, SENT = "durable", "sent"
FLUSH_EVERY = (1, 3, 10, 60)  # appends, one drawn after each flush
WAITS = 0.5  # of the flushes are waited for, so that a run has many commits on any machine


class Marked(Journal):
    """A journal that writes down how much it says is durable."""

    draw: Random
    marks: int
    told, flush_in = 0, 1

    @property
    def durable(self) -> int:
        """As the journal says, written down."""
        return self._noted(super().durable)

    def append(self, records: bytes) -> int:
        """As the journal does, with a flush now and then, waited for or not."""
        after = super().append(records)
        self.flush_in -= 1
        if not self.flush_in:
            self.flush_in = self.draw.choice(FLUSH_EVERY)
            self.flush()
            if self.draw.random() < WAITS:
                self.wait(after, DURABLE_SECONDS_MAX)
        self._noted(super().durable)
        return after

    def _noted(self, sequence: int) -> int:
        if sequence > self.told:
            self.told = sequence
            os.write(self.marks, sequence.to_bytes(8, "little"))
        return sequence


class Noting(PaperVenue):
    """A venue that writes down what was sent to it."""

    marks: int

    def send(self, commands: bytes) -> None:
        """As the venue does; then the commands."""
        super().send(commands)
        os.write(self.marks, commands)


def main(folder: str, seed: str, *words: str) -> int:
    """The exit code of the engine that these words run."""
    Marked.draw = Random(int(seed))  # noqa: S311  a run must be the same again
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    Marked.marks = os.open(os.path.join(folder, DURABLE), flags, 0o600)
    Noting.marks = os.open(os.path.join(folder, SENT), flags, 0o600)
    vars(bootstrap)["Journal"], vars(beginning)["PaperVenue"] = Marked, Noting
    return runtime.main(list(words))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
