"""What does an engine do when the disk refuses? It stops, says so, and loses nothing."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.acceptance.running import ROOT, supreme
from validators.degrade.market import trades_file

FAULT = ROOT / "tests" / "engine" / "journal" / "fault.c"
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


def lived(market: Path, directory: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    """One whole life at full speed."""
    words = ("--replay", str(market), "--speed", "max", "--data-dir", str(directory), "--json")
    return supreme("run", *words, *SMALL, **environment)


def faulted(shim: Path, fault: str) -> dict[str, str]:
    """The environment in which the journal's disk calls fail, or kill, as told."""
    return {"LD_PRELOAD": str(shim), "SUPREME_FAULT": fault, "SUPREME_FAULT_ON": "/journal/"}


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
