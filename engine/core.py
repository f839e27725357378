"""Which core runs: the one built ahead of time, or the same functions in plain Python?

Both answer alike: `process(record)` gives the commands of one event, `attend(record)` the simulated
venue's reports, each as whole 64-byte records (None for none), and hold equal bytes of state.
"""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from engine import simulation
from engine.decision import process
from engine.layout import Plain, View, bytes_of, fill, fresh, size_of
from engine.messages import CLASSES, PACKED, RECORD, RECORD_SIZE, TEXT
from engine.simulation import SPAN
from engine.state import STATE, SYMBOLS_MAX
from engine.strategy.agents.registry import AGENTS

try:
    from _sha2 import sha256  # what hashlib wraps, without OpenSSL's four megabytes
except ImportError:
    from _sha256 import sha256  # before Python 3.12

# The core set, floor by floor: what is compiled, what the code digest covers, what plays by the
# arithmetic rules. Nothing else decides.
CORE = (
    "engine.arithmetic",
    "engine.instruments",
    "engine.strategy.averages",
    "engine.strategy.windows",
    "engine.strategy.indicators",
    "engine.strategy.features",
    "engine.strategy.schedule",
    "engine.strategy.context",
    *(agent.__name__ for agent in AGENTS),
    "engine.strategy.agents.registry",
    "engine.risk.limits",
    "engine.risk.breakers",
    "engine.risk.sizing",
    "engine.risk.gate",
    "engine.execution.orders",
    "engine.execution.portfolio",
    "engine.execution.corrections",
    "engine.execution.curve",
    "engine.execution.assumptions",
    "engine.execution.fills",
    "engine.state",
    "engine.remeasuring",
    "engine.accounting",
    "engine.dealing",
    "engine.closing",
    "engine.decision",
    "engine.retelling",
    "engine.simulation",
)
ROOT = Path(__file__).resolve().parent.parent
BUILT = ROOT / "engine" / "built"
NATIVE = ("engine/entry.c", "engine/journal/native.c", "engine/cache/memory.c")
HEADERS = (
    "engine/journal/digests.h",
    "engine/journal/python_names.h",
    "engine/journal/writer.h",
    "engine/cache/policy.h",
    "engine/cache/python_types.h",
)
NUMBA = "0.68.1"  # another compiler could give other bits: it is part of what was built
STATE_SIZE = size_of(STATE)
KNOWN_KINDS = frozenset(kind for kind in CLASSES if kind < TEXT)


def code_digest() -> bytes:
    """SHA-256 of the core set's sources: two engines with the same one decide alike."""
    total = sha256()
    for name in CORE:
        total.update((ROOT / (name.replace(".", "/") + ".py")).read_bytes())
    digest: bytes = total.digest()
    return digest


def layout_digest() -> bytes:
    """SHA-256 of the declared state: names, kinds and order of all fields."""
    return digest_of_bytes(repr(STATE).encode())


def core_path() -> Path:
    """Where the object built from exactly these sources lies, if it was built."""
    total = sha256(code_digest() + layout_digest() + NUMBA.encode())
    for name in NATIVE + HEADERS:
        total.update((ROOT / name).read_bytes())
    return BUILT / f"core-{total.hexdigest()[:16]}-{sys.platform}-{os.uname().machine}.so"


def load_native() -> Any:
    """The built extension module, or None where it was not built or does not load."""
    from importlib.machinery import ExtensionFileLoader, ModuleSpec

    path = core_path()
    if not path.exists():
        return None
    loader = ExtensionFileLoader("core", str(path))
    try:
        module = loader.create_module(ModuleSpec("core", loader, origin=str(path)))
        loader.exec_module(module)
    except ImportError:
        return None
    return module


class Records:
    """A buffer of records read one by one as plain objects; those asked for are kept."""

    def __init__(self, buffer: Any) -> None:
        self._buffer = memoryview(buffer)
        self._kept: dict[int, Plain] = {}

    def __len__(self) -> int:
        return len(self._buffer) // RECORD_SIZE

    def __getitem__(self, number: int) -> Plain:
        if number not in self._kept:
            record = Plain(RECORD)
            fill(RECORD, record, bytes(self._buffer[number * 64 : number * 64 + 64]))
            self._kept[number] = record
        return self._kept[number]


class CompiledCore:
    """The core as machine code over one buffer of state."""

    def __init__(self, native: Any) -> None:
        self.native = native
        self.buffer = bytearray(STATE_SIZE)
        self.state = View(STATE, self.buffer)
        self.process, self.attend, self.run_history, self.run_replay = native.bind(self.buffer)

    def image(self) -> bytes:
        """The whole state as bytes."""
        return bytes(self.buffer)

    def restore(self, image: bytes) -> None:
        """Set the whole state."""
        self.buffer[:] = image


class PlainCore:
    """The same functions in plain Python over plain objects: a few hundred times slower."""

    def __init__(self) -> None:
        self.native = None
        self.state: Any = fresh(STATE)
        self._event = Plain(RECORD)

    def process(self, record: bytes) -> bytes | None:
        """One event; the commands it causes."""
        process(self.state, self._taken(record))
        return records_of(self.state.commands)

    def attend(self, record: bytes) -> bytes | None:
        """The simulated venue's turn; what it reports."""
        simulation.attend(self.state, self._taken(record))
        return records_of(self.state.venue.facts)

    def run_history(self, records: Any, out: bytearray, span: bytearray) -> None:
        """The history loop over plain objects, with the compiled one's arguments."""
        self._run(simulation.history, records, out, span)

    def run_replay(self, records: Any, out: bytearray, span: bytearray) -> None:
        """The replay loop over plain objects, with the compiled one's arguments."""
        self._run(simulation.replay, records, out, span)

    def _run(self, loop: Any, records: Any, out: bytearray, span: bytearray) -> None:
        events = Records(records)
        kept = Records(out)
        given = fresh(SPAN)
        fill(SPAN, given, bytes(span))
        given.stop, given.room = len(events), len(kept)
        loop(self.state, events, kept, given)
        for place in range(given.written):
            out[place * 64 : place * 64 + 64] = bytes_of(RECORD, kept[place])
        span[:] = bytes_of(SPAN, given)

    def _taken(self, record: bytes) -> Plain:
        if len(record) != RECORD_SIZE or record[4] not in KNOWN_KINDS:
            raise ValueError("not a record the core knows")
        event: Any = self._event
        _, event.kind, event.flags, event.symbol, event.time_ns, event.received_ns, *five = (
            PACKED.unpack(record)
        )
        event.a, event.b, event.c, event.d, event.e = five
        if event.symbol >= SYMBOLS_MAX or not 0 <= event.received_ns <= 1 << 62:
            raise ValueError("not a record the core knows")
        taken: Plain = event
        return taken

    def image(self) -> bytes:
        """The whole state as bytes."""
        return bytes_of(STATE, self.state)

    def restore(self, image: bytes) -> None:
        """Set the whole state."""
        fill(STATE, self.state, image)


def records_of(buffered: Any) -> bytes | None:
    """The filled part of a plain command or fact buffer as 64-byte records."""
    if buffered.count == 0:
        return None
    rows = buffered.table[: buffered.count]
    return b"".join(bytes_of(RECORD, row) for row in rows)


class Span:
    """How far a loop over many records has come; `out` receives what they yield."""

    def __init__(self, room: int = 4 * simulation.YIELD_MAX) -> None:
        self.raw = bytearray(size_of(SPAN))
        self.out = bytearray(room * RECORD_SIZE)
        self.at = View(SPAN, self.raw)

    def retell(self, *, told: bool) -> None:
        """From here on records are told, being of other code, or decided anew and compared."""
        self.raw[48:56] = int(told).to_bytes(8, "little")

    def start(self) -> None:
        """Another buffer of records, from its first on; what is still to be compared stays."""
        self.raw[0:8] = bytes(8)

    def yielded(self) -> bytes:
        """What the output holds and no journal has recorded; empties it."""
        found = bytes(memoryview(self.out)[self.at.compared * 64 : self.at.written * 64])
        self.raw[16:24] = self.raw[32:40] = bytes(8)
        return found


def run_history(core: Any, records: Any) -> Iterator[bytes]:
    """Run market records through engine and simulated venue; yields what they cause, in batches."""
    span = Span()
    while span.at.next * RECORD_SIZE < len(records):
        core.run_history(records, span.out, span.raw)
        yield span.yielded()


def core_of(native: Any) -> Any:
    """A core with empty state: compiled where there is one, else plain."""
    return CompiledCore(native) if native is not None else PlainCore()


def digest_of_bytes(raw: bytes) -> bytes:
    """SHA-256."""
    digest: bytes = sha256(raw).digest()
    return digest


def digest_of(core: Any) -> str:
    """SHA-256 of the whole state: equal digests are equal engines."""
    return digest_of_bytes(core.image()).hex()
