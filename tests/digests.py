"""Which state do these records lead to on this processor? `python -m tests.digests FILE`.

Prints the digest that the compiled core reaches over the whole file and the one that plain Python
reaches over its beginning. Records go through engine and simulated venue, heartbeats included.
"""

import sys
from pathlib import Path

from engine.core import CompiledCore, PlainCore, digest_of, load_native, run_history
from engine.messages import RECORD_SIZE

PLAIN_RECORDS = 5_000


def digests(records: bytes) -> list[str]:
    """Of the compiled core over all, of the plain one over the first 5,000."""
    compiled, plain = CompiledCore(load_native()), PlainCore()
    for _ in run_history(compiled, records):
        pass
    for _ in run_history(plain, records[: PLAIN_RECORDS * RECORD_SIZE]):
        pass
    return [digest_of(compiled), digest_of(plain)]


if __name__ == "__main__":
    print("\n".join(digests(Path(sys.argv[1]).read_bytes())))
