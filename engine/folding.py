"""What does a journal come to? Its records folded into a state, from the last one that was kept."""

import time
from collections.abc import Callable
from typing import Any

from engine import core as cores
from engine.errors import Refused
from engine.journal.checkpoints import Checkpoint
from engine.journal.continuing import changed_from
from engine.journal.damage import foreign, open_end
from engine.journal.folded import (
    Folding,
    Kept,
    begun_from,
    image_of,
    is_ours,
    is_settled,
    keep_state,
)
from engine.journal.recovery import chunks, survey
from engine.journal.segments import Place, functions_of
from engine.journal.verification import Whole
from engine.messages import RECORD_SIZE
from engine.parts import Engine, Stopped

PROGRESS_SECONDS = 5.0


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
        where = f"at sequence {recovered.sequence:,}"
        say(f"journal: cut an unfinished write of {recovered.cut_bytes} bytes {where}")
    if recovered.left_open:
        say(f"journal: {open_end(recovered.sequence, recovered.proved)}")
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


def is_reached(checkpoint: Checkpoint, whole: Whole) -> bool:
    """Whether a fold of this journal comes to it: since no other code decided."""
    return checkpoint.spot.sequence >= whole.ours_from


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
