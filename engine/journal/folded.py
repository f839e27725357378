"""How do records become a state? Folded in their order, beside what they say of themselves."""

from typing import Any

from engine import core as cores
from engine.errors import Refused
from engine.journal.checkpoints import Checkpoint, Said, keep, spot_in
from engine.journal.segments import Identity, Place, functions_of
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
from engine.state import KEYS

TEXT_AT, CONTENT_AT = 24, 4  # where a text begins in its record, and what a source says in one
NOTHING = Said("", {}, 0, b"", 1)
NUMBERS = {key: number for number, key in enumerate(KEYS)}


class Kept:
    """What a journal says beside its state: whose market it is, and how far it was fed."""

    def __init__(self, said: Said = NOTHING) -> None:
        self.label = said.label  # of the first start
        self.names = dict(said.names)
        self.market_records = said.market_records
        self._newest = bytes(CONTENT_AT) + said.last  # the last market record, whole
        self.epoch = said.epoch  # of the next start
        self._labels: list[bytes] = []

    def read(self, chunk: Any) -> None:
        """Some more records, in their order."""
        kinds = bytes(chunk[4::RECORD_SIZE])
        self.epoch += kinds.count(ENGINE_STARTED)
        self.market_records += sum(kinds.count(kind) for kind in range(1, BOOK_TOP + 1))
        last = max(kinds.rfind(kind) for kind in range(1, BOOK_TOP + 1))
        if last >= 0:
            self._newest = bytes(chunk[last * RECORD_SIZE : (last + 1) * RECORD_SIZE])
        number = kinds.find(TEXT)
        while number >= 0:
            self._hear(bytes(chunk[number * RECORD_SIZE : (number + 1) * RECORD_SIZE]))
            number = kinds.find(TEXT, number + 1)

    def fed(self, record: bytes) -> None:
        """One more market record was journaled."""
        self.market_records += 1
        self._newest = record  # not a part of it: a copy a record is half of what this costs

    @property
    def last(self) -> bytes:
        """The last market record, without its check; nothing before the first."""
        return self._newest[CONTENT_AT:]

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
                    "this code decides",
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
    from engine.carrying import shape

    spot = spot_in(journal, sequence, functions_of(core.native))
    whose = ours.journal_id, ours.layout_digest, ours.code_digest
    return keep(journal, Checkpoint(*whose, spot, kept.said(), core.image(), shape()))


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


def is_ours(made: Checkpoint | Identity) -> bool:
    """Whether this very code decided it."""
    theirs = made.layout_digest, made.code_digest
    return theirs == (cores.layout_digest(), cores.code_digest())


def is_settled(chunk: Any, span: cores.Span) -> bool:
    """Whether a state may be kept after these records: nothing of the last event is to come."""
    return bool(span.at.written == 0 and chunk[-RECORD_SIZE + 4] != TEXT)
