"""Does a killed engine come back to exactly where an engine never killed would be?"""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.acceptance.running import ROOT, final_state, supreme
from validators.degrade.market import trades_file

FAULT = ROOT / "tests" / "engine" / "journal" / "fault.c"
CHAINS, POINTS = 10, 10
PHASES = {"append": "pwrite", "sync": "fdatasync", "rotate": "openat"}
SMALL = ("--set", "journal.segment_bytes=65536")


@pytest.fixture(scope="module")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library that kills a process at a counted call on the journal."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("needs a C compiler (cc) to build the shim that kills at counted calls")
    built = tmp_path_factory.mktemp("shim") / "fault.so"
    subprocess.run([compiler, "-O1", "-shared", "-fPIC", "-o", built, FAULT, "-ldl"], check=True)
    return built


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two simulated hours of trades and their heartbeats: some twenty segments of journal."""
    return trades_file(tmp_path_factory.mktemp("market") / "eth.records", 3_600)


def killed_idle(market: Path, directory: Path, after_s: float) -> int:
    """Kill an engine that sleeps until its next record is due."""
    before = starts(directory / "log" / "engine.log")
    words = ["run", "--replay", str(market), "--speed", "1", "--data-dir", str(directory), *SMALL]
    engine = subprocess.Popen(
        [sys.executable, "-m", "supreme_cli", *words], cwd=ROOT, stderr=subprocess.DEVNULL
    )
    log, deadline = directory / "log" / "engine.log", time.monotonic() + 30
    while starts(log) <= before and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(after_s)  # the point in time is what is varied here, nothing waits for it
    engine.send_signal(signal.SIGKILL)
    return engine.wait()


def lived(market: Path, directory: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    """One whole life at full speed."""
    words = ("--replay", str(market), "--speed", "max", "--data-dir", str(directory), "--json")
    return supreme("run", *words, *SMALL, **environment)


def faulted(shim: Path, fault: str) -> dict[str, str]:
    """The environment in which the journal's disk calls fail, or kill, as told."""
    return {"LD_PRELOAD": str(shim), "SUPREME_FAULT": fault, "SUPREME_FAULT_ON": "/journal/"}


def starts(log: Path) -> int:
    """How many starts the log tells of."""
    return log.read_text().count('"EngineStarted"') if log.exists() else 0


def killed(phase: str, market: Path, directory: Path, shim: Path, draws: random.Random) -> bool:
    """Kill one life of the engine in this phase, at a drawn point; whether it died of it."""
    if phase == "idle":
        return killed_idle(market, directory, draws.random() * 0.3) == -signal.SIGKILL
    action = draws.choice(("kill-before", "kill-after", "kill-half"))
    for count in (draws.randint(1, 3 if phase == "rotate" else 12), 1):
        fault = f"{PHASES[phase]}:{count}:{action}"
        if lived(market, directory, **faulted(shim, fault)).returncode == -signal.SIGKILL:
            return True
    return False


def test_a_hundred_kills_leave_the_state_of_an_engine_never_killed(
    shim: Path, market: Path, tmp_path: Path, native: object, capsys: pytest.CaptureFixture[str]
):
    """Killed in append, sync, rotation and idleness, again and again, the digest stays the same."""
    expected = final_state(lived(market, tmp_path / "whole"))
    draws = random.Random(11)
    kills: Counter[str] = Counter()

    for chain in range(CHAINS):
        directory = tmp_path / f"chain{chain}"
        for point in range(POINTS):
            phase = (*PHASES, "idle")[(chain + point) % 4]
            kills[phase] += killed(phase, market, directory, shim, draws)
        finished = final_state(lived(market, directory))
        assert finished["state_digest"] == expected["state_digest"], f"chain {chain}"
        shutil.rmtree(directory)

    with capsys.disabled():
        print(f"\nkilled {sum(kills.values())} times: {dict(kills)}")
    assert sum(kills.values()) == CHAINS * POINTS
    assert all(kills[phase] >= 20 for phase in (*PHASES, "idle"))


def test_a_failed_sync_stops_the_engine_and_loses_nothing(shim: Path, market: Path, tmp_path: Path):
    """When the disk refuses a sync, trading stops with two lines; the next start is complete."""
    done = lived(market, tmp_path / "d", **faulted(shim, "fdatasync:9:EIO"))

    assert done.returncode == 4
    assert "cannot be written" in done.stderr
    assert "Traceback" not in done.stderr
    assert lived(market, tmp_path / "d").returncode == 0


def test_a_full_disk_is_said_in_two_lines(shim: Path, market: Path, tmp_path: Path):
    """No room for the journal: code 4, what and what to do, no traceback."""
    done = lived(market, tmp_path / "d", **faulted(shim, "pwrite:20+:ENOSPC"))

    assert done.returncode == 4
    assert "full" in done.stderr
    assert "Traceback" not in done.stderr
    assert os.path.isdir(tmp_path / "d")
