"""Which program feeds faster than any engine takes? Blocks of records, made before they are sent.

`python -m bench.engine_feeder SOCKET` says `fed` with its first block, and feeds until it is ended.
"""

import sys
import time
from contextlib import suppress

import numpy as np

from bench.lines_feed import ETHER
from engine.errors import Refused
from engine.layout import dtype_of
from engine.lines.feeding import Feeding
from engine.lines.hello import Hello
from engine.market.simulated import START_NS
from engine.messages import BOOK_TOP, RECORD, TRADE_TICK

BLOCK = 1 << 14  # records
STEP_NS = 1_000_000  # a thousand a second of their own time
TRADES_EVERY = 5  # as in the recording: one trade to four tops
LISTENS_WITHIN_S = 30.0


def block() -> "np.ndarray":
    """Tops and trades whose prices move; of the first so many milliseconds."""
    number = np.arange(BLOCK)
    records = np.zeros(BLOCK, dtype_of(RECORD))
    is_trade = number % TRADES_EVERY == 0
    bid = 268_380 + number % 7
    records["kind"] = np.where(is_trade, TRADE_TICK, BOOK_TOP)
    records["time_ns"] = records["received_ns"] = START_NS + number * STEP_NS
    records["a"] = bid
    records["b"] = np.where(is_trade, 3_100_000, bid + 1)
    records["c"] = np.where(is_trade, number, 302_920_000)
    records["d"] = np.where(is_trade, 0, 3_143_950_000)
    return records


def connected(path: str) -> Feeding:
    """A feed of an engine that may still be starting."""
    hello = Hello("bench", is_simulated=True, instruments=(ETHER,))
    end = time.monotonic() + LISTENS_WITHIN_S
    while True:
        try:
            return Feeding(path, hello)
        except Refused:
            if time.monotonic() > end:
                raise
        time.sleep(0.05)


def main(path: str) -> None:
    """Until the engine or somebody else ends it."""
    records = block()
    with connected(path) as feeding, suppress(Refused, KeyboardInterrupt):
        feeding.send(records.tobytes())
        print("fed", flush=True)
        while True:
            for name in ("time_ns", "received_ns"):
                records[name] += BLOCK * STEP_NS
            feeding.send(records.tobytes())


if __name__ == "__main__":
    main(sys.argv[1])
