"""How soon is a journal of ten million records a state again: all of it, and from a snapshot?"""

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from bench.figures import Figure
from bench.market import NEVER_STOPPED, SYMBOL, TRADED_ON, begins_ns, native
from bench.measuring import cpu_ns, median
from engine.core import code_digest, core_of, digest_of, layout_digest
from engine.folding import fold
from engine.instruments_file import instrument
from engine.journal.folded import Folding, Kept, is_settled, keep_state
from engine.journal.recovery import chunks, recover, survey
from engine.journal.segments import Identity
from engine.journal.writer import Journal
from engine.layout import dtype_of
from engine.market.simulated import SimulatedMarket
from engine.messages import RECORD, RECORD_SIZE, Heartbeat, encode, split
from engine.opening import for_core, opening_records
from engine.profile import load_profile
from engine.simulation import heartbeat_is_due

RECORDS = 10_000_000
BLOCK = 50_000  # simulated trades, two seconds apart; twenty times as dense they are repeated
DENSER = 20
AGE_RECORDS = 300 * 100  # five minutes at a hundred records a second
ROUNDS = 3
START_MAX_SECONDS, RATE_MIN, RATE_AIM = 10.0, 2e6, 5e6
WHO = Identity(bytes(16), layout_digest(), code_digest(), bytes(32), "bench", simulated=True)


def figures() -> list[Figure]:
    """Verified and folded, the files in the page cache; the same state in the end.

    The rate is of processor time, a start's by the clock.
    """
    with built() as (directory, count):
        whole = [started(directory) for _ in range(ROUNDS)]
        checked = median([cpu_ns(lambda: survey(directory, native())) for _ in range(ROUNDS)])
        keep_at(directory, count - AGE_RECORDS)
        after = [started(directory) for _ in range(ROUNDS)]
    if len({digest for *_, digest in whole + after}) != 1:
        raise ValueError("a start from the snapshot came to another state")
    replay, cpu = (median([one[place] for one in whole]) / 1e9 for place in (0, 1))
    start = median([one[0] for one in after]) / 1e9
    rate = count / cpu
    return [
        Figure(
            f"replay: {count:,} records, chain and checks verified, folded",
            f"{cpu:.2f} s: {rate / 1e6:.1f} M records/s",
            f">= {RATE_MIN / 1e6:.0f} M records/s",
            rate >= RATE_MIN,
        ),
        Figure("  and the aim", "", f"{RATE_AIM / 1e6:.0f} M records/s", rate >= RATE_AIM, True),
        Figure("  of this, verification of every record and hash", f"{checked / 1e9:.2f} s"),
        Figure(
            f"  by the clock, a start with a snapshot {AGE_RECORDS:,} records old",
            f"{start:.3f} s; without any {replay:.2f} s",
            f"< {START_MAX_SECONDS:.0f} s",
            start < START_MAX_SECONDS,
        ),
    ]


@contextmanager
def built() -> Iterator[tuple[Path, int]]:
    """The journal, made by engine, venue and writer; how many records it has."""
    with tempfile.TemporaryDirectory(prefix="supreme-bench-") as folder:
        directory = Path(folder) / "journal"
        journal = Journal.open(directory, WHO, native=native())
        traded = [instrument(SYMBOL, TRADED_ON)]
        core = core_of(native())
        for block in blocks():
            if not journal.sequence:
                profile = load_profile("scalping", NEVER_STOPPED)
                begin = opening_records(profile, traded, begins_ns(block))
                journal.append(b"".join(told(core, for_core(begin))))
            journal.append(b"".join(told(core, split(block))))
            if journal.sequence > RECORDS:
                break
        journal.close()
        yield directory, journal.sequence


def told(core: Any, records: list[bytes]) -> Iterator[bytes]:
    """All that the journal gets to hold of these records, heartbeats included."""
    clock = core.state.clock
    for record in records:
        received_ns = int.from_bytes(record[16:24], "little")
        while heartbeat_is_due(clock, received_ns):
            due_ns = clock.heartbeat_due_ns
            yield from decided(core, encode(Heartbeat(0, due_ns, due_ns, clock.heartbeats + 1)))
        yield from decided(core, record)


def decided(core: Any, record: bytes) -> Iterator[bytes]:
    """One event and all that comes of it, in the order of the loop."""
    pending = [record]
    for event in pending:
        yield event + (core.process(event) or b"")
        pending += split(core.attend(event) or b"")


def blocks() -> Iterator[bytes]:
    """Trades without end: the same simulated hours again and again, their time going on."""
    block = np.frombuffer(b"".join(islice(SimulatedMarket(5).trades(), BLOCK)), dtype_of(RECORD))
    block = block.copy()
    begin = int(block["received_ns"][0])
    for name in ("time_ns", "received_ns"):
        block[name] = begin + (block[name] - begin) // DENSER
    length = int(block["received_ns"][-1]) - begin + 1_000_000
    while True:
        yield block.tobytes()
        for name in ("time_ns", "received_ns"):
            block[name] += length


def started(directory: Path) -> tuple[int, int, str]:
    """Nanoseconds of a start by the clock and of the processor; the state's digest."""
    core = core_of(native())
    began, began_cpu = time.perf_counter_ns(), time.process_time_ns()
    recovered = recover(directory, WHO, native())
    engine: Any = SimpleNamespace(core=core, journal=SimpleNamespace(recovered=recovered))
    fold(engine, lambda _word: None, lambda: 0)
    taken, cpu = time.perf_counter_ns() - began, time.process_time_ns() - began_cpu
    return taken, cpu, digest_of(core)


def keep_at(directory: Path, sequence: int) -> None:
    """Leave a snapshot as old as that, at the first place from there on where one may stand."""
    core, kept = core_of(native()), Kept()
    folding = Folding(core)
    for first, chunk in chunks(survey(directory, native()).segments):
        kept.read(chunk)
        folding.take(first, chunk)
        end = first + len(chunk) // RECORD_SIZE
        if end >= sequence and is_settled(chunk, folding.span):
            keep_state(core, kept, (directory, end), WHO)
            return
