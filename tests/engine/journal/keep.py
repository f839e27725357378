"""A process that keeps a journal: appends, waits, and tells what it was told. `keep.py DIR NATIVE`.

Its appends are those of `batches(7, TOTAL)`. It prints "durable N" whenever it may act on all
before N, and at a failure what the user would read; then it shows that nothing goes on.
"""

import importlib.util
import os
import sys
from pathlib import Path
from types import ModuleType

from engine.errors import Refused
from engine.journal.segments import SEGMENT_SIZE_MIN, JournalFailed
from engine.journal.writer import Journal
from tests.engine.journal.building import OURS, batches, run_of

TOTAL = 2500


def loaded(path: str) -> ModuleType | None:
    """The compiled functions at this path, none for "plain"."""
    spec = importlib.util.spec_from_file_location("journal_native", path)
    if path == "plain" or spec is None or spec.loader is None:
        return None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def tell(sequence: int) -> None:
    """Say it to the parent, and into the trace of disk calls when there is one."""
    print(f"durable {sequence}\n", end="", flush=True)  # one write: a reader sees it or not
    if "SUPREME_FAULT_TRACE" in os.environ:
        marks = os.open(sys.argv[1] + "-marks.segment", os.O_RDWR | os.O_CREAT, 0o600)
        os.pwrite(marks, sequence.to_bytes(8, "little"), 0)
        os.close(marks)


def keep(journal: Journal) -> None:
    """Append all batches that are not there yet, each durable before the next."""
    done = 0
    for size in batches(7, TOTAL):
        done += size
        if done <= journal.sequence:
            continue
        journal.append(run_of(journal.sequence, done - journal.sequence))
        if journal.wait(done, 30):
            tell(done)


def main() -> int:
    """0 when all is durable, 4 when the journal failed or was refused."""
    directory = Path(sys.argv[1])
    try:
        journal = Journal.open(
            directory, OURS, segment_size=SEGMENT_SIZE_MIN, native=loaded(sys.argv[2])
        )
    except Refused as refusal:
        print(refusal)
        return refusal.code
    try:
        keep(journal)
        journal.close()
    except JournalFailed as failure:
        print(failure)
        return still_failed(journal)
    return 0


def still_failed(journal: Journal) -> int:
    """Every later call fails the same way."""
    before = journal.durable
    for call in (lambda: journal.append(run_of(0, 1)), lambda: journal.wait(1 << 40, 1)):
        try:
            print("went on", call())
        except JournalFailed:
            continue
    journal.close()
    print("stopped at", before)
    return 4


if __name__ == "__main__":
    sys.exit(main())
