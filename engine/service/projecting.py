"""What does the service do all day? It follows the journal, folds it, and keeps what it says."""

import os
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from engine.errors import Refused
from engine.journal.folded import keep_state
from engine.journal.follower import READ_AT_ONCE, Follower, Replaced
from engine.journal.segments import functions_of
from engine.service.beginning import Start, start_of
from engine.service.folding import Fold
from engine.service.keeper import NAME, Keeper
from engine.service.log_lines import Line, LogTail
from engine.service.standing import Standing, folder_of
from engine.service.tables import Tables

POLL_S = 0.25  # between two looks at a journal that has nothing more


class Duty(NamedTuple):
    """What is done with the fold every so many seconds; False from it asks to be called again."""

    every_s: float
    work: Callable[[Fold], object]
    waits: bool = False  # before the first time too


class Projecting:
    """One journal and its tables; `step` does a little and says whether there is more to do."""

    def __init__(
        self, data_dir: str, native: Any, standing: Standing, *, anew: bool = False
    ) -> None:
        folder = folder_of(data_dir)
        self._folder, self._inode = folder, os.stat(folder).st_ino
        self.standing, self.native = standing, native
        self.duties: list[Duty] = []
        self.heard: Callable[[list[Line]], object] = len  # of lines of the logs
        self._due: dict[int, float] = {}
        self._directory = os.path.join(data_dir, "journal")
        self.keeper = Keeper(os.path.join(folder, NAME), anew=anew)
        self._tails = [
            LogTail(os.path.join(data_dir, "log", "engine.log"), "engine"),
            LogTail(standing.log.path, "service"),
        ]
        self._tables = Tables(self.keeper)
        self._start: Start
        self._was_full = False  # the newest chunk, of as many records as are read at once
        self._kept = -1  # of the snapshots, the newest
        self._disk = functions_of(native)
        self._follower: Follower | None = None
        self.fold: Fold | None = None

    def step(self) -> bool:
        """Read, fold and keep some records; False where none are left.

        Refused when they do not replay (1), are damaged (4) or cannot be kept (4).
        """
        try:
            return self._step()
        except Refused:
            self._must_be_there()  # whatever failed: that came first
            raise

    def _step(self) -> bool:
        fold, follower = self._begin()
        if fold is None or follower is None:
            self.standing.is_behind = False
            self._tend()
            return False
        try:
            chunk = follower.read()
        except Replaced:
            self._start_over("the journal's files were exchanged")
            return True
        if chunk and follower.header and not self._start.holds_for(follower.header):
            self._start_over("other code goes on with the journal")
            return True
        if why := self._tables.take(fold, chunk, is_bare=self._start.is_bare):
            self._tables.make_anew()
            self._start_over(why)
            return True
        self.standing.sequence = fold.sequence
        self.standing.is_behind = bool(chunk)
        is_full, before = len(chunk) >= READ_AT_ONCE, self._was_full
        # A part of one also ends a segment, and is all there is where an engine writes fast.
        self.standing.is_late, self._was_full = is_full or before, is_full
        self._tend()
        return bool(chunk)

    def finish(self, seconds: float) -> None:
        """Read what is written by now, as long as that takes no longer."""
        end = time.monotonic() + seconds
        while self.step() and time.monotonic() < end:
            pass
        self._tables.keep(self.fold)
        if self.fold is not None:
            self.snapshot(self.fold)

    def snapshot(self, fold: Fold) -> bool:
        """Keep the state durably, with what the tables need beside it; False where not now.

        One that other code came to, or that was found to differ, is not kept.
        """
        if fold.sequence == self._kept or self.standing.alarms or not fold.is_ours:
            return True
        if fold.sequence < fold.since or not fold.is_settled:
            return False
        self._tables.keep(self.fold)
        try:
            place = self._directory, fold.sequence
            keep_state(fold.core, fold.kept, place, self._start.ours)
        except OSError as error:
            self.standing.say("warning", "SnapshotNotKept", why=error.strerror)
            return True
        self.keeper.remember(fold.sequence, fold.memory())
        self._kept = fold.sequence
        return True

    def close(self) -> None:
        """Let go of the files."""
        if self._follower:
            self._follower.close()
        self.keeper.close()

    def _begin(self) -> tuple[Fold | None, Follower | None]:
        """The fold and what it follows, once there is a journal."""
        if self.fold is not None:
            return self.fold, self._follower
        start = start_of(self._directory, self.keeper.memories(), self._disk)
        if start is None:
            return None, None
        journal_id = start.ours.journal_id.hex()
        kept, is_anew = self._tables.begin(journal_id)
        if is_anew:
            start = start_of(self._directory, {}, self._disk) or start
        self._start = start
        self.fold = fold = Fold(self.native, journal_id, kept.sequence, start.ours_from)
        if start.base is not None:
            fold.begin_at(start.base, start.memory)
            self.standing.say("info", "BegunAtSnapshot", sequence=fold.sequence)
        if fold.sequence > kept.sequence:
            fold.since = fold.sequence
            fold.check_sum = kept.check_sum  # of what was removed nothing can be told any more
            self.standing.say("warning", "RecordsMissed", since=kept.sequence, upto=fold.sequence)
        self._follower = Follower(self._directory, fold.sequence, self.native)
        return fold, self._follower

    def _must_be_there(self) -> None:
        """Refused (4) when the directory went: who comes to that path starts another service."""
        if not os.path.isdir(self._folder) or os.stat(self._folder).st_ino != self._inode:
            raise Refused(
                f"{self._folder} was removed or replaced",
                "start supreme serve again where the journal is",
                code=4,
            )

    def _start_over(self, why: str) -> None:
        self.standing.say("warning", "JournalReadAgain", why=why)
        if self._follower:
            self._follower.close()
        self.fold, self._follower = None, None

    def _tend(self) -> None:
        """What is done now and then: the duties, the logs, the file that tells how we stand."""
        self._must_be_there()
        now_s = time.monotonic()
        for number, duty in enumerate(self.duties):
            if self.fold is not None and now_s >= self._due.setdefault(
                number, now_s + duty.every_s * duty.waits
            ):
                is_done = duty.work(self.fold) is not False
                self._due[number] = now_s + duty.every_s * is_done
        self.standing.tend()
        if self.standing.is_behind:
            return
        for tail in self._tails:
            while lines := tail.read():
                unknown = self.keeper.unknown(lines)
                self.keeper.keep_lines(unknown)
                self.heard(unknown)
        if steps := [self.standing.steps.popleft() for _ in range(len(self.standing.steps))]:
            self.keeper.keep_steps(steps)
