"""What does a journal come to? Its records folded into a state, from the last one that was kept."""

import time
from collections.abc import Callable
from typing import Any

from engine import core as cores
from engine.errors import Refused
from engine.journal.checkpoints import Checkpoint, Said, keep, spot_in
from engine.journal.continuing import changed_from
from engine.journal.damage import foreign
from engine.journal.recovery import chunks, survey
from engine.journal.segments import Identity, Place, functions_of
from engine.journal.verification import Whole
from engine.messages import (
    BOOK_TOP,
    ENGINE_STARTED,
    LABEL,
    PARAMETER_CHANGED,
    PARAMETER_NAME,
    RECORD_SIZE,
    SYMBOL_NAME,
    TEXT,
)
from engine.parts import Engine, Stopped
from engine.state import KEYS

PROGRESS_SECONDS = 5.0
TEXT_AT, CONTENT_AT = 24, 4  # where a text begins in its record, and what a source says in one
NOTHING = Said("", {}, 0, b"", 1)
NUMBERS = {key: number for number, key in enumerate(KEYS)}


class Kept:
    """What a journal says beside its state: whose market it is, and how far it was fed."""

    def __init__(self, said: Said = NOTHING) -> None:
        self.label = said.label  # of the first start
        self.names = dict(said.names)
        self.market_records = said.market_records
        self.last = said.last  # the last market record, without its check
        self.epoch = said.epoch  # of the next start
        self._labels: list[bytes] = []

    def read(self, chunk: Any) -> None:
        """Some more records, in their order."""
        kinds = bytes(chunk[4::RECORD_SIZE])
        self.epoch += kinds.count(ENGINE_STARTED)
        self.market_records += sum(kinds.count(kind) for kind in range(1, BOOK_TOP + 1))
        last = max(kinds.rfind(kind) for kind in range(1, BOOK_TOP + 1))
        if last >= 0:
            self.last = bytes(chunk[last * RECORD_SIZE + CONTENT_AT : (last + 1) * RECORD_SIZE])
        number = kinds.find(TEXT)
        while number >= 0:
            self._hear(bytes(chunk[number * RECORD_SIZE : (number + 1) * RECORD_SIZE]))
            number = kinds.find(TEXT, number + 1)

    def fed(self, record: bytes) -> None:
        """One more market record was journaled."""
        self.market_records += 1
        self.last = record[CONTENT_AT:]

    def said(self) -> Said:
        """What a checkpoint holds of it."""
        return Said(self.label, dict(self.names), self.market_records, self.last, self.epoch)

    def _hear(self, record: bytes) -> None:
        """One text: a symbol's name, or a piece of the first start's label."""
        said = record[TEXT_AT:]
        if record[5] == SYMBOL_NAME:
            self.names[int.from_bytes(record[6:8], "little")] = worded([said])
        elif record[5] == LABEL and not self.label:
            if said in self._labels:
                self._labels.clear()  # a start that was killed in its label says it again
            self._labels.append(said)
            if not said[-1]:
                self.label = worded(self._labels)


def worded(parts: list[bytes]) -> str:
    """The text of its pieces, as far as it was written."""
    return b"".join(parts).rstrip(b"\0").decode(errors="replace")


def fold(engine: Engine, say: Callable[[str], None], stop: Callable[[], int]) -> tuple[Kept, bytes]:
    """Fold the journal into the empty state; what it says, and the outcomes a crash cut off.

    From the checkpoint it was recovered from, or all of it. Refused (4) when what is decided now
    differs from what was recorded. Appends nothing.
    """
    recovered = engine.journal.recovered
    kept, since = Kept(), 0
    folding = Folding(engine.core, recovered.ours_from)
    began = say_at = time.monotonic()
    for word in recovered.words:
        say(f"journal: {word}")
    if recovered.cut_records or recovered.cut_bytes:
        say(f"journal: cut an unfinished write of {recovered.cut_bytes} bytes at its end")
    if recovered.base is not None:
        engine.core.restore(image_of(recovered.base))
        kept, since = Kept(recovered.base.said), recovered.base.spot.sequence
        engine.journal.recovered = recovered._replace(base=None)  # its image need not stay
    for first, chunk in chunks(recovered.segments, since):
        if stop():
            raise Stopped(stop())
        if time.monotonic() > say_at + PROGRESS_SECONDS:
            say_at = time.monotonic()
            say(f"journal: folded {first:,} of {recovered.sequence:,} records")
        kept.read(chunk)
        folding.take(first, chunk)
    if recovered.segments:
        seconds = recovered.seconds + time.monotonic() - began
        say(f"journal: {told(recovered.sequence, since)} in {seconds:.2f} s")
    if changed_from(recovered):
        say("journal: other code wrote it: what was decided is taken as it stands, nothing anew")
    return kept, folding.span.yielded()


def told(sequence: int, since: int) -> str:
    """What was done to come to a state."""
    if not since:
        return f"replayed all {sequence:,} records, without a snapshot,"
    return f"replayed {sequence - since:,} records after the snapshot at {since:,}"


class Folding:
    """Records into a core, in their order: decided anew and compared, or told, being of other code.

    Profile keys have another number there: they are known by the name that stands before them.
    """

    def __init__(self, core: Any, ours_from: int = 0) -> None:
        self.core, self.ours_from, self.span = core, ours_from, cores.Span()
        self._name: list[bytes] = []

    def take(self, first: int, chunk: Any) -> None:
        """The records from this sequence on; Refused (4) where something was decided otherwise."""
        span, is_told = self.span, first < self.ours_from
        span.retell(told=is_told)
        told = self._renumbered(chunk) if is_told else chunk
        span.start()
        while span.at.next * RECORD_SIZE < len(told):
            self.core.run_replay(told, span.out, span.raw)
            if span.at.differs >= 0:
                raise Refused(
                    f"the journal does not replay: record {first + span.at.differs} is not what "
                    "this engine decides",
                    "use the build that wrote it, or a fresh --data-dir",
                    code=4,
                )

    def _renumbered(self, chunk: Any) -> bytearray:
        """The records with our numbers of their keys; a key that we do not have becomes a text."""
        told = bytearray(chunk)
        kinds = told[4::RECORD_SIZE]
        for number in range(len(kinds)):
            at = number * RECORD_SIZE
            if kinds[number] == TEXT and told[at + 5] == PARAMETER_NAME:
                self._name.append(bytes(told[at + TEXT_AT : at + RECORD_SIZE]))
            elif kinds[number] == PARAMETER_CHANGED:
                key, self._name = worded(self._name), []
                if key in NUMBERS:
                    told[at + TEXT_AT : at + TEXT_AT + 8] = NUMBERS[key].to_bytes(8, "little")
                else:
                    told[at + 4] = TEXT
        return told


def keep_state(core: Any, kept: Kept, place: tuple[Place, int], ours: Identity) -> str:
    """Keep the state as a checkpoint; the file's path. `place` is the journal and the sequence.

    The core must have folded exactly the records before that sequence, all of them durable, the
    last one's outcomes whole and no text waiting for its event. OSError when the disk fails.
    """
    journal, sequence = place
    spot = spot_in(journal, sequence, functions_of(core.native))
    from engine.carrying import shape

    whose = ours.journal_id, ours.layout_digest, ours.code_digest
    return keep(journal, Checkpoint(*whose, spot, kept.said(), core.image(), shape()))


def end(engine: Engine) -> None:
    """Close the journal; an engine that ended as it should leaves its state for the next start."""
    journal = engine.journal
    sequence = journal.sequence
    journal.close()
    if not engine.is_whole:
        return
    try:
        keep_state(engine.core, engine.kept, (journal.directory, sequence), journal.identity)
    except OSError as error:
        engine.log.say("warning", "SnapshotNotKept", why=error.strerror)


def keep_newest(journal: Place, native: Any) -> str:
    """Keep a state as near to the end as one may stand, beside whoever writes; its path or nothing.

    Refused (4) for damage, a journal of other code, or one that does not replay; OSError.
    """
    found = survey(journal, functions_of(native), whole=False)
    if not found.segments:
        return ""
    who = found.segments[-1].header.identity
    if not is_ours(who):
        raise foreign(journal, "the code that decided differs")
    core, kept, since = begun_from(found.base, native)
    folding, settled = Folding(core, found.ours_from), (core.image(), kept.said(), since)
    for first, chunk in chunks(found.segments, since):
        kept.read(chunk)
        folding.take(first, chunk)
        if is_settled(chunk, folding.span):
            settled = core.image(), kept.said(), first + len(chunk) // RECORD_SIZE
    image, said, sequence = settled
    core.restore(image)
    return keep_state(core, Kept(said), (journal, sequence), who)


def replayed(whole: Whole, native: Any) -> str:
    """Fold a verified journal, each good checkpoint held against it; the digest at the end.

    Refused (4) where something was decided otherwise, or a checkpoint holds another state.
    """
    core, _, since = begun_from(whole.base(), native)
    folding = Folding(core, whole.ours_from)
    waiting = [one for one in whole.good() if is_ours(one) and is_reached(one, whole)]
    for first, chunk in chunks(whole.segments, since):
        at, end = first, first + len(chunk) // RECORD_SIZE
        while at < end:
            waiting = [one for one in waiting if not held(core, one, at)]
            to = min([end, *(one.spot.sequence for one in waiting)])
            folding.take(at, chunk[(at - first) * RECORD_SIZE : (to - first) * RECORD_SIZE])
            at = to
    for one in waiting:
        held(core, one, one.spot.sequence)
    return cores.digest_of(core)


def begun_from(base: Checkpoint | None, native: Any) -> tuple[Any, Kept, int]:
    """A core, what the journal says beside it, and the first sequence to fold into it."""
    core = cores.core_of(native)
    if base is None:
        return core, Kept(), 0
    core.restore(image_of(base))
    return core, Kept(base.said), base.spot.sequence


def image_of(base: Checkpoint) -> bytes:
    """The state to go on from; of other code's the account, in our own layout. Refused (4)."""
    if is_ours(base):
        return base.image
    from engine.carrying import carried

    return carried(base.shape, base.image)


def is_reached(checkpoint: Checkpoint, whole: Whole) -> bool:
    """Whether a fold of this journal comes to it: since no other code decided."""
    return checkpoint.spot.sequence >= whole.ours_from


def is_ours(made: Checkpoint | Identity) -> bool:
    """Whether this very code decided it."""
    theirs = made.layout_digest, made.code_digest
    return theirs == (cores.layout_digest(), cores.code_digest())


def held(core: Any, checkpoint: Checkpoint, sequence: int) -> bool:
    """Whether a checkpoint stands here; Refused (4) when it holds another state."""
    if checkpoint.spot.sequence > sequence:
        return False
    if core.image() != checkpoint.image:
        raise Refused(
            f"the snapshot at sequence {checkpoint.spot.sequence} holds another state than the "
            "records before it come to",
            "remove that snapshot, and report it: a start would go on from it",
            code=4,
        )
    return True


def is_settled(chunk: Any, span: cores.Span) -> bool:
    """Whether a state may be kept after these records: nothing of the last event is to come."""
    return bool(span.at.written == 0 and chunk[-RECORD_SIZE + 4] != TEXT)
