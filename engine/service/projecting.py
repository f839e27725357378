"""What does the service do all day? It follows the journal, folds it, and keeps what it says."""

import os
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from engine.core import code_digest, layout_digest
from engine.errors import Refused
from engine.journal.follower import Follower, Replaced
from engine.journal.segments import Header
from engine.messages import RECORD_SIZE
from engine.service.folding import Fold
from engine.service.keeper import NAME, Keeper
from engine.service.log_lines import LogTail
from engine.service.schema import Checkpoint, Rows
from engine.service.standing import Standing, folder_of

POLL_S = 0.25  # between two looks at a journal that has nothing more
ROWS_AT_ONCE = 2_000  # in memory and not yet kept
CHECKPOINT_S = 5.0  # between two checkpoints where no row asks for one


class Duty(NamedTuple):
    """What is done with the fold every so many seconds."""

    every_s: float
    work: Callable[[Fold], None]


class Projecting:
    """One journal and its tables; `step` does a little and says whether there is more to do."""

    def __init__(
        self, data_dir: str, native: Any, standing: Standing, *, anew: bool = False
    ) -> None:
        folder = folder_of(data_dir)
        self._folder, self._inode = folder, os.stat(folder).st_ino
        self.standing, self._native = standing, native
        self.duties: list[Duty] = []
        self._due: dict[int, float] = {}
        self._directory = os.path.join(data_dir, "journal")
        self.keeper = Keeper(os.path.join(folder, NAME), anew=anew)
        self._tails = [
            LogTail(os.path.join(data_dir, "log", "engine.log"), "engine"),
            LogTail(standing.log.path, "service"),
        ]
        self._rows: Rows = {}
        self._kept_s = 0.0
        self._follower = Follower(self._directory, native=native)
        self.fold: Fold | None = None

    def step(self) -> bool:
        """Read, fold and keep some records; False where none are left.

        Refused when they do not replay (1), are of other code (4) or cannot be kept (4).
        """
        try:
            return self._step()
        except Refused:
            self._must_be_there()  # whatever failed: that came first
            raise

    def _step(self) -> bool:
        try:
            chunk = self._follower.read()
        except Replaced:
            self._start_over("the journal's files were exchanged")
            return True
        if self.fold is None and chunk:
            self.fold = self._begun(self._follower.header)
        if self.fold is not None and self._is_shorter(self.fold, chunk):
            self._make_anew("the journal is shorter than what was made of it")
            return True
        if self.fold is not None:
            self._take(self.fold, chunk)
        self.standing.is_behind = bool(chunk)
        self._tend()
        return bool(chunk)

    def finish(self, seconds: float) -> None:
        """Read what is written by now, as long as that takes no longer."""
        end = time.monotonic() + seconds
        while self.step() and time.monotonic() < end:
            pass
        self._keep()

    def close(self) -> None:
        """Let go of the files."""
        self._follower.close()
        self.keeper.close()

    def _begun(self, header: Header | None) -> Fold:
        """The fold of this journal, from its first record; refused if other code wrote it."""
        whose = header.identity if header else None
        if whose is None or (whose.code_digest, whose.layout_digest) != (
            code_digest(),
            layout_digest(),
        ):
            raise Refused(
                f"the journal in {self._directory} was written by other code than this supreme",
                "use the supreme that belongs to it",
                code=4,
            )
        journal_id = whose.journal_id.hex()
        kept = self.keeper.checkpoint()
        if kept is None or kept.journal_id != journal_id:
            kept = Checkpoint(journal_id, 0, 0, os.urandom(8).hex())
            self.keeper.begin_anew(kept)
        self._at = kept
        return Fold(self._native, journal_id, kept.sequence)

    def _is_shorter(self, fold: Fold, chunk: memoryview) -> bool:
        return not chunk and fold.sequence < fold.since

    def _take(self, fold: Fold, chunk: memoryview) -> None:
        """Up to where the tables end it must be the same journal; from there on rows are kept."""
        known = fold.since - fold.sequence
        if 0 < known <= len(chunk) // RECORD_SIZE:
            fold.take(chunk[: known * RECORD_SIZE])
            chunk = chunk[known * RECORD_SIZE :]
            if fold.check_sum != self._at.check_sum:
                self._make_anew("the journal is not the one that the tables were made of")
                return
        for table, some in fold.take(chunk).items():
            self._rows.setdefault(table, []).extend(some)
        self.standing.sequence = fold.sequence
        many = sum(map(len, self._rows.values()))
        is_late = time.monotonic() - self._kept_s > CHECKPOINT_S
        if many >= ROWS_AT_ONCE or (many and not chunk) or is_late:
            self._keep()

    def _keep(self) -> None:
        fold = self.fold
        self._kept_s = time.monotonic()
        if fold is None or fold.sequence <= self._at.sequence:
            return
        self._at = self._at._replace(sequence=fold.sequence, check_sum=fold.check_sum)
        self.keeper.keep(self._rows, self._at)
        self._rows = {}

    def _must_be_there(self) -> None:
        """Refused (4) when the directory went: who comes to that path starts another service."""
        if not os.path.isdir(self._folder) or os.stat(self._folder).st_ino != self._inode:
            raise Refused(
                f"{self._folder} was removed or replaced",
                "start supreme serve again where the journal is",
                code=4,
            )

    def _make_anew(self, why: str) -> None:
        self.keeper.is_current = False
        self._start_over(why)

    def _start_over(self, why: str) -> None:
        self.standing.say("warning", "JournalReadAgain", why=why)
        self._follower.close()
        self._follower = Follower(self._directory, native=self._native)
        self.fold, self._rows = None, {}

    def _tend(self) -> None:
        """What is done now and then: the duties, the logs, the file that tells how we stand."""
        self._must_be_there()
        now_s = time.monotonic()
        for number, duty in enumerate(self.duties):
            if self.fold is not None and now_s >= self._due.setdefault(number, now_s):
                self._due[number] = now_s + duty.every_s
                duty.work(self.fold)
        self.standing.tend()
        if self.standing.is_behind:
            return
        for tail in self._tails:
            while lines := tail.read():
                self.keeper.keep_lines(lines)
