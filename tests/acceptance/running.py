"""What do acceptance tests share: the executable, and a market of the project's own making."""

import json
import os
import subprocess
import sys
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any

from engine.core import code_digest, layout_digest
from engine.instruments import definition_records, instrument
from engine.journal.record_files import write_record_file
from engine.journal.segments import Header, Identity
from engine.market.simulated import START_NS, SimulatedMarket

ROOT = Path(__file__).resolve().parents[2]


COMMAND = [sys.executable, "-m", "supreme_cli"]


def supreme(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command line as a user would, in an environment with a home of its own."""
    return subprocess.run(
        [*COMMAND, *words],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def final_state(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """The state that a run with --json printed."""
    assert done.returncode == 0, done.stderr
    state: dict[str, Any] = json.loads(done.stdout)
    return state


def trades_file(path: Path, trades: int, seed: int = 5) -> Path:
    """A record file of simulated ETHUSDT trades."""
    traded = instrument("ETHUSDT", date(2025, 1, 1))
    whose = Identity(bytes(16), layout_digest(), code_digest(), bytes(32), "test", simulated=True)
    records = islice(SimulatedMarket(seed).trades(), trades)
    chunks = [definition_records(0, traded, START_NS), b"".join(records)]
    write_record_file(path, chunks, Header(whose, 0, 0))
    return path
