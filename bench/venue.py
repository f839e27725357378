"""How many orders a second does the paper exchange take over its WebSocket API?

The venue is a process of its own, with its market trading beside; so is the client. Every third
order rests and is canceled later by a request that is not counted, the others trade at the market.
"""

import json
import os
import subprocess
import sys
from statistics import median
from urllib.request import urlopen

from bench.figures import Absent, Figure
from engine.core import ROOT

ROUNDS, ORDERS = 3, 9_000
ORDERS_MIN = 2_000
KEY, SECRET = "bench-key", "bench-secret"


def figures() -> list[Figure]:
    """One venue, several clients one after the other."""
    command = [sys.executable, "-m", "supreme_cli", "venue", "--port", "0", "--no-limits", "--json"]
    command += ["--key", KEY, "--secret", SECRET, "--symbols", "ETHUSDT"]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as venue:
        try:
            assert venue.stdout is not None
            said = venue.stdout.readline()
            if not said:
                raise Absent("supreme venue did not start; it needs websockets")
            port = json.loads(said)["port"]
            before_s = processor_s(venue.pid)
            rounds = [asked(port) for _ in range(ROUNDS)]
            spent_s = processor_s(venue.pid) - before_s
        finally:
            venue.terminate()
    return told(rounds, spent_s)


def told(rounds: list[dict[str, float]], spent_s: float) -> list[Figure]:
    """The figures of all rounds."""
    rates = [row["orders"] / row["seconds"] for row in rounds]
    refused = sum(row["refused"] for row in rounds)
    requests = sum(row["requests"] for row in rounds)
    alone = f"p50 {median(row['p50_us'] for row in rounds):.0f} us"
    alone += f", p99 {median(row['p99_us'] for row in rounds):.0f} us"
    return [
        Figure(
            "venue: orders over the WebSocket API, two processes",
            f"{median(rates):,.0f}/s, median of {ROUNDS} x {ORDERS:,}",
            f">= {ORDERS_MIN:,}/s",
            median(rates) >= ORDERS_MIN,
        ),
        Figure("  of them refused", f"{refused:.0f}", "none", refused == 0),
        Figure("  one order at a time, until its answer", alone),
        Figure("  the venue's processor time a request", f"{spent_s / requests * 1e6:.0f} us"),
    ]


def asked(port: int) -> dict[str, float]:
    """What one client measured."""
    with urlopen(f"http://127.0.0.1:{port}/api/v3/ticker/bookTicker?symbol=ETHUSDT") as answer:
        bid = float(json.load(answer)["bidPrice"])
    command = [sys.executable, "-m", "bench.venue_client", str(port), KEY, SECRET, str(ORDERS)]
    done = subprocess.run(
        [*command, f"{bid * 0.8:.2f}"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    found: dict[str, float] = json.loads(done.stdout)
    return found


def processor_s(pid: int) -> float:
    """Processor time a process took until now."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
