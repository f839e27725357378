"""How do the rows come into the tables? A batch at a time, and never those of another journal.

What a fold says waits here for its batch. Where the tables end, the fold must have come to their
check sum: otherwise they were made of another journal, or of records that a power cut took.
"""

import os
import time
from collections.abc import Callable

from engine.messages import RECORD_SIZE
from engine.service.folding import Fold
from engine.service.keeper import Keeper
from engine.service.schema import Checkpoint, Rows

ROWS_AT_ONCE = 2_000  # in memory and not yet kept
CHECKPOINT_S = 5.0  # between two checkpoints where no row asks for one
SHORTER = "the journal is shorter than what was made of it"
ANOTHER = "the journal is not the one that the tables were made of"


class Tables:
    """The tables of one journal, as far as they are made, and the rows that wait."""

    def __init__(self, keeper: Keeper, now_s: Callable[[], float] = time.monotonic) -> None:
        self.keeper, self._now_s = keeper, now_s
        self.at: Checkpoint | None = None
        self._rows: Rows = {}
        self._kept_s = 0.0

    def begin(self, journal_id: str) -> tuple[Checkpoint, bool]:
        """Where the tables of this journal end, and whether they are empty and made anew."""
        kept, name = self.keeper.checkpoint(), os.urandom(8).hex()
        is_anew = kept is None or kept.journal_id != journal_id
        if kept is None or is_anew:
            kept = Checkpoint(journal_id, 0, 0, name)
            self.keeper.begin_anew(kept)
        else:
            self.keeper.go_on(kept, name)
        self.at, self._rows = kept, {}
        return kept, is_anew

    def take(self, fold: Fold, chunk: memoryview, *, is_bare: bool = False) -> str:
        """Some more records, or that there are none now; why all must be made anew, if so.

        A fold that began at a bare snapshot has no check sum to be compared.
        """
        assert self.at is not None
        known = fold.since - fold.sequence
        if not chunk and known > 0:
            return SHORTER
        if 0 < known <= len(chunk) // RECORD_SIZE:
            fold.take(chunk[: known * RECORD_SIZE])
            chunk = chunk[known * RECORD_SIZE :]
            if is_bare:
                fold.check_sum = self.at.check_sum
            elif fold.check_sum != self.at.check_sum:
                return ANOTHER
        for table, some in fold.take(chunk).items():
            self._rows.setdefault(table, []).extend(some)
        many = sum(map(len, self._rows.values()))
        is_late = self._now_s() - self._kept_s > CHECKPOINT_S
        if many >= ROWS_AT_ONCE or (many and not chunk) or is_late:
            self.keep(fold)
        return ""

    def keep(self, fold: Fold | None) -> None:
        """What waits, and how far the fold came with it."""
        self._kept_s = self._now_s()
        if fold is None or self.at is None or fold.sequence <= self.at.sequence:
            return
        self.at = self.at._replace(sequence=fold.sequence, check_sum=fold.check_sum)
        self.keeper.keep(self._rows, self.at)
        self._rows = {}

    def make_anew(self) -> None:
        """What is there is wrong: the next beginning makes empty ones."""
        self.keeper.is_current, self._rows = False, {}
