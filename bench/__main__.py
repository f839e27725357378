"""Do the promised figures hold on this machine? `python -m bench [NAME...]` measures and prints."""

import os
import subprocess
import sys
import time
from collections.abc import Callable

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # numpy's idle threads would count as our CPU time

from bench import (
    backtest,
    cache_ahead,
    cache_lower,
    cache_memory,
    console,
    engine_in,
    exchange,
    lines,
    live_call,
    memory,
    memory_live,
    messages_in,
    operator,
    peers,
    per_order,
    record_in,
    replay,
    resilience,
    service,
    start,
    venue,
    wire,
)
from bench.figures import Absent, Figure, head_line, header, note, show

ROWS: dict[str, Callable[[], list[Figure]]] = {
    "backtest": backtest.figures,
    "peers": peers.figures,
    "per_order": per_order.figures,
    "live_call": live_call.figures,
    "record_in": record_in.figures,
    "messages_in": messages_in.figures,
    "wire": wire.figures,
    "engine_in": engine_in.figures,
    "lines": lines.figures,
    "venue": venue.figures,
    "memory": memory.figures,
    "memory_live": memory_live.figures,
    "start": start.figures,
    "replay": replay.figures,
    "operator": operator.figures,
    "console": console.figures,
    "cache_memory": cache_memory.figures,
    "resilience": resilience.figures,
    "service": service.figures,
    "cache_lower": cache_lower.figures,
    "cache_ahead": cache_ahead.figures,
    "exchange": exchange.figures,
}


def main(names: list[str]) -> int:
    """The verdict: 0 when every promised figure was met, 1 otherwise."""
    unknown = [name for name in names if name not in ROWS]
    if unknown:
        print(f"There is no row {unknown[0]}.\nKnown: {' '.join(ROWS)}", file=sys.stderr)
        return 2
    print(header())
    print(head_line())
    missed = 0
    for name in names or ROWS:
        missed += sum(figure.is_broken for figure in measured(name))
    print(f"\n{missed} missed" if missed else "\nall met")
    return 1 if missed else 0


def measured(name: str) -> list[Figure]:
    """One row's figures, printed as soon as they are known."""
    began = time.monotonic()
    try:
        found = ROWS[name]()
    except Absent as why:
        found = [Figure(name, f"not measured: {why}")]
    except subprocess.CalledProcessError as why:
        found = [Figure(name, str(why), "", met=False)]
    show(found)
    note(f"{name}: {time.monotonic() - began:.1f} s")
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
